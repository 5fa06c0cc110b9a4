/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file's name as a URI reference (RFC 3986): all bytes but those that need no escape become %NN,
 * so that any name will do.
 */
#pragma once

#include "reports/pen.h"

/* A relative name stays relative ("pool/a%20b.mc"); one from the root becomes file:///… */
void uri_of_file(struct pen *p, const char *file);

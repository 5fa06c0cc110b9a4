/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "reports/reporter.h"

/* The format "text", for a person at a terminal or a ticket. 0 or -ENOMEM. */
int report_text(const struct assessment *a, const struct report_options *o, struct buffer *out);

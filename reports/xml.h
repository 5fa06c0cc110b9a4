/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign text in XML 1.0: in content and in attributes alike. What a document must not hold at
 * all (control characters, U+FFFE and U+FFFF, bytes that are no UTF-8) becomes \xNN text.
 */
#pragma once

#include "reports/pen.h"

void xml_text(struct pen *p, const char *text);

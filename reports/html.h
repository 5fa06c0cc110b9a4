/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTML, written front to back: our own tags by pen_put(), and every foreign text such that it can
 * be nothing but text.
 */
#pragma once

#include "reports/pen.h"

/* Foreign text, as content or as the value of an attribute in quotes. NULL: nothing. */
void html_text(struct pen *p, const char *text);

/* "<tag class="class">text</tag>"; nothing where text is NULL, no class where that is. */
void html_element(struct pen *p, const char *tag, const char *class, const char *text);

/* "10,000" */
void html_number(struct pen *p, size_t n);

/* "1 host", "10,000 hosts". */
void html_count(struct pen *p, size_t n, const char *one, const char *many);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign text in Markdown as GitHub and GitLab read it, in paragraphs and in cells of a table: no
 * markup, no HTML, no link, no mention of a person comes of it. Long text is cut, and ends with "…".
 */
#pragma once

#include "reports/pen.h"

enum { MD_LONGEST = 240 };		/* bytes of a foreign text */

void md_text(struct pen *p, const char *text);	/* as part of a sentence */
void md_code(struct pen *p, const char *text);	/* as code: names, paths, commands */

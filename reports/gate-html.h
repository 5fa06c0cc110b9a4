/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gate as one self-contained HTML page. What stands in it can be read without the script; the
 * script adds filters, single hosts, and what was found in a cell of the matrix, from the report
 * as JSON that the page holds.
 */
#pragma once

#include "checker/gate.h"
#include "reports/html.h"

/* Parts of the page, in its order. */
void gate_html_headline(struct pen *p, const struct gate *g);
void gate_html_matrix_note(struct pen *p, const struct gate *g);
void gate_html_matrix(struct pen *p, const struct gate *g);
void gate_html_changes(struct pen *p, const struct gate *g);
void gate_html_odd(struct pen *p, const struct gate *g);
void gate_html_unjudged(struct pen *p, const struct gate *g);
void gate_html_waivers(struct pen *p, const struct gate *g);
void gate_html_cpu(struct pen *p, const struct gate *g);

/* "The policy is met", …: the answer as a sentence. */
const char *gate_html_answer(const struct gate *g);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool's gate told in one format. As the reporters of a single report do, these decide
 * nothing; each is one file and one row.
 */
#pragma once

#include "checker/gate.h"
#include "reports/reporter.h"

struct gate_reporter {
	const char *name;		/* "junit": the word after -f */
	const char *help;
	bool for_others;		/* read by a service of another user: its file is 0644, not 0600 */
	/* Appends the whole report to `out`. 0 or -ENOMEM. */
	int (*report)(const struct gate *g, const struct report_options *o, struct buffer *out);
};

extern const struct gate_reporter gate_reporters[];
extern const size_t n_gate_reporters;

int gate_text(const struct gate *g, const struct report_options *o, struct buffer *out);
int gate_json(const struct gate *g, const struct report_options *o, struct buffer *out);
int gate_junit(const struct gate *g, const struct report_options *o, struct buffer *out);
int gate_sarif(const struct gate *g, const struct report_options *o, struct buffer *out);
int gate_github(const struct gate *g, const struct report_options *o, struct buffer *out);
int gate_markdown(const struct gate *g, const struct report_options *o, struct buffer *out);
int gate_prometheus(const struct gate *g, const struct report_options *o, struct buffer *out);
int gate_html(const struct gate *g, const struct report_options *o, struct buffer *out);

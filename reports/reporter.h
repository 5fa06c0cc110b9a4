/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reporter tells an assessment in one format. It decides nothing, and every foreign string
 * goes through escape.c.
 */
#pragma once

#include "base/buffer.h"
#include "checker/assessment.h"

struct report_options {
	bool colour;
	bool quiet;			/* only the verdict line */
	unsigned int width;		/* columns; 0: do not wrap */
};

struct reporter {
	const char *name;		/* "text", "json": the word after -f */
	const char *help;
	/* Appends the whole report to `out`. 0 or -ENOMEM. */
	int (*report)(const struct assessment *a, const struct report_options *o, struct buffer *out);
};

extern const struct reporter reporters[];
extern const size_t n_reporters;

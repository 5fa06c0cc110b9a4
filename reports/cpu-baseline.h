/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU baseline of a pool, as a part of other reports.
 */
#pragma once

#include "checker/cpu-baseline.h"
#include "reports/json-out.h"
#include "reports/style.h"

/* Its lines, without a title: below a title of the caller. What failed stands in the page. */
void cpu_baseline_lines(struct page *p, const struct cpu_baseline *b);

/* Of these the settings to start programs and virtual machines with. */
void cpu_baseline_settings(struct page *p, const struct cpu_baseline *b);

/* All with a title, appended to `out`. 0 or -ENOMEM. */
int cpu_baseline_text(const struct cpu_baseline *b, const struct report_options *o, struct buffer *out);

/* An object as docs/cpu-baseline.schema.json has it. */
void json_cpu_baseline(struct json *parent, const char *key, const struct cpu_baseline *b);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The formats, in the order in which help lists them.
 */
#include "reports/json.h"
#include "reports/reporter.h"
#include "reports/text.h"

const struct reporter reporters[] = {
	{ .name = "text", .help = "for a person (the default)", .report = report_text },
	{ .name = "json", .help = "for programs: see docs/report.schema.json", .report = report_json },
};

const size_t n_reporters = ARRAY_SIZE(reporters);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "reports/reporter.h"

/* The format "json": see docs/report.schema.json. 0 or -ENOMEM. */
int report_json(const struct assessment *a, const struct report_options *o, struct buffer *out);

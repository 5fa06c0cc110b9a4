/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules themselves, told from their table.
 */
#pragma once

#include "checker/rule.h"
#include "reports/reporter.h"

/* When a rule strikes, and how hard, without a full stop. */
const char *rule_stage_sentence(const struct rule *rule);
const char *rule_severity_sentence(const struct rule *rule);

/* A line a rule, grouped as in the tables. 0 or -ENOMEM. */
int rules_list(const struct report_options *o, struct buffer *out);

/* One rule explained. */
int rules_explain(const struct rule *rule, const struct report_options *o, struct buffer *out);

/*
 * The rules that `text` is found in (id, title, CRIU's message; capitals do not count): one
 * explained, several listed. 0, -ENOENT when there is none, -ENOMEM.
 */
int rules_search(const char *text, const struct report_options *o, struct buffer *out);

/* All of them as a Markdown page (docs/rules.md is made by it) or as JSON. */
int rules_markdown(struct buffer *out);
int rules_json(struct buffer *out);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules, told from their table: for a terminal, as Markdown, as JSON.
 */
#include "reports/rules.h"

#include "reports/json-out.h"
#include "reports/style.h"

#include <errno.h>

int
rules_list(const struct report_options *o, struct buffer *out)
{
	struct page p = { .out = out, .options = o };

	for (size_t i = 0; i < n_rulesets; i++) {
		page_put(&p, STYLE_BOLD, "%s%s\n", i ? "\n" : "", rulesets[i]->name);
		for (size_t k = 0; k < rulesets[i]->n; k++) {
			const struct rule *r = &rulesets[i]->rules[k];

			page_line(&p, 2, r->id, 36, STYLE_PLAIN, r->title);
		}
	}
	return p.error;
}

const char *
rule_severity_sentence(const struct rule *r)
{
	switch (r->severity) {
	case SEVERITY_BLOCKER:
		return r->lifetime == LIFETIME_PERMANENT ? "blocks the move, permanently: someone has to change something"
							 : "blocks the move for now: it tends to pass by itself";
	case SEVERITY_WARNING:
		return "a warning: the move works, something is lost or at risk";
	default:
		return "a note";
	}
}

const char *
rule_stage_sentence(const struct rule *r)
{
	switch (r->stage) {
	case STAGE_DUMP:
		return "at criu dump, on the source";
	case STAGE_RESTORE:
		return "at criu restore, on the destination";
	default:
		return "afterwards: CRIU does not notice, the program does";
	}
}

int
rules_explain(const struct rule *r, const struct report_options *o, struct buffer *out)
{
	struct page p = { .out = out, .options = o };

	page_put(&p, STYLE_BOLD, "%s\n", r->id);
	page_line(&p, 2, "means", 14, STYLE_PLAIN, r->title);
	page_line(&p, 2, "happens", 14, STYLE_PLAIN, r->why);
	page_line(&p, 2, "when", 14, STYLE_PLAIN, rule_stage_sentence(r));
	page_line(&p, 2, "weight", 14, STYLE_PLAIN, rule_severity_sentence(r));
	page_line(&p, 2, "because", 14, STYLE_PLAIN, r->lifetime_why);
	page_line(&p, 2, "do", 14, STYLE_PLAIN, r->remedy);
	page_line(&p, 2, "CRIU's log", 14, STYLE_PLAIN, r->criu_says ? r->criu_says : "says nothing of it");
	return p.error;
}

static bool
rule_says(const struct rule *r, const char *text)
{
	return strcasestr(r->id, text) || strcasestr(r->title, text) ||
	       (r->criu_says && (strcasestr(r->criu_says, text) || strcasestr(text, r->criu_says)));
}

int
rules_search(const char *text, const struct report_options *o, struct buffer *out)
{
	struct page p = { .out = out, .options = o };
	const struct rule *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < n_rulesets; i++) {
		for (size_t k = 0; k < rulesets[i]->n; k++) {
			const struct rule *r = &rulesets[i]->rules[k];

			if (!rule_says(r, text))
				continue;
			page_line(&p, 2, r->id, 36, STYLE_PLAIN, r->title);
			found = r;
			n++;
		}
	}
	if (n == 0)
		return -ENOENT;
	if (n > 1)
		return p.error;
	out->n = 0;
	return rules_explain(found, o, out);
}

int
rules_markdown(struct buffer *out)
{
	int r;

	r = buffer_printf(out, "# The rules\n\nMade from the rule table by `make docs`; do not edit. "
			       "An id is never used for another meaning once released.\n");
	for (size_t i = 0; r == 0 && i < n_rulesets; i++) {
		r = buffer_printf(out, "\n## %s\n", rulesets[i]->name);
		for (size_t k = 0; r == 0 && k < rulesets[i]->n; k++) {
			const struct rule *q = &rulesets[i]->rules[k];

			r = buffer_printf(out, "\n### %s\n\n**%s.** %s\n\n", q->id, q->title, q->why);
			if (r == 0)
				r = buffer_printf(out, "- When: %s.\n- Weight: %s.\n- Why %s: %s\n- Do: %s\n",
						  rule_stage_sentence(q), rule_severity_sentence(q),
						  lifetime_name(q->lifetime), q->lifetime_why, q->remedy);
			if (r == 0 && q->criu_says)
				r = buffer_printf(out, "- CRIU's log: `%s`\n", q->criu_says);
		}
	}
	return r;
}

int
rules_json(struct buffer *out)
{
	struct json *root = json_root(), *array = json_add_array(root, "rules");

	json_add_text(root, "schema", "migcheck-rules-1");
	for (size_t i = 0; i < n_rulesets; i++) {
		for (size_t k = 0; k < rulesets[i]->n; k++) {
			const struct rule *r = &rulesets[i]->rules[k];
			struct json *o = json_add_object(array, NULL);

			json_add_text(o, "rule", r->id);
			json_add_text(o, "group", rulesets[i]->name);
			json_add_text(o, "title", r->title);
			json_add_text(o, "why", r->why);
			json_add_text(o, "stage", stage_name(r->stage));
			json_add_text(o, "lifetime", lifetime_name(r->lifetime));
			json_add_text(o, "lifetime_why", r->lifetime_why);
			json_add_text(o, "severity", severity_name(r->severity));
			json_add_text(o, "remedy", r->remedy);
			json_add_text(o, "criu_says", r->criu_says);
		}
	}
	return json_print(root, out);
}

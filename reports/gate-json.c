/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gate as JSON: the format "migcheck-gate-1" that docs/gate.schema.json describes, and that
 * --baseline reads again. Keys that have no value are left out; lists are there even when empty.
 * Nothing in it depends on the clock but what the facts and the waivers make of it.
 */
#include "reports/gate.h"

#include "reports/cpu-baseline.h"
#include "reports/gate-words.h"
#include "reports/json.h"
#include "reports/json-out.h"

static void
add_policy(struct json *root, const struct gate_policy *policy)
{
	static const struct {
		enum gate_fail what;
		const char *name;
	} kinds[] = {
		{ GATE_FAIL_PERMANENT, "permanent" },
		{ GATE_FAIL_TRANSIENT, "transient" },
		{ GATE_FAIL_UNDECIDED, "undecided" },
	};
	struct json *o = json_add_object(root, "policy"), *array = json_add_array(o, "fail_on");

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (policy->fail_on & kinds[i].what)
			json_add_text(array, NULL, kinds[i].name);
	json_add_uint(o, "min_hosts", policy->min_hosts);
	json_add_bool(o, "now", policy->now);
	json_add_int(o, "max_age_s", policy->max_age_s);
	json_add_bool(o, "baseline", policy->known != NULL);
}

static void
add_trees(struct json *root, const struct gate *g)
{
	struct json *array = json_add_array(root, "trees");

	for (size_t i = 0; i < g->n_trees; i++) {
		const struct gate_tree *t = &g->trees[i];
		struct json *o = json_add_object(array, NULL);

		json_add_text(o, "name", t->name);
		json_add_text(o, "file", t->file);
		if (t->source->header && t->source->header->has_own_sha256)
			json_hex(o, "sha256", &t->source->header->own_sha256);
		json_add_uint(o, "needed", t->needed);
		for (int v = VERDICT_READY; v <= VERDICT_UNDECIDED; v++)
			json_add_uint(o, verdict_name((enum verdict) v), t->hosts[v]);
	}
}

static const char *
criu_of(const Host *h)
{
	for (size_t i = 0; i < h->n_tool; i++)
		if (h->tool[i]->name && streq(h->tool[i]->name, "criu"))
			return h->tool[i]->version;
	return NULL;
}

static void
add_classes(struct json *root, const struct gate *g)
{
	struct json *array = json_add_array(root, "classes");

	for (size_t i = 0; i < g->n_classes; i++) {
		const struct gate_class *c = &g->classes[i];
		const Host *h = c->facts ? c->facts->host : NULL;
		struct json *o = json_add_object(array, NULL), *hosts;

		json_add_text(o, "name", c->name);
		json_add_text(o, "fingerprint", c->fingerprint);
		hosts = json_add_array(o, "hosts");
		for (size_t k = 0; k < c->n; k++)
			json_add_text(hosts, NULL, gate_host_name(&g->hosts[c->first + k]));
		if (!h)
			continue;
		json_add_text(o, "os", h->os_release);
		if (h->kernel)
			json_add_text(o, "kernel", h->kernel->release);
		if (h->cpu)
			json_add_text(o, "cpu", h->cpu->brand);
		json_add_text(o, "criu", criu_of(h));
	}
}

static void
add_cells(struct json *root, const struct gate *g)
{
	struct json *array = json_add_array(root, "cells");

	for (size_t t = 0; t < g->n_trees; t++) {
		for (size_t c = 0; c < g->n_classes; c++) {
			const struct gate_cell *cell = gate_cell(g, t, c);
			struct json *o = json_add_object(array, NULL);

			json_add_text(o, "tree", g->trees[t].name);
			json_add_text(o, "class", g->classes[c].name);
			json_add_text(o, "verdict", verdict_name(cell->verdict));
			json_add_uint(o, "permanent", cell->permanent);
			json_add_uint(o, "transient", cell->transient);
			json_add_uint(o, "unknown", cell->unknown);
			json_add_uint(o, "warnings", cell->warnings);
			json_add_uint(o, "waived", cell->waived);
			json_add_uint(o, "not_asked", cell->not_asked);
			json_add_bool(o, "spared", cell->spared);
		}
	}
}

/* Names of classes or trees, by their indices. */
static void
add_class_names(struct json *parent, const struct gate *g, const size_t *class, size_t n)
{
	struct json *array = json_add_array(parent, "classes");

	for (size_t i = 0; i < n; i++)
		json_add_text(array, NULL, g->classes[class[i]].name);
}

static void
add_tree_names(struct json *parent, const struct gate *g, const size_t *tree, size_t n)
{
	struct json *array = json_add_array(parent, "trees");

	for (size_t i = 0; i < n; i++)
		json_add_text(array, NULL, g->trees[tree[i]].name);
}

static void
add_waiver_of(struct json *parent, const char *key, const struct waiver *w)
{
	struct json *o;

	if (!w)
		return;
	o = json_add_object(parent, key);
	json_add_text(o, "reason", w->reason);
	json_add_text(o, "owner", w->owner);
	json_add_text(o, "until", w->until);
	json_add_uint(o, "line", w->line);
}

static void
add_finding(struct json *array, const struct gate *g, const struct gate_finding *f)
{
	struct json *o = json_add_object(array, NULL);

	json_add_text(o, "fingerprint", f->fingerprint);
	json_add_text(o, "rule", f->rule->id);
	json_add_text(o, "title", f->rule->title);
	json_add_text(o, "tree", g->trees[f->tree].name);
	add_class_names(o, g, f->classes, f->n_classes);
	json_add_uint(o, "hosts", f->hosts);
	json_add_uint(o, "new_hosts", f->new_hosts);
	json_add_bool(o, "unknown", f->unknown);
	json_add_text(o, "stage", stage_name(f->stage));
	json_add_text(o, "lifetime", lifetime_name(f->lifetime));
	json_add_text(o, "severity", severity_name(f->severity));
	json_add_text(o, "confidence", confidence_name(f->confidence));
	json_add_text(o, "thing", f->thing);
	if (f->unknown) {
		json_add_text(o, "missing", f->here);
		json_add_text(o, "because", f->there);
	} else {
		json_side(o, "here", f->here, f->here_from);
		json_side(o, "there", f->there, f->there_from);
	}
	json_add_text(o, "detail", f->detail);
	json_add_text(o, "observed", f->observed);
	json_add_text(o, "why", f->rule->why);
	json_add_text(o, "criu_says", f->rule->criu_says);
	json_add_text(o, "remedy", f->remedy);
	json_add_text(o, "command", f->command);
	json_add_text(o, "option", f->option);
	add_waiver_of(o, "waived", f->waiver);
	add_waiver_of(o, "expired", f->expired);
}

static void
add_not_judged(struct json *root, const struct gate *g)
{
	struct json *array = json_add_array(root, "not_judged");

	for (size_t i = g->n_judged; i < g->n_hosts; i++) {
		struct json *o = json_add_object(array, NULL);

		json_add_text(o, "file", g->hosts[i].file);
		json_add_text(o, "name", g->hosts[i].name);
		json_add_text(o, "reason", g->hosts[i].why_not);
		json_add_bool(o, "again", g->hosts[i].is_again);
	}
}

static void
add_waivers(struct json *root, const struct gate *g)
{
	struct json *array = json_add_array(root, "waivers");

	for (size_t i = 0; g->waivers && i < g->waivers->n; i++) {
		const struct waiver *w = &g->waivers->waiver[i];
		struct json *o = json_add_object(array, NULL);

		json_add_text(o, "rule", w->rule);
		json_add_text(o, "host", w->host);
		json_add_text(o, "tree", w->tree);
		json_add_text(o, "reason", w->reason);
		json_add_text(o, "owner", w->owner);
		json_add_text(o, "until", w->until);
		json_add_uint(o, "line", w->line);
		json_add_text(o, "state", gate_waiver_state(g, w));
	}
}

static void
add_changes(struct json *root, const struct gate *g)
{
	struct json *array = json_add_array(root, "changes");

	for (size_t i = 0; i < g->n_changes; i++) {
		const struct gate_change *c = &g->changes[i];
		struct json *o = json_add_object(array, NULL);

		json_add_text(o, "rule", c->rule->id);
		json_add_text(o, "thing", c->thing);
		json_add_text(o, "remedy", c->remedy);
		json_add_text(o, "command", c->command);
		json_add_bool(o, "at_tree", c->at_tree);
		add_tree_names(o, g, c->trees, c->n_trees);
		add_class_names(o, g, c->classes, c->n_classes);
		json_add_uint(o, "hosts", c->hosts);
		json_add_uint(o, "cells", c->cells);
		json_add_uint(o, "alone", c->alone);
		json_add_bool(o, "needed", i < g->changes_needed);
	}
	json_add_bool(root, "changes_suffice", g->changes_suffice);
}

static void
add_odd(struct json *root, const struct gate *g)
{
	struct json *array = json_add_array(root, "odd");

	for (size_t i = 0; i < g->n_odd; i++) {
		const struct gate_odd *q = &g->odd[i];
		struct json *o = json_add_object(array, NULL);

		json_add_text(o, "rule", q->rule->id);
		json_add_uint(o, "hosts", q->hosts);
		json_add_uint(o, "of", q->of);
		add_class_names(o, g, q->classes, q->n_classes);
		add_tree_names(o, g, q->trees, q->n_trees);
		json_add_bool(o, "are_few", q->are_few);
	}
}

int
gate_json(const struct gate *g, const struct report_options *o, struct buffer *out)
{
	struct json *root = json_root(), *array;

	(void) o;
	json_add_text(root, "schema", "migcheck-gate-1");
	json_add_text(root, "tool", "migcheck " MIGCHECK_VERSION);
	json_add_text(root, "result", gate_result_name(g->result));
	json_add_int(root, "exit_code", gate_exit_code(g->result));
	array = json_add_array(root, "reasons");
	for (size_t i = 0; i < g->n_reasons; i++)
		json_add_text(array, NULL, g->reasons[i]);
	add_policy(root, g->policy);
	json_add_uint(root, "profiles", g->n_hosts);
	json_add_uint(root, "hosts_judged", g->n_judged);
	json_add_uint(root, "hosts_unseen", g->n_unseen);
	add_trees(root, g);
	add_classes(root, g);
	add_cells(root, g);
	array = json_add_array(root, "findings");
	for (size_t i = 0; i < g->n_findings; i++)
		add_finding(array, g, &g->findings[i]);
	add_not_judged(root, g);
	add_waivers(root, g);
	add_changes(root, g);
	add_odd(root, g);
	if (g->cpu)
		json_cpu_baseline(root, "cpu_baseline", g->cpu);
	return json_print(root, out);
}

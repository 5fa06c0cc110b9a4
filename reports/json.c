/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An assessment as JSON: the format "migcheck-report-1" that docs/report.schema.json
 * describes. Keys that have no value are left out; lists are there even when empty. Same
 * snapshots and same `now` give the same bytes.
 */
#include "reports/json.h"

#include "checker/settling.h"
#include "facts/gaps.h"
#include "reports/json-out.h"
#include "reports/summary.h"

void
json_hex(struct json *parent, const char *key, const ProtobufCBinaryData *data)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct slice s;

	for (size_t i = 0; i < data->len; i++)
		if (buffer_printf(&text, "%02x", data->data[i]) < 0)
			return;
	s = buffer_slice(&text);
	json_add_bytes(parent, key, s.p, s.n);
}

/* The process as which criu would run: migcheck itself, or the one that --criu-as named. */
static void
add_place(struct json *parent, const CriuPlace *place)
{
	struct json *o;

	if (!place || !place->has_pid)
		return;
	o = json_add_object(parent, "criu_place");
	json_add_bool(o, "given", place->given);
	json_add_int(o, "pid", place->pid);
	json_add_text(o, "comm", place->comm);
	if (place->has_sid)
		json_add_int(o, "session", place->sid);
	if (place->has_stdin_is_tty)
		json_add_bool(o, "terminal", place->stdin_is_tty);
	if (place->credentials && place->credentials->has_euid)
		json_add_uint(o, "user", place->credentials->euid);
	if (place->credentials && place->credentials->has_seccomp)
		json_add_uint(o, "seccomp", place->credentials->seccomp);
	json_add_text(o, "label", place->lsm_label);
	json_add_text(o, "root", place->root);
}

void
json_snapshot(struct json *parent, const char *key, const Snapshot *s, int64_t now_ns)
{
	struct json *o = json_add_object(parent, key);
	const Header *h = s->header;
	const Host *host = s->host;

	if (h) {
		json_add_text(o, "tool", h->tool);
		if (h->has_taken_at_ns) {
			struct summary_time at = summary_time(h->taken_at_ns);

			json_add_text(o, "taken_at", at.text);
			if (now_ns > 0)
				json_add_double(o, "age_s", (double) (now_ns - h->taken_at_ns) / 1e9);
		}
		if (h->has_duration_us)
			json_add_uint(o, "took_us", h->duration_us);
		if (h->has_own_sha256)
			json_hex(o, "sha256", &h->own_sha256);
		if (h->has_asked_sha256)
			json_hex(o, "asked_sha256", &h->asked_sha256);
		json_add_text(o, "root", h->root);
		if (h->has_recorded)
			json_add_bool(o, "recorded", h->recorded);
	}
	add_place(o, s->criu_place);
	if (host) {
		json_add_text(o, "host", host->name);
		json_add_text(o, "os", host->os_release);
		json_add_text(o, "boot_id", host->boot_id);
		if (host->kernel)
			json_add_text(o, "kernel", host->kernel->release);
		if (host->cpu)
			json_add_text(o, "cpu", host->cpu->brand);
	}
}

void
json_tree(struct json *parent, const struct assessment *a)
{
	struct summary s = summary_of(a);
	struct json *o = json_add_object(parent, "tree");

	json_add_int(o, "pid", s.root_pid);
	json_add_text(o, "comm", s.comm);
	json_add_uint(o, "tasks", s.processes);
	json_add_uint(o, "threads", s.threads);
	json_add_uint(o, "files", s.files);
	json_add_uint(o, "sockets", s.sockets);
	json_add_uint(o, "cgroups", s.cgroups);
}

static void
add_texts(struct json *parent, const char *key, const char *const *text, size_t n)
{
	struct json *array = json_add_array(parent, key);

	for (size_t i = 0; i < n; i++)
		json_add_text(array, NULL, text[i]);
}

static void
add_maps(struct json *parent, const Header *h)
{
	struct json *array = json_add_array(parent, "maps");

	for (size_t i = 0; h && i < h->n_map; i++) {
		struct json *o = json_add_object(array, NULL);

		json_add_text(o, "source", h->map[i]->source);
		json_add_text(o, "destination", h->map[i]->destination);
	}
}

void
json_side(struct json *parent, const char *key, const char *value, const char *from)
{
	struct json *o;

	if (!value)
		return;
	o = json_add_object(parent, key);
	json_add_text(o, "value", value);
	json_add_text(o, "from", from);
}

void
json_finding(struct json *array, const struct finding *f)
{
	struct json *o = json_add_object(array, NULL);

	json_add_text(o, "rule", f->rule->id);
	json_add_text(o, "title", f->rule->title);
	json_add_text(o, "stage", stage_name(f->stage));
	json_add_text(o, "lifetime", lifetime_name(f->lifetime));
	json_add_text(o, "severity", severity_name(f->severity));
	json_add_text(o, "confidence", confidence_name(f->confidence));
	json_add_text(o, "thing", f->thing);
	json_side(o, "here", f->here, f->here_from);
	json_side(o, "there", f->there, f->there_from);
	json_add_text(o, "detail", f->detail);
	json_add_text(o, "observed", f->observed);
	json_add_text(o, "why", f->rule->why);
	json_add_text(o, "criu_says", f->rule->criu_says);
	json_add_text(o, "remedy", f->remedy);
	json_add_text(o, "command", f->command);
	if (f->option) {
		struct json *option = json_add_object(o, "option");

		json_add_text(option, "option", f->option);
		json_add_text(option, "kind", requirement_kind_name(f->option_kind));
	}
	add_texts(o, "holders", (const char *const *) f->holders, f->n_holders);
	json_add_uint(o, "holders_total", f->holders_total);
}

void
json_requirement(struct json *array, const struct requirement *q)
{
	struct json *o = json_add_object(array, NULL), *rules;

	json_add_text(o, "kind", requirement_kind_name(q->kind));
	json_add_text(o, "stage", stage_name(q->stage));
	json_add_text(o, "option", q->option);
	json_add_text(o, "use", q->offered ? "would-lift" : "needed");
	rules = json_add_array(o, "rules");
	for (size_t i = 0; i < q->n_rules; i++)
		json_add_text(rules, NULL, q->rules[i]->id);
	add_texts(o, "things", (const char *const *) q->things, q->n_things);
	json_add_uint(o, "things_total", q->things_total);
}

void
json_unknown(struct json *array, const struct unknown *u)
{
	struct json *o = json_add_object(array, NULL);

	json_add_text(o, "rule", u->rule->id);
	json_add_text(o, "severity", severity_name(u->rule->severity));
	json_add_text(o, "side", u->at_destination ? "destination" : "source");
	json_add_text(o, "thing", u->thing);
	json_add_text(o, "missing", u->missing);
	json_add_text(o, "because", u->because);
	json_add_text(o, "remedy", u->remedy);
}

static void
add_gaps(struct json *array, const Snapshot *s, const char *side)
{
	for (size_t i = 0; i < s->n_gap; i++) {
		const Gap *g = s->gap[i];
		struct json *o = json_add_object(array, NULL);

		json_add_text(o, "side", side);
		json_add_text(o, "domain", domain_name(g->domain));
		json_add_text(o, "collector", g->collector);
		json_add_text(o, "effect", gap_effect_name(g->effect));
		json_add_text(o, "reason", g->reason);
		json_add_text(o, "subject", g->subject);
		if (g->has_pid)
			json_add_int(o, "pid", g->pid);
		json_add_text(o, "remedy", g->remedy);
	}
}

static void
add_outcomes(struct json *root, const struct assessment *a)
{
	struct json *array = json_add_array(root, "rules");

	for (size_t i = 0; i < a->n_outcomes; i++) {
		const struct rule_outcome *q = &a->outcomes[i];
		struct json *o = json_add_object(array, NULL);

		json_add_text(o, "rule", q->rule->id);
		json_add_text(o, "outcome", outcome_name(q->outcome));
		json_add_uint(o, "subjects", q->subjects);
		json_add_uint(o, "findings", q->findings);
		json_add_uint(o, "unknowns", q->unknowns);
	}
}

static void
add_options(struct json *root, const struct assessment *a)
{
	struct json *o = json_add_object(root, "criu");

	json_add_text(o, "dump", a->dump_line);
	json_add_text(o, "restore", a->restore_line);
}

static void
add_settled(struct json *array, const struct settled *t)
{
	static const char *const keys[] = {
		[SETTLED_GONE] = "gone_after_ms",
		[SETTLED_STAYED] = "stayed_ms",
		[SETTLED_UNKNOWN] = "unknown_after_ms",
	};
	struct json *o = json_add_object(array, NULL);

	json_add_text(o, "rule", t->rule->id);
	json_add_text(o, "thing", t->thing);
	json_add_text(o, "end", settled_end_name(t->end));
	json_add_uint(o, "came_after_ms", t->came_ms);
	json_add_uint(o, keys[t->end], t->until_ms);
	if (t->end == SETTLED_STAYED)
		json_add_text(o, "lifetime", lifetime_name(t->lifetime));
}

static void
add_settling(struct json *root, const struct settling *s)
{
	struct json *o, *array;

	if (!s)
		return;
	o = json_add_object(root, "settle");
	json_add_uint(o, "limit_ms", s->limit_ms);
	json_add_uint(o, "waited_ms", s->waited_ms);
	json_add_uint(o, "looks", s->looks);
	json_add_bool(o, "interrupted", s->interrupted);
	array = json_add_array(root, "settled");
	for (size_t i = 0; i < s->n; i++)
		add_settled(array, &s->things[i]);
}

static void
add_counts(struct json *root, const struct assessment *a)
{
	struct json *o = json_add_object(root, "counts");

	json_add_uint(o, "permanent", a->permanent);
	json_add_uint(o, "transient", a->transient);
	json_add_uint(o, "warnings", a->warnings);
	json_add_uint(o, "notes", a->notes);
	json_add_uint(o, "requirements", a->n_needed);
	json_add_uint(o, "unknowns", a->n_unknowns);
}

int
report_json(const struct assessment *a, const struct report_options *o, struct buffer *out)
{
	struct json *root = json_root(), *array;
	const Header *answer = a->destination ? a->destination->header : NULL;

	(void) o;
	json_add_text(root, "schema", "migcheck-report-1");
	json_add_text(root, "tool", "migcheck " MIGCHECK_VERSION);
	json_add_text(root, "verdict", verdict_name(a->verdict));
	json_add_int(root, "exit_code", verdict_exit_code(a->verdict));
	add_counts(root, a);
	json_tree(root, a);
	json_snapshot(root, "source", a->source, a->options->now_ns);
	if (a->destination) {
		json_snapshot(root, "destination", a->destination, a->options->now_ns);
		json_add_bool(root, "same_host", index_same_host(a->source, a->destination));
	}
	array = json_add_array(root, "findings");
	for (size_t i = 0; i < a->n_findings; i++)
		json_finding(array, &a->findings[i]);
	add_settling(root, a->settling);
	array = json_add_array(root, "requirements");
	for (size_t i = 0; i < a->n_requirements; i++)
		json_requirement(array, &a->requirements[i]);
	add_options(root, a);
	add_texts(root, "assumed", answer ? (const char *const *) answer->brings : NULL,
		  answer ? answer->n_brings : 0);
	add_maps(root, answer);
	array = json_add_array(root, "unknowns");
	for (size_t i = 0; i < a->n_unknowns; i++)
		json_unknown(array, &a->unknowns[i]);
	array = json_add_array(root, "gaps");
	add_gaps(array, a->source, "source");
	if (a->destination)
		add_gaps(array, a->destination, "destination");
	add_outcomes(root, a);
	return json_print(root, out);
}

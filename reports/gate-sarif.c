/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gate as SARIF 2.1.0, the form that code scanning reads: one run, the rules that have something
 * to say, a result a finding. A result lies in the profiles of the hosts that it is on.
 *
 *  - What stands in the way is an error, or a warning where --fail-on does not name its kind.
 *  - What could not be learned is of kind "open": that is the standard's word for it, and such a
 *    result has no level.
 *  - What is waived is suppressed from outside, and the waiver is a related location.
 *  - Fingerprints are those of the JSON format; with a baseline there is a baselineState.
 */
#include "reports/gate.h"

#include "reports/gate-words.h"
#include "reports/json-out.h"
#include "reports/uri.h"

enum { LOCATIONS = 10 };		/* of a finding on a thousand hosts; the count is a property */

struct sarif {
	const struct gate *g;
	const struct rule **rules;	/* in the order of their first findings */
	size_t n_rules;
};

/* Text with what the standard takes for a link, "](", parted: a foreign name shall not be one. */
static void
message_foreign(struct pen *p, const char *text)
{
	for (const char *at = strstr(text, "]("); at; at = strstr(text, "](")) {
		pen_add(p, text, (size_t) (at - text));
		pen_put(p, "\\](");
		text = at + 2;
	}
	pen_raw(p, text);
}

static void
add_buffer(struct json *parent, const char *key, const struct buffer *b)
{
	struct slice s = buffer_slice(b);

	json_add_bytes(parent, key, s.p, s.n);
}

static void
add_message(struct json *parent, const char *key, const char *text)
{
	json_add_text(json_add_object(parent, key), "text", text);
}

/*
 * A line of a file. What shows results beside the files wants one, so a profile, which has no
 * lines, is pointed at by its first.
 */
static int
add_place(struct json *location, const char *file, unsigned int line)
{
	_cleanup_buffer_ struct buffer uri = { 0 };
	struct pen p = { .out = &uri };
	struct json *physical = json_add_object(location, "physicalLocation");

	uri_of_file(&p, file);
	add_buffer(json_add_object(physical, "artifactLocation"), "uri", &uri);
	json_add_uint(json_add_object(physical, "region"), "startLine", line > 0 ? line : 1);
	return p.error;
}

/* ---- rules ------------------------------------------------------------------------------- */

static const char *
level_of(enum severity s)
{
	static const char *const levels[] = {
		[SEVERITY_BLOCKER] = "error",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_NOTE] = "note",
	};

	return levels[s];
}

/* "DstFileMissing" of dst-file-missing: names of SARIF's rules are words run together, and none is the id. */
static void
add_rule_name(struct json *o, const char *id)
{
	char name[80];
	size_t n = 0;
	bool first = true;

	if (!strchr(id, '-'))
		return;
	for (; *id && n < sizeof(name) - 1; id++) {
		if (*id == '-') {
			first = true;
			continue;
		}
		name[n++] = (char) (first && *id >= 'a' && *id <= 'z' ? *id - 'a' + 'A' : *id);
		first = false;
	}
	json_add_bytes(o, "name", name, n);
}

static int
add_rule(struct json *array, const struct rule *r)
{
	_cleanup_buffer_ struct buffer text = { 0 }, markdown = { 0 };
	struct pen p = { .out = &text }, m = { .out = &markdown };
	struct json *o = json_add_object(array, NULL), *help;

	pen_put(&p, "%s To do: %s.", r->why, r->remedy);
	pen_put(&m, "%s\n\n**To do:** %s.\n\n**Why %s:** %s\n", r->why, r->remedy, lifetime_name(r->lifetime),
		r->lifetime_why);
	if (r->criu_says) {
		pen_put(&p, " CRIU's log: %s", r->criu_says);
		pen_put(&m, "\n**CRIU's log:** `%s`\n", r->criu_says);
	}
	json_add_text(o, "id", r->id);
	add_rule_name(o, r->id);
	add_message(o, "shortDescription", r->title);
	add_message(o, "fullDescription", r->why);
	help = json_add_object(o, "help");
	add_buffer(help, "text", &text);
	add_buffer(help, "markdown", &markdown);
	json_add_text(json_add_object(o, "defaultConfiguration"), "level", level_of(r->severity));
	o = json_add_object(o, "properties");
	json_add_text(o, "lifetime", lifetime_name(r->lifetime));
	json_add_text(o, "stage", stage_name(r->stage));
	return p.error < 0 ? p.error : m.error;
}

static size_t
rule_index(const struct sarif *s, const struct rule *r)
{
	size_t i = 0;

	while (i < s->n_rules && s->rules[i] != r)
		i++;
	return i;
}

static int
find_rules(struct sarif *s)
{
	s->rules = calloc(s->g->n_findings ? s->g->n_findings : 1, sizeof(const struct rule *));
	if (!s->rules)
		return -ENOMEM;
	for (size_t i = 0; i < s->g->n_findings; i++)
		if (rule_index(s, s->g->findings[i].rule) == s->n_rules)
			s->rules[s->n_rules++] = s->g->findings[i].rule;
	return 0;
}

static int
add_tool(struct json *run, const struct sarif *s)
{
	struct json *driver = json_add_object(json_add_object(run, "tool"), "driver"), *array;
	int r = 0;

	json_add_text(driver, "name", "migcheck");
	json_add_text(driver, "version", MIGCHECK_VERSION);
	json_add_text(driver, "semanticVersion", MIGCHECK_VERSION);
	array = json_add_array(driver, "rules");
	for (size_t i = 0; r == 0 && i < s->n_rules; i++)
		r = add_rule(array, s->rules[i]);
	return r;
}

/* ---- results ----------------------------------------------------------------------------- */

static int
add_locations(struct json *result, const struct gate *g, const struct gate_finding *f)
{
	struct json *array = json_add_array(result, "locations");
	size_t told = 0;
	int r = 0;

	for (size_t i = 0; i < f->n_classes; i++) {
		const struct gate_class *c = &g->classes[f->classes[i]];

		for (size_t k = 0; r == 0 && k < c->n && told < LOCATIONS; k++, told++) {
			const struct gate_host *h = &g->hosts[c->first + k];
			struct json *o = json_add_object(array, NULL), *logical;

			r = add_place(o, h->file, 1);
			logical = json_add_object(json_add_array(o, "logicalLocations"), NULL);
			json_add_text(logical, "name", gate_host_name(h));
			json_add_text(logical, "kind", "host");
		}
	}
	return r;
}


static int
add_waiver(struct json *result, const struct gate *g, const struct gate_finding *f)
{
	const struct waiver *w = f->waiver ? f->waiver : f->expired;
	_cleanup_buffer_ struct buffer text = { 0 };
	struct pen p = { .out = &text };
	struct json *o;
	int r;

	if (!g->waivers)
		return 0;
	/* Where some results of a run may be suppressed, all say whether they are. */
	o = json_add_array(result, "suppressions");
	if (!w)
		return 0;
	gate_waived(&p, "waived", w, pen_raw);
	if (f->waiver) {
		o = json_add_object(o, NULL);
		json_add_text(o, "kind", "external");
		json_add_text(o, "status", "accepted");
		add_buffer(o, "justification", &text);
	}
	r = add_place(json_add_object(json_add_array(result, "relatedLocations"), NULL), g->waivers->file, w->line);
	return p.error < 0 ? p.error : r;
}

static const char *
level_of_finding(const struct gate *g, const struct gate_finding *f)
{
	if (f->unknown)
		return "none";
	return gate_standing(g, f) == GATE_TOLERATED ? "warning" : level_of(f->severity);
}

static void
write_message(struct pen *p, const struct gate *g, const struct gate_finding *f)
{
	pen_put(p, "%s: %s: ", f->rule->id, f->rule->title);
	gate_values(p, f, message_foreign);
	if (f->detail) {
		pen_put(p, ". ");
		message_foreign(p, f->detail);
	}
	pen_put(p, ". Tree ");
	message_foreign(p, g->trees[f->tree].name);
	pen_put(p, ", %zu host%s: ", f->hosts, f->hosts == 1 ? "" : "s");
	gate_hosts_of_classes(p, g, f->classes, f->n_classes, LOCATIONS, message_foreign);
	if (f->remedy) {
		pen_put(p, ". To do: ");
		message_foreign(p, f->remedy);
	}
	if (f->expired) {
		pen_put(p, ". ");
		gate_waived(p, "Was waived", f->expired, message_foreign);
	}
	pen_put(p, ".");
}

static void
add_properties(struct json *result, const struct gate *g, const struct gate_finding *f)
{
	struct json *o = json_add_object(result, "properties"), *classes;

	json_add_text(o, "tree", g->trees[f->tree].name);
	json_add_text(o, "lifetime", lifetime_name(f->lifetime));
	json_add_text(o, "stage", stage_name(f->stage));
	json_add_text(o, "confidence", confidence_name(f->confidence));
	json_add_text(o, "thing", f->thing);
	json_add_uint(o, "hosts", f->hosts);
	json_add_uint(o, "newHosts", f->new_hosts);
	classes = json_add_array(o, "classes");
	for (size_t i = 0; i < f->n_classes; i++)
		json_add_text(classes, NULL, g->classes[f->classes[i]].name);
	json_add_text(o, "command", f->command);
	json_add_text(o, "option", f->option);
}

static int
add_result(struct json *array, const struct sarif *s, const struct gate_finding *f)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct pen p = { .out = &text };
	struct json *o = json_add_object(array, NULL);
	int r;

	write_message(&p, s->g, f);
	json_add_text(o, "ruleId", f->rule->id);
	json_add_uint(o, "ruleIndex", rule_index(s, f->rule));
	json_add_text(o, "kind", f->unknown ? "open" : "fail");
	json_add_text(o, "level", level_of_finding(s->g, f));
	add_buffer(json_add_object(o, "message"), "text", &text);
	r = add_locations(o, s->g, f);
	if (r == 0)
		r = add_waiver(o, s->g, f);
	json_add_text(json_add_object(o, "partialFingerprints"), "migcheck/v1", f->fingerprint);
	if (s->g->policy->known)
		json_add_text(o, "baselineState", f->new_hosts > 0 ? "new" : "unchanged");
	add_properties(o, s->g, f);
	return r < 0 ? r : p.error;
}

/* ---- what was not judged ------------------------------------------------------------------ */

static int
add_notification(struct json *array, const struct gate_host *h)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct pen p = { .out = &text };
	struct json *o = json_add_object(array, NULL);
	int r;

	pen_put(&p, "The host ");
	message_foreign(&p, gate_host_name(h));
	pen_put(&p, "%s", h->is_again ? ": " : " was not judged: ");
	message_foreign(&p, h->why_not);
	pen_put(&p, ".");
	json_add_text(o, "level", h->is_again ? "warning" : "error");
	add_buffer(json_add_object(o, "message"), "text", &text);
	o = json_add_object(json_add_array(o, "locations"), NULL);
	r = add_place(o, h->file, 1);
	return r < 0 ? r : p.error;
}

static int
add_invocation(struct json *run, const struct gate *g)
{
	struct json *o = json_add_object(json_add_array(run, "invocations"), NULL), *array;
	int r = 0;

	json_add_bool(o, "executionSuccessful", g->n_unseen == 0);
	json_add_int(o, "exitCode", gate_exit_code(g->result));
	json_add_text(o, "exitCodeDescription", gate_result_name(g->result));
	array = json_add_array(o, "toolExecutionNotifications");
	for (size_t i = g->n_judged; r == 0 && i < g->n_hosts; i++)
		r = add_notification(array, &g->hosts[i]);
	return r;
}

int
gate_sarif(const struct gate *g, const struct report_options *o, struct buffer *out)
{
	struct sarif s = { .g = g };
	struct json *root = json_root(), *run, *array;
	int r = find_rules(&s);

	(void) o;
	json_add_text(root, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	json_add_text(root, "version", "2.1.0");
	run = json_add_object(json_add_array(root, "runs"), NULL);
	if (r == 0)
		r = add_tool(run, &s);
	if (r == 0)
		r = add_invocation(run, g);
	json_add_text(json_add_object(run, "automationDetails"), "id", "migcheck-gate/");
	json_add_text(run, "columnKind", "unicodeCodePoints");
	array = json_add_array(run, "results");
	for (size_t i = 0; r == 0 && i < g->n_findings; i++)
		r = add_result(array, &s, &g->findings[i]);
	free(s.rules);
	if (r < 0) {
		json_drop(root);
		return r;
	}
	return json_print(root, out);
}

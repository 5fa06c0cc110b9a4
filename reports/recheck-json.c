/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second look as JSON: the format "migcheck-recheck-1" of docs/recheck.schema.json. What it
 * has in common with a report is told by the same functions.
 */
#include "reports/recheck.h"

#include "reports/json.h"

static void
add_buffer(struct json *o, const char *key, struct buffer *text)
{
	struct slice s = buffer_slice(text);

	if (s.n > 0)
		json_add_bytes(o, key, s.p, s.n);
}

static int
add_field(const struct changes *c, struct json *array, const struct field_change *f)
{
	_cleanup_buffer_ struct buffer before = { 0 }, after = { 0 };
	struct json *o = json_add_object(array, NULL);
	int r;

	json_add_text(o, "field", f->name);
	r = change_value(c, f, false, &before);
	if (r == 0)
		r = change_value(c, f, true, &after);
	if (r < 0)
		return r;
	add_buffer(o, "before", &before);
	add_buffer(o, "after", &after);
	return 0;
}

static int
add_change(const struct changes *c, struct json *array, const struct change *change)
{
	_cleanup_buffer_ struct buffer thing = { 0 }, nature = { 0 };
	struct json *o = json_add_object(array, NULL), *fields;
	int r;

	json_add_text(o, "of", change_of_name(change->of));
	json_add_text(o, "how", change_how_name(change->how));
	r = change_thing(c, change, &thing);
	if (r == 0)
		r = change_nature(c, change, &nature);
	if (r < 0)
		return r;
	add_buffer(o, "thing", &thing);
	add_buffer(o, "nature", &nature);
	if (change->how != CHANGE_DIFFERS)
		return 0;
	fields = json_add_array(o, "fields");
	for (size_t i = 0; r == 0 && i < change->n_field; i++)
		r = add_field(c, fields, &change->field[i]);
	return r;
}

static void
add_counts(struct json *root, const struct changes *c)
{
	struct json *counts = json_add_object(root, "counts");

	for (int of = 0; of < CHANGE_OFS; of++) {
		struct json *o = NULL;

		for (int how = 0; how < CHANGE_HOWS; how++) {
			if (c->count[of][how] == 0)
				continue;
			if (!o)
				o = json_add_object(counts, change_of_name((enum change_of) of));
			json_add_uint(o, change_how_name((enum change_how) how), c->count[of][how]);
		}
	}
}

static void
add_drift(struct json *root, const struct drift *d)
{
	struct json *o = json_add_object(root, "findings"), *array = json_add_array(o, "new");

	for (size_t i = 0; i < d->n_findings_new; i++)
		json_finding(array, &d->findings_new[i]);
	array = json_add_array(o, "gone");
	for (size_t i = 0; i < d->n_findings_gone; i++)
		json_finding(array, &d->findings_gone[i]);
	o = json_add_object(root, "requirements");
	array = json_add_array(o, "new");
	for (size_t i = 0; i < d->n_requirements_new; i++)
		json_requirement(array, &d->requirements_new[i]);
	array = json_add_array(o, "gone");
	for (size_t i = 0; i < d->n_requirements_gone; i++)
		json_requirement(array, &d->requirements_gone[i]);
	o = json_add_object(root, "unknowns");
	array = json_add_array(o, "new");
	for (size_t i = 0; i < d->n_unknowns_new; i++)
		json_unknown(array, &d->unknowns_new[i]);
	array = json_add_array(o, "gone");
	for (size_t i = 0; i < d->n_unknowns_gone; i++)
		json_unknown(array, &d->unknowns_gone[i]);
}

static void
add_cost(struct json *root, const Header *h)
{
	struct json *o = json_add_object(root, "contents");

	if (h && h->has_files_known)
		json_add_uint(o, "known", h->files_known);
	if (h && h->has_files_cached)
		json_add_uint(o, "cached", h->files_cached);
	if (h && h->has_files_hashed)
		json_add_uint(o, "hashed", h->files_hashed);
	if (h && h->has_bytes_hashed)
		json_add_uint(o, "bytes_hashed", h->bytes_hashed);
}

int
recheck_json(const struct recheck *k, struct buffer *out)
{
	const struct assessment *a = k->drift->after;
	int64_t now_ns = a->options->now_ns;
	struct json *root = json_root(), *array;
	int r = 0;

	json_add_text(root, "schema", "migcheck-recheck-1");
	json_add_text(root, "tool", "migcheck " MIGCHECK_VERSION);
	json_add_bool(root, "still_true", k->drift->still_true);
	json_add_text(root, "verdict_before", verdict_name(k->drift->before->verdict));
	json_add_text(root, "verdict", verdict_name(a->verdict));
	json_add_int(root, "exit_code", drift_exit_code(k->drift));
	json_tree(root, a);
	json_snapshot(root, "before", k->changes->before, now_ns);
	json_snapshot(root, "now", k->changes->after, now_ns);
	if (a->destination)
		json_snapshot(root, "destination", a->destination, now_ns);
	add_cost(root, k->changes->after->header);
	json_add_uint(root, "changes_total", k->changes->total);
	add_counts(root, k->changes);
	array = json_add_array(root, "changes");
	for (size_t i = 0; r == 0 && i < k->changes->n; i++)
		r = add_change(k->changes, array, &k->changes->change[i]);
	add_drift(root, k->drift);
	if (r < 0) {
		json_drop(root);
		return r;
	}
	return json_print(root, out);
}

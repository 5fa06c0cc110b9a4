/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sets two hosts apart, as JSON: the format "migcheck-diff-1" of docs/diff.schema.json. It
 * holds no age, so that the same facts give the same bytes.
 */
#include "reports/host-diff.h"

#include "reports/cpu-baseline.h"
#include "reports/json.h"

static void
add_buffer(struct json *o, const char *key, const struct buffer *text)
{
	struct slice s = buffer_slice(text);

	json_add_bytes(o, key, s.p, s.n);
}

static void
add_rules(struct json *o, const char *rules)
{
	struct json *array = json_add_array(o, "rules");
	struct slice rest = slice_of(rules ? rules : ""), id;

	while (slice_word(&rest, &id))
		json_add_bytes(array, NULL, id.p, id.n);
}

static int
add_values(struct json *o, const struct host_difference *x)
{
	static const char *const value_keys[HOST_SIDES] = { "a", "b" }, *const only_keys[HOST_SIDES] = { "only_a", "only_b" };

	for (int s = 0; s < HOST_SIDES; s++) {
		_cleanup_buffer_ struct buffer value = { 0 };
		int r = x->set ? 0 : host_value(x, s, &value);

		if (r < 0)
			return r;
		if (x->set) {
			struct json *array = json_add_array(o, only_keys[s]);

			for (size_t i = 0; i < x->n_only[s]; i++)
				json_add_text(array, NULL, x->only[s][i]);
		} else {
			add_buffer(o, value_keys[s], &value);
		}
	}
	return 0;
}

static int
add_difference(struct json *array, const struct host_difference *x)
{
	_cleanup_buffer_ struct buffer name = { 0 };
	struct json *o = json_add_object(array, NULL);
	int r = host_fact_name(x->record, x->name, &name);

	if (r < 0)
		return r;
	json_add_text(o, "subject", host_subject_name(x->subject));
	add_buffer(o, "name", &name);
	json_add_bool(o, "moment", x->moment);
	r = add_values(o, x);
	add_rules(o, x->rules);
	return r;
}

static int
add_unlearned(struct json *array, const struct host_unlearned *u)
{
	_cleanup_buffer_ struct buffer name = { 0 };
	struct json *o = json_add_object(array, NULL);
	int r = host_fact_name(u->record, u->name, &name);

	json_add_text(o, "subject", host_subject_name(u->subject));
	if (name.n > 0)
		add_buffer(o, "name", &name);
	json_add_text(o, "not_of", u->of_b ? "b" : "a");
	return r;
}

int
host_diff_json(const struct host_diff *d, bool now, struct buffer *out)
{
	struct json *root = json_root(), *array;
	size_t shown = now ? d->n : d->n_lasting;
	int r = 0;

	json_add_text(root, "schema", "migcheck-diff-1");
	json_add_text(root, "tool", "migcheck " MIGCHECK_VERSION);
	json_add_bool(root, "different", d->n_lasting > 0);
	json_add_int(root, "exit_code", host_diff_exit_code(d));
	json_snapshot(root, "a", d->side[0], 0);
	json_snapshot(root, "b", d->side[1], 0);
	json_add_bool(root, "same_tree", d->same_tree);
	json_add_uint(root, "lasting", d->n_lasting);
	json_add_uint(root, "of_the_moment", d->n - d->n_lasting);
	array = json_add_array(root, "differences");
	for (size_t i = 0; r == 0 && i < shown; i++)
		r = add_difference(array, &d->difference[i]);
	array = json_add_array(root, "unlearned");
	for (size_t i = 0; r == 0 && i < d->n_unlearned; i++)
		r = add_unlearned(array, &d->unlearned[i]);
	json_cpu_baseline(root, "cpu_baseline", &d->cpu);
	if (r < 0) {
		json_drop(root);
		return r;
	}
	return json_print(root, out);
}

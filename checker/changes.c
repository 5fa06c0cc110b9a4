/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two looks at one tree, record by record: both lists are sorted by key and walked together.
 * What only the first has went, what only the second has came, and of what both have each field
 * is compared, those of messages inside as if they were its own ("exe.path"). An index (Fd.file,
 * Thread.cgroup_set) stands for the record it points at, for numbers differ from look to look.
 */
#include "checker/changes-kinds.h"

#include "base/text.h"
#include "checker/values.h"

#include <errno.h>

struct leaf {
	const char *name;
	const ProtobufCFieldDescriptor *outer;	/* NULL: the record's own field */
	const ProtobufCFieldDescriptor *field;
};

/* One that both looks have. */
struct pair {
	const ProtobufCMessage *before, *after;
};

/* A kind made ready: its fields found by their names. */
struct table {
	const struct change_kind *kind;
	const ProtobufCFieldDescriptor *list;
	const ProtobufCFieldDescriptor *key[MAX_KEY + 1];	/* NULL behind the last */
	struct leaf *leaf;
	size_t n_leaf;
	struct pair *pair;
	size_t n_pair;
};

struct comparison {
	struct changes *changes;
	struct table table[CHANGE_OFS];
};

struct sorting {
	const struct table *table;
	const Snapshot *facts;
};

const ProtobufCMessage *
change_target(const Snapshot *s, const ProtobufCFieldDescriptor *f, const void *at)
{
	uint32_t i;

	if (f->type != PROTOBUF_C_TYPE_UINT32)
		return NULL;
	i = *(const uint32_t *) at;
	if (streq(f->name, "file"))
		return i < s->n_file ? &s->file[i]->base : NULL;
	if (streq(f->name, "cgroup_set"))
		return i < s->n_cgroup_set ? &s->cgroup_set[i]->base : NULL;
	return NULL;
}

/* ---- order ----------------------------------------------------------------------------- */

static int
compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* The same file under the same name; its size and all else is told of the file itself. */
static int
compare_files(const File *a, const File *b)
{
	int r = strcmp(a->path ? a->path : "", b->path ? b->path : "");

	if (r == 0)
		r = compare_numbers(a->mnt_ns, b->mnt_ns);
	if (r == 0)
		r = compare_numbers(a->dev_major, b->dev_major);
	if (r == 0)
		r = compare_numbers(a->dev_minor, b->dev_minor);
	return r ? r : compare_numbers(a->ino, b->ino);
}

static int
compare_targets(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
	if (a->descriptor == &file__descriptor)
		return compare_files((const File *) a, (const File *) b);
	return message_compare(a, b);
}

static int
compare_values(const ProtobufCFieldDescriptor *f, const Snapshot *s_a, const ProtobufCMessage *a,
	       const Snapshot *s_b, const ProtobufCMessage *b)
{
	size_t n_a = a ? field_count(a, f) : 0, n_b = b ? field_count(b, f) : 0;

	for (size_t i = 0; i < n_a && i < n_b; i++) {
		const void *x = field_at(a, f, i), *y = field_at(b, f, i);
		const ProtobufCMessage *to_x = change_target(s_a, f, x), *to_y = change_target(s_b, f, y);
		int r = to_x && to_y ? compare_targets(to_x, to_y) : field_compare(f, x, y);

		if (r)
			return r;
	}
	return compare_numbers(n_a, n_b);
}

static int
compare_keys(const struct table *t, const Snapshot *s_a, const ProtobufCMessage *a,
	     const Snapshot *s_b, const ProtobufCMessage *b)
{
	for (size_t i = 0; t->key[i]; i++) {
		int r = compare_values(t->key[i], s_a, a, s_b, b);

		if (r)
			return r;
	}
	return 0;
}

/* Equal keys in the order of all they hold, so that the order of the lists means nothing. */
static int
by_key(const void *a, const void *b, void *arg)
{
	const struct sorting *s = arg;
	const ProtobufCMessage *x = *(const ProtobufCMessage *const *) a;
	const ProtobufCMessage *y = *(const ProtobufCMessage *const *) b;
	int r = compare_keys(s->table, s->facts, x, s->facts, y);

	return r ? r : message_compare(x, y);
}

/* The list of `parent` that counts, sorted. 0 or -ENOMEM. */
static int
sorted(const struct table *t, const Snapshot *facts, const ProtobufCMessage *parent,
       const ProtobufCMessage ***ret, size_t *ret_n)
{
	struct sorting sorting = { .table = t, .facts = facts };
	size_t all = field_count(parent, t->list), n = 0, kept = 0;
	const ProtobufCMessage **m = calloc(all + 1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	for (size_t i = 0; i < all; i++) {
		m[n] = field_message(parent, t->list, i);
		n += !t->kind->counts || t->kind->counts(m[n]);
	}
	qsort_r(m, n, sizeof(*m), by_key, &sorting);
	for (size_t i = 0; i < n; i++)
		if (!t->kind->once || kept == 0 || compare_keys(t, facts, m[kept - 1], facts, m[i]) != 0)
			m[kept++] = m[i];
	*ret = m;
	*ret_n = kept;
	return 0;
}

/* ---- what differs ---------------------------------------------------------------------- */

static const ProtobufCMessage *
inside(const ProtobufCMessage *m, const struct leaf *l)
{
	if (!l->outer)
		return m;
	return field_count(m, l->outer) ? field_message(m, l->outer, 0) : NULL;
}

static int
add_fields(struct comparison *c, const struct table *t, struct change *change)
{
	const struct changes *out = c->changes;

	for (size_t i = 0; i < t->n_leaf; i++) {
		const struct leaf *l = &t->leaf[i];
		const ProtobufCMessage *a = inside(change->before, l), *b = inside(change->after, l);
		struct field_change *f;

		if (compare_values(l->field, out->before, a, out->after, b) == 0)
			continue;
		if (a && b && change_is_nothing(l->field, a, b))
			continue;
		f = arena_grow(out->arena, &change->field, &change->n_field, sizeof(*f));
		if (!f)
			return -ENOMEM;
		*f = (struct field_change){ .name = l->name, .field = l->field, .before = a, .after = b };
	}
	return 0;
}

static int
add_change(struct comparison *c, const struct change *change)
{
	struct changes *out = c->changes;
	struct change *place;

	out->count[change->of][change->how]++;
	out->total++;
	if (out->count[change->of][change->how] > MAX_CHANGES)
		return 0;
	place = arena_grow(out->arena, &out->change, &out->n, sizeof(*place));
	if (!place)
		return -ENOMEM;
	*place = *change;
	return 0;
}

/* One record in both looks, or (NULL) in one of them. */
static int
compare_pair(struct comparison *c, struct table *t, const ProtobufCMessage *owner,
	     const ProtobufCMessage *before, const ProtobufCMessage *after)
{
	struct change change = {
		.of = (enum change_of) (t - c->table),
		.how = !before ? CHANGE_CAME : !after ? CHANGE_WENT : CHANGE_DIFFERS,
		.owner = owner,
		.before = before,
		.after = after,
	};
	struct pair *pair;
	int r;

	if (change.how != CHANGE_DIFFERS)
		return add_change(c, &change);
	pair = arena_grow(c->changes->arena, &t->pair, &t->n_pair, sizeof(*pair));
	if (!pair)
		return -ENOMEM;
	*pair = (struct pair){ .before = before, .after = after };
	r = add_fields(c, t, &change);
	return r < 0 || change.n_field == 0 ? r : add_change(c, &change);
}

/* Both lists of one parent, side by side. */
static int
compare_lists(struct comparison *c, struct table *t, const ProtobufCMessage *owner, struct pair parent)
{
	_cleanup_free_ const ProtobufCMessage **a = NULL, **b = NULL;
	const Snapshot *s_a = c->changes->before, *s_b = c->changes->after;
	size_t n_a = 0, n_b = 0, i = 0, k = 0;
	int r;

	r = sorted(t, s_a, parent.before, &a, &n_a);
	if (r == 0)
		r = sorted(t, s_b, parent.after, &b, &n_b);
	while (r == 0 && (i < n_a || k < n_b)) {
		int order = i == n_a ? 1 : k == n_b ? -1 : compare_keys(t, s_a, a[i], s_b, b[k]);
		const ProtobufCMessage *was = order <= 0 ? a[i] : NULL, *is = order >= 0 ? b[k] : NULL;

		i += was != NULL;
		k += is != NULL;
		r = compare_pair(c, t, owner, was, is);
	}
	return r;
}

/* That a process ended says that all it held is gone. */
static bool
has_ended(const struct pair *p)
{
	return p->after->descriptor == &process__descriptor &&
	       (process_has_ended((const Process *) p->after) ||
		process_has_ended((const Process *) p->before));
}

static int
compare_kind(struct comparison *c, struct table *t)
{
	const struct table *in;
	int r = 0;

	if (t->kind->in < 0)
		return compare_lists(c, t, NULL, (struct pair){ &c->changes->before->base,
								&c->changes->after->base });
	in = &c->table[t->kind->in];
	for (size_t i = 0; r == 0 && i < in->n_pair; i++)
		if (!has_ended(&in->pair[i]))
			r = compare_lists(c, t, in->pair[i].after, in->pair[i]);
	return r;
}

/* ---- the table made ready -------------------------------------------------------------- */

static int
add_leaf(struct arena *arena, struct table *t, const ProtobufCFieldDescriptor *outer,
	 const ProtobufCFieldDescriptor *field)
{
	struct leaf *l = arena_grow(arena, &t->leaf, &t->n_leaf, sizeof(*l));
	const char *name = outer ? arena_printf(arena, "%s.%s", outer->name, field->name) : field->name;

	if (!l || !name)
		return -ENOMEM;
	*l = (struct leaf){ .name = name, .outer = outer, .field = field };
	return 0;
}

static int
add_leaves(struct arena *arena, struct table *t, const ProtobufCFieldDescriptor *outer,
	   const ProtobufCMessageDescriptor *d)
{
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		bool message = f->type == PROTOBUF_C_TYPE_MESSAGE && f->label != PROTOBUF_C_LABEL_REPEATED;

		if (change_passes(d, f))
			continue;
		if (message && !outer)
			r = add_leaves(arena, t, f, f->descriptor);
		else
			r = add_leaf(arena, t, outer, f);
	}
	return r;
}

static int
table_make(struct arena *arena, const struct change_kind *kind, struct table *ret)
{
	struct table t = { .kind = kind };
	const ProtobufCMessageDescriptor *in =
		kind->in < 0 ? &snapshot__descriptor : change_kinds[kind->in].of;
	int r;

	t.list = protobuf_c_message_descriptor_get_field_by_name(in, kind->list);
	for (size_t i = 0; i < MAX_KEY && kind->key[i]; i++)
		t.key[i] = protobuf_c_message_descriptor_get_field_by_name(kind->of, kind->key[i]);
	r = add_leaves(arena, &t, NULL, kind->of);
	*ret = t;
	return r;
}

/* Found kind by kind; within one, what came stands before what went, and each in the order of keys. */
static int
put_in_order(struct changes *c)
{
	struct change *ordered = arena_alloc(c->arena, c->n * sizeof(*ordered));
	size_t n = 0;

	if (!ordered)
		return -ENOMEM;
	for (size_t first = 0, end; first < c->n; first = end) {
		for (end = first; end < c->n && c->change[end].of == c->change[first].of; end++)
			;
		for (int how = 0; how < CHANGE_HOWS; how++)
			for (size_t i = first; i < end; i++)
				if ((int) c->change[i].how == how)
					ordered[n++] = c->change[i];
	}
	c->change = ordered;
	return 0;
}

int
changes_find(const Snapshot *before, const Snapshot *after, struct changes *ret)
{
	struct changes out = { .before = before, .after = after };
	struct comparison c = { .changes = &out };
	int r = 0;

	out.arena = arena_new(MAX_ARENA_BYTES);
	if (!out.arena)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < CHANGE_OFS; i++)
		r = table_make(out.arena, &change_kinds[i], &c.table[i]);
	for (size_t i = 0; r == 0 && i < CHANGE_OFS; i++)
		r = compare_kind(&c, &c.table[i]);
	if (r == 0)
		r = put_in_order(&out);
	if (r < 0) {
		changes_free(&out);
		return r;
	}
	*ret = out;
	return 0;
}

void
changes_free(struct changes *c)
{
	(void) arena_free(c->arena);
	*c = (struct changes){ 0 };
}

const char *
change_of_name(enum change_of of)
{
	return change_kinds[of].name;
}

const char *
change_of_title(enum change_of of)
{
	return change_kinds[of].title;
}

const char *
change_how_name(enum change_how how)
{
	static const char *const words[] = {
		[CHANGE_CAME] = "came",
		[CHANGE_WENT] = "went",
		[CHANGE_DIFFERS] = "changed",
	};

	return words[how];
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two hosts, field by field, as the table in host-facts.c says. Lists are sorted by key and walked
 * together, so that their order means nothing:
 *
 *     sysctl kernel/pid_max   32768     4194304
 *     sysctl fs/nr_open       1048576   1048576    no difference
 *     config KSM              y         not set
 */
#include "checker/host-comparing.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "facts/fields.h"
#include "facts/moment.h"

#include <errno.h>
#include <stdlib.h>

enum { MAX_GAPS = 1000 };		/* that are looked through for each record */

/* The message on both sides. */
struct both {
	const ProtobufCMessage *side[HOST_SIDES];
};

static int compare_messages(struct host_diff *d, const struct host_place *at, struct both m,
			    const ProtobufCFieldDescriptor *told);

struct host_difference *
host_differ(struct host_diff *d, const struct host_place *at, const struct host_fact *fact)
{
	struct host_difference *x = arena_grow(d->arena, &d->difference, &d->n, sizeof(*x));

	if (!x)
		return NULL;
	*x = (struct host_difference){
		.subject = at->subject,
		.moment = at->moment,
		.record = at->record,
		.name = fact->name ? fact->name : fact->field,
		.nothing = fact->nothing,
		.rules = fact->rules,
	};
	return x;
}

int
host_unlearned_add(struct host_diff *d, const struct host_place *at, const char *name, bool of_b)
{
	struct host_unlearned *u = arena_grow(d->arena, &d->unlearned, &d->n_unlearned, sizeof(*u));

	if (!u)
		return -ENOMEM;
	*u = (struct host_unlearned){ .subject = at->subject, .record = at->record, .name = name, .of_b = of_b };
	return 0;
}

/* ---- values ------------------------------------------------------------------------------ */

/* A word that says of itself that nobody knows. */
static bool
is_unknown(const ProtobufCFieldDescriptor *f, const void *at)
{
	const ProtobufCEnumValue *v;

	if (f->type != PROTOBUF_C_TYPE_ENUM)
		return false;
	v = protobuf_c_enum_descriptor_get_value(f->descriptor, *(const int *) at);
	return v && (slice_ends(slice_of(v->name), "_CANNOT_TELL") || slice_ends(slice_of(v->name), "_UNKNOWN"));
}

static bool
is_there(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	return m && field_count(m, f) > 0 && !is_unknown(f, field_at(m, f, 0));
}

/* A module that can be loaded is loaded when somebody asks: whether it is now, holds for the moment. */
static bool
is_either(const ProtobufCFieldDescriptor *f, struct both m)
{
	const Module *a = (const Module *) m.side[0], *b = (const Module *) m.side[1];

	if (!a || !b || a->base.descriptor != &module__descriptor || !streq(f->name, "state"))
		return false;
	return (a->state == MODULE_STATE__MODULE_LOADED && b->state == MODULE_STATE__MODULE_LOADABLE) ||
	       (b->state == MODULE_STATE__MODULE_LOADED && a->state == MODULE_STATE__MODULE_LOADABLE);
}

static int
compare_value(struct host_diff *d, const struct host_place *at, const struct host_fact *fact,
	      const ProtobufCFieldDescriptor *f, struct both m)
{
	bool there[HOST_SIDES] = { is_there(m.side[0], f), is_there(m.side[1], f) };
	struct host_difference *x;

	if (!there[0] && !there[1])
		return 0;
	if (there[0] != there[1] && !fact->nothing)
		return host_unlearned_add(d, at, fact->name ? fact->name : fact->field, there[0]);
	if (there[0] && there[1] && field_compare(f, field_at(m.side[0], f, 0), field_at(m.side[1], f, 0)) == 0)
		return 0;
	x = host_differ(d, at, fact);
	if (!x)
		return -ENOMEM;
	x->field = f;
	x->moment = x->moment || is_either(f, m);
	for (int s = 0; s < HOST_SIDES; s++)
		x->holder[s] = there[s] ? m.side[s] : NULL;
	return 0;
}

static int
compare_words(struct host_diff *d, const struct host_place *at, const struct host_fact *fact,
	      const ProtobufCFieldDescriptor *f, struct both m)
{
	struct host_words words[HOST_SIDES] = { { 0 }, { 0 } };
	size_t there[HOST_SIDES] = { field_count(m.side[0], f), field_count(m.side[1], f) };
	int r = 0;

	if ((there[0] > 0) != (there[1] > 0) && !fact->nothing)
		return host_unlearned_add(d, at, fact->name ? fact->name : fact->field, there[0] > 0);
	for (int s = 0; r == 0 && s < HOST_SIDES; s++)
		r = host_words_read(d->arena, fact, f, m.side[s], &words[s]);
	return r < 0 ? r : host_words_differ(d, at, fact, fact->name ? fact->name : fact->field, words);
}

static int
differ_by_text(struct host_diff *d, const struct host_place *at, const struct host_fact *fact, const char *a,
	       const char *b)
{
	struct host_difference *x = host_differ(d, at, fact);

	if (!x || !a || !b)
		return -ENOMEM;
	x->text[0] = a;
	x->text[1] = b;
	return 0;
}

static int
compare_count(struct host_diff *d, const struct host_place *at, const struct host_fact *fact,
	      const ProtobufCFieldDescriptor *f, struct both m)
{
	size_t a = field_count(m.side[0], f), b = field_count(m.side[1], f);

	if (a == b)
		return 0;
	return differ_by_text(d, at, fact, arena_printf(d->arena, "%zu", a), arena_printf(d->arena, "%zu", b));
}

/* The fields are 32-bit numbers. */
static bool
is_set(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	return field_count(m, f) > 0 && *(const uint32_t *) field_at(m, f, 0) != 0;
}

static int
compare_whether(struct host_diff *d, const struct host_place *at, const struct host_fact *fact,
		const ProtobufCFieldDescriptor *f, struct both m)
{
	bool a = is_set(m.side[0], f), b = is_set(m.side[1], f);

	return a == b ? 0 : differ_by_text(d, at, fact, a ? "yes" : "no", b ? "yes" : "no");
}

/* ---- lists ------------------------------------------------------------------------------- */

struct list {
	const struct host_fact *fact;
	const ProtobufCFieldDescriptor *key[MAX_HOST_KEY];
	const ProtobufCFieldDescriptor *shows;
	const ProtobufCMessage **record[HOST_SIDES];
	size_t n[HOST_SIDES];
};

static int
compare_keys(const struct list *l, const ProtobufCMessage *a, const ProtobufCMessage *b)
{
	for (size_t i = 0; i < MAX_HOST_KEY && l->key[i]; i++) {
		size_t n_a = field_count(a, l->key[i]), n_b = field_count(b, l->key[i]);
		int r = n_a && n_b ? field_compare(l->key[i], field_at(a, l->key[i], 0), field_at(b, l->key[i], 0)) :
				     (n_a > n_b) - (n_a < n_b);

		if (r)
			return r;
	}
	return 0;
}

static int
by_key(const void *a, const void *b, void *arg)
{
	const ProtobufCMessage *x = *(const ProtobufCMessage *const *) a;
	const ProtobufCMessage *y = *(const ProtobufCMessage *const *) b;
	int r = compare_keys(arg, x, y);

	return r ? r : message_compare(x, y);
}

static int
list_make(struct arena *arena, const struct host_fact *fact, const ProtobufCFieldDescriptor *f, struct both m,
	  struct list *ret)
{
	struct list l = { .fact = fact };

	if (fact->shows)
		l.shows = protobuf_c_message_descriptor_get_field_by_name(f->descriptor, fact->shows);
	for (size_t i = 0; i < MAX_HOST_KEY && fact->key[i]; i++)
		l.key[i] = protobuf_c_message_descriptor_get_field_by_name(f->descriptor, fact->key[i]);
	for (int s = 0; s < HOST_SIDES; s++) {
		l.n[s] = field_count(m.side[s], f);
		l.record[s] = arena_alloc(arena, l.n[s] * sizeof(*l.record[s]));
		if (!l.record[s])
			return -ENOMEM;
		for (size_t i = 0; i < l.n[s]; i++)
			l.record[s][i] = field_message(m.side[s], f, i);
		qsort_r(l.record[s], l.n[s], sizeof(*l.record[s]), by_key, &l);
	}
	*ret = l;
	return 0;
}

/* The key as a text, where it is one. */
static const char *
key_text(const struct list *l, const ProtobufCMessage *m)
{
	const ProtobufCFieldDescriptor *f = l->key[0];

	return f->type == PROTOBUF_C_TYPE_STRING && field_count(m, f) ? *(const char *const *) field_at(m, f, 0) : NULL;
}

/* Whether that side says itself that it could not read this record: "/proc/sys/kernel/core_pattern". */
static bool
has_gap(const Snapshot *s, const char *key)
{
	for (size_t i = 0; key && *key && i < s->n_gap && i < MAX_GAPS; i++)
		if (s->gap[i]->subject && slice_ends(slice_of(s->gap[i]->subject), key))
			return true;
	return false;
}

static int
compare_records(struct host_diff *d, const struct host_place *around, const struct list *l, struct both m)
{
	const ProtobufCMessage *any = m.side[0] ? m.side[0] : m.side[1];
	struct host_record *record = arena_alloc(d->arena, sizeof(*record));
	struct host_place at = *around;
	const char *key = key_text(l, any), *rules = l->fact->rules;
	struct host_fact told = { .nothing = l->fact->nothing };
	size_t before = d->n;
	int r;

	if (!record)
		return -ENOMEM;
	*record = (struct host_record){ .list = l->fact, .record = any, .around = around->record };
	at.record = record;
	at.moment = at.moment || moment_passes(any);
	if (key && host_rules(at.subject, key))
		rules = host_rules(at.subject, key);
	for (bool b = false;; b = true) {
		if (!m.side[b] && (!told.nothing || has_gap(d->side[b], key)))
			return host_unlearned_add(d, &at, NULL, b);
		if (b)
			break;
	}
	if (l->shows && m.side[0] && m.side[1])
		told.nothing = host_fact_of(any->descriptor, l->shows)->nothing;
	r = l->shows ? compare_value(d, &at, &told, l->shows, m) : 0;
	if (r == 0 && m.side[0] && m.side[1] && d->n == before)
		r = compare_messages(d, &at, m, l->shows);
	for (size_t i = before; i < d->n; i++)
		d->difference[i].rules = d->difference[i].rules ? d->difference[i].rules : rules;
	return r;
}

static int
compare_list(struct host_diff *d, const struct host_place *at, const struct host_fact *fact,
	     const ProtobufCFieldDescriptor *f, struct both m)
{
	struct list l;
	size_t i = 0, k = 0;
	int r = list_make(d->arena, fact, f, m, &l);

	if (r < 0 || l.n[0] + l.n[1] == 0)
		return r;
	/* None at all was not asked, or could not be read. */
	if (l.n[0] == 0 || l.n[1] == 0)
		return host_unlearned_add(d, at, fact->name, l.n[0] > 0);
	while (r == 0 && (i < l.n[0] || k < l.n[1])) {
		int order = i == l.n[0] ? 1 : k == l.n[1] ? -1 : compare_keys(&l, l.record[0][i], l.record[1][k]);
		struct both pair = { { order <= 0 ? l.record[0][i] : NULL, order >= 0 ? l.record[1][k] : NULL } };

		i += order <= 0;
		k += order >= 0;
		r = compare_records(d, at, &l, pair);
	}
	return r;
}

/* ---- messages ---------------------------------------------------------------------------- */

static int
compare_inside(struct host_diff *d, const struct host_place *at, const ProtobufCFieldDescriptor *f, struct both m)
{
	size_t a = field_count(m.side[0], f), b = field_count(m.side[1], f);

	if (a && b)
		return compare_messages(d, at, (struct both){ { field_message(m.side[0], f, 0),
								field_message(m.side[1], f, 0) } }, NULL);
	return a || b ? host_unlearned_add(d, at, NULL, a > 0) : 0;
}

/* Answers to one tree only are compared; those to several trees are known by the trees. */
static bool
is_of_another_tree(const struct host_diff *d, const ProtobufCMessageDescriptor *of, const ProtobufCFieldDescriptor *f,
		   const struct host_place *at)
{
	return at->subject == HOST_ANSWERS && of == &snapshot__descriptor && !d->same_tree &&
	       !streq(f->name, "tree_answers");
}

static int
compare_field(struct host_diff *d, const struct host_place *around, const ProtobufCFieldDescriptor *f, struct both m)
{
	const ProtobufCMessageDescriptor *of = m.side[0]->descriptor;
	const struct host_fact *fact = host_fact_of(of, f);
	struct host_place at = *around;

	if (!fact)
		return 0;
	at.subject = fact->subject == HOST_AS_AROUND ? at.subject : fact->subject;
	at.moment = at.moment || moment_is(of, f, FACTS_LASTING);
	if (is_of_another_tree(d, of, f, &at))
		return 0;
	switch (fact->how) {
	case HOST_VALUE:
		return compare_value(d, &at, fact, f, m);
	case HOST_WHETHER:
		return compare_whether(d, &at, fact, f, m);
	case HOST_WORDS:
	case HOST_SET:
		return compare_words(d, &at, fact, f, m);
	case HOST_COUNT:
		return compare_count(d, &at, fact, f, m);
	case HOST_INSIDE:
		return compare_inside(d, &at, f, m);
	case HOST_LIST:
		return compare_list(d, &at, fact, f, m);
	case HOST_CPUID:
		return host_cpuid_differ(d, &at, fact, (const Cpu *) m.side[0], (const Cpu *) m.side[1]);
	case HOST_FLAGS:
		return host_flags_differ(d, &at, fact, (const Cpu *) m.side[0], (const Cpu *) m.side[1]);
	default:
		return 0;
	}
}

/* All fields but the one that was told already; in the order of the descriptor. */
static int
compare_messages(struct host_diff *d, const struct host_place *at, struct both m, const ProtobufCFieldDescriptor *told)
{
	const ProtobufCMessageDescriptor *of = m.side[0]->descriptor;
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < of->n_fields; i++)
		if (&of->fields[i] != told)
			r = compare_field(d, at, &of->fields[i], m);
	return r;
}

/* ---- the whole --------------------------------------------------------------------------- */

static bool
answer_same_tree(const Snapshot *a, const Snapshot *b)
{
	const Header *x = a->header, *y = b->header;

	return x && y && x->has_asked_sha256 && y->has_asked_sha256 && x->asked_sha256.len == y->asked_sha256.len &&
	       memcmp(x->asked_sha256.data, y->asked_sha256.data, x->asked_sha256.len) == 0;
}

/* Those that last, then those of the moment; by subject. */
static int
put_in_order(struct host_diff *d)
{
	struct host_difference *ordered = arena_alloc(d->arena, d->n * sizeof(*ordered));
	size_t n = 0;

	if (!ordered)
		return -ENOMEM;
	for (int moment = 0; moment < 2; moment++) {
		for (int subject = 0; subject < HOST_SUBJECTS; subject++)
			for (size_t i = 0; i < d->n; i++)
				if ((int) d->difference[i].subject == subject && d->difference[i].moment == (moment == 1))
					ordered[n++] = d->difference[i];
		if (moment == 0)
			d->n_lasting = n;
	}
	d->difference = ordered;
	return 0;
}

int
host_diff_find(const Snapshot *a, const Snapshot *b, struct host_diff *ret)
{
	struct host_diff d = { .side = { a, b }, .same_tree = answer_same_tree(a, b) };
	const struct host_place top = { .subject = HOST_KERNEL };
	int r;

	d.arena = arena_new(MAX_ARENA_BYTES);
	if (!d.arena)
		return -ENOMEM;
	d.member[0] = (struct cpu_member){ .name = "A", .host = a->host, .hosts = 1 };
	d.member[1] = (struct cpu_member){ .name = "B", .host = b->host, .hosts = 1 };
	r = compare_messages(&d, &top, (struct both){ { &a->base, &b->base } }, NULL);
	if (r == 0)
		r = put_in_order(&d);
	*ret = d;
	if (r == 0)
		r = cpu_baseline_make(ret->arena, ret->member, HOST_SIDES, &ret->cpu);
	if (r < 0)
		host_diff_free(ret);
	return r;
}

void
host_diff_free(struct host_diff *d)
{
	(void) arena_free(d->arena);
	*d = (struct host_diff){ 0 };
}

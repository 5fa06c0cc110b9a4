/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of packed messages: see sieve.h. A message within a message is a field with a length,
 * which changes when something is taken out of it; one of which nothing can be taken is copied whole.
 */
#include "facts/sieve.h"

#include "base/text.h"
#include "facts/wire.h"

#include <errno.h>

enum { MAX_DEPTH = 16, MAX_ID = 64 };

enum act { ACT_KEEP, ACT_DROP, ACT_ZERO, ACT_LOOK_INTO };

/* A kind of message. */
struct kind {
	const ProtobufCMessageDescriptor *d;
	const struct moment_value *value;	/* NULL: it is no reason to leave a message out */
	uint32_t value_id;
	bool is_plain;				/* nothing is ever taken out of one */
	struct {
		enum act act;
		const struct kind *kind;	/* of ACT_LOOK_INTO */
	} field[MAX_ID];			/* by number; what has a greater one is not known */
};

struct sieve {
	struct arena *arena;
	enum facts_kept kept;
	struct kind **kinds;
	size_t n;
	const struct kind *snapshot;
};

/* ---- what is to be done ---------------------------------------------------------------------- */

static const struct kind *kind_of(struct sieve *s, const ProtobufCMessageDescriptor *d);

static bool
learn_field(struct sieve *s, struct kind *k, const ProtobufCFieldDescriptor *f)
{
	const struct kind *within;

	if (f->id >= MAX_ID)
		return false;
	if (moment_is(k->d, f, s->kept)) {
		k->field[f->id].act = moment_is_number(k->d, f) ? ACT_ZERO : ACT_DROP;
		k->is_plain = false;
		return true;
	}
	if (f->type != PROTOBUF_C_TYPE_MESSAGE)
		return true;
	within = kind_of(s, f->descriptor);
	if (!within)
		return false;
	if (!within->is_plain || within->value) {
		k->field[f->id].act = ACT_LOOK_INTO;
		k->field[f->id].kind = within;
		k->is_plain = false;
	}
	return true;
}

/* Of a kind that holds itself something may be taken, for all that is known meanwhile. */
static const struct kind *
kind_of(struct sieve *s, const ProtobufCMessageDescriptor *d)
{
	struct kind *k;

	for (size_t i = 0; i < s->n; i++)
		if (s->kinds[i]->d == d)
			return s->kinds[i];
	k = arena_alloc(s->arena, sizeof(*k));
	if (!k || ADD_FACT(s->arena, s->kinds, s->n, k) < 0)
		return NULL;
	k->d = d;
	if (s->kept == FACTS_LASTING)
		k->value = moment_value_of(d);
	if (k->value)
		k->value_id = protobuf_c_message_descriptor_get_field_by_name(d, k->value->field)->id;
	k->is_plain = true;
	for (unsigned int i = 0; i < d->n_fields; i++)
		if (!learn_field(s, k, &d->fields[i]))
			return NULL;
	return k;
}

struct sieve *
sieve_new(enum facts_kept kept)
{
	_cleanup_arena_ struct arena *arena = arena_new(MAX_ARENA_BYTES);
	struct sieve *s = arena ? arena_alloc(arena, sizeof(*s)) : NULL;

	if (!s)
		return NULL;
	s->arena = arena;
	s->kept = kept;
	s->snapshot = kind_of(s, &snapshot__descriptor);
	if (!s->snapshot)
		return NULL;
	(void) steal_pointer(&arena);
	return s;
}

void
sieve_free(struct sieve *s)
{
	if (s)
		(void) arena_free(s->arena);
}

/* ---- doing it -------------------------------------------------------------------------------- */

/* As moment_passes(), of a packed message. */
static bool
is_passing(const struct kind *k, struct slice bytes)
{
	struct wire_field f;

	if (!k->value || !wire_find(bytes, k->value_id, &f))
		return false;
	return k->value->values[0] ? f.type == WIRE_BYTES && moment_value_is(k->value, f.value) :
				     f.type == WIRE_VARINT && f.number != 0;
}

static int strip(const struct kind *k, struct slice bytes, unsigned int depth, struct buffer *out);

static int
strip_within(const struct kind *k, const struct wire_field *field, unsigned int depth, struct buffer *out)
{
	struct wire_mark mark;
	int r;

	if (is_passing(k, field->value))
		return 0;
	if (k->is_plain)
		return buffer_add(out, field->all.p, field->all.n);
	r = wire_open(out, field->id, field->value.n, &mark);
	if (r == 0)
		r = strip(k, field->value, depth + 1, out);
	if (r == 0)
		wire_close(out, &mark);
	return r;
}

static int
strip(const struct kind *k, struct slice bytes, unsigned int depth, struct buffer *out)
{
	const char *kept = bytes.p;		/* from here on nothing was taken out; not yet written */
	int r = 0;

	if (depth > MAX_DEPTH)
		return -EBADMSG;
	while (bytes.n > 0) {
		struct wire_field field;
		enum act act;

		r = wire_take(&bytes, &field);
		if (r < 0)
			return r;
		act = field.id < MAX_ID ? k->field[field.id].act : ACT_KEEP;
		if (act == ACT_KEEP || (act == ACT_LOOK_INTO && field.type != WIRE_BYTES))
			continue;
		r = buffer_add(out, kept, (size_t) (field.all.p - kept));
		kept = bytes.p;
		if (r == 0 && act == ACT_ZERO)
			r = wire_add_number(out, field.id, 0);
		if (r == 0 && act == ACT_LOOK_INTO)
			r = strip_within(k->field[field.id].kind, &field, depth, out);
		if (r < 0)
			return r;
	}
	return buffer_add(out, kept, (size_t) (bytes.p - kept));
}

int
sieve_strip(const struct sieve *s, struct slice bytes, struct buffer *out)
{
	int r = buffer_reserve(out, bytes.n);

	return r == 0 ? strip(s->snapshot, bytes, 0, out) : r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles of hosts: see profile.h.
 */
#include "facts/profile.h"

#include "facts/frames.h"
#include "facts/wire.h"

#include <errno.h>

/* The number of a field of a message that we know has it. */
static uint32_t
field_id(const ProtobufCMessageDescriptor *d, const char *name)
{
	return protobuf_c_message_descriptor_get_field_by_name(d, name)->id;
}

/* All records as one packed Snapshot. */
static int
join(struct frames *frames, struct buffer *out)
{
	struct frame f;
	int r = buffer_reserve(out, frames->left.n);

	while (r == 0 && frames_next(frames, &f))
		r = wire_add_bytes(out, f.kind, f.message);
	return r;
}

static char *
text_in(struct slice message, const ProtobufCMessageDescriptor *d, const char *name)
{
	struct wire_field f;

	return wire_find(message, field_id(d, name), &f) && f.type == WIRE_BYTES ? strndup(f.value.p, f.value.n)
										 : NULL;
}

static uint64_t
number_in(struct slice message, const ProtobufCMessageDescriptor *d, const char *name)
{
	struct wire_field f;

	return wire_find(message, field_id(d, name), &f) ? f.number : 0;
}

static int
read_identity(struct slice whole, struct profile *p)
{
	struct wire_field header, host;

	if (!wire_find(whole, field_id(&snapshot__descriptor, "header"), &header) || header.type != WIRE_BYTES)
		return -EBADMSG;
	p->kind = (SnapshotKind) number_in(header.value, &header__descriptor, "kind");
	p->taken_at_ns = (int64_t) number_in(header.value, &header__descriptor, "taken_at_ns");
	if (!wire_find(whole, field_id(&snapshot__descriptor, "host"), &host) || host.type != WIRE_BYTES)
		return 0;
	p->name = text_in(host.value, &host__descriptor, "name");
	p->machine_id = text_in(host.value, &host__descriptor, "machine_id");
	return 0;
}

SnapshotKind
profile_kind(const void *bytes, size_t n)
{
	struct stream_error ignored;
	struct frames f = { 0 };
	struct frame first;
	size_t at = HEAD_BYTES;
	uint64_t records = 0;

	if (n < HEAD_BYTES || frames_check_head(bytes, &ignored) < 0)
		return 0;
	(void) frames_walk(bytes, n, &at, &records, &ignored);
	f.left = (struct slice){ .p = (const char *) bytes + HEAD_BYTES, .n = at - HEAD_BYTES };
	if (records == 0 || !frames_next(&f, &first) || first.kind != field_id(&snapshot__descriptor, "header"))
		return 0;
	return (SnapshotKind) number_in(first.message, &header__descriptor, "kind");
}

int
profile_read(const void *bytes, size_t n, const struct sieve *sieve, struct profile *ret,
	     struct stream_error *ret_error)
{
	_cleanup_profile_ struct profile p = { 0 };
	_cleanup_buffer_ struct buffer whole = { 0 };
	_cleanup_digest_ struct digest *digest = digest_new();
	struct frames frames;
	int r;

	r = frames_verify(bytes, n, &frames, ret_error);
	if (r == 0)
		r = frames_check_single(&frames, ret_error);
	if (r < 0)
		return r;
	r = digest ? join(&frames, &whole) : -ENOMEM;
	if (r < 0)
		return frames_refuse(ret_error, r, "out of memory");
	if (read_identity(buffer_slice(&whole), &p) < 0)
		return frames_refuse(ret_error, -EBADMSG, "damaged: it has no header record");
	r = sieve_strip(sieve, buffer_slice(&whole), &p.facts);
	if (r < 0)
		return frames_refuse(ret_error, r, r == -ENOMEM ? "out of memory" : "damaged: a record that is none");
	r = digest_add(digest, p.facts.p, p.facts.n);
	if (r == 0)
		r = digest_end(digest, p.fingerprint);
	if (r < 0)
		return frames_refuse(ret_error, r, "it cannot be digested");
	*ret = p;
	p = (struct profile){ 0 };
	return 0;
}

void
profile_free(struct profile *p)
{
	if (!p)
		return;
	free(p->name);
	free(p->machine_id);
	buffer_free(&p->facts);
	*p = (struct profile){ 0 };
}

/* ---- the answers to one tree ---------------------------------------------------------------- */

static bool
same_bytes(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
	return a.len == b.len && a.len > 0 && memcmp(a.data, b.data, a.len) == 0;
}

/* Those to this tree; NULL: none. */
static const TreeAnswers *
answers_to(const Snapshot *facts, ProtobufCBinaryData tree)
{
	for (size_t i = 0; i < facts->n_tree_answers; i++)
		if (facts->tree_answers[i]->has_asked_sha256 &&
		    same_bytes(facts->tree_answers[i]->asked_sha256, tree))
			return facts->tree_answers[i];
	return NULL;
}

static bool
is_answered(const Snapshot *facts, ProtobufCBinaryData tree)
{
	const Header *asked = facts->header;

	return asked->has_asked_sha256 && same_bytes(asked->asked_sha256, tree);
}

static void
take_answers(Snapshot *s, const TreeAnswers *a)
{
#define TAKE(field) (s->n_##field = a ? a->n_##field : 0, s->field = a ? a->field : NULL)
	TAKE(path_answer);
	TAKE(pid_answer);
	TAKE(cgroup_answer);
	TAKE(unix_answer);
	TAKE(terminal_answer);
	TAKE(route_answer);
	TAKE(mount_option_answer);
	TAKE(trial);
#undef TAKE
}

/* Puts the gaps of the host into a list with room for so many more. */
static int
room_for_gaps(struct arena *arena, Snapshot *s, size_t more)
{
	Gap **gap = arena_alloc(arena, (s->n_gap + more) * sizeof(Gap *));

	if (!gap)
		return -ENOMEM;
	if (s->n_gap > 0)
		memcpy(gap, s->gap, s->n_gap * sizeof(Gap *));
	s->gap = gap;
	return 0;
}

static void
add_gaps(Snapshot *s, const TreeAnswers *a)
{
	if (a->n_gap > 0)
		memcpy(s->gap + s->n_gap, a->gap, a->n_gap * sizeof(Gap *));
	s->n_gap += a->n_gap;
}

/* The gaps of the host and those of the answers, in one list. */
static int
join_gaps(struct arena *arena, Snapshot *s, const TreeAnswers *a)
{
	if (room_for_gaps(arena, s, a->n_gap) < 0)
		return -ENOMEM;
	add_gaps(s, a);
	return 0;
}

/* The paths that were asked for by themselves: many of them are several records. */
static int
take_general(struct arena *arena, const Snapshot *facts, Snapshot *s)
{
	size_t n = 0, gaps = 0;

	for (size_t i = 0; i < facts->n_tree_answers; i++)
		if (!facts->tree_answers[i]->has_asked_sha256) {
			n += facts->tree_answers[i]->n_path_answer;
			gaps += facts->tree_answers[i]->n_gap;
		}
	s->path_answer = arena_alloc(arena, n * sizeof(*s->path_answer));
	if (!s->path_answer || room_for_gaps(arena, s, gaps) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < facts->n_tree_answers; i++) {
		const TreeAnswers *a = facts->tree_answers[i];

		if (a->has_asked_sha256)
			continue;
		if (a->n_path_answer > 0)
			memcpy(s->path_answer + s->n_path_answer, a->path_answer,
			       a->n_path_answer * sizeof(*a->path_answer));
		s->n_path_answer += a->n_path_answer;
		add_gaps(s, a);
	}
	return 0;
}

static Host *
host_with(struct arena *arena, const Snapshot *facts, const TreeAnswers *a)
{
	Host *h = arena_memdup(arena, facts->host, sizeof(*h));

	if (!h)
		return NULL;
	if (a->host->modules)
		h->modules = a->host->modules;
	if (a->host->net)
		h->net = a->host->net;
	if (a->host->root)
		h->root = a->host->root;
	return h;
}

/* As profile_for(), where the facts are not those already. */
static Snapshot *
facts_for(struct arena *arena, const Snapshot *facts, ProtobufCBinaryData tree)
{
	const TreeAnswers *a = answers_to(facts, tree);
	Snapshot *s = arena_memdup(arena, facts, sizeof(*s));

	if (!s)
		return NULL;
	s->header = a && a->header ? a->header : arena_memdup(arena, facts->header, sizeof(*s->header));
	if (!s->header)
		return NULL;
	s->header->has_asked_sha256 = a != NULL;
	if (a)
		s->header->asked_sha256 = a->asked_sha256;
	take_answers(s, a);
	if (a ? join_gaps(arena, s, a) < 0 : take_general(arena, facts, s) < 0)
		return NULL;
	if (a && a->host && s->host)
		s->host = host_with(arena, facts, a);
	return a && a->host && !s->host ? NULL : s;
}

const Snapshot *
profile_for(struct arena *arena, const Snapshot *facts, ProtobufCBinaryData tree)
{
	return is_answered(facts, tree) ? facts : facts_for(arena, facts, tree);
}

int
profile_turn_to(struct snapshot *s, ProtobufCBinaryData tree)
{
	Snapshot *facts = is_answered(s->facts, tree) ? s->facts : facts_for(s->arena, s->facts, tree);

	if (!facts)
		return -ENOMEM;
	s->facts = facts;
	return 0;
}

bool
profile_is_for(const Snapshot *facts, ProtobufCBinaryData tree)
{
	if (is_answered(facts, tree) || answers_to(facts, tree))
		return true;
	for (size_t i = 0; i < facts->n_tree_answers; i++)
		if (!facts->tree_answers[i]->has_asked_sha256)
			return true;
	return !facts->header->has_asked_sha256 && facts->n_tree_answers == 0;
}

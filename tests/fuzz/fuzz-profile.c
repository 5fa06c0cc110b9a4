/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of profiles on any bytes. What it says of a host is what the reader of snapshots
 * says; and what was left when facts were taken out stays when they are taken out again.
 */
#include "facts/profile.h"
#include "facts/sieve.h"

#include "tests/fuzz/frames-right.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
same(const char *a, const char *b)
{
	return a == b || (a && b && streq(a, b));
}

static void
compare(const struct profile *p, const Snapshot *s)
{
	if (!same(p->name, s->host ? s->host->name : NULL) ||
	    !same(p->machine_id, s->host ? s->host->machine_id : NULL) ||
	    p->taken_at_ns != s->header->taken_at_ns || (s->header->has_kind && p->kind != s->header->kind))
		abort();
}

static void
read_profile(const void *bytes, size_t n, enum facts_kept kept)
{
	_cleanup_sieve_ struct sieve *sieve = sieve_new(kept);
	_cleanup_profile_ struct profile p = { 0 };
	_cleanup_snapshot_ struct snapshot whole = { 0 }, facts = { 0 };
	_cleanup_buffer_ struct buffer again = { 0 };
	_cleanup_arena_ struct arena *arena = arena_new(64 << 20);
	uint8_t tree[DIGEST_SIZE] = { 0 };
	struct stream_error e = { "" };

	if (!arena || !sieve || profile_read(bytes, n, sieve, &p, &e) < 0)
		return;
	if (sieve_strip(sieve, buffer_slice(&p.facts), &again) < 0 || again.n != p.facts.n ||
	    (again.n && memcmp(again.p, p.facts.p, again.n) != 0))
		abort();
	if (snapshot_unpack(p.facts.p, p.facts.n, &facts) == 0 && facts.facts->header)
		(void) profile_for(arena, facts.facts, (ProtobufCBinaryData){ .len = sizeof(tree), .data = tree });
	if (stream_parse(bytes, n, &whole, &e) == 0)
		compare(&p, whole.facts);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buffer_ struct buffer b = { 0 };

	if (!frames_made_right(data, size, &b))
		return 0;
	read_profile(b.p, b.n, FACTS_LASTING);
	read_profile(b.p, b.n, FACTS_NOW);
	return 0;
}

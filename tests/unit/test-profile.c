/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles that somebody made up: what one reader sees of a host another sees too, and a small file
 * costs little.
 */
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/test.h"
#include <stdbool.h>
#include <unistd.h>

#include "checker/index.h"
#include "facts/profile.h"
#include "facts/sieve.h"
#include "facts/wire.h"
#include "tests/fuzz/frames-right.h"

/* Frames of the stream whose records are given as kind, length (both below 256) and bytes. */
static struct buffer
stream_of(const char *records, size_t n)
{
	_cleanup_buffer_ struct buffer frames = { 0 };
	struct buffer b = { 0 };

	assert_int_equal(buffer_add(&frames, "MIGCHECK\1\0\0\0", 12), 0);
	for (const char *p = records; p < records + n; p += 2 + (uint8_t) p[1]) {
		const char frame[] = { p[0], 0, 0, 0, p[1], 0, 0, 0 };

		assert_int_equal(buffer_add(&frames, frame, sizeof(frame)), 0);
		assert_int_equal(buffer_add(&frames, p + 2, (uint8_t) p[1]), 0);
	}
	assert_true(frames_made_right((const uint8_t *) frames.p, frames.n, &b));
	return b;
}

#define HEADER_RECORD "\x01\x04\x08\x01\x10\x02"
#define HOST_RECORD "\x0a\x04\x0a\x02vm"

static const struct {
	const char *records;
	size_t n;
	const char *refused;		/* NULL: it is read */
} streams[] = {
#define STREAM(text, why) { text, sizeof(text) - 1, why }
	STREAM(HEADER_RECORD HOST_RECORD, NULL),
	STREAM(HEADER_RECORD HOST_RECORD "\x0c\x00\x0c\x00", NULL),
	STREAM(HEADER_RECORD HOST_RECORD HOST_RECORD, "damaged: a second host record"),
	STREAM(HEADER_RECORD HOST_RECORD HEADER_RECORD, "damaged: a second header record"),
	/* Of a kind that only a newer migcheck knows. */
	STREAM(HEADER_RECORD "\x7f\x00\x7f\x00", NULL),
#undef STREAM
};

static void
test_second_records(void **state)
{
	_cleanup_sieve_ struct sieve *sieve = sieve_new(FACTS_LASTING);

	(void) state;
	assert_non_null(sieve);
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		_cleanup_buffer_ struct buffer b = stream_of(streams[i].records, streams[i].n);
		_cleanup_snapshot_ struct snapshot s = { 0 };
		_cleanup_profile_ struct profile p = { 0 };
		struct stream_error as_snapshot = { "" }, as_profile = { "" };
		int expected = streams[i].refused ? -EBADMSG : 0;

		assert_int_equal(stream_parse(b.p, b.n, &s, &as_snapshot), expected);
		assert_int_equal(profile_read(b.p, b.n, sieve, &p, &as_profile), expected);
		if (streams[i].refused) {
			assert_string_equal(as_snapshot.text, streams[i].refused);
			assert_string_equal(as_profile.text, streams[i].refused);
		}
	}
}

/* Two bytes each on the wire, hundreds in memory. */
static void
test_more_in_memory_than_in_the_file(void **state)
{
	enum { ANSWERS = 2 * 1000 * 1000 };
	_cleanup_buffer_ struct buffer answers = { 0 }, packed = { 0 };
	_cleanup_snapshot_ struct snapshot s = { 0 };

	(void) state;
	for (size_t i = 0; i < ANSWERS; i++)
		assert_int_equal(buffer_add(&answers, "\x1a", 2), 0);
	assert_int_equal(wire_add_bytes(&packed, 19, buffer_slice(&answers)), 0);
	assert_int_equal(snapshot_unpack(packed.p, packed.n, &s), -EBADMSG);
}

/* Answers about nothing, which no two are the same as any: each would be held against each. */
static void
test_answers_without_a_name(void **state)
{
	enum { ANSWERS = 400 * 1000 };
	_cleanup_arena_ struct arena *arena = arena_new(MAX_ARENA_BYTES);
	Snapshot there = SNAPSHOT__INIT;
	PathAnswer answer = PATH_ANSWER__INIT;
	struct host_index *index = NULL;

	(void) state;
	there.n_path_answer = ANSWERS;
	there.path_answer = arena_alloc(arena, ANSWERS * sizeof(*there.path_answer));
	assert_non_null(there.path_answer);
	for (size_t i = 0; i < ANSWERS; i++)
		there.path_answer[i] = &answer;
	(void) alarm(30);
	assert_int_equal(host_index_new(arena, &there, &index), 0);
	(void) alarm(0);
	assert_null(index_path(index, "/srv"));
}

/* Gaps of what was asked for by itself are all there, and those of the host before them. */
static void
test_gaps_of_many_lists(void **state)
{
	enum { LISTS = 100 * 1000 };
	_cleanup_arena_ struct arena *arena = arena_new(256 << 20);
	uint8_t tree[DIGEST_SIZE] = { 1 };
	Header header = HEADER__INIT;
	Gap of_host = GAP__INIT, of_list = GAP__INIT, *first[] = { &of_host }, *more[] = { &of_list };
	TreeAnswers list = TREE_ANSWERS__INIT;
	Snapshot facts = SNAPSHOT__INIT;
	const Snapshot *s;

	(void) state;
	facts.header = &header;
	facts.n_gap = 1;
	facts.gap = first;
	list.n_gap = 1;
	list.gap = more;
	facts.n_tree_answers = LISTS;
	facts.tree_answers = arena_alloc(arena, LISTS * sizeof(*facts.tree_answers));
	assert_non_null(facts.tree_answers);
	for (size_t i = 0; i < LISTS; i++)
		facts.tree_answers[i] = &list;
	s = profile_for(arena, &facts, (ProtobufCBinaryData){ .len = sizeof(tree), .data = tree });
	assert_non_null(s);
	assert_int_equal(s->n_gap, LISTS + 1);
	assert_ptr_equal(s->gap[0], &of_host);
	assert_ptr_equal(s->gap[LISTS], &of_list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_second_records),
		cmocka_unit_test(test_more_in_memory_than_in_the_file),
		cmocka_unit_test(test_answers_without_a_name),
		cmocka_unit_test(test_gaps_of_many_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream: what is written is read again, byte for byte; everything else is refused with a
 * reason, never a crash.
 */
#include "facts/stream.h"

#include "base/buffer.h"
#include "base/digest.h"
#include "facts/gaps.h"
#include "tests/unit/test.h"

#include <sys/mman.h>

static void
make(struct snapshot *s, int processes)
{
	struct gaps gaps = { 0 };

	assert_int_equal(snapshot_new(s), 0);
	SET_FACT(s->facts->header, kind, SNAPSHOT_KIND__SNAPSHOT_SOURCE);
	s->facts->tree = NEW_FACT(s->arena, Tree, tree);
	SET_FACT(s->facts->tree, root_pid, 42);
	for (int i = 0; i < processes; i++) {
		Process *p = NEW_FACT(s->arena, Process, process);

		SET_FACT(p, pid, i + 1);
		p->comm = arena_strdup(s->arena, "a\xff\033[31m::$(id)");
		assert_int_equal(ADD_FACT(s->arena, s->facts->process, s->facts->n_process, p), 0);
	}
	gaps.arena = s->arena;
	gap_note(&gaps, DOMAIN__DOMAIN_FDS, "fds", 7, -EACCES, NULL, "/proc/%d/fd", 7);
	gap_note(&gaps, DOMAIN__DOMAIN_FDS, "fds", 8, -EACCES, NULL, "/proc/%d/fd", 7);
	assert_int_equal(gaps.n, 1);
	assert_int_equal(gaps_join(s, &gaps), 0);
}

static struct buffer
bytes_of(const struct snapshot *s)
{
	_cleanup_close_ int fd = memfd_create("stream", MFD_CLOEXEC);
	struct buffer b = { 0 };

	assert_true(fd >= 0);
	assert_int_equal(stream_write(s, fd, NULL), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(buffer_read_fd(&b, fd, 1 << 26), 0);
	return b;
}

static void
reads_what_it_wrote(void **state)
{
	_cleanup_snapshot_ struct snapshot s = { 0 }, t = { 0 };
	struct stream_error e = { "" };
	struct buffer b, c;

	(void) state;
	make(&s, 3000);
	b = bytes_of(&s);
	assert_int_equal(stream_parse(b.p, b.n, &t, &e), 0);
	assert_int_equal(t.facts->n_process, 3000);
	assert_int_equal(t.facts->process[2999]->pid, 3000);
	assert_string_equal(t.facts->process[0]->comm, "a\xff\033[31m::$(id)");
	assert_int_equal(t.facts->tree->root_pid, 42);
	assert_false(t.facts->process[0]->has_ppid);		/* absent stays absent */
	assert_int_equal(t.facts->n_gap, 1);
	assert_int_equal(t.facts->gap[0]->effect, GAP_EFFECT__GAP_DENIED);
	assert_string_equal(t.facts->gap[0]->reason, "EACCES");
	assert_int_equal(t.facts->header->own_sha256.len, DIGEST_SIZE);
	t.facts->header->has_own_sha256 = false;
	c = bytes_of(&t);
	assert_int_equal(b.n, c.n);
	assert_memory_equal(b.p, c.p, b.n);
	buffer_free(&b);
	buffer_free(&c);
}

static void
refuses_every_truncation(void **state)
{
	_cleanup_snapshot_ struct snapshot s = { 0 };
	struct buffer b;

	(void) state;
	make(&s, 5);
	b = bytes_of(&s);
	for (size_t n = 0; n < b.n; n++) {
		_cleanup_snapshot_ struct snapshot t = { 0 };
		struct stream_error e = { "" };

		assert_int_equal(stream_parse(b.p, n, &t, &e), -EBADMSG);
		assert_true(*e.text);
	}
	buffer_free(&b);
}

static void
refuses_every_changed_byte(void **state)
{
	_cleanup_snapshot_ struct snapshot s = { 0 };
	struct buffer b;

	(void) state;
	make(&s, 5);
	b = bytes_of(&s);
	for (size_t i = 0; i < b.n; i++) {
		_cleanup_snapshot_ struct snapshot t = { 0 };
		struct stream_error e = { "" };

		b.p[i] ^= 0x41;
		assert_true(stream_parse(b.p, b.n, &t, &e) < 0);
		assert_true(*e.text);
		b.p[i] ^= 0x41;
	}
	buffer_free(&b);
}

static void
refuses_what_follows_the_trailer(void **state)
{
	_cleanup_snapshot_ struct snapshot s = { 0 }, t = { 0 };
	struct stream_error e = { "" };
	struct buffer b;

	(void) state;
	make(&s, 1);
	b = bytes_of(&s);
	assert_int_equal(buffer_add(&b, "x", 1), 0);
	assert_int_equal(stream_parse(b.p, b.n, &t, &e), -EBADMSG);
	buffer_free(&b);
}

static void
names_a_foreign_format(void **state)
{
	static const char other[] = "MIGCHECK\x63\0\0\0", noise[] = "Welcome to node7!";
	_cleanup_snapshot_ struct snapshot t = { 0 };
	struct stream_error e = { "" };

	(void) state;
	assert_int_equal(stream_parse(other, sizeof(other) - 1, &t, &e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.text, "format 99"));
	assert_int_equal(stream_parse(noise, sizeof(noise) - 1, &t, &e), -EBADMSG);
	assert_int_equal(stream_parse("", 0, &t, &e), -EBADMSG);
}

/* A head, then frames as given, then a trailer that is right about them. */
static struct buffer
forged(const void *frames, size_t n, uint64_t count)
{
	_cleanup_digest_ struct digest *d = digest_new();
	uint32_t trailer[2] = { 0, 40 };
	uint8_t sha256[DIGEST_SIZE];
	struct buffer b = { 0 };

	assert_int_equal(buffer_add(&b, "MIGCHECK\1\0\0\0", 12), 0);
	assert_int_equal(buffer_add(&b, frames, n), 0);
	assert_int_equal(digest_add(d, b.p, b.n), 0);
	assert_int_equal(digest_end(d, sha256), 0);
	assert_int_equal(buffer_add(&b, trailer, sizeof(trailer)), 0);
	assert_int_equal(buffer_add(&b, &count, sizeof(count)), 0);
	assert_int_equal(buffer_add(&b, sha256, sizeof(sha256)), 0);
	return b;
}

static void
skips_unknown_records(void **state)
{
	static const unsigned char frames[] = {
		77, 0, 0, 0, 3, 0, 0, 0, 'a', 'b', 'c',		/* kind 77: of a newer migcheck */
		1, 0, 0, 0, 2, 0, 0, 0, 8, 1,			/* Header { format: 1 } */
	};
	_cleanup_snapshot_ struct snapshot t = { 0 };
	struct stream_error e = { "" };
	struct buffer b = forged(frames, sizeof(frames), 2);

	(void) state;
	assert_int_equal(stream_parse(b.p, b.n, &t, &e), 0);
	assert_int_equal(t.facts->header->format, 1);
	buffer_free(&b);
}

static void
refuses_claims_beyond_the_limits(void **state)
{
	static const unsigned char huge[] = { 3, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f };
	static const unsigned char no_header[] = { 77, 0, 0, 0, 0, 0, 0, 0 };
	static const unsigned char garbage[] = { 3, 0, 0, 0, 2, 0, 0, 0, 0xff, 0xff };
	_cleanup_snapshot_ struct snapshot t = { 0 };
	struct stream_error e = { "" };
	struct buffer b = forged(huge, sizeof(huge), 1);

	(void) state;
	assert_int_equal(stream_parse(b.p, b.n, &t, &e), -EFBIG);
	buffer_free(&b);
	b = forged(no_header, sizeof(no_header), 1);
	assert_int_equal(stream_parse(b.p, b.n, &t, &e), -EBADMSG);
	buffer_free(&b);
	b = forged(garbage, sizeof(garbage), 1);
	assert_int_equal(stream_parse(b.p, b.n, &t, &e), -EBADMSG);
	buffer_free(&b);
	b = forged(no_header, sizeof(no_header), 5 * 1000 * 1000);	/* a false count */
	assert_int_equal(stream_parse(b.p, b.n, &t, &e), -EBADMSG);
	buffer_free(&b);
}

static void
refuses_millions_of_empty_records(void **state)
{
	enum { N = MAX_RECORDS + 10 };
	_cleanup_snapshot_ struct snapshot t = { 0 };
	struct stream_error e = { "" };
	unsigned char *frames = calloc(N, 8);
	struct buffer b;

	(void) state;
	assert_non_null(frames);
	for (size_t i = 0; i < N; i++)
		frames[i * 8] = 3;
	b = forged(frames, (size_t) N * 8, N);
	free(frames);
	assert_int_equal(stream_parse(b.p, b.n, &t, &e), -EFBIG);
	buffer_free(&b);
}

static void
reads_from_a_pipe_without_waiting_for_its_end(void **state)
{
	_cleanup_snapshot_ struct snapshot s = { 0 }, t = { 0 };
	struct stream_error e = { "" };
	struct buffer b;
	int fds[2];

	(void) state;
	make(&s, 3);
	b = bytes_of(&s);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], b.p, b.n), b.n);
	assert_int_equal(stream_read(fds[0], &t, &e), 0);	/* fds[1] is still open */
	assert_int_equal(t.facts->n_process, 3);
	(void) close(fds[0]);
	(void) close(fds[1]);
	buffer_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_wrote),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_every_changed_byte),
		cmocka_unit_test(refuses_what_follows_the_trailer),
		cmocka_unit_test(names_a_foreign_format),
		cmocka_unit_test(skips_unknown_records),
		cmocka_unit_test(refuses_claims_beyond_the_limits),
		cmocka_unit_test(refuses_millions_of_empty_records),
		cmocka_unit_test(reads_from_a_pipe_without_waiting_for_its_end),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}

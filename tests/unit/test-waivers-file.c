/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of waivers: what is read, which line is whose, and what is said of files that are not so.
 */
#include "cli/waivers-file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/test.h"

#define ONE "- {rule: dst-file-content, reason: r, owner: o, until: 2027-01-31}\n"
#define OWNED "  reason: r\n  owner: o\n  until: 2027-01-31\n"

/* Reads; the text in a block of its own, so that a step over its end is seen by the sanitizers. */
static int
read_text(const char *text, size_t n, struct arena *arena, struct waivers *w, struct buffer *problem,
	  unsigned int *ret_line)
{
	_cleanup_free_ char *copy = malloc(n + !n);

	assert_non_null(copy);
	memcpy(copy, text, n);
	return waivers_read((struct slice){ .p = copy, .n = n }, arena, w, problem, ret_line);
}

static void
test_reads(void **state)
{
	static const char text[] =
		"# why these may be so: see the ticket\n"
		"---\n"
		"waivers:   # in order\n"
		"\n"
		"  - rule: dst-file-content\n"
		"    host: \"node7*\"\n"
		"    tree: 'nginx'\n"
		"    reason: >\n"
		"      the new libssl\n"
		"      - is tested\n"
		"    owner: ops@example.org\n"
		"    until: 2027-01-31\n"
		"  # another\n"
		"  -\r\n"
		"    rule: cpu-ins\n"
		"    reason: not used\n"
		"    owner: ops\n"
		"    until: \"2026-12-31\"\n"
		"  - {rule: 'dst-file-*', host: n, reason: r, owner: o, until: 2027-01-31}\n";
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	_cleanup_buffer_ struct buffer problem = { 0 };
	struct waivers w = { 0 };
	unsigned int line = 0;
	int r;

	(void) state;
	r = read_text(text, sizeof(text) - 1, arena, &w, &problem, &line);
	if (r < 0)
		fail_msg("%u: %s", line, problem.p);
	assert_int_equal(w.n, 3);
	assert_string_equal(w.waiver[0].rule, "dst-file-content");
	assert_string_equal(w.waiver[0].host, "node7*");
	assert_string_equal(w.waiver[0].tree, "nginx");
	assert_string_equal(w.waiver[0].reason, "the new libssl - is tested\n");
	assert_string_equal(w.waiver[0].owner, "ops@example.org");
	assert_string_equal(w.waiver[0].until, "2027-01-31");
	assert_int_equal(w.waiver[0].until_ns, INT64_C(1801440000000000000));
	assert_int_equal(w.waiver[0].line, 5);
	assert_string_equal(w.waiver[1].rule, "cpu-ins");
	assert_null(w.waiver[1].host);
	assert_null(w.waiver[1].tree);
	assert_int_equal(w.waiver[1].line, 14);
	assert_string_equal(w.waiver[2].rule, "dst-file-*");
	assert_int_equal(w.waiver[2].line, 19);
}

static const struct {
	const char *text;
	unsigned int line;
	const char *says;		/* a part of it; NULL: it is read */
} texts[] = {
	{ "waivers: []\n", 0, NULL },
	{ "waivers:\n" ONE ONE, 0, NULL },
	{ "%YAML 1.1\n---\nwaivers:\n" ONE "...\n", 0, NULL },
	{ "", 0, "waivers: is missing" },
	{ "# nothing\n", 0, "waivers: is missing" },
	{ "{}\n", 1, "waivers: is missing" },
	{ "waivers:\n", 1, "Expecting SEQUENCE" },
	{ "waivers: yes\n", 1, "Expecting SEQUENCE" },
	{ "{{waivers: []}: 1}\n", 1, "cannot be read as a list of waivers: it has another shape" },
	{ "- rule: a\n", 0, "Expecting MAPPING" },
	{ "a word\n", 0, "Expecting MAPPING" },
	{ "waiver:\n" ONE, 1, "'waiver' is no key that is known here" },
	{ "waivers:\n- rule: cpu-ins\n  hots: b\n", 2, "'hots' is no key that is known here" },
	{ "waivers:\n" ONE "-\n  rule: cpu-ins\n  my key: b\n", 4, "'my key' is no key that is known here" },
	{ "waivers:\n" ONE "- a\n", 3, "Expecting MAPPING" },
	{ "waivers:\n" ONE "- [a]\n", 3, "Expecting MAPPING" },
	{ "waivers:\n- rule: [cpu-ins]\n", 2, "Expecting STRING" },
	{ "waivers:\n- rule: cpu-ins\n  rule: cpu-xsave\n", 2, "rule: stands twice" },
	{ "waivers:\n" ONE "waivers:\n" ONE, 2, "waivers: stands twice" },
	{ "waivers:\n" ONE "---\nwaivers:\n" ONE, 0, "a second document follows behind ---" },
	{ "waivers:\n- rule: cpu-ins\n  host: *node7\n", 2, "a value that begins with * stands in quotes" },
	{ "waivers:\n- rule: &a cpu-ins\n  host: *a\n", 2, "a value that begins with * stands in quotes" },
	{ "waivers:\n- rule: cpu-ins\n  host: *.example.org\n", 3, "a value that begins with * stands in quotes" },
	{ "waivers:\n- rule: a\n  host: b: c\n", 3, "mapping values are not allowed" },
	{ "waivers:\n- rule: a\n  \thost: b\n", 2, "tab" },
	{ "waivers:\n- rule: 'a\n", 2, "end of stream" },
	{ "waivers:\n- rule: a\n  reason: \xff\n", 3, "it is not text in UTF-8" },
	{ "\xff\xfe" "a\0:\0", 1, "it is not text in UTF-8" },
	{ "waivers: [{rule: cpu-ins, reason: r, owner: o, until: 2027-01-31}]\n", 0, "begins with '- ' on a line" },
	{ "waivers:\n  [{rule: cpu-ins, reason: r, owner: o, until: 2027-01-31}]\n", 0, "begins with '- ' on a line" },
	{ "{waivers: [{rule: cpu-ins, reason: r, owner: o, until: 2027-01-31}]}\n", 0, "begins with '- ' on a line" },
	{ "waivers:\n- rule: cpu-ins\n  owner: o\n  until: 2027-01-31\n  reason: \"a\n- b\"\n", 0,
	  "begins with '- ' on a line" },
	{ "waivers:\n" ONE "- rule: \"*\"\n" OWNED, 3, "would waive every rule" },
	{ "waivers:\n" ONE "- rule: dst-file-contnet\n" OWNED, 3, "did you mean dst-file-content?" },
	{ "waivers:\n- rule: cpu-ins\n  host:\n" OWNED, 2, "host: is empty" },
	{ "waivers:\n- rule: cpu-ins\n  reason: r\n  owner: o\n  until: 2026-02-30\n", 2,
	  "until: '2026-02-30' is no day" },
};

static void
test_texts(void **state)
{
	size_t wrong = 0;

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
		_cleanup_buffer_ struct buffer problem = { 0 };
		struct waivers w = { 0 };
		unsigned int line = 0;
		int r = read_text(texts[i].text, strlen(texts[i].text), arena, &w, &problem, &line);

		if (!texts[i].says && r == 0)
			continue;
		assert_null(r < 0 ? w.waiver : NULL);
		if (texts[i].says && r == -EINVAL && strstr(problem.p, texts[i].says) && line == texts[i].line)
			continue;
		print_error("%s\n%d, line %u: %s\n", texts[i].text, r, line, r < 0 ? problem.p : "read");
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* What is too much: a value, the entries, the arena; and what is nested without end. */
static void
test_limits(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(64 << 20), *small = arena_new(4096);
	_cleanup_buffer_ struct buffer text = { 0 }, problem = { 0 };
	struct waivers w = { 0 };
	unsigned int line;

	(void) state;
	assert_int_equal(buffer_printf(&text, "waivers:\n- rule: %01025d\n", 0), 0);
	assert_int_equal(read_text(text.p, text.n, arena, &w, &problem, &line), -EINVAL);
	assert_string_equal(problem.p, "a value is longer than 1024 bytes");

	text.n = 0;
	assert_int_equal(buffer_printf(&text, "waivers:\n"), 0);
	for (size_t i = 0; i < WAIVERS_MAX; i++)
		assert_int_equal(buffer_add(&text, ONE, strlen(ONE)), 0);
	assert_int_equal(read_text(text.p, text.n, arena, &w, &problem, &line), 0);
	assert_int_equal(w.n, WAIVERS_MAX);
	assert_int_equal(w.waiver[WAIVERS_MAX - 1].line, WAIVERS_MAX + 1);
	assert_int_equal(read_text(text.p, text.n, small, &w, &problem, &line), -ENOMEM);
	assert_int_equal(buffer_add(&text, ONE, strlen(ONE)), 0);
	assert_int_equal(read_text(text.p, text.n, arena, &w, &problem, &line), -EINVAL);
	assert_string_equal(problem.p, "there are more than 10000 waivers");

	text.n = 0;
	for (size_t i = 0; i < WAIVERS_FILE_LIMIT; i++)
		assert_int_equal(buffer_add(&text, i % 2 ? "{" : "[", 1), 0);
	assert_int_equal(read_text(text.p, text.n, arena, &w, &problem, &line), -EINVAL);
	assert_non_null(strstr(problem.p, "Expecting MAPPING"));
}

/* ---- files ---- */

static char folder[] = "/tmp/test-waivers.XXXXXX", path[64], standard_error[64];

static int
begin(void **state)
{
	(void) state;
	if (!mkdtemp(folder))
		return -1;
	(void) snprintf(path, sizeof(path), "%s/waivers.yaml", folder);
	(void) snprintf(standard_error, sizeof(standard_error), "%s/stderr", folder);
	return 0;
}

static int
end(void **state)
{
	(void) state;
	(void) unlink(path);
	(void) unlink(standard_error);
	return rmdir(folder);
}

static void
write_file(const char *text, size_t n)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), n);
}

/* Loads; all that was said on standard error goes into `said`. */
static int
load(struct arena *arena, struct waivers *w, struct buffer *said)
{
	_cleanup_close_ int to = open(standard_error, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	_cleanup_close_ int kept = dup(STDERR_FILENO);
	int r;

	assert_true(to >= 0 && kept >= 0 && dup2(to, STDERR_FILENO) == STDERR_FILENO);
	r = waivers_load(path, arena, w);
	assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(lseek(to, 0, SEEK_SET), 0);
	assert_int_equal(buffer_read_fd(said, to, 1 << 16), 0);
	return r;
}

static void
test_files(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	_cleanup_buffer_ struct buffer said = { 0 };
	_cleanup_free_ char *large = calloc(1, WAIVERS_FILE_LIMIT + 1);
	struct waivers w = { 0 };
	static const char escape[] = "waivers:\n" ONE "- rule: \"a\\ec\"\n" OWNED;
	char expected[256];

	(void) state;
	assert_non_null(large);
	write_file("waivers:\n" ONE, strlen("waivers:\n" ONE));
	assert_int_equal(load(arena, &w, &said), 0);
	assert_int_equal(said.n, 0);
	assert_int_equal(w.n, 1);
	assert_string_equal(w.file, path);

	write_file(escape, sizeof(escape) - 1);
	assert_int_equal(load(arena, &w, &said), -EINVAL);
	(void) snprintf(expected, sizeof(expected), "migcheck: %s:3: no rule is called 'a\\x1bc'; ", path);
	assert_non_null(strstr(said.p, expected));

	memset(large, '#', WAIVERS_FILE_LIMIT + 1);
	write_file(large, WAIVERS_FILE_LIMIT + 1);
	assert_int_equal(load(arena, &w, &said), -EFBIG);
	(void) snprintf(expected, sizeof(expected),
			"migcheck: %s: larger than the 1024 KiB that such a file may have\n", path);
	assert_string_equal(said.p, expected);

	assert_int_equal(unlink(path), 0);
	assert_int_equal(load(arena, &w, &said), -ENOENT);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(load(arena, &w, &said), -ENOTSUP);
	(void) snprintf(expected, sizeof(expected), "migcheck: %s: not a regular file\n", path);
	assert_string_equal(said.p, expected);
	assert_int_equal(w.n, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_limits),
		cmocka_unit_test_setup_teardown(test_files, begin, end),
	};

	return cmocka_run_group_tests_name("waivers-file", tests, NULL, NULL);
}

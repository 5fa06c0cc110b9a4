/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the cases of tests/rules (see the README there). All snapshots are encoded by one protoc,
 * as the repeated field of one message:
 *
 *     0a LENGTH Snapshot  0a LENGTH Snapshot  …
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "tests/unit/test.h"
#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "facts/snapshot.h"
#include "facts/stream.h"

#define FOLDER "tests/rules"
#define PROTOC "protoc --encode=Cases -I facts -I " FOLDER " " FOLDER "/cases.proto"

struct rule_case {
	char *folder;			/* tests/rules/ID/fires-2 */
	char *id;
	bool fires;
	struct buffer expect;
	int source, destination;	/* number of the snapshot; -1: none */
};

static struct rule_case *cases;
static size_t n_cases;
static struct snapshot *snapshots;
static size_t n_snapshots;
static int failures;

#define COMPLAIN(c, ...)                                          \
	do {                                                      \
		fprintf(stderr, "%s: ", (c)->folder);             \
		fprintf(stderr, __VA_ARGS__);                     \
		fputc('\n', stderr);                              \
		failures++;                                       \
	} while (0)

static int
read_file(const char *path, struct buffer *b)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");

	return f ? buffer_read_fd(b, fileno(f), 1 << 20) : -errno;
}

/* Adds the text of a snapshot, its includes put in, as one more field of Cases. */
static int
add_snapshot(struct buffer *all, const char *folder, const char *name)
{
	_cleanup_buffer_ struct buffer text = { 0 }, included = { 0 };
	struct slice rest, line;
	char path[512];

	(void) snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (read_file(path, &text) < 0)
		return -1;
	assert_int_equal(buffer_printf(all, "snapshot {\n"), 0);
	rest = buffer_slice(&text);
	while (slice_line(&rest, &line)) {
		if (slice_cut(&line, "#include ")) {
			(void) snprintf(path, sizeof(path), FOLDER "/common/%.*s.txt", (int) line.n, line.p);
			if (read_file(path, &included) < 0) {
				fprintf(stderr, "%s: no %s\n", folder, path);
				failures++;
			}
			line = buffer_slice(&included);
		}
		assert_int_equal(buffer_add(all, line.p, line.n), 0);
		assert_int_equal(buffer_add(all, "\n", 1), 0);
	}
	assert_int_equal(buffer_printf(all, "}\n"), 0);
	return (int) n_snapshots++;
}

static void
add_case(struct buffer *all, const char *id, const char *name)
{
	struct rule_case *c;
	char path[512];

	cases = realloc(cases, (n_cases + 1) * sizeof(*cases));
	assert_non_null(cases);
	c = &cases[n_cases++];
	*c = (struct rule_case){ .fires = strncmp(name, "fires", 5) == 0 };
	assert_true(asprintf(&c->folder, FOLDER "/%s/%s", id, name) > 0);
	c->id = strdup(id);
	(void) snprintf(path, sizeof(path), "%s/expect.txt", c->folder);
	if (read_file(path, &c->expect) < 0)
		COMPLAIN(c, "no expect.txt");
	c->source = add_snapshot(all, c->folder, "source.txt");
	if (c->source < 0)
		COMPLAIN(c, "no source.txt");
	c->destination = add_snapshot(all, c->folder, "destination.txt");
}

static int
visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void
find_cases(struct buffer *all)
{
	struct dirent **rules;
	int n = scandir(FOLDER, &rules, visible, alphasort);

	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		struct dirent **names;
		char path[512];
		int k;

		(void) snprintf(path, sizeof(path), FOLDER "/%s", rules[i]->d_name);
		k = streq(rules[i]->d_name, "common") ? 0 : scandir(path, &names, visible, alphasort);
		for (int m = 0; m < k; m++) {
			if (strncmp(names[m]->d_name, "fires", 5) == 0 ||
			    strncmp(names[m]->d_name, "quiet", 5) == 0)
				add_case(all, rules[i]->d_name, names[m]->d_name);
			free(names[m]);
		}
		if (k > 0)
			free(names);
		free(rules[i]);
	}
	free(rules);
}

/* Runs protoc on the text; on failure it has said on stderr what and where. */
static int
encode(const struct buffer *text, struct buffer *ret)
{
	char name[] = "/tmp/migcheck-rules-XXXXXX", command[512];
	int fd = mkstemp(name), r;
	FILE *pipe;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text->p, text->n), (ssize_t) text->n);
	(void) close(fd);
	(void) snprintf(command, sizeof(command), PROTOC " < %s", name);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	r = buffer_read_fd(ret, fileno(pipe), 1 << 28);
	if (pclose(pipe) != 0)
		r = -EBADMSG;
	(void) unlink(name);
	return r;
}

/* Encodes each case by itself, to name the one that is wrong. */
static void
blame(void)
{
	for (size_t i = 0; i < n_cases; i++) {
		_cleanup_buffer_ struct buffer text = { 0 }, bytes = { 0 };

		(void) add_snapshot(&text, cases[i].folder, "source.txt");
		(void) add_snapshot(&text, cases[i].folder, "destination.txt");
		if (encode(&text, &bytes) < 0)
			COMPLAIN(&cases[i], "protoc refuses it (lines as above, with includes)");
	}
}

static void
unpack(const struct buffer *bytes)
{
	const uint8_t *p = (const uint8_t *) bytes->p, *end = p + bytes->n;

	snapshots = calloc(n_snapshots, sizeof(*snapshots));
	assert_non_null(snapshots);
	for (size_t i = 0; i < n_snapshots; i++) {
		size_t length = 0;
		int shift = 0;

		assert_true(p < end && *p == 0x0a);
		do {
			p++;
			assert_true(p < end);
			length |= (size_t) (*p & 0x7f) << shift;
			shift += 7;
		} while (*p & 0x80);
		p++;
		assert_true(length <= (size_t) (end - p));
		assert_int_equal(snapshot_unpack(p, length, &snapshots[i]), 0);
		p += length;
	}
	assert_true(p == end);
}

static int
cases_load(void **state)
{
	_cleanup_buffer_ struct buffer text = { 0 }, bytes = { 0 };

	(void) state;
	find_cases(&text);
	if (encode(&text, &bytes) < 0) {
		blame();
		return -1;
	}
	unpack(&bytes);
	return 0;
}

static int
cases_unload(void **state)
{
	(void) state;
	for (size_t i = 0; snapshots && i < n_snapshots; i++)
		snapshot_free(&snapshots[i]);
	for (size_t i = 0; i < n_cases; i++) {
		free(cases[i].folder);
		free(cases[i].id);
		buffer_free(&cases[i].expect);
	}
	free(cases);
	free(snapshots);
	return 0;
}


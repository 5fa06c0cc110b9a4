/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source that claims to hold paths, and a destination in a folder of the test's own that is
 * asked about them.
 */
#pragma once

#include "base/digest.h"
#include "probes/probes.h"
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/test.h"

static struct snapshot source, answers;
static struct gaps gaps;
static struct root host_root, tree_root;
static struct buffer text;
static struct probe_options options;
static char folder[64], name[256];

static int
begin(void **state)
{
	(void) state;
	strcpy(folder, "/tmp/test-paths.XXXXXX");
	if (!mkdtemp(folder) || chmod(folder, 0755) < 0 || snapshot_new(&source) < 0 ||
	    snapshot_new(&answers) < 0 || root_open("/", false, &host_root) < 0 ||
	    root_open(folder, false, &tree_root) < 0)
		return -1;
	gaps = (struct gaps){ .arena = answers.arena };
	options = (struct probe_options){ .timeout_ms = 3000, .tree_root = folder };
	return 0;
}

static int
end(void **state)
{
	char command[128];

	(void) state;
	snapshot_free(&source);
	snapshot_free(&answers);
	root_close(&host_root);
	root_close(&tree_root);
	buffer_free(&text);
	(void) snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static void
ask(void)
{
	struct probe_context c = {
		.options = &options, .root = &host_root, .tree_root = &tree_root,
		.source = source.facts, .snapshot = &answers, .gaps = &gaps, .text = &text,
	};

	answers.facts->host = c.host = NEW_FACT(answers.arena, Host, host);
	assert_int_equal(filesystems_ask(&c), 0);
	assert_int_equal(paths_ask(&c), 0);
}

static const PathAnswer *
answer_to(const char *path)
{
	for (size_t i = 0; i < answers.facts->n_path_answer; i++)
		if (streq(answers.facts->path_answer[i]->path, path))
			return answers.facts->path_answer[i];
	return NULL;
}

static const char *
path_of(const char *file)
{
	(void) snprintf(name, sizeof(name), "%s%s", folder, file);
	return name;
}

static void
write_file(const char *file, const char *content, mode_t mode)
{
	int fd = open(path_of(file), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

/* The source claims to hold `path`, a regular file of this content. */
static File *
claim(const char *path, const char *content)
{
	Snapshot *s = source.facts;
	_cleanup_digest_ struct digest *d = digest_new();
	File *f = NEW_FACT(source.arena, File, file);
	uint8_t sum[DIGEST_SIZE];

	assert_int_equal(digest_add(d, content, strlen(content)), 0);
	assert_int_equal(digest_end(d, sum), 0);
	f->path = arena_strdup(source.arena, path);
	SET_FACT(f, mode, S_IFREG | 0644);
	SET_FACT(f, size, strlen(content));
	SET_FACT(f, nlink, 1);
	SET_FACT(f, used_fd, true);
	f->has_sha256 = true;
	f->sha256 = (ProtobufCBinaryData){ .len = DIGEST_SIZE,
					   .data = arena_memdup(source.arena, sum, DIGEST_SIZE) };
	assert_int_equal(ADD_FACT(source.arena, s->file, s->n_file, f), 0);
	return f;
}

static void
assert_not_told(const char *path)
{
	const PathAnswer *a = answer_to(path);

	assert_non_null(a);
	assert_false(a->has_sha256);
	assert_false(a->has_build_id);
}

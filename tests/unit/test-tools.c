/* SPDX-License-Identifier: Apache-2.0 */
/* Tools that run, that fail, that hang, and that are something else. */
#include "tests/unit/test.h"

#include "probes/child.h"
#include "probes/probes.h"

#include <fcntl.h>
#include <ftw.h>
#include <time.h>

static char folder[64];
static struct snapshot s;
static struct root root;

static int
begin(void **state)
{
	(void) state;
	(void) snprintf(folder, sizeof(folder), "/tmp/migcheck-tools.XXXXXX");
	root = ROOT_NONE;
	if (!mkdtemp(folder) || root_open("/", false, &root) < 0)
		return -1;
	return snapshot_new(&s);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void) st, (void) type, (void) where;
	return remove(path);
}

static int
end(void **state)
{
	(void) state;
	root_close(&root);
	snapshot_free(&s);
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
make_tool(const char *name, int mode, const char *text)
{
	char path[128];
	FILE *f;

	(void) snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, (mode_t) mode), 0);
}

/* The tool as the probe tells of it, with the folder first in PATH. */
static const Tool *
tool(const char *name, const struct probe_options *options)
{
	struct gaps gaps = { .arena = s.arena };
	_cleanup_buffer_ struct buffer text = {};
	struct probe_context c = {
		.options = options,
		.root = &root,
		.tree_root = &root,
		.snapshot = &s,
		.host = NEW_FACT(s.arena, Host, host),
		.gaps = &gaps,
		.text = &text,
	};

	assert_non_null(c.host);
	assert_int_equal(setenv("PATH", folder, 1), 0);
	assert_int_equal(tools_ask(&c), 0);
	for (size_t i = 0; i < c.host->n_tool; i++)
		if (streq(c.host->tool[i]->name, name))
			return c.host->tool[i];
	fail_msg("nobody asked for %s", name);
	return NULL;
}

static int64_t
now_ms(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
runs(void **state)
{
	static const struct probe_options options = { .timeout_ms = 5000 };
	const Tool *t;

	(void) state;
	make_tool("criu", 0755, "#!/bin/sh\nread -r x && exit 9\necho; echo '  Version: 4.2.1  '; echo GitID: x\n");
	t = tool("criu", &options);
	assert_int_equal(t->state, TOOL_STATE__TOOL_RUNS);
	assert_string_equal(t->version, "4.2.1");
	assert_true(slice_starts(slice_of(t->path), folder));
	assert_null(t->error);
}

static void
fails(void **state)
{
	static const struct probe_options options = { .timeout_ms = 300 };
	const Tool *t;
	int64_t began;

	(void) state;
	make_tool("criu", 0755, "#!/bin/sh\necho 'libnet.so.9: cannot open' >&2; exit 127\n");
	t = tool("criu", &options);
	assert_int_equal(t->state, TOOL_STATE__TOOL_FAILS);
	assert_string_equal(t->error, "exit status 127: libnet.so.9: cannot open");
	make_tool("criu", 0755, "#!/no/such/interpreter\n");
	t = tool("criu", &options);
	assert_int_equal(t->state, TOOL_STATE__TOOL_FAILS);
	assert_string_equal(t->error, "cannot be run: No such file or directory");
	make_tool("criu", 0755, "#!/bin/sh\nkill -TERM $$\n");
	t = tool("criu", &options);
	assert_int_equal(t->state, TOOL_STATE__TOOL_FAILS);
	assert_string_equal(t->error, "died of signal 15");
	/* One that hangs is ended with what it started, at the deadline. */
	make_tool("criu", 0755, "#!/bin/sh\nsleep 60 & sleep 60\n");
	began = now_ms();
	t = tool("criu", &options);
	assert_int_equal(t->state, TOOL_STATE__TOOL_FAILS);
	assert_string_equal(t->error, "--version did not answer");
	assert_true(now_ms() - began < 3000);
}

static void
is_another(void **state)
{
	static const struct probe_options options = { .timeout_ms = 5000 };
	const Tool *t;

	(void) state;
	make_tool("ip", 0755, "#!/bin/sh\necho 'BusyBox v1.35.0 multi-call binary.' >&2; exit 1\n");
	t = tool("ip", &options);
	assert_int_equal(t->state, TOOL_STATE__TOOL_FAILS);
	make_tool("tar", 0755, "#!/bin/sh\necho 'tar (busybox) 1.35.0'\n");
	t = tool("tar", &options);
	assert_int_equal(t->state, TOOL_STATE__TOOL_FAILS);
	assert_string_equal(t->version, "tar (busybox) 1.35.0");
}

static void
is_found(void **state)
{
	char path[128];
	struct probe_options options = { .timeout_ms = 5000, .criu = path };

	(void) state;
	/* A folder, and a file that may not be run, are no tools. */
	(void) snprintf(path, sizeof(path), "%s/criu", folder);
	make_tool("criu", 0644, "#!/bin/sh\necho Version: 1\n");
	assert_int_equal(tool("criu", &options)->state, TOOL_STATE__TOOL_MISSING);
	(void) snprintf(path, sizeof(path), "%s", folder);
	assert_int_equal(tool("criu", &options)->state, TOOL_STATE__TOOL_MISSING);
	(void) snprintf(path, sizeof(path), "%s/mine", folder);
	make_tool("mine", 0755, "#!/bin/sh\necho Version: 7\n");
	assert_string_equal(tool("criu", &options)->version, "7");
}

/* Named from the current folder. */
static void
is_relative(void **state)
{
	const struct probe_options options = { .timeout_ms = 5000, .criu = "./mine" };
	_cleanup_close_ int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const Tool *t;

	(void) state;
	make_tool("mine", 0755, "#!/bin/sh\necho Version: 7\n");
	assert_int_equal(chdir(folder), 0);
	t = tool("criu", &options);
	assert_int_equal(fchdir(here), 0);
	assert_string_equal(t->version, "7");
	assert_true(t->path[0] == '/');
}

/* What others may change is found along PATH, and root does not run it unless it is named. */
static void
is_not_of_root(void **state)
{
	char path[128];
	struct probe_options options = { .timeout_ms = 5000 };
	const Tool *t;

	(void) state;
	if (geteuid() != 0)
		skip_because("not root");
	make_tool("criu", 0757, "#!/bin/sh\necho Version: 7\n");
	t = tool("criu", &options);
	assert_int_equal(t->state, TOOL_STATE__TOOL_CANNOT_TELL);
	assert_non_null(strstr(t->error, "not run as root"));
	assert_null(t->version);
	make_tool("criu", 0755, "#!/bin/sh\necho Version: 7\n");
	assert_int_equal(chmod(folder, 0777), 0);
	assert_int_equal(tool("criu", &options)->state, TOOL_STATE__TOOL_CANNOT_TELL);
	(void) snprintf(path, sizeof(path), "%s/criu", folder);
	options.criu = path;
	assert_int_equal(tool("criu", &options)->state, TOOL_STATE__TOOL_RUNS);
	options.criu = NULL;
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chown(path, 65534, 65534), 0);
	assert_int_equal(tool("criu", &options)->state, TOOL_STATE__TOOL_CANNOT_TELL);
}

static void
says_too_much(void **state)
{
	static const char *const argv[] = { "/bin/sh", "-c", "while :; do echo yyyyyyyyyyyyyyyy; done", NULL };
	_cleanup_buffer_ struct buffer text = {};
	struct child_result result;

	(void) state;
	assert_int_equal(child_run(argv[0], argv, 5000, &text, &result), 0);
	assert_true(text.n > 0 && text.n <= 16 * 1024);
	assert_false(result.timed_out);
	assert_true(result.signal != 0 || result.status != 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(runs, begin, end),
		cmocka_unit_test_setup_teardown(fails, begin, end),
		cmocka_unit_test_setup_teardown(is_another, begin, end),
		cmocka_unit_test_setup_teardown(is_found, begin, end),
		cmocka_unit_test_setup_teardown(is_relative, begin, end),
		cmocka_unit_test_setup_teardown(is_not_of_root, begin, end),
		cmocka_unit_test_setup_teardown(says_too_much, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

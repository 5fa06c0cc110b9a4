/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host that was asked for whole folders answers about paths: as a kernel would look them up, where all that
 * they lead through was asked for; nothing where it was not.
 */
#include "checker/index.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/test.h"

#define FOLDER PATH_KIND__PATH_KIND_DIRECTORY
#define REGULAR PATH_KIND__PATH_KIND_REGULAR
#define LINK PATH_KIND__PATH_KIND_SYMLINK
#define NONE PATH_KIND__PATH_KIND_NONE

static const struct {
	const char *path;
	PathKind kind;
	bool listed;
	const char *leads_to;
	int leads_error;
} answers[] = {
	{ "/usr", FOLDER, true, NULL, 0 },
	{ "/usr/lib", FOLDER, true, NULL, 0 },
	{ "/usr/lib/x.so.1", REGULAR, false, NULL, 0 },
	{ "/usr/lib/x.so", LINK, false, "/usr/lib/x.so.1", 0 },
	{ "/usr/mnt", FOLDER, false, NULL, 0 },			/* another file system */
	{ "/usr/gone", NONE, false, NULL, 0 },
	{ "/lib", LINK, false, "/usr/lib", 0 },
	{ "/usr/out", LINK, false, "/srv/x", 0 },
	{ "/usr/dangling", LINK, false, NULL, ENOENT },
	{ "/usr/slow", LINK, false, NULL, ETIMEDOUT },
	{ "/usr/a", LINK, false, "/usr/b", 0 },			/* no kernel says so */
	{ "/usr/b", LINK, false, "/usr/a", 0 },
};

/* `at`: whose answer it is; NULL: none, or `kind` NONE. */
static const struct {
	const char *path, *at;
	PathKind kind;
	bool is_known, no_folder;
} cases[] = {
	{ "/usr/lib/x.so.1", "/usr/lib/x.so.1", REGULAR, true, false },
	{ "/usr/lib/x.so", "/usr/lib/x.so.1", REGULAR, true, false },
	{ "/lib/x.so", "/usr/lib/x.so.1", REGULAR, true, false },
	{ "/lib", "/usr/lib", FOLDER, true, false },
	{ "/usr/lib/y.so", NULL, NONE, true, false },
	{ "/lib/y.so", NULL, NONE, true, false },
	{ "/usr/share/doc/x", NULL, NONE, true, true },
	{ "/usr/lib/x.so/below", NULL, NONE, true, true },
	{ "/usr/gone/x", NULL, NONE, true, true },
	{ "/usr/dangling", NULL, NONE, true, false },
	{ "/usr/dangling/x", NULL, NONE, true, true },
	{ "/usr/mnt/x", NULL, NONE, false, false },
	{ "/usr/out", NULL, NONE, false, false },
	{ "/usr/slow", NULL, NONE, false, false },
	{ "/usr/a", NULL, NONE, false, false },
	{ "/srv/x", NULL, NONE, false, false },
	{ "/", NULL, NONE, false, false },
	{ "/usrlib", NULL, NONE, false, false },
	{ "/usr/lib/../none", NULL, NONE, false, false },
	{ "/usr//none", NULL, NONE, false, false },
	{ "none", NULL, NONE, false, false },
};

static struct arena *arena;
static Snapshot host = SNAPSHOT__INIT;
static struct host_index *index_of_host;

static int
begin(void **state)
{
	(void) state;
	arena = arena_new(1 << 20);
	for (size_t i = 0; arena && i < ARRAY_SIZE(answers); i++) {
		PathAnswer *a = NEW_FACT(arena, PathAnswer, path_answer);

		assert_non_null(a);
		a->path = arena_strdup(arena, answers[i].path);
		a->leads_to = answers[i].leads_to ? arena_strdup(arena, answers[i].leads_to) : NULL;
		SET_FACT(a, kind, answers[i].kind);
		if (answers[i].listed)
			SET_FACT(a, listed, true);
		if (answers[i].leads_error)
			SET_FACT(a, leads_error, answers[i].leads_error);
		assert_int_equal(ADD_FACT(arena, host.path_answer, host.n_path_answer, a), 0);
	}
	return arena ? host_index_new(arena, &host, &index_of_host) : -1;
}

static int
end(void **state)
{
	(void) state;
	arena = arena_free(arena);
	return 0;
}

static void
look_ups(void **state)
{
	int wrong = 0;

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const PathAnswer *a = index_path(index_of_host, cases[i].path);

		if ((a != NULL) == cases[i].is_known &&
		    (!a || (a->kind == cases[i].kind && !a->parent_missing == !cases[i].no_folder &&
			    (!cases[i].at || strcmp(a->path, cases[i].at) == 0))))
			continue;
		fprintf(stderr, "%s: %s\n", cases[i].path, !a ? "not known" : a->path ? a->path : "nothing");
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void
links_themselves(void **state)
{
	(void) state;
	assert_int_equal(index_path_itself(index_of_host, "/usr/lib/x.so")->kind, LINK);
	assert_int_equal(index_path_itself(index_of_host, "/lib/x.so")->kind, LINK);
	assert_int_equal(index_path_itself(index_of_host, "/usr/dangling")->kind, LINK);
	assert_int_equal(index_path_itself(index_of_host, "/usr/lib/none")->kind, NONE);
	assert_null(index_path_itself(index_of_host, "/srv/x"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(look_ups),
		cmocka_unit_test(links_themselves),
	};

	return cmocka_run_group_tests(tests, begin, end);
}

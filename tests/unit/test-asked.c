/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a destination said of contents by comparison stands for what it was asked about alone.
 */
#include "checker/asked.h"

#include "tests/unit/test.h"

#include <string.h>

static struct snapshot asked, now, there;
static PathAnswer *answer;

static void
add(struct snapshot *s, const char *path, const char *content)
{
	File *f = NEW_FACT(s->arena, File, file);

	f->path = arena_strdup(s->arena, path);
	if (content) {
		f->has_sha256 = true;
		f->sha256.len = strlen(content);
		f->sha256.data = arena_memdup(s->arena, content, strlen(content));
	}
	assert_int_equal(ADD_FACT(s->arena, s->facts->file, s->facts->n_file, f), 0);
}

static int
begin(void **state)
{
	(void) state;
	if (snapshot_new(&asked) < 0 || snapshot_new(&now) < 0 || snapshot_new(&there) < 0)
		return -1;
	answer = NEW_FACT(there.arena, PathAnswer, path_answer);
	answer->path = arena_strdup(there.arena, "/key");
	SET_FACT(answer, same_as_asked, true);
	add(&asked, "/a", "other");
	add(&asked, "/key", "old");
	add(&now, "/b", "other");
	return ADD_FACT(there.arena, there.facts->path_answer, there.facts->n_path_answer, answer);
}

static int
end(void **state)
{
	(void) state;
	snapshot_free(&asked);
	snapshot_free(&now);
	snapshot_free(&there);
	return 0;
}

static bool
stands(void)
{
	assert_int_equal(answers_withdraw(asked.facts, now.facts, there.facts), 0);
	return answer->has_same_as_asked && answer->same_as_asked;
}

static void
the_same_content(void **state)
{
	(void) state;
	add(&now, "/key", "old");
	assert_true(stands());
}

static void
another_content(void **state)
{
	(void) state;
	add(&now, "/key", "new");
	assert_false(stands());
	assert_false(answer->has_same_as_asked);
}

static void
a_content_that_is_not_known_any_more(void **state)
{
	(void) state;
	add(&now, "/key", NULL);
	assert_false(stands());
}

static void
one_of_two_namespaces_has_another(void **state)
{
	(void) state;
	add(&now, "/key", "old");
	add(&now, "/key", "new");
	assert_false(stands());
}

static void
two_contents_were_asked_about(void **state)
{
	(void) state;
	add(&asked, "/key", "new");
	add(&now, "/key", "old");
	assert_false(stands());
}

static void
a_path_that_was_not_asked_about(void **state)
{
	(void) state;
	answer->path = arena_strdup(there.arena, "/late");
	add(&now, "/late", "old");
	assert_false(stands());
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_same_content),
		TEST(another_content),
		TEST(a_content_that_is_not_known_any_more),
		TEST(one_of_two_namespaces_has_another),
		TEST(two_contents_were_asked_about),
		TEST(a_path_that_was_not_asked_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

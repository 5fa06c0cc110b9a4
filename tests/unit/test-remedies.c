/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an unknown advises: what the header of that side tells of how it was taken, else what
 * the gap itself says.
 */
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/test.h"

#include "base/arena.h"
#include "checker/docket.h"
#include "facts/snapshot.h"

struct sides {
	Snapshot source, destination;
	Header here, there;
	Gap gap;
	struct assessment assessment;
	struct docket docket;
	struct judge judge;
};

static int
set_up(void **state)
{
	static struct sides s;

	s = (struct sides){
		.source = SNAPSHOT__INIT,
		.destination = SNAPSHOT__INIT,
		.here = HEADER__INIT,
		.there = HEADER__INIT,
		.gap = GAP__INIT,
	};
	s.assessment.arena = arena_new(1 << 20);
	assert_non_null(s.assessment.arena);
	s.source.header = &s.here;
	s.destination.header = &s.there;
	s.there.has_asked_sha256 = true;
	s.judge = (struct judge){
		.source = &s.source,
		.destination = &s.destination,
		.assessment = &s.assessment,
		.docket = &s.docket,
	};
	*state = &s;
	return 0;
}

static int
tear_down(void **state)
{
	struct sides *s = *state;

	(void) arena_free(s->assessment.arena);
	return 0;
}

static void
test_nothing_is_known(void **state)
{
	struct sides *s = *state;

	assert_null(docket_remedy(&s->judge, false, DOMAIN__DOMAIN_FILES));
	assert_null(docket_remedy(&s->judge, true, DOMAIN__DOMAIN_FILES));
	s->source.header = NULL;
	assert_null(docket_remedy(&s->judge, false, DOMAIN__DOMAIN_FILES));
}

static void
test_not_asked(void **state)
{
	struct sides *s = *state;

	s->there.has_asked_sha256 = false;
	assert_string_equal(docket_remedy(&s->judge, true, DOMAIN__DOMAIN_FILES),
			    "probe that host again with this source: migcheck probe -s SOURCE");
	assert_null(docket_remedy(&s->judge, false, DOMAIN__DOMAIN_FILES));
	/* What failed there would fail again. */
	s->gap.remedy = (char *) "mount /proc";
	s->docket.destination_gap[DOMAIN__DOMAIN_FILES] = &s->gap;
	assert_string_equal(docket_remedy(&s->judge, true, DOMAIN__DOMAIN_FILES), "mount /proc");
}

static void
test_options_of_the_run(void **state)
{
	struct sides *s = *state;

	s->here.no_content = s->here.no_dup = true;
	assert_string_equal(docket_remedy(&s->judge, false, DOMAIN__DOMAIN_FILES), "run without --no-content");
	assert_string_equal(docket_remedy(&s->judge, false, DOMAIN__DOMAIN_SOCKETS), "run without --no-dup");
	assert_null(docket_remedy(&s->judge, false, DOMAIN__DOMAIN_KERNEL));
	assert_null(docket_remedy(&s->judge, true, DOMAIN__DOMAIN_FILES));
}

static void
test_not_root(void **state)
{
	struct sides *s = *state;

	s->gap.remedy = (char *) "wait";
	s->docket.source_gap[DOMAIN__DOMAIN_FDS] = &s->gap;
	s->here.has_euid = true;
	assert_string_equal(docket_remedy(&s->judge, false, DOMAIN__DOMAIN_FDS), "wait");
	s->here.euid = 1000;
	assert_string_equal(docket_remedy(&s->judge, false, DOMAIN__DOMAIN_FDS),
			    "run migcheck as root on that host");
	assert_null(docket_remedy(&s->judge, true, DOMAIN__DOMAIN_FDS));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_is_known, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_asked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_options_of_the_run, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_root, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

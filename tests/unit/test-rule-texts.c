/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of the rules.
 */
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/test.h"

#include "base/text.h"
#include "checker/rule.h"

/* What a row must say, so that `migcheck rules ID` and the reports have something to tell. */
static void
test_every_rule_is_complete(void **state)
{
	(void) state;
	for (size_t i = 0; i < n_rulesets; i++)
		for (size_t k = 0; k < rulesets[i]->n; k++) {
			const struct rule *r = &rulesets[i]->rules[k];

			if (!r->title || !r->why || !r->remedy || !r->lifetime_why || !r->check)
				fail_msg("%s lacks a text", r->id);
			if (rule_find(r->id) != r)
				fail_msg("%s stands twice", r->id);
			if (r->title[strlen(r->title) - 1] == '.' || r->remedy[strlen(r->remedy) - 1] == '.')
				fail_msg("%s: title and remedy have no full stop", r->id);
			if (r->why[strlen(r->why) - 1] != '.')
				fail_msg("%s: why is a sentence", r->id);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_rule_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the commands: help, manual and completion have all that they tell from there.
 */
#include "tests/unit/test.h"

#include "base/text.h"
#include "cli/command.h"

static void
check_option(const struct command *c, const struct option_row *o)
{
	if (!o->name || !o->help || o->help[0] == '\0')
		fail_msg("%s: an option lacks a text", c->name);
	for (const struct option_row *q = c->options; q < o; q++)
		if (streq(q->name, o->name) || (q->letter && q->letter == o->letter))
			fail_msg("%s: --%s stands twice", c->name, o->name);
}

static void
test_every_command_is_complete(void **state)
{
	(void) state;
	assert_true(n_commands > 0);
	for (size_t i = 0; i < n_commands; i++) {
		const struct command *c = commands[i];

		if (!c->synopsis || !c->summary || !c->description || !c->examples || !c->run)
			fail_msg("%s lacks a text", c->name);
		if (!c->exits)
			fail_msg("%s does not say how it exits (.exits)", c->name);
		if (strstr(c->description, "exit codes:"))
			fail_msg("%s: what the exit codes mean stands in .exits, not in the description", c->name);
		for (size_t k = 0; k < c->n_options; k++)
			check_option(c, &c->options[k]);
	}
}

/* One table a meaning: 0 is success, 2 is trouble, and no code stands twice. */
static void
test_exit_codes(void **state)
{
	(void) state;
	for (size_t i = 0; i < n_commands; i++) {
		unsigned int seen = 0;

		for (const struct exit_row *e = commands[i]->exits; e->meaning; e++) {
			assert_in_range(e->code, 0, 31);
			assert_int_equal(seen & 1u << e->code, 0);
			assert_true(e->name[0] != '\0');
			seen |= 1u << e->code;
		}
		assert_true(seen & 1u << EXIT_READY);
		assert_true(seen & 1u << EXIT_TROUBLE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_command_is_complete),
		cmocka_unit_test(test_exit_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the probe says of the processors of this machine is the same on each of them: a host's
 * fingerprint must not hang on where the scheduler put the probe.
 */
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/test.h"
#include <sched.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "facts/fields.h"
#include "probes/probes.h"

static const Cpu *
probe_on(size_t processor, struct snapshot *s)
{
	_cleanup_root_ struct root root = ROOT_NONE;
	_cleanup_buffer_ struct buffer text = { 0 };
	cpu_set_t one;
	struct gaps gaps;
	struct probe_context c;

	CPU_ZERO(&one);
	CPU_SET(processor, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(root_open("/", false, &root), 0);
	assert_int_equal(snapshot_new(s), 0);
	s->facts->host = NEW_FACT(s->arena, Host, host);
	gaps = (struct gaps){ .arena = s->arena };
	c = (struct probe_context){
		.root = &root, .tree_root = &root, .snapshot = s, .host = s->facts->host, .gaps = &gaps, .text = &text,
	};
	assert_int_equal(cpu_ask(&c), 0);
	assert_true(s->facts->host->cpu->n_leaf > 4);
	return s->facts->host->cpu;
}

static void
test_each_processor(void **state)
{
	_cleanup_snapshot_ struct snapshot first = { 0 };
	const Cpu *cpu = NULL;
	cpu_set_t all;

	(void) state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	if (CPU_COUNT(&all) < 2) {
		print_message("skipped: this machine has one processor\n");
		skip();
	}
	for (size_t i = 0; i < CPU_SETSIZE; i++) {
		_cleanup_snapshot_ struct snapshot other = { 0 };

		if (!CPU_ISSET(i, &all))
			continue;
		if (!cpu)
			cpu = probe_on(i, &first);
		else
			assert_int_equal(message_compare(&cpu->base, &probe_on(i, &other)->base), 0);
	}
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_processor) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

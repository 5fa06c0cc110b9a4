/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every unit test includes: cmocka with its own needs in the right order.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A test that cannot be had here says why. */
#define skip_because(why)                    \
	do {                                 \
		print_message("# skipped: %s\n", why); \
		skip();                      \
	} while (0)

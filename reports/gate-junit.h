/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How large a JUnit document may become: what reads it holds all of it in memory, and the cases of
 * a large pool are hosts × trees × rules.
 */
#pragma once

#include "reports/gate.h"

enum { GATE_JUNIT_CASES = 100000 };

/*
 * Where it would have more than `most` cases, those that have nothing to tell are one a tree; and
 * where that is too much, too, a suite is a class of equal hosts. 0 or -ENOMEM.
 */
int gate_junit_within(const struct gate *g, size_t most, struct buffer *out);

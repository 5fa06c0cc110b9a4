/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/PID/auxv: the auxiliary vector that exec gave a program, getauxval(3).
 */
#pragma once

#include "base/text.h"
#include "facts/snapshot.h"

/*
 * Fills p->aux with the values that a move depends on, and p->aux_32bit. An empty vector (a
 * kernel thread, a zombie) is fine. 0, -EBADMSG (no end in it) or -ENOMEM.
 */
int auxv_parse(struct slice bytes, struct arena *arena, Process *p);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the outside (mkproc-scene.c) and the inside (mkproc-tree.c) of a scene know of each other.
 * Factories need only mkproc.h.
 */
#ifndef MKPROC_TREE_H
#define MKPROC_TREE_H

#include "mkproc.h"

/* Called in a new process: brings it into its known state, runs fn, settles. Do not return. */
void tree_begin_root(struct scene *s, void (*fn)(struct scene *s)) __attribute__((noreturn));
void tree_begin_outsider(struct scene *s, void (*fn)(struct scene *s)) __attribute__((noreturn));

/* Adds "key=value" to the line that mkproc prints. Outside only. */
void scene_fact(const char *key_value);
/* Takes down what was made and exits; trouble is "-reason" (skip) or "!reason". Outside only. */
_Noreturn void scene_end(struct scene *s, const char *trouble);

/* What passes (mkproc-passing.c): asked for by the environment, see there; otherwise nothing. */
void passing_arm(struct scene *s);
/* Waits for ever; a task that holds up another by its life alone ends when it is time. */
_Noreturn void passing_wait(void);

#endif

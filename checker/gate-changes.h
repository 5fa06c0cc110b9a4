/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to do about a pool: the changes that would make it whole, and which hosts are unlike the
 * others.
 */
#pragma once

#include "checker/gate.h"

/* Fills g->changes from its findings and cells. 0 or -ENOMEM. */
int gate_changes_find(struct gate *g);

/* Fills g->odd. 0 or -ENOMEM. */
int gate_odd_find(struct gate *g);

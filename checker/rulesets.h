/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rulesets, one a file rules-NAME.c, which ends with its own. rulesets.c lists them.
 */
#pragma once

#include "checker/rule.h"

extern const struct ruleset rules_tasks;

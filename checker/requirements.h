/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options that a tree needs of criu, gathered while rules judge: private to the engine and
 * to the rules about given options.
 */
#pragma once

#include "checker/docket.h"
#include "checker/options.h"

/*
 * A finding that an option would lift: noted as on offer, or, where the user gives the option,
 * softened to what it costs, and the option is needed then.
 */
void requirement_of_finding(struct judge *j, struct finding *f);

/*
 * Whether a given option does nothing for this tree, as far as all rules before could tell:
 * none asked for it. Only of options that are there to lift something.
 */
bool requirement_is_spare(const struct assessment *a, const struct given_option *given);

/* Whether something that is needed is done by this given option. */
bool requirement_uses(const struct assessment *a, const struct given_option *given);

/*
 * When all rules are done: into the order of rules, what is needed before what is on offer; and
 * the command lines. 0 or -ENOMEM.
 */
int requirements_close(struct judge *j);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where criu would run, at each end: what was taken from migcheck itself, or from the process
 * that --criu-as named.
 */
#pragma once

#include "checker/judge.h"

/* NULL where it is not known: a recorded machine. */
const CriuPlace *place_here(const struct judge *j);

/* Who would restore: the destination's place, else what the probe knows of itself; or NULL. */
const Credentials *place_there_credentials(const struct judge *j);

/*
 * The capabilities that criu would have. Root gets all of the bounding set with the exec(2) of
 * criu; another user keeps what it has. Who is no root and was not named by --criu-as would
 * call criu with sudo: then it is the bounding set, too. False where they are not known.
 */
bool place_capabilities_here(const struct judge *j, uint64_t *ret);
bool place_capabilities_there(const struct judge *j, uint64_t *ret);

/* That of the restoring criu: where, for finding.there_from. */
const char *place_there_file(struct judge *j);

/* "criu, started from bash 4242" */
const char *place_name(struct judge *j, const CriuPlace *place);

/* "cap_net_admin cap_sys_time"; "none" */
const char *capability_list(struct judge *j, uint64_t set);
const char *capability_name(struct judge *j, unsigned int number);

/* Whether the socket will live in the network namespace that the destination was probed in. */
bool place_of_socket_is_probed(const struct judge *j, const Socket *s);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a host has a kernel module or a program. What was not learned is neither here nor
 * missing.
 */
#pragma once

#include "checker/index.h"

enum presence { PRESENCE_NOT_KNOWN, PRESENCE_HERE, PRESENCE_MISSING };

/* Built in, loaded or loadable; in a kernel without modules its configuration tells. */
enum presence presence_of_module(const struct host_index *h, const char *asked);

/* In PATH, and able to start where that was tried. */
enum presence presence_of_tool(const struct host_index *h, const char *name);

/* Whether the program was linked with the library, "libnet" for any version of it; of a script nothing is known. */
enum presence presence_of_library(const struct host_index *h, const char *program, const char *library);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration a kernel was built with.
 */
#pragma once

#include "base/text.h"

/* The value of an option that is not set. */
#define CONFIG_NOT_SET "n"

/*
 * Takes the next option off the front: its name without "CONFIG_", and its value ("y", "m",
 * "n", a number, or a text without its quotes). False at the end. Lines that are neither are
 * passed over.
 */
bool config_next(struct slice *rest, struct slice *ret_name, struct slice *ret_value);

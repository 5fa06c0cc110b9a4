/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options that the user will give to CRIU, as one text (--criu-options), and whether what
 * a rule asks for is among them.
 */
#pragma once

#include <stdbool.h>

/*
 * Whether `given` (words parted by blanks) holds `wanted`: "--shell-job", "--ghost-limit 8M",
 * "--manage-cgroups=ignore", "--external mnt[/etc/hosts]:KEY". Short forms count ("-j"), a
 * value may stand behind a blank or a "=", a size may be larger than wanted, and the key of an
 * external thing may be called anything.
 */
bool options_hold(const char *given, const char *wanted);

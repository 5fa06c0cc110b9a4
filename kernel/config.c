/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel's .config, as in /proc/config.gz and /boot/config-RELEASE:
 *
 *     # Compiler: gcc (Debian 12.2.0-14) 12.2.0
 *     CONFIG_CHECKPOINT_RESTORE=y
 *     CONFIG_UNIX_DIAG=m
 *     # CONFIG_MEM_SOFT_DIRTY is not set
 *     CONFIG_HZ=250
 *     CONFIG_LSM="landlock,lockdown,yama,integrity,apparmor"
 */
#include "kernel/config.h"

bool
config_next(struct slice *rest, struct slice *ret_name, struct slice *ret_value)
{
	struct slice line, name;

	while (slice_line(rest, &line)) {
		if (slice_cut(&line, "# CONFIG_") && slice_cut_end(&line, " is not set")) {
			*ret_name = line;
			*ret_value = SLICE(CONFIG_NOT_SET);
			return true;
		}
		if (!slice_cut(&line, "CONFIG_") || !slice_field(&line, '=', &name) || name.n == 0)
			continue;
		if (line.n >= 2 && slice_starts(line, "\"") && slice_ends(line, "\"")) {
			line.p++;
			line.n -= 2;
		}
		*ret_name = name;
		*ret_value = line;
		return true;
	}
	return false;
}

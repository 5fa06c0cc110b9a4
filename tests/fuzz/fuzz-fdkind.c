/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a link of /proc/PID/fd and as /proc/tty/drivers. */
#include "kernel/fdkind.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { .p = (const char *) data, .n = size };
	struct tty_drivers d;
	uint64_t ino;

	(void) fdkind_of_link(text, &ino);
	if (tty_drivers_parse(text, &d) == 0 && d.n > 0 &&
	    d.driver[0].first <= d.driver[0].last &&
	    !tty_driver_of(&d, d.driver[0].major, d.driver[0].last))
		abort();
	return 0;
}

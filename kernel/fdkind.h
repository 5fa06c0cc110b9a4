/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an open file is, told by the text of its link in /proc/PID/fd or by its st_mode; and
 * the drivers of terminals, /proc/tty/drivers.
 */
#pragma once

#include "base/text.h"
#include "facts/snapshot.h"

/*
 * The kind of an object that is not a file on a path, by its link text; FD_UNKNOWN for a path.
 * *ret_ino is the number in brackets ("socket:[62335]"), else 0.
 */
FdKind fdkind_of_link(struct slice link, uint64_t *ret_ino);

/* The kind of a file on a path, by its st_mode; FD_UNKNOWN for what cannot be open so. */
FdKind fdkind_of_mode(uint32_t mode);

/* One driver: a range of minor numbers of one major number. */
struct tty_driver {
	char name[24];			/* "pty_slave", "serial", "/dev/tty" */
	uint32_t major, first, last;
};

struct tty_drivers {
	struct tty_driver driver[64];
	size_t n;
};

/* 0, or -EBADMSG. Drivers beyond the room are left out. */
int tty_drivers_parse(struct slice text, struct tty_drivers *ret);

/* The driver's name, or NULL: not a terminal. */
const char *tty_driver_of(const struct tty_drivers *d, uint32_t major, uint32_t minor);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mode bits do not tell who may read a file: each folder above it has a say, and so have access
 * control lists and security modules. /root/notes may be 0644 under a folder of 0700. So the
 * kernel is asked: setfsuid(2) to a user whom no file belongs to takes the capabilities that
 * override permissions away with it, and then the path is looked up and the file opened.
 */
#include "probes/others.h"
#include <fcntl.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

/* Below the 65536 ids of a usual user namespace, and given to nobody. */
enum { NOBODY = 65533 };

/* Who we are for file systems; an invalid id changes nothing. */
static bool
is_now(uid_t uid, gid_t gid)
{
	return (uid_t) setfsuid((uid_t) -1) == uid && (gid_t) setfsgid((gid_t) -1) == gid;
}

static bool
become_nobody(void)
{
	int bits = prctl(PR_GET_SECUREBITS);

	/* Only root loses its capabilities by this, and only without the no-fixup bit. */
	if (bits < 0 || (bits & (int) SECBIT_NO_SETUID_FIXUP) || !is_now(0, getegid()) ||
	    geteuid() != 0 || setgroups(0, NULL) < 0)
		return false;
	(void) setfsgid(NOBODY);
	(void) setfsuid(NOBODY);
	return is_now(NOBODY, NOBODY);
}

static void
become_us_again(void)
{
	(void) setfsuid(geteuid());
	(void) setfsgid(getegid());
}

static bool
reaches_and_reads(const struct root *r, const char *path, const struct stat *st)
{
	_cleanup_close_ int held = root_openat(r, path, O_PATH), fd = -1;
	struct stat found;

	if (held < 0 || fstat(held, &found) < 0)
		return false;
	if (found.st_ino != st->st_ino || found.st_dev != st->st_dev)
		return false;
	fd = root_reopen_regular(held, NULL);
	return fd >= 0;
}

bool
others_may_read(const struct root *r, const char *path, const struct stat *st)
{
	bool may;

	if (!S_ISREG(st->st_mode) || !(st->st_mode & S_IROTH))
		return false;
	may = become_nobody() && reaches_and_reads(r, path, st);
	become_us_again();
	return may;
}

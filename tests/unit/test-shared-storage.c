/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is the same storage at both ends, and what only looks so.
 */
#include "probes/shared-storage.h"

#include "base/cleanup.h"

#include "tests/unit/test.h"

static char *
text(const char *s)
{
	return (char *) (uintptr_t) s;
}

static bool
shared(const char *type_here, const char *here, const char *type_there, const char *there)
{
	Mount at_source = MOUNT__INIT, at_destination = MOUNT__INIT, *list[] = { &at_source };
	Snapshot source = SNAPSHOT__INIT;
	File f = FILE__INIT;

	at_source.id = f.mnt_id = 31;
	at_source.mnt_ns = f.mnt_ns = 3;
	f.has_mnt_id = true;
	at_source.fs_type = text(type_here);
	at_source.source = text(here);
	at_destination.fs_type = text(type_there);
	at_destination.source = text(there);
	source.mount = list;
	source.n_mount = 1;
	return storage_is_shared(&source, &f, &at_destination);
}

static void
truth(void **state)
{
	(void) state;
	assert_true(shared("nfs4", "filer:/home", "nfs4", "filer:/home"));
	assert_true(shared("cifs", "//filer/share", "cifs", "//filer/share"));
	assert_true(shared("ceph", "10.0.0.1,10.0.0.2:/", "ceph", "10.0.0.1,10.0.0.2:/"));
	assert_false(shared("nfs4", "filer:/home", "nfs4", "filer:/other"));
	assert_false(shared("nfs4", "filer:/home", "nfs", "filer:/home"));
	assert_false(shared("nfs4", "localhost:/home", "nfs4", "localhost:/home"));
	assert_false(shared("cifs", "//127.0.0.1/share", "cifs", "//127.0.0.1/share"));
	assert_false(shared("ext4", "/dev/drbd0", "ext4", "/dev/drbd0"));
	assert_false(shared("fuse.sshfs", "filer:/home", "fuse.sshfs", "filer:/home"));
}

static void
what_is_not_known(void **state)
{
	Mount there = MOUNT__INIT;
	Snapshot source = SNAPSHOT__INIT;
	File f = FILE__INIT;

	(void) state;
	assert_false(storage_is_shared(&source, &f, NULL));
	there.fs_type = text("nfs4");
	there.source = text("filer:/home");
	assert_false(storage_is_shared(&source, &f, &there));
	f.has_mnt_id = true;
	f.mnt_id = 31;
	assert_false(storage_is_shared(&source, &f, &there));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truth),
		cmocka_unit_test(what_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file systems whose files are data and nothing else: name as in /proc/filesystems, f_type
 * as in statfs(2) and the kernel's magic.h. FUSE is not among them: its files are whatever a
 * process says they are, and that process may be in the tree that we look at. virtiofs has the
 * same f_type, but a hypervisor behind it.
 */
#include "kernel/filesystem.h"
#include "base/cleanup.h"
#include "base/text.h"

static const struct filesystem {
	const char *name;
	uint64_t f_type;
	bool remote;
} filesystems[] = {
	{ "ext4", 0xef53, false },
	{ "ext3", 0xef53, false },
	{ "ext2", 0xef53, false },
	{ "xfs", 0x58465342, false },
	{ "btrfs", 0x9123683e, false },
	{ "overlay", 0x794c7630, false },
	{ "tmpfs", 0x01021994, false },
	{ "devtmpfs", 0x01021994, false },
	{ "ramfs", 0x858458f6, false },
	{ "rootfs", 0x858458f6, false },
	{ "f2fs", 0xf2f52010, false },
	{ "erofs", 0xe0f5e1e2, false },
	{ "squashfs", 0x73717368, false },
	{ "zfs", 0x2fc12fc1, false },
	{ "bcachefs", 0xca451a4e, false },
	{ "jfs", 0x3153464a, false },
	{ "nilfs2", 0x3434, false },
	{ "reiserfs", 0x52654973, false },
	{ "ubifs", 0x24051905, false },
	{ "jffs2", 0x72b6, false },
	{ "cramfs", 0x28cd3d45, false },
	{ "romfs", 0x7275, false },
	{ "iso9660", 0x9660, false },
	{ "udf", 0x15013346, false },
	{ "vfat", 0x4d44, false },
	{ "msdos", 0x4d44, false },
	{ "exfat", 0x2011bab0, false },
	{ "ntfs3", 0x7366746e, false },
	{ "aufs", 0x61756673, false },
	{ "ecryptfs", 0xf15f, false },
	{ "nfs", 0x6969, true },
	{ "nfs4", 0x6969, true },
	{ "cifs", 0xff534d42, true },
	{ "smb3", 0xfe534d42, true },
	{ "9p", 0x01021997, true },
	{ "virtiofs", 0x65735546, true },
	{ "ceph", 0x00c36400, true },
	{ "afs", 0x5346414f, true },
	{ "gfs2", 0x01161970, true },
	{ "ocfs2", 0x7461636f, true },
	{ "lustre", 0x0bd00bd0, true },
	{ "gpfs", 0x47504653, true },
};

enum { FUSE_MAGIC = 0x65735546 };

static const struct filesystem *
find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(filesystems); i++)
		if (streq(filesystems[i].name, name))
			return &filesystems[i];
	return NULL;
}

const char *
filesystem_name_of(uint64_t f_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(filesystems); i++)
		if (filesystems[i].f_type == f_type && f_type != FUSE_MAGIC)
			return filesystems[i].name;
	return NULL;
}

bool
filesystem_name_may_be_read(const char *name)
{
	return !name || find(name);
}

bool
filesystem_may_be_read(const char *name, uint64_t f_type)
{
	const struct filesystem *f = name ? find(name) : NULL;

	if (!name)
		return filesystem_name_of(f_type) != NULL;
	if (!f)
		return false;
	/* cifs and smb3 mounts show either number, by the kernel's age. */
	if (streq(name, "cifs") || streq(name, "smb3"))
		return f_type == 0xff534d42 || f_type == 0xfe534d42;
	/* A machine that runs from its initramfs: which of the two it is, the kernel chose at boot. */
	if (streq(name, "rootfs"))
		return f_type == 0x858458f6 || f_type == 0x01021994;
	return f->f_type == f_type;
}

bool
filesystem_may_hang(const char *name)
{
	const struct filesystem *f = name ? find(name) : NULL;

	if (!name)
		return false;
	if (f)
		return f->remote;
	return strncmp(name, "fuse", 4) == 0 || streq(name, "autofs");
}

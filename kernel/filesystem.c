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

enum kind {
	DISK,
	REMOTE,				/* an answer depends on somebody else */
	MEMORY,				/* a write through a mapping moves the times at most once a page */
	IMAGE,				/* its times were written by the tool that made it, not by this kernel */
	COARSE,				/* no time of change, or a clock of seconds */
};

static const struct filesystem {
	const char *name;
	uint64_t f_type;
	enum kind kind;
} filesystems[] = {
	{ "ext4", 0xef53, DISK },
	{ "ext3", 0xef53, DISK },
	{ "ext2", 0xef53, DISK },
	{ "xfs", 0x58465342, DISK },
	{ "btrfs", 0x9123683e, DISK },
	{ "overlay", 0x794c7630, DISK },
	{ "tmpfs", 0x01021994, MEMORY },
	{ "devtmpfs", 0x01021994, MEMORY },
	{ "ramfs", 0x858458f6, MEMORY },
	{ "rootfs", 0x858458f6, MEMORY },
	{ "f2fs", 0xf2f52010, DISK },
	{ "erofs", 0xe0f5e1e2, IMAGE },
	{ "squashfs", 0x73717368, IMAGE },
	{ "zfs", 0x2fc12fc1, DISK },
	{ "bcachefs", 0xca451a4e, DISK },
	{ "jfs", 0x3153464a, DISK },
	{ "nilfs2", 0x3434, DISK },
	{ "reiserfs", 0x52654973, DISK },
	{ "ubifs", 0x24051905, DISK },
	{ "jffs2", 0x72b6, DISK },
	{ "cramfs", 0x28cd3d45, IMAGE },
	{ "romfs", 0x7275, IMAGE },
	{ "iso9660", 0x9660, IMAGE },
	{ "udf", 0x15013346, IMAGE },
	{ "vfat", 0x4d44, COARSE },
	{ "msdos", 0x4d44, COARSE },
	{ "exfat", 0x2011bab0, COARSE },
	{ "ntfs3", 0x7366746e, DISK },
	{ "aufs", 0x61756673, DISK },
	{ "ecryptfs", 0xf15f, DISK },
	{ "nfs", 0x6969, REMOTE },
	{ "nfs4", 0x6969, REMOTE },
	{ "cifs", 0xff534d42, REMOTE },
	{ "smb3", 0xfe534d42, REMOTE },
	{ "9p", 0x01021997, REMOTE },
	{ "virtiofs", 0x65735546, REMOTE },
	{ "ceph", 0x00c36400, REMOTE },
	{ "afs", 0x5346414f, REMOTE },
	{ "gfs2", 0x01161970, REMOTE },
	{ "ocfs2", 0x7461636f, REMOTE },
	{ "lustre", 0x0bd00bd0, REMOTE },
	{ "gpfs", 0x47504653, REMOTE },
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
		return f->kind == REMOTE;
	return strncmp(name, "fuse", 4) == 0 || streq(name, "autofs");
}

bool
filesystem_stamps_tell(const char *name)
{
	const struct filesystem *f = name ? find(name) : NULL;

	return f && f->kind == DISK;
}

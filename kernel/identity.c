/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the content of a regular file, and of nothing else. The inode is held by an O_PATH
 * descriptor, which opens nothing; it is looked at with fstat(2) and fstatfs(2), and only then
 * opened through that descriptor. Reading stops at the size the file had when it was opened, so
 * a file that grows for ever ends.
 *
 * Read in pieces of 512 KiB: from page cache that is 0.88 of what SHA-256 alone does (0.97 by
 * mmap(2), but a file that is cut short while it is mapped kills its reader).
 */
#include "kernel/identity.h"
#include "base/crew.h"
#include "base/root.h"
#include "kernel/filesystem.h"
#include "kernel/leases.h"
#include <errno.h>
#include <sys/statfs.h>

enum {
	PIECE = 1024 * 1024,
	TRIES = 2,
};

static int
source_read(void *arg, uint64_t offset, void *p, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(*(const int *) arg, (char *) p + done, n - done,
				    (off_t) (offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -EBADMSG;
		done += (size_t) got;
	}
	return 0;
}

static void
elf_read(int fd, uint64_t size, struct identity *ret)
{
	struct elf_source source = { .size = size, .read = source_read, .arg = &fd };

	ret->is_elf = elf_parse(&source, &ret->elf) == 0;
}

static bool
same_state(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* 0, -ESTALE when there were fewer bytes than `size`, or -errno. */
static int
digest_bytes(int fd, uint64_t size, struct digest *d, struct crew_slot *slot, struct identity *ret)
{
	size_t room = size < PIECE ? (size_t) size + 1 : PIECE;
	_cleanup_free_ char *piece = malloc(room);
	uint64_t at = 0;
	int r;

	if (!piece)
		return -ENOMEM;
	while (at < size) {
		size_t n = size - at < room ? (size_t) (size - at) : room;
		ssize_t got = pread(fd, piece, n, (off_t) at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -ESTALE;
		r = digest_add(d, piece, (size_t) got);
		if (r < 0)
			return r;
		at += (uint64_t) got;
		ret->bytes += (uint64_t) got;
		crew_alive(slot, ret->bytes);
	}
	return 0;
}

/* 0, -ESTALE when it changed each time it was read, or -errno. */
static int
digest_read(int fd, struct crew_slot *slot, struct identity *ret)
{
	_cleanup_digest_ struct digest *d = digest_new();
	struct stat before, after;
	uint8_t sum[DIGEST_SIZE];
	int r;

	if (!d)
		return -ENOMEM;
	for (int i = 0; i < TRIES; i++) {
		if (fstat(fd, &before) < 0)
			return -errno;
		r = digest_bytes(fd, (uint64_t) before.st_size, d, slot, ret);
		if (r < 0 && r != -ESTALE)
			return r;
		if (digest_end(d, sum) < 0)
			return -EIO;
		if (fstat(fd, &after) < 0)
			return -errno;
		if (r == 0 && same_state(&before, &after)) {
			memcpy(ret->sha256, sum, sizeof(sum));
			return 0;
		}
	}
	return -ESTALE;
}

static int
open_to_read(int held, const struct identity_wants *wants, struct stat *ret_st)
{
	struct statfs fs;
	struct stat st;

	if (!filesystem_name_may_be_read(wants->fs_type))
		return -ENOTSUP;
	if (fstatfs(held, &fs) < 0 || fstat(held, &st) < 0)
		return -errno;
	if (wants->leases && leases_forbid(wants->leases, &st, wants->fs_type))
		return -EBUSY;
	if (!filesystem_may_be_read(wants->fs_type, (uint64_t) fs.f_type))
		return -ENOTSUP;
	return root_reopen_regular(held, ret_st);
}

void
identity_read(int held, const struct identity_wants *wants, struct crew_slot *slot,
	      struct identity *ret)
{
	struct stat st;
	int r;
	_cleanup_close_ int fd = open_to_read(held, wants, &st);

	*ret = (struct identity){ .state = DIGEST_STATE__DIGEST_NOT_WANTED };
	if (fd == -ENOTSUP) {
		ret->state = DIGEST_STATE__DIGEST_NOT_ALLOWED;
		return;
	}
	if (fd < 0) {
		ret->state = DIGEST_STATE__DIGEST_FAILED;
		ret->error = -fd;
		return;
	}
	ret->read = true;
	if (wants->elf)
		elf_read(fd, (uint64_t) st.st_size, ret);
	if (!wants->digest)
		return;
	r = digest_read(fd, slot, ret);
	if (r == 0) {
		ret->state = DIGEST_STATE__DIGEST_DONE;
	} else if (r == -ESTALE) {
		ret->state = DIGEST_STATE__DIGEST_CHANGED_WHILE_READ;
	} else {
		ret->state = DIGEST_STATE__DIGEST_FAILED;
		ret->error = -r;
	}
}

int
identity_libraries(int fd, char *ret, size_t room)
{
	struct elf_source source = { .read = source_read, .arg = &fd };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	source.size = (uint64_t) st.st_size;
	return elf_needed(&source, ret, room);
}

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
#include <time.h>

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

/* Whether a look at the same bytes would tell the same: a disk that fails to read them may do so next time. */
static bool
elf_read(int fd, uint64_t size, struct identity *ret)
{
	struct elf_source source = { .size = size, .read = source_read, .arg = &fd };
	int r = elf_parse(&source, &ret->elf);

	ret->elf_looked = true;
	ret->is_elf = r == 0;
	return r == 0 || r == -ENOEXEC || r == -EBADMSG;
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
	struct content_stamp was, is;
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
		was = content_stamp_of(&before);
		is = content_stamp_of(&after);
		if (r == 0 && content_stamp_same(&was, &is)) {
			memcpy(ret->sha256, sum, sizeof(sum));
			return 0;
		}
	}
	return -ESTALE;
}

/* May it be read, and what is it now? 0, -ENOTSUP, or -errno. */
static int
look_before(int held, const struct identity_wants *wants, struct content_stamp *ret)
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
	*ret = content_stamp_of(&st);
	memcpy(&ret->fsid, &fs.f_fsid, sizeof(ret->fsid));
	return 0;
}

static bool
take_cached(const struct identity_wants *wants, const struct content_stamp *now, struct identity *ret)
{
	const struct identity *c = wants->cached;

	if (!c || !content_stamp_same(&c->stamp, now) || c->stamp.fsid != now->fsid ||
	    (wants->digest && c->state != DIGEST_STATE__DIGEST_DONE) || (wants->elf && !c->elf_looked))
		return false;
	*ret = *c;
	if (!wants->digest) {
		ret->state = DIGEST_STATE__DIGEST_NOT_WANTED;
		memset(ret->sha256, 0, sizeof(ret->sha256));
	}
	if (!wants->elf) {
		ret->elf_looked = ret->is_elf = false;
		ret->elf = (struct elf_facts){ 0 };
	}
	return true;
}

/* After reading: was it all the while what it was before, and is it old enough to be known again by that? */
static bool
is_steady(int fd, const struct identity_wants *wants, const struct content_stamp *before, int64_t began_ns)
{
	struct content_stamp after;
	struct stat st;

	if (!filesystem_stamps_tell(wants->fs_type) || fstat(fd, &st) < 0)
		return false;
	after = content_stamp_of(&st);
	return content_stamp_same(before, &after) &&
	       content_stamp_is_settled(before->mtime_ns, before->ctime_ns, began_ns);
}

static int64_t
realtime_ns(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void
failed(DigestState state, int error, struct identity *ret)
{
	ret->state = state;
	ret->error = state == DIGEST_STATE__DIGEST_FAILED ? -error : 0;
}

void
identity_read(int held, const struct identity_wants *wants, struct crew_slot *slot, struct identity *ret)
{
	int64_t began_ns = realtime_ns();
	_cleanup_close_ int fd = -1;
	bool steady = true;
	struct stat st;
	int r;

	*ret = (struct identity){ .state = DIGEST_STATE__DIGEST_NOT_WANTED };
	r = look_before(held, wants, &ret->stamp);
	if (r == 0 && take_cached(wants, &ret->stamp, ret))
		return;
	if (r == 0)
		fd = root_reopen_regular(held, &st);
	if (r < 0 || fd < 0) {
		r = r < 0 ? r : fd;
		failed(r == -ENOTSUP ? DIGEST_STATE__DIGEST_NOT_ALLOWED : DIGEST_STATE__DIGEST_FAILED, r, ret);
		return;
	}
	ret->read = true;
	if (wants->elf)
		steady = elf_read(fd, (uint64_t) st.st_size, ret);
	r = wants->digest ? digest_read(fd, slot, ret) : 0;
	if (r < 0)
		failed(r == -ESTALE ? DIGEST_STATE__DIGEST_CHANGED_WHILE_READ : DIGEST_STATE__DIGEST_FAILED, r, ret);
	else if (wants->digest)
		ret->state = DIGEST_STATE__DIGEST_DONE;
	ret->steady = r == 0 && steady && is_steady(fd, wants, &ret->stamp, began_ns);
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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity of a file's content: SHA-256 and what its ELF headers say, read from an inode
 * that the caller holds. Used on both ends, so that like is compared with like.
 */
#pragma once

#include "base/digest.h"
#include "facts/snapshot.h"
#include "kernel/content-stamp.h"
#include "kernel/elf.h"

struct crew_slot;
struct leases;

struct identity_wants {
	bool digest;
	bool elf;
	const char *fs_type;		/* as in mountinfo; NULL: not known */
	const struct leases *leases;	/* that reading must not break; NULL: none */
	const struct identity *cached;	/* found in the digest cache: taken where it still is true; or NULL */
};

/* Fixed in size, so that it can be handed from a child to its parent. */
struct identity {
	uint32_t state;			/* a DigestState */
	int32_t error;			/* errno, of DIGEST_FAILED */
	bool read;			/* the file was opened: no build-id means that it has none */
	bool elf_looked;		/* its headers were looked at, if it is ELF */
	bool is_elf;
	bool cached;			/* not read now: it was in the digest cache */
	bool steady;			/* it was this content all the while, and any change would show in `stamp` */
	struct content_stamp stamp;
	uint64_t bytes;			/* that went through the digest */
	uint8_t sha256[DIGEST_SIZE];	/* of DIGEST_DONE */
	struct elf_facts elf;
};

/*
 * Reads what is wanted of the inode behind the O_PATH descriptor `held`, if it is a regular
 * file of a file system whose content may be read. What the cache knows of just this content is
 * taken without opening the file. A file that changes while it is read is read once more. Never fails: `ret` says what became of it. Beats `slot` (may be NULL).
 */
void identity_read(int held, const struct identity_wants *wants, struct crew_slot *slot,
		   struct identity *ret);

/*
 * The libraries that the program behind `fd`, a regular file open for reading, was linked with, as of
 * elf_needed(). 0; -ENOEXEC where it is no ELF file: a script; -errno.
 */
int identity_libraries(int fd, char *ret, size_t room);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the digest cache holds of one content, in bytes: a key made of the stamp by which it is
 * known again, and a record with what identity_read() found. Both are of this machine alone.
 */
#pragma once

#include "kernel/identity.h"

enum {
	BOOT_ID_ROOM = 40,		/* its 36 characters, and zeros */
	CONTENT_RECORD_MAX = 128 + ELF_BUILD_ID_MAX + 2 * ELF_NAME_MAX,
};

struct content_key {
	uint64_t dev, ino, size;
	int64_t mtime_ns, ctime_ns;
	char boot_id[BOOT_ID_ROOM];	/* where the number of the device is dealt out at each mount; else zeros */
};

/*
 * 0; -EOPNOTSUPP where the device has no number of its own (major 0: btrfs, overlay) and the
 * boot is not known (`boot_id` NULL).
 */
int content_key_make(const struct content_stamp *stamp, const char *boot_id, struct content_key *ret);

/* Writes what `id` holds to `out`; its length in bytes, or -errno. */
int content_record_pack(const struct content_key *key, const struct identity *id,
			uint8_t out[CONTENT_RECORD_MAX]);

/* Puts the sum over the key and the rest of the record into its beginning. 0 or -errno. */
int content_record_seal(const struct content_key *key, uint8_t *record, size_t n);

/* 0; -EBADMSG where it is not just what was packed under this key. The output is untouched on failure. */
int content_record_unpack(const struct content_key *key, const void *p, size_t n, struct identity *ret);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record of the digest cache:
 *
 *     sum[16] fsid sha256[32] flags isa… machine lengths | build-id | interpreter | soname
 *
 * The sum is the beginning of the SHA-256 over key and record, so that neither a bit that fell
 * over nor a record that came to stand under another key is believed. It does not keep out
 * somebody who may write the file: that is only ourselves (digest-store.c).
 */
#include "kernel/content-record.h"
#include <string.h>

enum { SUM_SIZE = 16 };

enum {
	HAS_DIGEST = 1 << 0,
	ELF_LOOKED = 1 << 1,
	IS_ELF = 1 << 2,
	ISA_NEEDED = 1 << 3,
	ISA_USED = 1 << 4,
	FEATURES_1 = 1 << 5,
	IFUNC = 1 << 6,
	IFUNC_KNOWN = 1 << 7,
	ALL_FLAGS = (1 << 8) - 1,
};

struct head {
	uint8_t sum[SUM_SIZE];
	uint64_t fsid;
	uint8_t sha256[DIGEST_SIZE];
	uint32_t flags;
	uint32_t isa_needed, isa_used, features_1;
	uint16_t machine, build_id_length, interpreter_length, soname_length;
	uint8_t elf_class, unused[7];
};

_Static_assert(sizeof(struct content_key) == 40 + BOOT_ID_ROOM, "a key has no holes");
_Static_assert(sizeof(struct head) == 88, "a record has no holes");
_Static_assert(sizeof(struct head) + ELF_BUILD_ID_MAX + 2 * ELF_NAME_MAX <= CONTENT_RECORD_MAX, "room");

int
content_key_make(const struct content_stamp *stamp, const char *boot_id, struct content_key *ret)
{
	bool anonymous = stamp->dev >> 32 == 0;

	if (anonymous && (!boot_id || !boot_id[0] || strlen(boot_id) >= BOOT_ID_ROOM))
		return -EOPNOTSUPP;
	*ret = (struct content_key){
		.dev = stamp->dev,
		.ino = stamp->ino,
		.size = stamp->size,
		.mtime_ns = stamp->mtime_ns,
		.ctime_ns = stamp->ctime_ns,
	};
	if (anonymous)
		memcpy(ret->boot_id, boot_id, strlen(boot_id));
	return 0;
}

static int
sum_of(const struct content_key *key, const uint8_t *record, size_t n, uint8_t ret[SUM_SIZE])
{
	_cleanup_digest_ struct digest *d = digest_new();
	uint8_t all[DIGEST_SIZE];

	if (!d)
		return -ENOMEM;
	if (digest_add(d, key, sizeof(*key)) < 0 || digest_add(d, record + SUM_SIZE, n - SUM_SIZE) < 0 ||
	    digest_end(d, all) < 0)
		return -EIO;
	memcpy(ret, all, SUM_SIZE);
	return 0;
}

static uint32_t
flags_of(const struct identity *id)
{
	const struct elf_facts *e = &id->elf;

	return (id->state == DIGEST_STATE__DIGEST_DONE ? HAS_DIGEST : 0) | (id->elf_looked ? ELF_LOOKED : 0) |
	       (id->is_elf ? IS_ELF : 0) | (e->has_isa_needed ? ISA_NEEDED : 0) |
	       (e->has_isa_used ? ISA_USED : 0) | (e->has_features_1 ? FEATURES_1 : 0) |
	       (e->has_ifunc ? IFUNC : 0) | (e->ifunc_known ? IFUNC_KNOWN : 0);
}

int
content_record_seal(const struct content_key *key, uint8_t *record, size_t n)
{
	return n < SUM_SIZE ? -EINVAL : sum_of(key, record, n, record);
}

static size_t
put(uint8_t *out, size_t at, const void *p, size_t n)
{
	memcpy(out + at, p, n);
	return at + n;
}

int
content_record_pack(const struct content_key *key, const struct identity *id, uint8_t out[CONTENT_RECORD_MAX])
{
	const struct elf_facts *e = &id->elf;
	struct head h = {
		.fsid = id->stamp.fsid,
		.flags = flags_of(id),
		.isa_needed = e->isa_needed,
		.isa_used = e->isa_used,
		.features_1 = e->features_1,
		.machine = e->machine,
		.build_id_length = (uint16_t) (e->build_id_length < ELF_BUILD_ID_MAX ? e->build_id_length : ELF_BUILD_ID_MAX),
		.interpreter_length = (uint16_t) strnlen(e->interpreter, ELF_NAME_MAX - 1),
		.soname_length = (uint16_t) strnlen(e->soname, ELF_NAME_MAX - 1),
		.elf_class = e->elf_class,
	};
	size_t n = 0;
	int r;

	if (h.flags & HAS_DIGEST)
		memcpy(h.sha256, id->sha256, DIGEST_SIZE);
	n = put(out, n, &h, sizeof(h));
	n = put(out, n, e->build_id, h.build_id_length);
	n = put(out, n, e->interpreter, h.interpreter_length);
	n = put(out, n, e->soname, h.soname_length);
	r = content_record_seal(key, out, n);
	return r < 0 ? r : (int) n;
}

static bool
head_is_sound(const struct head *h, size_t n)
{
	return h->build_id_length <= ELF_BUILD_ID_MAX && h->interpreter_length < ELF_NAME_MAX &&
	       h->soname_length < ELF_NAME_MAX && (h->flags & ~(uint32_t) ALL_FLAGS) == 0 &&
	       n == sizeof(*h) + h->build_id_length + h->interpreter_length + h->soname_length;
}

static void
elf_take(const struct head *h, const uint8_t *texts, struct elf_facts *ret)
{
	*ret = (struct elf_facts){
		.machine = h->machine,
		.elf_class = h->elf_class,
		.has_isa_needed = (h->flags & ISA_NEEDED) != 0,
		.has_isa_used = (h->flags & ISA_USED) != 0,
		.has_features_1 = (h->flags & FEATURES_1) != 0,
		.has_ifunc = (h->flags & IFUNC) != 0,
		.ifunc_known = (h->flags & IFUNC_KNOWN) != 0,
		.isa_needed = h->isa_needed,
		.isa_used = h->isa_used,
		.features_1 = h->features_1,
		.build_id_length = h->build_id_length,
	};
	memcpy(ret->build_id, texts, h->build_id_length);
	texts += h->build_id_length;
	memcpy(ret->interpreter, texts, h->interpreter_length);
	texts += h->interpreter_length;
	memcpy(ret->soname, texts, h->soname_length);
}

int
content_record_unpack(const struct content_key *key, const void *p, size_t n, struct identity *ret)
{
	struct identity id = { .read = true, .steady = true, .cached = true };
	uint8_t sum[SUM_SIZE];
	struct head h;

	if (n < sizeof(h) || n > CONTENT_RECORD_MAX)
		return -EBADMSG;
	memcpy(&h, p, sizeof(h));
	if (!head_is_sound(&h, n) || sum_of(key, p, n, sum) < 0 || memcmp(sum, h.sum, SUM_SIZE) != 0)
		return -EBADMSG;
	id.state = h.flags & HAS_DIGEST ? DIGEST_STATE__DIGEST_DONE : DIGEST_STATE__DIGEST_NOT_WANTED;
	id.elf_looked = (h.flags & ELF_LOOKED) != 0;
	id.is_elf = (h.flags & IS_ELF) != 0;
	memcpy(id.sha256, h.sha256, DIGEST_SIZE);
	elf_take(&h, (const uint8_t *) p + sizeof(h), &id.elf);
	id.stamp = (struct content_stamp){ .dev = key->dev, .ino = key->ino, .size = key->size,
					   .mtime_ns = key->mtime_ns, .ctime_ns = key->ctime_ns, .fsid = h.fsid };
	*ret = id;
	return 0;
}

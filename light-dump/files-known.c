/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A content that was read before stands while device, inode, size, time of change and of
 * content stand:
 *
 *     before   8:1 1312457  1926232 bytes  mtime …:17.402  ctime …:31.118   sha256 7c1e..0b
 *     now      8:1 1312457  1926232 bytes  mtime …:17.402  ctime …:31.118   the same
 *
 * Only where these say the truth: of a kernel that runs since; of file systems whose stamps tell
 * of a change (kernel/filesystem.h); not of what the tree may write through a mapping, which moves
 * the times at its first write only (write(2) moves them each time); and not of what changed
 * within two seconds of the earlier look (kernel/content-stamp.h).
 */
#include "light-dump/files-known.h"

#include "kernel/content-stamp.h"
#include "kernel/filesystem.h"

#include <errno.h>
#include <stdlib.h>

enum { MAX_BOOT_ID = 64 };

static uint64_t
device_of(const File *f)
{
	return (uint64_t) f->dev_major << 32 | f->dev_minor;
}

static int
by_inode(const File *a, const File *b)
{
	if (device_of(a) != device_of(b))
		return device_of(a) < device_of(b) ? -1 : 1;
	return (a->ino > b->ino) - (a->ino < b->ino);
}

static int
by_inode_in_array(const void *a, const void *b)
{
	return by_inode(*(const File *const *) a, *(const File *const *) b);
}

static bool
is_of_this_boot(const struct tree_context *c, const Snapshot *known)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct slice rest, line;

	if (c->root->recorded || !known->header || known->header->recorded ||
	    !known->header->has_taken_at_ns || !known->host || !known->host->boot_id)
		return false;
	if (root_read(c->root, "proc/sys/kernel/random/boot_id", &text, MAX_BOOT_ID) < 0)
		return false;
	rest = buffer_slice(&text);
	return slice_line(&rest, &line) && slice_eq(line, known->host->boot_id);
}

int
known_files_make(const struct tree_context *c, struct known_files *ret)
{
	const Snapshot *known = c->options->known;
	struct known_files k = { 0 };

	*ret = k;
	if (!known || !is_of_this_boot(c, known))
		return 0;
	k.file = calloc(known->n_file + 1, sizeof(*k.file));
	if (!k.file)
		return -ENOMEM;
	for (size_t i = 0; i < known->n_file; i++)
		if (known->file[i]->has_ino)
			k.file[k.n++] = known->file[i];
	qsort(k.file, k.n, sizeof(*k.file), by_inode_in_array);
	k.taken_at_ns = known->header->taken_at_ns;
	*ret = k;
	return 0;
}

void
known_files_free(struct known_files *k)
{
	free(k->file);
}

static bool
has_stamps(const File *f)
{
	return f->has_ino && f->has_size && f->has_mtime_ns && f->has_ctime_ns;
}

bool
file_may_be_written_by_mapping(const File *f)
{
	return f->used_write && (f->used_map || f->used_map_exec);
}

/* All records of the inode must say so. */
static bool
stands(const struct known_files *k, const File *was, const File *f)
{
	return has_stamps(was) && !file_may_be_written_by_mapping(was) && was->size == f->size &&
	       was->mtime_ns == f->mtime_ns && was->ctime_ns == f->ctime_ns &&
	       content_stamp_is_settled(was->mtime_ns, was->ctime_ns, k->taken_at_ns);
}

const File *
known_files_find(const struct known_files *k, const File *f)
{
	size_t low = 0, high = k->n;

	if (!has_stamps(f) || file_may_be_written_by_mapping(f) || !filesystem_stamps_tell(f->fs_type))
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_inode(k->file[middle], f) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == k->n || by_inode(k->file[low], f) != 0)
		return NULL;
	for (size_t i = low; i < k->n && by_inode(k->file[i], f) == 0; i++)
		if (!stands(k, k->file[i], f))
			return NULL;
	return k->file[low];
}

static int
copy_bytes(ProtobufCBinaryData from, struct arena *arena, ProtobufCBinaryData *ret)
{
	uint8_t *copy = arena_memdup(arena, from.data, from.len);

	if (!copy)
		return -ENOMEM;
	*ret = (ProtobufCBinaryData){ .data = copy, .len = from.len };
	return 0;
}

static int
copy_text(const char *from, struct arena *arena, char **ret)
{
	*ret = from ? arena_strdup(arena, from) : NULL;
	return from && !*ret ? -ENOMEM : 0;
}

static int
copy_elf(const ElfFacts *from, struct arena *arena, ElfFacts **ret)
{
	ElfFacts *elf = NEW_FACT(arena, ElfFacts, elf_facts);
	ProtobufCMessage base;

	if (!elf)
		return -ENOMEM;
	base = elf->base;
	*elf = *from;
	elf->base = base;
	*ret = elf;
	if (copy_text(from->interpreter, arena, &elf->interpreter) < 0)
		return -ENOMEM;
	return copy_text(from->soname, arena, &elf->soname);
}

int
known_file_take(const File *known, bool digest, struct arena *arena, File *f)
{
	int r = 0;

	if (digest) {
		SET_FACT(f, digest_state, DIGEST_STATE__DIGEST_DONE);
		f->has_sha256 = true;
		r = copy_bytes(known->sha256, arena, &f->sha256);
	}
	if (known->has_elf_looked)
		SET_FACT(f, elf_looked, known->elf_looked);
	if (r == 0 && known->elf)
		r = copy_elf(known->elf, arena, &f->elf);
	if (r == 0 && known->has_build_id) {
		f->has_build_id = true;
		r = copy_bytes(known->build_id, arena, &f->build_id);
	}
	return r;
}

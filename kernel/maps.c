/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line a mapping, rising addresses; the name, where there is one, begins at a fixed column:
 *
 *     56248c6bf000-56248c6c5000 r-xp 00002000 fe:00 247498                     /usr/bin/head
 *     7f0c5c000000-7f0c5c021000 rw-p 00000000 00:00 0
 *     7f3ac2d5c000-7f3ac2d5d000 rw-s 00000000 00:01 2063                       /dev/zero (deleted)
 *     7ffd6f3f1000-7ffd6f412000 rw-p 00000000 00:00 0                          [stack]
 */
#include "kernel/maps.h"

#include <errno.h>

#include "base/cleanup.h"

static int
parse_prot(struct slice word, uint32_t *ret)
{
	static const char letters[] = "rwx";
	uint32_t prot = 0;

	if (word.n != 4)
		return -EBADMSG;
	for (unsigned int i = 0; i < 3; i++) {
		if (word.p[i] == letters[i])
			prot |= 1U << i;
		else if (word.p[i] != '-')
			return -EBADMSG;
	}
	if (word.p[3] == 's')
		prot |= MAPS_SHARED;
	else if (word.p[3] != 'p')
		return -EBADMSG;
	*ret = prot;
	return 0;
}

static int
parse_numbers(struct slice *line, struct maps_entry *e)
{
	struct slice start, end, prot, offset, major, minor, ino;

	if (!slice_field(line, '-', &start) || !slice_field(line, ' ', &end) ||
	    !slice_field(line, ' ', &prot) || !slice_field(line, ' ', &offset) ||
	    !slice_field(line, ':', &major) || !slice_field(line, ' ', &minor) ||
	    !slice_field(line, ' ', &ino))
		return -EBADMSG;
	if (parse_u64(start, 16, &e->start) < 0 || parse_u64(end, 16, &e->end) < 0 ||
	    parse_prot(prot, &e->prot) < 0 || parse_u64(offset, 16, &e->offset) < 0 ||
	    parse_u32(major, 16, &e->dev_major) < 0 || parse_u32(minor, 16, &e->dev_minor) < 0 ||
	    parse_u64(ino, 10, &e->ino) < 0)
		return -EBADMSG;
	return e->start < e->end ? 0 : -EBADMSG;
}

int
maps_next(struct slice *rest, struct maps_entry *ret)
{
	struct maps_entry e = { 0 };
	struct slice line;
	int r;

	if (!slice_line(rest, &line))
		return 0;
	r = parse_numbers(&line, &e);
	if (r < 0)
		return r;
	while (line.n > 0 && line.p[0] == ' ') {
		line.p++;
		line.n--;
	}
	e.name = line;
	*ret = e;
	return 1;
}

/* Names that the kernel gives to objects of its own, all on devices without a major number. */
static const struct {
	const char *prefix;
	bool deleted;			/* only with " (deleted)" behind it */
} own_names[] = {
	{ "/memfd:", true },
	{ "/SYSV", true },
	{ "/dev/zero", true },
	{ "/secretmem", true },
	{ "/anon_hugepage", true },
	{ "/drm mm object", true },
	{ "/i915", true },
	{ "/dmabuf:", false },
	{ "/[aio]", false },
};

bool
maps_is_path(const struct maps_entry *e)
{
	if (e->ino == 0 || !slice_starts(e->name, "/"))
		return false;
	if (e->dev_major != 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(own_names); i++)
		if (slice_starts(e->name, own_names[i].prefix) &&
		    (!own_names[i].deleted || slice_ends(e->name, " (deleted)")))
			return false;
	return true;
}

size_t
maps_unescape(struct slice s, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		bool newline = s.n - i >= 4 && memcmp(s.p + i, "\\012", 4) == 0;

		out[n++] = newline ? '\n' : s.p[i];
		i += newline ? 3 : 0;
	}
	out[n] = '\0';
	return n;
}

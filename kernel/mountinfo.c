/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of /proc/PID/mountinfo:
 *
 *     36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 *     31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - tmpfs tmpfs rw,mode=755
 *     77 27 0:41 / /mnt/with\040blank rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u
 *
 * id, parent, device, root in the file system, mountpoint, options of the mount; any number of
 * optional fields up to a "-"; type, source (it may be empty: two blanks), options of the
 * superblock. Blank, tab, newline and backslash stand as octal escapes.
 */
#include "kernel/mountinfo.h"
#include <errno.h>

static char *
unescaped(struct arena *arena, struct slice s)
{
	char *out = arena_alloc(arena, s.n + 1);

	if (out)
		(void) unescape_octal(s, out);
	return out;
}

/* A name we do not know is kept: CRIU stumbles over it, and so must a rule be able to. */
static int
optional_take(struct slice field, struct arena *arena, Mount *m)
{
	struct slice value = field;
	uint32_t id;

	if (slice_eq(field, "unbindable")) {
		SET_FACT(m, unbindable, true);
		return 0;
	}
	if (slice_cut(&value, "shared:") && parse_u32(value, 10, &id) == 0) {
		SET_FACT(m, shared, id);
		return 0;
	}
	if (slice_cut(&value, "master:") && parse_u32(value, 10, &id) == 0) {
		SET_FACT(m, master, id);
		return 0;
	}
	if (slice_cut(&value, "propagate_from:") && parse_u32(value, 10, &id) == 0) {
		SET_FACT(m, propagate_from, id);
		return 0;
	}
	if (m->unknown_optional)
		return 0;
	m->unknown_optional = arena_strndup(arena, field.p, field.n);
	return m->unknown_optional ? 0 : -ENOMEM;
}

static int
numbers_take(struct slice *line, Mount *m)
{
	struct slice id, parent, major, minor;
	uint32_t v[4];

	if (!slice_field(line, ' ', &id) || !slice_field(line, ' ', &parent) ||
	    !slice_field(line, ':', &major) || !slice_field(line, ' ', &minor))
		return -EBADMSG;
	if (parse_u32(id, 10, &v[0]) < 0 || parse_u32(parent, 10, &v[1]) < 0 ||
	    parse_u32(major, 10, &v[2]) < 0 || parse_u32(minor, 10, &v[3]) < 0)
		return -EBADMSG;
	SET_FACT(m, id, v[0]);
	SET_FACT(m, parent, v[1]);
	SET_FACT(m, dev_major, v[2]);
	SET_FACT(m, dev_minor, v[3]);
	return 0;
}

static int
line_parse(struct slice line, struct arena *arena, Mount *m)
{
	struct slice root, mountpoint, options, field, type, source, super;
	int r;

	SET_FACT(m, line_length, (uint32_t) line.n);
	r = numbers_take(&line, m);
	if (r < 0)
		return r;
	if (!slice_field(&line, ' ', &root) || !slice_field(&line, ' ', &mountpoint) ||
	    !slice_field(&line, ' ', &options))
		return -EBADMSG;
	for (;;) {
		if (!slice_field(&line, ' ', &field))
			return -EBADMSG;
		if (slice_eq(field, "-"))
			break;
		r = optional_take(field, arena, m);
		if (r < 0)
			return r;
	}
	if (!slice_field(&line, ' ', &type) || !slice_field(&line, ' ', &source) || type.n == 0)
		return -EBADMSG;
	super = line;
	m->root = unescaped(arena, root);
	m->mountpoint = unescaped(arena, mountpoint);
	m->options = unescaped(arena, options);
	m->fs_type = unescaped(arena, type);
	m->source = unescaped(arena, source);
	m->super_options = unescaped(arena, super);
	return m->root && m->mountpoint && m->options && m->fs_type && m->source &&
		       m->super_options ? 0 : -ENOMEM;
}

int
mountinfo_parse(struct slice text, struct arena *arena, uint64_t mnt_ns, Mount ***mount, size_t *n)
{
	struct slice line;
	int bad = 0, r;
	Mount *m;

	while (slice_line(&text, &line)) {
		m = NEW_FACT(arena, Mount, mount);
		if (!m)
			return -ENOMEM;
		SET_FACT(m, mnt_ns, mnt_ns);
		r = line_parse(line, arena, m);
		if (r == -EBADMSG) {
			bad = r;
			continue;
		}
		if (r == 0)
			r = ADD_FACT(arena, *mount, *n, m);
		if (r < 0)
			return r;
	}
	return bad;
}

bool
mount_has_option(const char *options, const char *option)
{
	struct slice rest = slice_of(options ? options : ""), word;

	while (slice_field(&rest, ',', &word))
		if (slice_eq(word, option))
			return true;
	return false;
}

static bool
covers(const char *mountpoint, const char *path, size_t *ret_length)
{
	size_t n = strlen(mountpoint);

	if (n > 0 && mountpoint[n - 1] == '/')
		n--;
	*ret_length = n;
	return strncmp(mountpoint, path, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

const Mount *
mount_of_path(Mount *const *mount, size_t n, uint64_t mnt_ns, const char *path)
{
	const Mount *best = NULL;
	size_t best_length = 0, length;

	for (size_t i = 0; i < n; i++) {
		if (mount[i]->mnt_ns != mnt_ns || !mount[i]->mountpoint)
			continue;
		if (!covers(mount[i]->mountpoint, path, &length))
			continue;
		if (!best || length >= best_length) {
			best = mount[i];
			best_length = length;
		}
	}
	return best;
}

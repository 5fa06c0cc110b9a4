/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link in /proc/PID/ns reads as the kind and the inode number of the namespace; a line of
 * uid_map is the first id inside, the first outside and how many:
 *
 *     net:[4026531840]
 *              0     100000      65536
 */
#include "kernel/nslink.h"

static const struct {
	const char *name;		/* how the link's text begins */
	NamespaceKind kind;
} kinds[] = {
	{ "cgroup:[", NAMESPACE_KIND__NS_CGROUP }, { "ipc:[", NAMESPACE_KIND__NS_IPC },
	{ "mnt:[", NAMESPACE_KIND__NS_MNT },	   { "net:[", NAMESPACE_KIND__NS_NET },
	{ "pid:[", NAMESPACE_KIND__NS_PID },	   { "time:[", NAMESPACE_KIND__NS_TIME },
	{ "user:[", NAMESPACE_KIND__NS_USER },	   { "uts:[", NAMESPACE_KIND__NS_UTS },
};

int
nslink_parse(struct slice text, NamespaceKind *ret_kind, uint64_t *ret_ino)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint64_t ino;

		if (!slice_cut(&text, kinds[i].name))
			continue;
		if (!slice_cut_end(&text, "]") || parse_u64(text, 10, &ino) < 0)
			return -EINVAL;
		*ret_kind = kinds[i].kind;
		*ret_ino = ino;
		return 0;
	}
	return -EINVAL;
}

#define MEMBER(field) offsetof(NamespaceSet, field), offsetof(NamespaceSet, has_##field)

static const struct {
	const char *link;
	size_t value, has;
	bool alone;			/* a thread can enter it without the others: setns(2), unshare(2) */
} links[] = {
	{ "ns/cgroup", MEMBER(cgroup), true },
	{ "ns/ipc", MEMBER(ipc), true },
	{ "ns/mnt", MEMBER(mnt), true },
	{ "ns/net", MEMBER(net), true },
	{ "ns/pid", MEMBER(pid), false },
	{ "ns/pid_for_children", MEMBER(pid_for_children), true },
	{ "ns/time", MEMBER(time), false },
	{ "ns/time_for_children", MEMBER(time_for_children), true },
	{ "ns/user", MEMBER(user), false },
	{ "ns/uts", MEMBER(uts), true },
};

static int
read_links(const struct root *proc, bool thread, NamespaceSet *set)
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		char text[64];
		NamespaceKind kind;
		uint64_t ino;
		int n;

		if (thread && !links[i].alone)
			continue;
		n = root_magic_readlink(proc, links[i].link, text, sizeof(text));
		if (n == -ENOENT)
			continue;
		if (n < 0)
			return n;
		if (nslink_parse((struct slice){ .p = text, .n = (size_t) n }, &kind, &ino) < 0)
			return -EBADMSG;
		memcpy((char *) set + links[i].value, &ino, sizeof(ino));
		*(protobuf_c_boolean *) (void *) ((char *) set + links[i].has) = true;
	}
	return 0;
}

int
nsset_read(const struct root *proc_pid, NamespaceSet *ret)
{
	return read_links(proc_pid, false, ret);
}

int
nsset_read_thread(const struct root *proc_tid, const NamespaceSet *leader, NamespaceSet *ret)
{
	*ret = *leader;
	return read_links(proc_tid, true, ret);
}

bool
nsset_equal(const NamespaceSet *a, const NamespaceSet *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (memcmp((const char *) a + links[i].value, (const char *) b + links[i].value,
			   sizeof(uint64_t)) != 0)
			return false;
	return true;
}

int
idmap_parse(struct slice text, struct arena *arena, IdRange ***range, size_t *n)
{
	struct slice line;
	int r;

	while (slice_line(&text, &line)) {
		struct slice inside, outside, count;
		IdRange *one = NEW_FACT(arena, IdRange, id_range);

		if (!one)
			return -ENOMEM;
		if (!slice_word(&line, &inside) || !slice_word(&line, &outside) ||
		    !slice_word(&line, &count) || parse_u32(inside, 10, &one->inside) < 0 ||
		    parse_u32(outside, 10, &one->outside) < 0 || parse_u32(count, 10, &one->count) < 0)
			return -EBADMSG;
		one->has_inside = true;
		one->has_outside = true;
		one->has_count = true;
		r = ADD_FACT(arena, *range, *n, one);
		if (r < 0)
			return r;
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that the tree may share with processes outside: writable shared mappings without a file
 * on a disk (anonymous ones, memfds, SysV segments, files of a tmpfs). Who else has one mapped is
 * seen in the maps of the others, which are read only where the tree has such a mapping:
 *
 *     7faa6c6fc000-7faa6c6fe000 rw-s 00000000 00:01 251002      /dev/zero (deleted)
 *
 * An anonymous one has no name to open: it passes by fork(2) alone, and exec(2) ends it. So for
 * these only processes are asked that run a program of the tree.
 */
#include "light-dump/collectors.h"

#include "kernel/stat.h"
#include "light-dump/intern.h"
#include "light-dump/join.h"
#include "light-dump/procfile.h"

enum { PROT_IS_SHARED = 8, PROT_IS_WRITE = 2, MAX_WANTED = 4096 };

struct thing {
	Mapping *mapping;		/* the first of the tree; the others are told as well */
	uint64_t ipc;			/* of a SysV segment, whose number means something there alone */
	bool anonymous;
};

struct hunt {
	struct tree_context *c;
	struct root proc;		/* /proc */
	struct intern keys;
	struct thing *thing;
	size_t n, named, found;
	struct intern programs;		/* dev and inode of what the tree executes */
	struct buffer text;
};

static void
cleanup_hunt(struct hunt *h)
{
	root_close(&h->proc);
	intern_free(&h->keys);
	intern_free(&h->programs);
	free(h->thing);
	buffer_free(&h->text);
}

static struct intern_key
key_of(uint64_t major, uint64_t minor, uint64_t ino)
{
	return (struct intern_key){ .number = { major, minor, ino }, .text = SLICE("") };
}

static bool
is_memory(const Snapshot *s, const Mapping *m, struct intern_key *ret)
{
	const File *f = m->has_file && m->file < s->n_file ? s->file[m->file] : NULL;

	if ((m->prot & (PROT_IS_SHARED | PROT_IS_WRITE)) != (PROT_IS_SHARED | PROT_IS_WRITE))
		return false;
	if (!f) {
		*ret = key_of(m->dev_major, m->dev_minor, m->ino);
		return m->has_ino && m->ino && m->name && m->dev_major == 0;
	}
	*ret = key_of(f->dev_major, f->dev_minor, f->ino);
	return f->has_ino && f->fs_type && streq(f->fs_type, "tmpfs");
}

static int
want(struct hunt *h, const Process *p, Mapping *m, const struct intern_key *key)
{
	struct thing *t;
	uint32_t at;

	if (intern_find(&h->keys, key, &at) || h->n == MAX_WANTED)
		return 0;
	if (!h->thing)
		h->thing = calloc(MAX_WANTED, sizeof(*h->thing));
	if (!h->thing)
		return -ENOMEM;
	t = &h->thing[h->n];
	t->mapping = m;
	t->anonymous = m->name && slice_starts(slice_of(m->name), "/dev/zero");
	if (m->name && slice_starts(slice_of(m->name), "/SYSV") && p->ns)
		t->ipc = p->ns->ipc;
	h->named += !t->anonymous;
	return intern_add(&h->keys, key, (uint32_t) h->n++);
}

static int
list_wanted(struct hunt *h)
{
	const Snapshot *s = h->c->snapshot->facts;
	struct intern_key key;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_process; i++) {
		const Process *p = s->process[i];
		const File *exe = p->exe && p->exe->has_file && p->exe->file < s->n_file ?
					  s->file[p->exe->file] : NULL;
		struct intern_key program = key_of(exe ? exe->dev_major : 0, exe ? exe->dev_minor : 0,
						   exe ? exe->ino : 0);
		uint32_t at;

		if (exe && !intern_find(&h->programs, &program, &at))
			r = intern_add(&h->programs, &program, 0);
		for (size_t k = 0; r == 0 && k < p->n_mapping; k++)
			if (is_memory(s, p->mapping[k], &key))
				r = want(h, p, p->mapping[k], &key);
	}
	return r;
}

static bool
runs_a_program_of_the_tree(const struct hunt *h, const struct root *proc)
{
	struct intern_key key;
	struct statx st;
	uint32_t at;

	if (root_magic_statx(proc, "exe", &st) < 0)
		return false;
	key = key_of(st.stx_dev_major, st.stx_dev_minor, st.stx_ino);
	return intern_find(&h->programs, &key, &at);
}

static bool
lives_in_ipc(const struct root *proc, uint64_t ipc)
{
	struct statx st;

	return root_magic_statx(proc, "ns/ipc", &st) == 0 && st.stx_ino == ipc;
}

static int
note(struct hunt *h, const struct thing *t, const struct root *proc, int pid)
{
	struct task_stat s;

	if (t->mapping->has_outside_pid || (t->ipc && !lives_in_ipc(proc, t->ipc)) ||
	    procfile_read(proc, "stat", &h->text) < 0 || stat_parse(buffer_slice(&h->text), &s) < 0)
		return 0;
	h->found++;
	SET_FACT(t->mapping, outside_pid, pid);
	t->mapping->outside_comm = arena_strndup(h->c->snapshot->arena, s.comm.p, s.comm.n);
	return t->mapping->outside_comm ? 0 : -ENOMEM;
}

/* "7faa6c6fc000-7faa6c6fe000 rw-s 00000000 00:01 251002 …": what it maps, if it is shared. */
static bool
line_key(struct slice line, struct intern_key *ret)
{
	struct slice word, major;
	uint32_t number[2];
	uint64_t ino;

	if (!slice_word(&line, &word) || !slice_word(&line, &word) || word.n != 4 || word.p[3] != 's' ||
	    !slice_word(&line, &word) || !slice_word(&line, &word) || !slice_field(&word, ':', &major) ||
	    parse_u32(major, 16, &number[0]) < 0 || parse_u32(word, 16, &number[1]) < 0 ||
	    !slice_word(&line, &word) || parse_u64(word, 10, &ino) < 0 || ino == 0)
		return false;
	*ret = key_of(number[0], number[1], ino);
	return true;
}

static int
look_at(struct hunt *h, int pid)
{
	_cleanup_root_ struct root proc = ROOT_NONE;
	_cleanup_buffer_ struct buffer maps = { 0 };
	struct slice rest, line;
	char name[16];
	int r = 0;

	(void) snprintf(name, sizeof(name), "%d", pid);
	if (root_sub(&h->proc, name, &proc) < 0)
		return 0;
	if (h->named == 0 && !runs_a_program_of_the_tree(h, &proc))
		return 0;
	if (procfile_read_all(&proc, "maps", &maps) < 0)
		return 0;
	rest = buffer_slice(&maps);
	while (r == 0 && slice_line(&rest, &line)) {
		struct intern_key key;
		uint32_t at;

		if (line_key(line, &key) && intern_find(&h->keys, &key, &at))
			r = note(h, &h->thing[at], &proc, pid);
	}
	return r;
}

int
outside_memory_collect(struct tree_context *c)
{
	struct hunt h cleanup(cleanup_hunt) = { .c = c, .proc = ROOT_NONE };
	_cleanup_numbers_ struct numbers pids = { 0 };
	int r;

	if (c->root->recorded)
		return 0;
	r = list_wanted(&h);
	if (r < 0 || h.n == 0)
		return r;
	r = root_sub(c->root, "proc", &h.proc);
	if (r == 0)
		r = procfile_numbers(&h.proc, ".", MAX_TASKS, &pids);
	for (size_t i = 0; r == 0 && i < pids.n && h.found < h.n; i++)
		if (!process_of_tree(c->snapshot->facts, pids.number[i]))
			r = look_at(&h, pids.number[i]);
	return r;
}

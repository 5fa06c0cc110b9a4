/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each worker has numbered the files and cgroup sets that it met in its own way. Walking over
 * the processes in the order of their pids, each is looked up among those of the snapshot and
 * appended when it is new. So equal trees give equal snapshots, whoever read what.
 */
#include "light-dump/join.h"

#include "kernel/cgroup.h"
#include "kernel/maps.h"

#include <fcntl.h>

/* A worker's index to the snapshot's; 0: not yet known, else the index and one. */
struct translation {
	const struct worker *worker;
	uint32_t *file, *set;
};

/* What is remembered of a file of the snapshot while its uses are counted. */
struct use {
	const Process *last_user;
	unsigned int strength;		/* of the strongest descriptor so far */
	bool not_append;		/* used otherwise than by appending */
};

struct join {
	struct snapshot *s;
	struct intern files;		/* by identity */
	struct translation *translation;
	size_t n_translations;
	struct use *use;		/* in step with the snapshot's files */
	size_t use_room;
};

static void
cleanup_join(struct join *j)
{
	for (size_t i = 0; i < j->n_translations; i++) {
		free(j->translation[i].file);
		free(j->translation[i].set);
	}
	free(j->translation);
	free(j->use);
	intern_free(&j->files);
}

static struct translation *
translation_of(struct join *j, const struct worker *w)
{
	struct translation *t;

	for (size_t i = 0; i < j->n_translations; i++)
		if (j->translation[i].worker == w)
			return &j->translation[i];
	t = reallocarray(j->translation, j->n_translations + 1, sizeof(*t));
	if (!t)
		return NULL;
	j->translation = t;
	t = &t[j->n_translations];
	*t = (struct translation){
		.worker = w,
		.file = calloc(w->n_file + 1, sizeof(uint32_t)),
		.set = calloc(w->n_set + 1, sizeof(uint32_t)),
	};
	j->n_translations++;
	return t->file && t->set ? t : NULL;
}

static int
file_append(struct join *j, File *f)
{
	Snapshot *s = j->s->facts;

	if (s->n_file >= j->use_room) {
		size_t room = j->use_room ? j->use_room * 2 : 256;
		struct use *p = reallocarray(j->use, room, sizeof(*p));

		if (!p)
			return -ENOMEM;
		j->use = p;
		j->use_room = room;
	}
	j->use[s->n_file] = (struct use){ 0 };
	return ADD_FACT(j->s->arena, s->file, s->n_file, f);
}

static int
file_intern(struct join *j, File *f, uint32_t *ret)
{
	struct intern_key key = {
		.number = { f->mnt_ns, (uint64_t) f->dev_major << 32 | f->dev_minor, f->ino,
			    f->deleted },
		.text = slice_of(f->path),
	};
	int r;

	if (intern_find(&j->files, &key, ret))
		return 0;
	*ret = (uint32_t) j->s->facts->n_file;
	r = file_append(j, f);
	return r < 0 ? r : intern_add(&j->files, &key, *ret);
}

static int
translate_file(struct join *j, const struct translation *t, uint32_t *index)
{
	uint32_t *known = &t->file[*index];
	uint32_t global;
	int r;

	if (*known == 0) {
		r = file_intern(j, t->worker->file[*index], &global);
		if (r < 0)
			return r;
		*known = global + 1;
	}
	*index = *known - 1;
	return 0;
}

static int
translate_set(struct join *j, const struct translation *t, uint32_t *index)
{
	uint32_t *known = &t->set[*index];
	uint32_t global;
	int r;

	if (*known == 0) {
		r = cgroup_set_intern(j->s, t->worker->set[*index], &global);
		if (r < 0)
			return r;
		*known = global + 1;
	}
	*index = *known - 1;
	return 0;
}

/* The snapshot's file of a worker's index, which is replaced; counted as used by `p`. */
static File *
use_file(struct join *j, const struct translation *t, const Process *p, uint32_t *index)
{
	struct use *use;
	File *f;

	if (translate_file(j, t, index) < 0)
		return NULL;
	f = j->s->facts->file[*index];
	use = &j->use[*index];
	if (use->last_user != p) {
		use->last_user = p;
		SET_FACT(f, users, f->users + 1);
		if (!f->has_user_pid)
			SET_FACT(f, user_pid, p->pid);
	}
	return f;
}

/* O_PATH opens nothing; then reading, writing, both. */
static unsigned int
strength_of(uint32_t flags)
{
	if (flags & O_PATH)
		return 1;
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return 2;
	case O_WRONLY:
		return 3;
	default:
		return 4;
	}
}

static int
join_fd(struct join *j, const struct translation *t, const Process *p, Fd *fd)
{
	unsigned int strength = strength_of(fd->flags);
	struct use *use;
	File *f;

	if (!fd->has_file)
		return 0;
	f = use_file(j, t, p, &fd->file);
	if (!f)
		return -ENOMEM;
	use = &j->use[fd->file];
	SET_FACT(f, used_fd, true);
	if (strength > 2)
		SET_FACT(f, used_write, true);
	if (strength != 3 || !(fd->flags & O_APPEND))
		use->not_append = true;
	if (strength > use->strength) {
		use->strength = strength;
		SET_FACT(f, fd_flags, fd->flags);
	}
	return 0;
}

static int
join_mapping(struct join *j, const struct translation *t, const Process *p, Mapping *m)
{
	const uint32_t shared_write = MAPS_SHARED | MAPS_WRITE;
	File *f;

	if (!m->has_file)
		return 0;
	f = use_file(j, t, p, &m->file);
	if (!f)
		return -ENOMEM;
	SET_FACT(f, used_map, true);
	if (m->prot & MAPS_EXECUTE)
		SET_FACT(f, used_map_exec, true);
	if ((m->prot & shared_write) == shared_write)
		SET_FACT(f, used_write, true);
	j->use[m->file].not_append = true;
	return 0;
}

static int
join_paths(struct join *j, const struct translation *t, Process *p)
{
	PathUse *const use[] = { p->exe, p->cwd, p->root };

	for (size_t i = 0; i < ARRAY_SIZE(use); i++) {
		File *f;

		if (!use[i] || !use[i]->has_file)
			continue;
		f = use_file(j, t, p, &use[i]->file);
		if (!f)
			return -ENOMEM;
		if (use[i] == p->exe)
			SET_FACT(f, used_exe, true);
		else if (use[i] == p->cwd)
			SET_FACT(f, used_cwd, true);
		else
			SET_FACT(f, used_root, true);
		j->use[use[i]->file].not_append = true;
	}
	return 0;
}

static int
join_process(struct join *j, const struct translation *t, Process *p)
{
	int r;

	r = join_paths(j, t, p);
	if (r < 0)
		return r;
	for (size_t i = 0; i < p->n_fd; i++) {
		r = join_fd(j, t, p, p->fd[i]);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < p->n_mapping; i++) {
		r = join_mapping(j, t, p, p->mapping[i]);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < p->n_thread; i++) {
		r = p->thread[i]->has_cgroup_set ?
			    translate_set(j, t, &p->thread[i]->cgroup_set) :
			    0;
		if (r < 0)
			return r;
	}
	return ADD_FACT(j->s->arena, j->s->facts->process, j->s->facts->n_process, p);
}

static struct slice
text_of(const char *s)
{
	return slice_of(s ? s : "");
}

/* Equal gaps of many tasks are one, of the lowest pid. */
static int
join_gaps(struct snapshot *s, const struct gaps *gaps, struct intern *known)
{
	struct gaps one;
	int r;

	for (size_t i = 0; i < gaps->n; i++) {
		Gap *gap = gaps->gap[i];
		char *text = arena_printf(s->arena, "%s\n%s\n%s", gap->collector, gap->reason,
					  text_of(gap->subject).p);
		struct intern_key key = { .number = { gap->domain, gap->effect } };
		uint32_t found;

		if (!text)
			return -ENOMEM;
		key.text = slice_of(text);
		if (intern_find(known, &key, &found))
			continue;
		one = (struct gaps){ .arena = gaps->arena, .gap = &gap, .n = 1 };
		r = gaps_join(s, &one);
		if (r < 0)
			return r;
		r = intern_add(known, &key, 0);
		if (r < 0)
			return r;
	}
	return 0;
}

int
join_records(struct snapshot *s, struct record *const *record, size_t n)
{
	cleanup(cleanup_join) struct join j = { .s = s };
	_cleanup_intern_ struct intern known_gaps = { 0 };
	int r;

	for (size_t i = 0; i < n; i++) {
		const struct translation *t = translation_of(&j, record[i]->worker);

		r = t ? join_process(&j, t, record[i]->process) : -ENOMEM;
		if (r < 0)
			return r;
		r = join_gaps(s, &record[i]->gaps, &known_gaps);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < s->facts->n_file; i++)
		SET_FACT(s->facts->file[i], used_append_only,
			 s->facts->file[i]->used_fd && !j.use[i].not_append);
	return 0;
}

Process *
process_of_tree(const Snapshot *s, int pid)
{
	size_t low = 0, high = s->n_process;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->process[middle]->pid == pid)
			return s->process[middle];
		if (s->process[middle]->pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

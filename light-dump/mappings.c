/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mappings of a process, in one walk over /proc/PID/maps: see kernel/maps.c for the text.
 * The page tables are not walked (that would be smaps).
 */
#include "light-dump/collectors.h"

#include "kernel/maps.h"
#include "light-dump/worker.h"

/* The file of the line before: a library has four or five mappings in a row. */
struct last_file {
	struct slice name;
	uint64_t ino;
	uint32_t dev_major, dev_minor;
	uint32_t index;
};

static bool
is_same_file(const struct last_file *last, const struct maps_entry *e)
{
	return last->name.n == e->name.n && last->ino == e->ino &&
	       last->dev_major == e->dev_major && last->dev_minor == e->dev_minor &&
	       memcmp(last->name.p, e->name.p, e->name.n) == 0;
}

static int
set_file(struct task_context *c, const struct maps_entry *e, struct last_file *last, Mapping *m)
{
	struct slice text = e->name;
	int r;

	if (!is_same_file(last, e)) {
		if (memchr(text.p, '\\', text.n)) {
			char *plain = arena_alloc(c->arena, text.n + 1);

			if (!plain)
				return -ENOMEM;
			text = (struct slice){ plain, maps_unescape(text, plain) };
		}
		r = path_file_of_mapping(c, e, text, &last->index);
		if (r < 0)
			return r;
		last->name = e->name;
		last->ino = e->ino;
		last->dev_major = e->dev_major;
		last->dev_minor = e->dev_minor;
	}
	SET_FACT(m, file, last->index);
	return 0;
}

static int
set_name(struct task_context *c, const struct maps_entry *e, Mapping *m)
{
	if (e->ino != 0) {
		SET_FACT(m, ino, e->ino);
		SET_FACT(m, dev_major, e->dev_major);
		SET_FACT(m, dev_minor, e->dev_minor);
	}
	if (e->name.n == 0)
		return 0;
	m->name = arena_strndup(c->arena, e->name.p, e->name.n);
	return m->name ? 0 : -ENOMEM;
}

static int
add_mapping(struct task_context *c, const struct maps_entry *e, struct last_file *last)
{
	Mapping *m = NEW_FACT(c->arena, Mapping, mapping);
	int r;

	if (!m)
		return -ENOMEM;
	SET_FACT(m, start, e->start);
	SET_FACT(m, end, e->end);
	SET_FACT(m, prot, e->prot);
	SET_FACT(m, offset, e->offset);
	r = maps_is_path(e) ? set_file(c, e, last, m) : set_name(c, e, m);
	if (r < 0)
		return r;
	return ADD_FACT(c->arena, c->process->mapping, c->process->n_mapping, m);
}

int
mappings_collect(struct task_context *c)
{
	struct last_file last = { .name = SLICE("") };
	struct maps_entry e;
	struct slice rest;
	int r;

	r = procfile_read_all(&c->proc, "maps", c->text);
	if (r < 0)
		return r;
	rest = buffer_slice(c->text);
	for (;;) {
		r = maps_next(&rest, &e);
		if (r <= 0)
			return r;
		if (c->process->n_mapping >= MAX_MAPPINGS_PER_TASK)
			return -EFBIG;
		r = add_mapping(c, &e, &last);
		if (r < 0)
			return r;
	}
}

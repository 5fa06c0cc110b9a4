/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was set for a process as a whole, one small file each:
 *
 *     /proc/4211/loginuid         4294967295
 *     /proc/4211/oom_score_adj    -500
 *     /proc/4211/personality      00040000
 *     /proc/4211/limits, timers, auxv, uid_map, gid_map      see kernel/
 */
#include "light-dump/collectors.h"

#include "kernel/auxv.h"
#include "kernel/limits.h"
#include "kernel/nslink.h"
#include "kernel/timers.h"
#include "light-dump/worker.h"

/* The first word of a small file. A kernel may be built without it: *ret_word is empty then. */
static int
read_word(struct task_context *c, const char *name, struct slice *ret_word)
{
	int r;

	r = procfile_read(&c->proc, name, c->text);
	if (r < 0 && r != -ENOENT)
		return r;
	*ret_word = buffer_slice(c->text);
	while (slice_cut_end(ret_word, "\n"))
		;
	return 0;
}

int
identity_collect(struct task_context *c)
{
	Process *p = c->process;
	struct slice word;
	int r;

	r = read_word(c, "loginuid", &word);
	if (r < 0)
		return r;
	p->has_loginuid = parse_u32(word, 10, &p->loginuid) == 0;
	r = read_word(c, "oom_score_adj", &word);
	if (r < 0)
		return r;
	p->has_oom_score_adj = parse_i32(word, &p->oom_score_adj) == 0;
	r = read_word(c, "personality", &word);
	if (r < 0)
		return r;
	p->has_personality = parse_u32(word, 16, &p->personality) == 0;
	return 0;
}

/* Most processes of a tree have equal limits: their records are then shared, not made anew. */
int
limits_collect(struct task_context *c)
{
	struct worker *w = c->worker;
	Limit **limit = NULL;
	struct slice text;
	size_t n = 0;
	int r;

	r = procfile_read(&c->proc, "limits", c->text);
	if (r < 0)
		return r;
	text = buffer_slice(c->text);
	if (text.n != w->limits_text.n || memcmp(text.p, w->limits_text.p, text.n) != 0) {
		r = limits_parse(text, c->arena, &limit, &n);
		if (r < 0)
			return r;
		text.p = arena_memdup(c->arena, text.p, text.n);
		if (!text.p)
			return -ENOMEM;
		w->limits_text = text;
		w->limit = limit;
		w->n_limit = n;
	}
	c->process->limit = w->limit;
	c->process->n_limit = w->n_limit;
	return 0;
}

int
timers_collect(struct task_context *c)
{
	int r;

	r = procfile_read_all(&c->proc, "timers", c->text);
	if (r < 0)
		return r;
	return timers_parse(buffer_slice(c->text), c->arena, &c->process->timer, &c->process->n_timer);
}

int
auxv_collect(struct task_context *c)
{
	int r;

	r = procfile_read(&c->proc, "auxv", c->text);
	if (r < 0)
		return r;
	return auxv_parse(buffer_slice(c->text), c->arena, c->process);
}

static int
read_map(struct task_context *c, const char *name, IdRange ***range, size_t *n)
{
	int r;

	r = procfile_read_all(&c->proc, name, c->text);
	if (r < 0)
		return r;
	*range = NULL;
	*n = 0;
	return idmap_parse(buffer_slice(c->text), c->arena, range, n);
}

/* The maps belong to the user namespace, so they are read once for each that is met in a row. */
int
id_maps_collect(struct task_context *c)
{
	struct worker *w = c->worker;
	Process *p = c->process;
	uint64_t owner = p->ns ? p->ns->user : 0;
	int r;

	if (owner == 0 || owner != w->map_owner) {
		w->map_owner = 0;
		r = read_map(c, "uid_map", &w->uid_map, &w->n_uid_map);
		if (r >= 0)
			r = read_map(c, "gid_map", &w->gid_map, &w->n_gid_map);
		if (r < 0)
			return r;
		/* An empty map may still be set. */
		if (w->n_uid_map > 0 && w->n_gid_map > 0)
			w->map_owner = owner;
	}
	p->uid_map = w->uid_map;
	p->n_uid_map = w->n_uid_map;
	p->gid_map = w->gid_map;
	p->n_gid_map = w->n_gid_map;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the tree's pseudo terminals are taken here: pts(4), one name a terminal in
 *
 *     /dev/pts:  0  1  4  ptmx
 *
 * A restore opens /dev/ptmx until it is given the number it needs, which is always the lowest
 * free one; so it matters how many below are free. The folder is listed; no terminal is opened.
 */
#include "probes/probes.h"

struct listing {
	uint32_t *index;
	size_t n, room;
};

static int
add(struct listing *l, uint32_t index)
{
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		uint32_t *grown = reallocarray(l->index, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		l->index = grown;
		l->room = room;
	}
	l->index[l->n++] = index;
	return 0;
}

static int
each_name(const char *name, unsigned char type, void *arg)
{
	uint32_t index;

	(void) type;
	return parse_u32(slice_of(name), 10, &index) < 0 ? 0 : add(arg, index);
}

static int
by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
sort_and_unite(struct listing *l)
{
	size_t kept = 0;

	if (l->n == 0)
		return;
	qsort(l->index, l->n, sizeof(*l->index), by_number);
	for (size_t i = 1; i < l->n; i++)
		if (l->index[i] != l->index[kept])
			l->index[++kept] = l->index[i];
	l->n = kept + 1;
}

/* Both lists rise: `below` of those here are lower than the number asked for. */
static int
answer(struct probe_context *c, uint32_t index, uint32_t below, bool in_use)
{
	Snapshot *facts = c->snapshot->facts;
	TerminalAnswer *a = NEW_FACT(c->snapshot->arena, TerminalAnswer, terminal_answer);

	if (!a)
		return -ENOMEM;
	SET_FACT(a, index, index);
	SET_FACT(a, in_use, in_use);
	SET_FACT(a, free_below, index - below);
	return ADD_FACT(c->snapshot->arena, facts->terminal_answer, facts->n_terminal_answer, a);
}

static int
list_wanted(const Snapshot *source, struct listing *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < source->n_process; i++) {
		const Process *p = source->process[i];

		for (size_t k = 0; r == 0 && k < p->n_fd; k++)
			if (p->fd[k]->terminal && p->fd[k]->terminal->has_index)
				r = add(ret, p->fd[k]->terminal->index);
	}
	sort_and_unite(ret);
	return r;
}

static int
answer_all(struct probe_context *c, struct listing *here)
{
	struct listing wanted = { 0 };
	uint32_t below = 0;
	int r = list_wanted(c->source, &wanted);

	sort_and_unite(here);
	for (size_t i = 0; r == 0 && i < wanted.n; i++) {
		while (below < here->n && here->index[below] < wanted.index[i])
			below++;
		r = answer(c, wanted.index[i], below,
			   below < here->n && here->index[below] == wanted.index[i]);
	}
	free(wanted.index);
	return r;
}

int
terminals_ask(struct probe_context *c)
{
	struct listing l = { 0 };
	int r;

	if (!c->source)
		return 0;
	r = root_list(c->root, "/dev/pts", each_name, &l);
	/* Without a devpts there is no terminal that could be in the way. */
	if (r == 0 || r == -ENOENT)
		r = answer_all(c, &l);
	free(l.index);
	return r;
}

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
each_name(const char *name, unsigned char type, void *arg)
{
	struct listing *l = arg;
	uint32_t index;

	(void) type;
	if (parse_u32(slice_of(name), 10, &index) < 0)
		return 0;
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

static bool
answered(const Snapshot *s, uint32_t index)
{
	for (size_t i = 0; i < s->n_terminal_answer; i++)
		if (s->terminal_answer[i]->index == index)
			return true;
	return false;
}

static int
answer(struct probe_context *c, const struct listing *l, uint32_t index)
{
	Snapshot *facts = c->snapshot->facts;
	TerminalAnswer *a;
	uint32_t below = 0;
	bool in_use = false;

	if (answered(facts, index))
		return 0;
	for (size_t i = 0; i < l->n; i++) {
		in_use = in_use || l->index[i] == index;
		below += l->index[i] < index;
	}
	a = NEW_FACT(c->snapshot->arena, TerminalAnswer, terminal_answer);
	if (!a)
		return -ENOMEM;
	SET_FACT(a, index, index);
	SET_FACT(a, in_use, in_use);
	SET_FACT(a, free_below, index - below);
	return ADD_FACT(c->snapshot->arena, facts->terminal_answer, facts->n_terminal_answer, a);
}

static int
answer_all(struct probe_context *c, const struct listing *l)
{
	int r;

	for (size_t i = 0; i < c->source->n_process; i++) {
		const Process *p = c->source->process[i];

		for (size_t k = 0; k < p->n_fd; k++) {
			const TerminalState *t = p->fd[k]->terminal;

			if (!t || !t->has_index)
				continue;
			r = answer(c, l, t->index);
			if (r < 0)
				return r;
		}
	}
	return 0;
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

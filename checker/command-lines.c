/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two lines for a shell: see command-lines.h.
 */
#include "checker/command-lines.h"
#include "checker/requirements.h"
#include "checker/values.h"

bool
option_is_for_restore(const struct given_option *given)
{
	struct slice value = slice_of(given->value ? given->value : "");

	if (!streq(given->option->name, "external"))
		return false;
	if (slice_cut(&value, "mnt["))
		return !slice_starts(value, "/") && !slice_starts(value, "]");
	if (slice_cut(&value, "dev["))
		return !memchr(value.p, '/', value.n);
	return slice_starts(value, "veth[") || slice_starts(value, "macvlan[") || slice_starts(value, "netdev[");
}

const char *
option_text(struct judge *j, const struct given_option *g)
{
	if (!g->value)
		return judge_text(j, "--%s%s", g->off ? "no-" : "", g->option->name);
	return judge_text(j, "--%s%c%s", g->option->name, g->option->value == VALUE_OPTIONAL ? '=' : ' ',
			  g->value);
}

struct line {
	struct judge *j;
	enum stage stage;
	const char *text;
};

/* "--external mnt[/my data]:KEY": the option and its value, each quoted as one word. */
static void
add_text(struct line *l, const char *option)
{
	size_t n = strcspn(option, " =");
	const char *words;

	if (option[n] == ' ')
		words = quote_command(l->j, judge_text(l->j, "%.*s", (int) n, option), option + n + 1, NULL);
	else
		words = quote_command(l->j, option, NULL);
	if (words)
		l->text = judge_text(l->j, "%s %s", l->text, words);
}

static bool
is_on_line(const struct line *l, const struct requirement *q)
{
	return !q->offered && q->stage == l->stage && q->kind != REQUIRE_SYNC && q->kind != REQUIRE_INSTALL;
}

/* Whether another requirement says it: the same given option, or a limit that is no smaller. */
static bool
is_said_by(const struct line *l, size_t i, size_t k)
{
	const struct requirement *q = &l->j->assessment->requirements[i], *other = &l->j->assessment->requirements[k];
	const struct given_options *all = l->j->options->criu_options;
	const struct given_option *given = options_find(all, q->option);
	const char *value = NULL, *others = NULL;
	const struct criu_option *option = options_wanted(q->option, &value);

	if (!is_on_line(l, other))
		return false;
	if (given && options_find(all, other->option) == given)
		return k < i;
	if (!option || options_wanted(other->option, &others) != option || option->repeats)
		return k < i && streq(q->option, other->option);
	if (option->form == FORM_SIZE && value && others && options_size(value) != options_size(others))
		return options_size(others) > options_size(value);
	return k < i;
}

static void
add_needed(struct line *l)
{
	const struct assessment *a = l->j->assessment;

	for (size_t i = 0; i < a->n_requirements; i++) {
		const struct requirement *q = &a->requirements[i];
		const struct given_option *given;
		bool said = !is_on_line(l, q);

		for (size_t k = 0; !said && k < a->n_requirements; k++)
			said = k != i && is_said_by(l, i, k);
		if (said)
			continue;
		given = options_find(a->options->criu_options, q->option);
		add_text(l, given ? option_text(l->j, given) : q->option);
	}
}

/* Whether the user's own option belongs on this line though nothing asks for it. */
static bool
is_wanted_anyway(const struct line *l, const struct given_option *g)
{
	const struct assessment *a = l->j->assessment;
	unsigned int stage = l->stage == STAGE_DUMP ? AT_DUMP : AT_RESTORE;

	if (streq(g->option->name, "tree") || requirement_uses(a, g) || requirement_is_spare(a, g))
		return false;
	if (streq(g->option->name, "external"))
		return option_is_for_restore(g) == (stage == AT_RESTORE);
	return !g->option->stages || (g->option->stages & stage);
}

static const char *
line_of(struct judge *j, enum stage stage, const char *start)
{
	const struct given_options *all = j->options->criu_options;
	struct line l = { .j = j, .stage = stage, .text = start };

	add_needed(&l);
	for (size_t i = 0; all && i < all->n; i++)
		if (is_wanted_anyway(&l, &all->option[i]))
			add_text(&l, option_text(j, &all->option[i]));
	return l.text;
}

void
command_lines(struct judge *j)
{
	const Tree *tree = j->source->tree;

	j->assessment->dump_line =
		line_of(j, STAGE_DUMP, judge_text(j, "criu dump -t %d", tree && tree->has_root_pid ? tree->root_pid : 0));
	j->assessment->restore_line = line_of(j, STAGE_RESTORE, "criu restore");
}

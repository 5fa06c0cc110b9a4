/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What criu must be told so that this tree passes: one entry an option and stage, with the rules
 * that ask for it and the things that need it; and whether what the user gives is of use.
 */
#include "checker/requirements.h"
#include "checker/command-lines.h"
#include "checker/table.h"

struct option_slot {
	uint64_t hash;			/* 0: empty */
	size_t number;			/* of the requirement */
};

static bool
is_slot_of(const struct requirement *q, const struct requirement *wanted)
{
	return q->kind == wanted->kind && q->stage == wanted->stage && q->offered == wanted->offered &&
	       streq(q->option, wanted->option);
}

static struct option_slot *
option_slot(const struct docket *d, uint64_t hash, const struct requirement *wanted)
{
	size_t i = hash & (d->option_room - 1);

	for (; d->option[i].hash; i = (i + 1) & (d->option_room - 1))
		if (d->option[i].hash == hash &&
		    is_slot_of(&d->assessment->requirements[d->option[i].number], wanted))
			break;
	return &d->option[i];
}

/* Twice as many slots; what is in the old ones is put into the new. */
static int
grow_options(struct docket *d)
{
	size_t room = d->option_room ? d->option_room * 2 : 64;
	struct option_slot *slot = arena_alloc(d->assessment->arena, room * sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	for (size_t i = 0; i < d->option_room; i++) {
		size_t to = d->option[i].hash & (room - 1);

		while (d->option[i].hash && slot[to].hash)
			to = (to + 1) & (room - 1);
		if (d->option[i].hash)
			slot[to] = d->option[i];
	}
	d->option = slot;
	d->option_room = room;
	return 0;
}

/* The requirement that is this, made where there was none yet; NULL when memory is short. */
static struct requirement *
requirement_of(struct judge *j, const struct requirement *wanted)
{
	struct assessment *a = j->assessment;
	struct docket *d = j->docket;
	uint64_t hash = (hash_text(wanted->option) ^ (uint64_t) wanted->kind << 8 ^ (uint64_t) wanted->stage ^
			 (uint64_t) wanted->offered << 16) | 1;
	struct option_slot *slot;
	struct requirement *q = NULL;
	const char *option;

	if (d->n_option * 2 >= d->option_room && grow_options(d) < 0)
		return NULL;
	slot = option_slot(d, hash, wanted);
	if (slot->hash)
		return &a->requirements[slot->number];
	option = arena_strdup(a->arena, wanted->option);
	if (option)
		q = arena_grow(a->arena, &a->requirements, &a->n_requirements, sizeof(*q));
	if (!q)
		return NULL;
	*q = *wanted;
	q->option = option;
	*slot = (struct option_slot){ .hash = hash, .number = a->n_requirements - 1 };
	d->n_option++;
	return q;
}

static bool
add_rule(struct judge *j, struct requirement *q)
{
	const struct rule **place;

	for (size_t i = 0; i < q->n_rules; i++)
		if (q->rules[i] == j->rule)
			return true;
	place = arena_grow(j->assessment->arena, &q->rules, &q->n_rules, sizeof(*place));
	if (place)
		*place = j->rule;
	return place;
}

static bool
add_thing(struct judge *j, struct requirement *q, const char *who)
{
	const char **place;

	for (size_t i = 0; i < q->n_things; i++)
		if (streq(q->things[i], who))
			return true;
	q->things_total++;
	if (q->n_things == MAX_THINGS)
		return true;
	place = arena_grow(j->assessment->arena, &q->things, &q->n_things, sizeof(*place));
	if (place)
		*place = arena_strdup(j->assessment->arena, who);
	return place && *place;
}

static void
note(struct judge *j, const struct requirement *wanted, const char *who)
{
	struct requirement *q = requirement_of(j, wanted);

	if (!q || !add_rule(j, q) || !add_thing(j, q, who))
		j->assessment->short_of_memory = true;
}

/* The user's --tcp-close where --tcp-established is asked for: it passes, and the thing is lost. */
static void
say_loss(struct judge *j, const char *given, const char *who)
{
	struct finding *f = judge_find(j, who, NULL, NULL);

	f->stage = STAGE_AFTERWARDS;
	f->severity = SEVERITY_WARNING;
	f->detail = judge_text(j, "--%s is given: it is not carried along.", given);
	f->remedy = judge_text(j, "leave out --%s where that is too much to lose", given);
}

/* One finding tells of both stages. */
static bool
needed_later(const char *option)
{
	const char *value;
	const struct criu_option *o = options_wanted(option, &value);

	return o && o->role == ROLE_LIFT && o->stages == AT_BOTH && !streq(o->name, "external");
}

static void
say_missing(struct judge *j, struct finding *f, enum stage stage, const char *option)
{
	f->stage = stage;
	f->severity = SEVERITY_BLOCKER;
	f->lifetime = LIFETIME_PERMANENT;
	f->detail = "CRIU needs an option for this that is not among those it will be given.";
	f->remedy = judge_text(j, "give criu %s at %s%s", option, stage_name(stage),
			       stage == STAGE_DUMP && needed_later(option) ? " and restore" : "");
}

void
judge_require(struct judge *j, enum requirement_kind kind, enum stage stage, const char *option,
	      const char *who)
{
	const struct given_options *all = j->options->criu_options;
	const struct given_option *given = options_find(all, option);
	struct requirement wanted = { .kind = kind, .stage = stage, .option = option };
	const char *value;

	if (given && kind == REQUIRE_LOSSLESS && given->option != options_wanted(option, &value)) {
		wanted.kind = REQUIRE_LOSSY;
		wanted.option = judge_text(j, "--%s", given->option->name);
		if (stage == STAGE_DUMP)
			say_loss(j, given->option->name, who);
	}
	note(j, &wanted, who);
	if (!all || given || (kind != REQUIRE_LOSSLESS && kind != REQUIRE_ARRANGED))
		return;
	say_missing(j, judge_find(j, who, NULL, NULL), stage, option);
}

/* ---- what findings offer ---- */

/*
 * How the restore is told what the dump was told to leave out: the same, or what has come in its
 * place. NULL: nothing.
 */
static const char *
at_restore(struct judge *j, const struct criu_option *option, const char *text, const char *value)
{
	static const struct {
		const char *external, *inherited;
	} kinds[] = { { "file[", "file[" }, { "tty[", "tty[" }, { "unix[", "socket:[" } };
	const char *behind;
	int n;

	if (!(option->stages & AT_RESTORE))
		return NULL;
	if (!streq(option->name, "external") || !value)
		return text;
	if (strncmp(value, "mnt[]", 5) == 0)
		return "--external mnt[]";		/* the letters are for the dump */
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct slice rest = slice_of(value);

		if (slice_cut(&rest, kinds[i].external))
			return judge_text(j, "--inherit-fd fd[N]:%s%s", kinds[i].inherited, rest.p);
	}
	n = (int) options_external(value);
	behind = value + n;
	if (*behind != ':')
		return text;
	if (strncmp(value, "mnt[", 4) == 0 && n > 5)
		return judge_text(j, "--external mnt[%s]:%.*s", behind + 1, n - 5, value + 4);
	if (strncmp(value, "net[", 4) == 0 || strncmp(value, "pid[", 4) == 0)
		return judge_text(j, "--inherit-fd fd[N]:%s", behind + 1);
	return text;
}

/* An option stands at both stages where it counts at both; one that only a restore misses, there. */
static void
at_each_stage(struct judge *j, struct finding *f, const char *text,
	      void (*tell)(struct judge *, struct finding *, enum stage, const char *))
{
	const char *value = NULL, *later;
	const struct criu_option *option = options_wanted(text, &value);

	if (!option)
		return;
	if (f->stage == STAGE_RESTORE && (option->stages & AT_RESTORE)) {
		tell(j, f, STAGE_RESTORE, text);
		return;
	}
	if (option->stages & AT_DUMP)
		tell(j, f, STAGE_DUMP, text);
	later = at_restore(j, option, text, value);
	if (later)
		tell(j, f, STAGE_RESTORE, later);
}

static void
offer(struct judge *j, struct finding *f, enum stage stage, const char *option)
{
	const struct requirement wanted = {
		.kind = f->option_kind, .stage = stage, .option = option, .offered = true
	};

	note(j, &wanted, f->thing);
}

/* Where what the restore must be told is missing, the finding itself says so: it is one thing. */
static void
need(struct judge *j, struct finding *f, enum stage stage, const char *option)
{
	const struct requirement wanted = { .kind = f->option_kind, .stage = stage, .option = option };

	note(j, &wanted, f->thing);
	if (f->option_kind != REQUIRE_ARRANGED || options_find(j->options->criu_options, option))
		return;
	say_missing(j, f, stage, option);
	f->option = NULL;
}

void
requirement_of_finding(struct judge *j, struct finding *f)
{
	const struct given_option *given;

	if (!f->option || f->option_kind == REQUIRE_LOSSLESS || f->severity == SEVERITY_NOTE)
		return;
	given = options_find(j->options->criu_options, f->option);
	if (!given) {
		at_each_stage(j, f, f->option, offer);
		return;
	}
	if (streq(given->option->name, "skip-mnt"))
		f->option_kind = REQUIRE_LOSSY;
	f->option = option_text(j, given);
	f->severity = f->option_kind == REQUIRE_LOSSY ? SEVERITY_WARNING : SEVERITY_NOTE;
	f->detail = f->option_kind == REQUIRE_LOSSY ?
			    "The options given to CRIU allow it; what they drop is lost." :
			    "The options given to CRIU allow it, if the other side is arranged.";
	at_each_stage(j, f, f->option, need);
}

/* ---- what is given ---- */

bool
requirement_uses(const struct assessment *a, const struct given_option *given)
{
	for (size_t i = 0; i < a->n_requirements; i++)
		if (!a->requirements[i].offered &&
		    options_find(a->options->criu_options, a->requirements[i].option) == given)
			return true;
	return false;
}

/* What somebody asks for in another way: a larger limit, another key. */
static bool
is_asked_for(const struct assessment *a, const struct given_option *given)
{
	const char *value;

	for (size_t i = 0; i < a->n_requirements; i++)
		if (options_wanted(a->requirements[i].option, &value) == given->option)
			return true;
	return false;
}

static bool
lacks_facts(const struct assessment *a)
{
	for (size_t i = 0; i < a->n_unknowns; i++)
		if (a->unknowns[i].rule->severity == SEVERITY_BLOCKER)
			return true;
	return false;
}

bool
requirement_is_spare(const struct assessment *a, const struct given_option *given)
{
	const struct criu_option *o = given->option;

	if (o->role != ROLE_LIFT || !options_count(a->options->criu_options, given) || option_is_for_restore(given))
		return false;
	if (o->stages == AT_RESTORE && !a->destination)
		return false;
	if (o->repeats ? requirement_uses(a, given) : is_asked_for(a, given))
		return false;
	return !lacks_facts(a);
}

/* ---- when all is judged ---- */

static int
sort_requirements(struct assessment *a)
{
	struct requirement *sorted = arena_alloc(a->arena, a->n_requirements * sizeof(*sorted));
	size_t n = 0;

	if (!sorted)
		return -ENOMEM;
	for (int offered = 0; offered < 2; offered++)
		for (size_t i = 0; i < a->n_outcomes && n < a->n_requirements; i++)
			for (size_t k = 0; k < a->n_requirements; k++)
				if (a->requirements[k].offered == offered &&
				    a->requirements[k].rules[0] == a->outcomes[i].rule)
					sorted[n++] = a->requirements[k];
	for (a->n_needed = 0; a->n_needed < n && !sorted[a->n_needed].offered;)
		a->n_needed++;
	a->requirements = sorted;
	return 0;
}

int
requirements_close(struct judge *j)
{
	int r = sort_requirements(j->assessment);

	if (r == 0)
		command_lines(j);
	return r;
}

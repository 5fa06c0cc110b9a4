/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the options given to criu do what a rule asks for. What a rule asks for:
 *
 *     --shell-job
 *     --ghost-limit 8M
 *     --manage-cgroups=ignore
 *     --external mnt[/etc/hosts]:KEY
 *     --enable-fs nfs4
 *
 * options-parse.c makes the list of what is given.
 */
#include "checker/options.h"
#include <ctype.h>

/* Bytes of "8M" as criu reads it; 0 where it is not a size. */
static uint64_t
size_of(struct slice s)
{
	static const char units[] = "KMG";
	const char *unit = s.n ? memchr(units, s.p[s.n - 1], sizeof(units) - 1) : NULL;
	int shift = unit ? 10 * (int) (unit - units + 1) : 0;
	uint64_t n;

	if (unit)
		s.n--;
	if (parse_u64(s, 10, &n) < 0 || n > UINT64_MAX >> shift)
		return 0;
	return n << shift;
}

uint64_t
options_size(const char *value)
{
	struct slice s = slice_of(value);

	(void) slice_cut_end(&s, "B");
	return size_of(s);
}

/* "mnt[]:ms" serves for "mnt[]:m": the letters behind the colon say what is allowed. */
static bool
has_letters(struct slice given, struct slice wanted, size_t from)
{
	for (size_t i = from; i < wanted.n; i++)
		if (given.n <= from || !memchr(given.p + from, wanted.p[i], given.n - from))
			return false;
	return true;
}

/* "DIR", "PATH": whatever the user gives. */
static bool
is_placeholder(struct slice wanted)
{
	for (size_t i = 0; i < wanted.n; i++)
		if (!isupper((unsigned char) wanted.p[i]))
			return false;
	return true;
}

static bool
same_text(struct slice a, struct slice b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* "fd[5]:pipe:[77]" serves for "fd[N]:pipe:[77]", and for itself. */
static bool
same_inherited(struct slice given, struct slice wanted)
{
	struct slice number;

	if (same_text(given, wanted))
		return true;
	return slice_cut(&wanted, "fd[N]:") && slice_cut(&given, "fd[") && slice_field(&given, ']', &number) &&
	       slice_cut(&given, ":") && same_text(given, wanted);
}

size_t
options_external(const char *value)
{
	const char *end = strchr(value, ']');

	/* A path may hold brackets itself: "mnt[/srv/a[1]]:KEY". */
	for (const char *p = end; strncmp(value, "mnt[/", 5) == 0 && p; p = strchr(p + 1, ']'))
		if (!p[1] || p[1] == ':')
			end = p;
	return end ? (size_t) (end - value) + 1 : strlen(value);
}

/* External things are named by what stands up to the bracket; the key behind is free. */
static bool
same_external(struct slice given, struct slice wanted)
{
	size_t n = options_external(wanted.p);

	if (given.n < n || memcmp(given.p, wanted.p, n) != 0 || (given.n > n && given.p[n] != ':'))
		return false;
	return !slice_starts(wanted, "mnt[]:") || has_letters(given, wanted, n + 1);
}

static bool
allows_type(struct slice given, struct slice wanted)
{
	struct slice type;

	while (slice_field(&given, ',', &type))
		if (slice_eq(type, "all") || same_text(type, wanted))
			return true;
	return false;
}

/* "all", or each type of "nfs4,xfs" is one of those given. */
static bool
allows_types(struct slice given, struct slice wanted)
{
	struct slice type;

	while (slice_field(&wanted, ',', &type))
		if (!allows_type(given, type))
			return false;
	return true;
}

static bool
same_value(const struct criu_option *option, const char *given_text, const char *wanted_text)
{
	struct slice given = slice_of(given_text ? given_text : ""), wanted = slice_of(wanted_text);

	if (is_placeholder(wanted))
		return given.n > 0;
	if (streq(option->name, "inherit-fd"))
		return same_inherited(given, wanted);
	if (streq(option->name, "external"))
		return same_external(given, wanted);
	if (streq(option->name, "enable-fs"))
		return allows_types(given, wanted);
	/* "none" is the older word for "skip", which does without anything. */
	if (streq(option->name, "network-lock"))
		return slice_eq(given, "skip") || slice_eq(given, "none") ||
		       (slice_eq(given, "nftables") && slice_eq(wanted, "nftables"));
	if (option->form == FORM_SIZE)
		return options_size(given_text) >= options_size(wanted_text);
	return same_text(given, wanted);
}

/* "/data" out of "mnt[/data]:KEY"; empty where it is something else. */
static struct slice
external_mount(const char *wanted)
{
	struct slice s = slice_of(wanted ? wanted : "");
	size_t n = options_external(s.p);

	if (!slice_cut(&s, "mnt[") || n < 5)
		return SLICE("");
	s.n = n - 5;
	return s;
}

/* Whether another option than the one asked for lifts the same refusal. */
static bool
stands_in(const struct given_option *g, const struct criu_option *option, const char *wanted)
{
	struct slice mount, given = slice_of(g->value ? g->value : "");

	if (streq(option->name, "tcp-established"))
		return streq(g->option->name, "tcp-close");
	if (!streq(option->name, "external"))
		return false;
	mount = external_mount(wanted);
	if (streq(g->option->name, "skip-mnt"))
		return mount.n > 0 && same_text(given, mount);
	if (!streq(g->option->name, "ext-mount-map"))
		return false;
	if (mount.n == 0)
		return streq(wanted, "mnt[]") && slice_eq(given, "auto");
	return given.n > mount.n && given.p[mount.n] == ':' && memcmp(given.p, mount.p, mount.n) == 0;
}

/* Of options that do not repeat only the last counts. */
static bool
counts(const struct given_options *g, size_t i)
{
	for (size_t k = i + 1; k < g->n && !g->option[i].option->repeats; k++)
		if (g->option[k].option == g->option[i].option)
			return false;
	return !g->option[i].off;
}

const struct given_option *
options_last(const struct given_options *g, const char *name)
{
	for (size_t i = g ? g->n : 0; i > 0; i--)
		if (streq(g->option[i - 1].option->name, name))
			return g->option[i - 1].off ? NULL : &g->option[i - 1];
	return NULL;
}

bool
options_count(const struct given_options *g, const struct given_option *given)
{
	return counts(g, (size_t) (given - g->option));
}

const struct criu_option *
options_wanted(const char *wanted, const char **ret_value)
{
	struct slice name = slice_of(wanted);
	size_t n;

	if (!slice_cut(&name, "--"))
		return NULL;
	n = strcspn(name.p, " =");
	*ret_value = name.p[n] ? name.p + n + 1 : NULL;
	return criu_option_named((struct slice){ .p = name.p, .n = n });
}

const struct given_option *
options_find(const struct given_options *g, const char *wanted)
{
	const struct criu_option *option;
	const char *value = NULL;

	option = options_wanted(wanted, &value);
	for (size_t i = 0; g && option && i < g->n; i++) {
		const struct given_option *o = &g->option[i];

		if (!counts(g, i))
			continue;
		if (o->option == option ? !value || same_value(option, o->value, value) :
					  stands_in(o, option, value))
			return o;
	}
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of --criu-options into a list of options: parted into words as sh(1) does it, then
 * read as criu's getopt_long(3) reads its command line. Abbreviations, clusters of letters and
 * all forms of values are taken where criu takes them:
 *
 *     -jl --tcp-est --ghost-limit=8M --external 'mnt[/srv/my data]:data' --no-link-remap
 */
#include "checker/options.h"
#include "base/nearest.h"
#include "base/words.h"

enum { MAX_SHOWN = 80, MAX_NAME = 48 };

struct parser {
	char **word;
	size_t n, at;			/* how many, and the next */
	struct given_options *given;
	struct buffer *problem;
};

#define refuse(parser, ...) buffer_refuse((parser)->problem, __VA_ARGS__)

/* ---- values ---- */

static bool
is_one_of(struct slice value, const char *words)
{
	struct slice rest = slice_of(words), word;

	while (slice_word(&rest, &word))
		if (word.n == value.n && memcmp(word.p, value.p, word.n) == 0)
			return true;
	return false;
}

/* "ins,^fpu"; criu needs no comma between them either, which nobody writes. */
static bool
are_some_of(struct slice value, const char *words)
{
	struct slice word;

	while (slice_field(&value, ',', &word)) {
		while (slice_cut(&word, "^"))
			;
		if (word.n > 0 && !is_one_of(word, words))
			return false;
	}
	return true;
}

static bool
is_number(const char *value)
{
	return *value >= '0' && *value <= '9';
}

static bool
is_fd(const char *value)
{
	struct slice s = slice_of(value), number;
	uint32_t n;

	return slice_cut(&s, "fd[") && slice_field(&s, ']', &number) && parse_u32(number, 10, &n) == 0 &&
	       slice_cut(&s, ":") && s.n > 0;
}

/* criu reads "8m", "7.9M" and "1T" as 8, 7 and 1 bytes and MiB without a word. */
static int
check_value(struct parser *p, const struct criu_option *o, const char *value)
{
	switch (o->form) {
	case FORM_WORD:
		if (is_one_of(slice_of(value), o->words))
			return 0;
		return refuse(p, "--%s: '%.*s' is none of: %s", o->name, MAX_SHOWN, value, o->words);
	case FORM_WORDS:
		if (are_some_of(slice_of(value), o->words))
			return 0;
		return refuse(p, "--%s: '%.*s' is no list of: %s", o->name, MAX_SHOWN, value, o->words);
	case FORM_SIZE:
		if (options_size(value) > 0)
			return 0;
		return refuse(p, "--%s: '%.*s' is not a size that criu understands: a number, with K, M or G "
			      "behind it, as in 8M", o->name, MAX_SHOWN, value);
	case FORM_NUMBER:
		if (is_number(value))
			return 0;
		return refuse(p, "--%s: '%.*s' is not a number", o->name, MAX_SHOWN, value);
	case FORM_FD:
		if (is_fd(value))
			return 0;
		return refuse(p, "--%s: '%.*s' is not of the form fd[NUMBER]:WHAT", o->name, MAX_SHOWN, value);
	case FORM_COLON:
		if (strchr(value, ':') || (o->words && is_one_of(slice_of(value), o->words)))
			return 0;
		return refuse(p, "--%s: '%.*s' has no colon", o->name, MAX_SHOWN, value);
	case FORM_EQUALS:
		if (strchr(value, '='))
			return 0;
		return refuse(p, "--%s: '%.*s' has no '='", o->name, MAX_SHOWN, value);
	default:
		return 0;
	}
}

static int
add(struct parser *p, const struct criu_option *o, const char *value, bool off)
{
	int r;

	if (o->role == ROLE_END)
		return refuse(p, "--%s: with it criu neither dumps nor restores", o->name);
	r = value ? check_value(p, o, value) : 0;
	if (r < 0)
		return r;
	p->given->option[p->given->n++] = (struct given_option){ .option = o, .value = value, .off = off };
	return 0;
}

/* The word behind an option that needs a value. */
static const char *
next_word(struct parser *p)
{
	return p->at < p->n ? p->word[p->at++] : NULL;
}

/* ---- names ---- */

struct match {
	const struct criu_option *option;
	bool off;
	size_t n;			/* of those that begin so */
};

/* The whole name: "shell-job", or "no-shell-job". */
static struct slice
full_name(const struct criu_option *o, bool off, char room[static MAX_NAME])
{
	(void) snprintf(room, MAX_NAME, "%s%s", off ? "no-" : "", o->name);
	return slice_of(room);
}

/* All that begin with `name`, also into `names`; one that is called so is the only one. */
static int
match_name(struct slice name, struct match *ret, struct buffer *names)
{
	for (size_t i = 0; i < 2 * n_criu_options; i++) {
		const struct criu_option *o = &criu_options[i / 2];
		char room[MAX_NAME];
		bool off = i % 2;
		struct slice full = full_name(o, off, room);

		if ((off && !o->undone) || full.n < name.n || memcmp(full.p, name.p, name.n) != 0)
			continue;
		ret->option = o;
		ret->off = off;
		if (full.n == name.n) {
			ret->n = 1;
			return 0;
		}
		ret->n++;
		if (buffer_printf(names, " --%s", room) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int
refuse_unknown(struct parser *p, struct slice name)
{
	struct nearest near = nearest_to(name);

	for (size_t i = 0; i < 2 * n_criu_options; i++) {
		const struct criu_option *o = &criu_options[i / 2];
		char room[MAX_NAME];

		if (i % 2 == 0 || o->undone)
			nearest_offer(&near, full_name(o, i % 2, room));
	}
	return refuse(p, "--%.*s: criu has no such option%s%s%s", name.n < MAX_SHOWN ? (int) name.n : MAX_SHOWN,
		      name.p, *near.found ? "; did you mean --" : "", near.found, *near.found ? "?" : "");
}

/* ---- options ---- */

/* `word` stands behind the two dashes: "ghost-limit=8M". */
static int
take_long(struct parser *p, const char *word)
{
	struct match m = { 0 };
	_cleanup_buffer_ struct buffer names = { 0 };
	size_t n = strcspn(word, "=");
	const char *value = word[n] ? word + n + 1 : NULL;
	int r;

	r = match_name((struct slice){ .p = word, .n = n }, &m, &names);
	if (r < 0)
		return r;
	if (m.n == 0)
		return refuse_unknown(p, (struct slice){ .p = word, .n = n });
	if (m.n > 1)
		return refuse(p, "--%.*s can mean several options of criu:%s", (int) n, word, buffer_slice(&names).p);
	if (m.off || m.option->value == VALUE_NONE) {
		if (value)
			return refuse(p, "--%s%s takes no value", m.off ? "no-" : "", m.option->name);
		return add(p, m.option, NULL, m.off);
	}
	if (!value && m.option->value == VALUE_NEEDED) {
		value = next_word(p);
		if (!value)
			return refuse(p, "--%s needs a value", m.option->name);
	}
	return add(p, m.option, value, false);
}

static const struct criu_option *
with_letter(char letter)
{
	for (size_t i = 0; i < n_criu_options; i++)
		if (criu_options[i].letter == letter)
			return &criu_options[i];
	return NULL;
}

/* `letters` stand behind the dash: "jl", "D/img", "v4". */
static int
take_letters(struct parser *p, const char *letters)
{
	for (; *letters; letters++) {
		const struct criu_option *o = with_letter(*letters);
		const char *value;
		int r;

		if (!o)
			return refuse(p, "-%c: criu has no such option", *letters);
		if (o->value == VALUE_NONE) {
			r = add(p, o, NULL, false);
			if (r < 0)
				return r;
			continue;
		}
		value = letters[1] ? letters + 1 : o->value == VALUE_NEEDED ? next_word(p) : NULL;
		if (!value && o->value == VALUE_NEEDED)
			return refuse(p, "-%c needs a value", *letters);
		return add(p, o, value, false);
	}
	return 0;
}

/* "--manage-cgroups ignore": such a value is part of the word, or it is none. */
static int
refuse_argument(struct parser *p, const char *word)
{
	const struct given_option *last = p->given->n ? &p->given->option[p->given->n - 1] : NULL;

	if (last && last->option->value == VALUE_OPTIONAL && !last->value)
		return refuse(p, "'%.*s' belongs to no option: criu takes --%s=%.*s only in one word", MAX_SHOWN, word,
			      last->option->name, MAX_SHOWN, word);
	return refuse(p, "'%.*s' belongs to no option", MAX_SHOWN, word);
}

static int
read_options(struct parser *p)
{
	while (p->at < p->n) {
		const char *word = p->word[p->at++];
		int r;

		/* What stands behind is the command of --exec-cmd. */
		if (streq(word, "--") && options_last(p->given, "exec-cmd"))
			return 0;
		if (streq(word, "--") && p->at == p->n)
			return 0;
		if (word[0] != '-' || !word[1] || streq(word, "--"))
			return refuse_argument(p, word);
		r = word[1] == '-' ? take_long(p, word + 2) : take_letters(p, word + 1);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What criu, or its user afterwards, would trip over. */
static int
check_together(struct parser *p)
{
	const struct given_options *g = p->given;

	if (options_last(g, "tcp-close") && options_last(g, "tcp-established"))
		return refuse(p, "--tcp-close and --tcp-established contradict each other: criu would close the "
			      "connections; give one of them");
	if (options_last(g, "restore-sibling") && !options_last(g, "restore-detached"))
		return refuse(p, "--restore-sibling: criu takes it only together with --restore-detached");
	return 0;
}

int
options_parse(const char *text, struct given_options *ret, struct buffer *problem)
{
	_cleanup_options_ struct given_options given = { 0 };
	_cleanup_free_ char **words = NULL;
	struct parser p = { .given = &given, .problem = problem };
	size_t room = strlen(text) + 1;
	int r;

	/* A word is of one letter at least; so is an option. */
	given.text = strdup(text);
	given.option = calloc(room, sizeof(*given.option));
	words = calloc(room, sizeof(*words));
	if (!given.text || !given.option || !words)
		return -ENOMEM;
	p.word = words;
	r = words_part(given.text, words, &p.n);
	if (r < 0)
		r = refuse(&p, "a quote is opened and not closed");
	if (r == 0)
		r = read_options(&p);
	if (r == 0)
		r = check_together(&p);
	if (r < 0)
		return r;
	*ret = given;
	given = (struct given_options){ 0 };
	return 0;
}

void
options_free(struct given_options *g)
{
	free(g->text);
	free(g->option);
	*g = (struct given_options){ 0 };
}

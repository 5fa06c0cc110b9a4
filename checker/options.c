/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How criu's command line spells what a rule asks for. `given` is what the user typed:
 *
 *     -j --tcp-established --ghost-limit=8M --external mnt[/etc/hosts]:hosts
 */
#include "checker/options.h"
#include "base/cleanup.h"
#include "base/text.h"
#include <ctype.h>

/* What else stands for an option: its short form, or another that lifts the same refusal. */
static const struct {
	const char *option, *also;
} same_options[] = {
	{ "--shell-job", "-j" },
	{ "--file-locks", "-l" },
	{ "--tcp-established", "--tcp-close" },
};

static bool
same_option(struct slice given, struct slice wanted)
{
	if (given.n == wanted.n && memcmp(given.p, wanted.p, given.n) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(same_options); i++)
		if (slice_eq(wanted, same_options[i].option) && slice_eq(given, same_options[i].also))
			return true;
	return false;
}

/* Bytes of "8M"; 0 where it is not a size. */
static uint64_t
size_of(struct slice s)
{
	uint64_t n;
	int shift = 0;

	if (s.n && isalpha((unsigned char) s.p[s.n - 1])) {
		switch (toupper((unsigned char) s.p[s.n - 1])) {
		case 'K':
			shift = 10;
			break;
		case 'M':
			shift = 20;
			break;
		case 'G':
			shift = 30;
			break;
		default:
			return 0;
		}
		s.n--;
	}
	if (parse_u64(s, 10, &n) < 0 || n > UINT64_MAX >> shift)
		return 0;
	return n << shift;
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

/* "fd[5]:pipe:[77]" serves for "fd[N]:pipe:[77]". */
static bool
same_inherited(struct slice given, struct slice wanted)
{
	struct slice number;

	return slice_cut(&wanted, "fd[N]:") && slice_cut(&given, "fd[") && slice_field(&given, ']', &number) &&
	       slice_cut(&given, ":") && given.n == wanted.n && memcmp(given.p, wanted.p, given.n) == 0;
}

static bool
same_value(struct slice option, struct slice given, struct slice wanted)
{
	const char *bracket;

	if (is_placeholder(wanted))
		return given.n > 0;
	if (slice_eq(option, "--inherit-fd"))
		return same_inherited(given, wanted);
	if (slice_eq(option, "--ghost-limit"))
		return size_of(given) >= size_of(wanted);
	/* iptables is what is missing where this is asked for: both others do without. */
	if (slice_eq(option, "--network-lock"))
		return slice_eq(given, "nftables") || slice_eq(given, "skip");
	/* External things are named by what stands up to the bracket; the key behind is free. */
	bracket = wanted.n ? memchr(wanted.p, ']', wanted.n) : NULL;
	if (bracket) {
		size_t n = (size_t) (bracket - wanted.p) + 1;

		if (given.n < n || memcmp(given.p, wanted.p, n) != 0)
			return false;
		return !slice_starts(wanted, "mnt[]:") || has_letters(given, wanted, n + 1);
	}
	return given.n == wanted.n && memcmp(given.p, wanted.p, given.n) == 0;
}

/* Parts "--name=value" into the two; the value is empty where there is none. */
static void
split(struct slice *word, struct slice *ret_value)
{
	const char *equals = word->n ? memchr(word->p, '=', word->n) : NULL;

	*ret_value = (struct slice){ .p = word->p + word->n, .n = 0 };
	if (!equals)
		return;
	*ret_value = (struct slice){ .p = equals + 1,
				     .n = word->n - (size_t) (equals + 1 - word->p) };
	word->n = (size_t) (equals - word->p);
}

bool
options_hold(const char *given, const char *wanted)
{
	struct slice want = slice_of(wanted), rest = slice_of(given), option, value, word, inside;

	if (!slice_word(&want, &option))
		return true;
	split(&option, &value);
	if (value.n == 0)
		value = slice_trim(want);
	while (slice_word(&rest, &word)) {
		struct slice next = rest, argument;

		split(&word, &inside);
		if (!same_option(word, option))
			continue;
		if (value.n == 0)
			return true;
		if (inside.n == 0 && slice_word(&next, &argument))
			inside = argument;
		if (same_value(option, inside, value))
			return true;
	}
	return false;
}

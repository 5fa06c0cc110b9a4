/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which waivers may stand, and which findings are theirs: see waivers.h.
 *
 * One that is too wide is refused: somebody who writes "*" for the rule wants the gate to be quiet,
 * and would not hear of the next finding. A rule that is spelt out may be waived everywhere; a
 * family of rules ("dst-file-*") needs a host or a tree.
 */
#include "checker/waivers.h"

#include "base/glob.h"
#include "base/nearest.h"
#include "checker/rule.h"

/* Years in which somebody can want a waiver to end; in nanoseconds, 64 bits last until 2262. */
enum { FIRST_YEAR = 2000, LAST_YEAR = 2199, MAX_PATTERN = 256 };

#define DAY_NS (86400 * INT64_C(1000000000))

/* ---- what is stated ---- */

static bool
is_blank(const char *text)
{
	return !text || text[strspn(text, " \t\r\n")] == '\0';
}

static int
check_stated(const struct waiver *w, struct buffer *problem)
{
	if (is_blank(w->rule))
		return buffer_refuse(problem, "it names no rule; write rule: and an id (migcheck rules lists them)");
	if (is_blank(w->reason))
		return buffer_refuse(problem, "it gives no reason; write reason: and why this may be so");
	if (is_blank(w->owner))
		return buffer_refuse(problem, "it has no owner; write owner: and who answers for it");
	if (is_blank(w->until))
		return buffer_refuse(problem, "it has no end; write until: and its last day, such as 2027-01-31");
	return 0;
}

/* ---- patterns ---- */

static int
check_pattern(const char *key, const char *pattern, struct buffer *problem)
{
	if (!pattern)
		return 0;
	if (!*pattern)
		return buffer_refuse(problem, "%s: is empty; leave the line out where any will do", key);
	if (strlen(pattern) > MAX_PATTERN)
		return buffer_refuse(problem, "%s: is longer than %d bytes", key, MAX_PATTERN);
	if (glob_check(pattern) < 0)
		return buffer_refuse(problem, "%s: '%s' is no pattern: a [ is not closed, a range runs backwards, or "
			      "nothing follows the \\", key, pattern);
	return 0;
}

static bool
is_any(const char *pattern)
{
	return !pattern || !glob_names_something(pattern);
}

static bool
is_about_a_rule(const char *pattern)
{
	for (size_t i = 0; i < n_rulesets; i++)
		for (size_t k = 0; k < rulesets[i]->n; k++)
			if (glob_match(pattern, rulesets[i]->rules[k].id))
				return true;
	return false;
}

static int
refuse_unknown_rule(const char *id, struct buffer *problem)
{
	struct nearest near = nearest_to(slice_of(id));

	for (size_t i = 0; i < n_rulesets; i++)
		for (size_t k = 0; k < rulesets[i]->n; k++)
			nearest_offer(&near, slice_of(rulesets[i]->rules[k].id));
	if (*near.found)
		return buffer_refuse(problem, "no rule is called '%s'; did you mean %s?", id, near.found);
	return buffer_refuse(problem, "no rule is called '%s'; migcheck rules lists them", id);
}

static int
check_rule(const struct waiver *w, struct buffer *problem)
{
	if (glob_is_plain(w->rule))
		return rule_find(w->rule) ? 0 : refuse_unknown_rule(w->rule, problem);
	if (!glob_names_something(w->rule))
		return buffer_refuse(problem, "rule: '%s' would waive every rule; name one, or a family such as "
			      "'dst-file-*' with a host or a tree", w->rule);
	if (!is_about_a_rule(w->rule))
		return buffer_refuse(problem, "no rule's id is like '%s'; migcheck rules lists them", w->rule);
	if (is_any(w->host) && is_any(w->tree))
		return buffer_refuse(problem, "rule: '%s' would be waived for every tree on every host; name one rule, "
			      "or say for which host: or tree: this is", w->rule);
	return 0;
}

/* ---- days ---- */

static bool
is_leap(uint32_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* "2027-01-31" to the days since 1970-01-01; false where there is no such day. */
static bool
day_number(const char *text, int64_t *ret_days)
{
	static const uint8_t length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	struct slice rest = slice_of(text), y, m, d;
	uint32_t year, month, day;
	int64_t days = 10957;			/* from 1970 to FIRST_YEAR */

	if (rest.n != strlen("2027-01-31") || !slice_field(&rest, '-', &y) || !slice_field(&rest, '-', &m) ||
	    !slice_field(&rest, '-', &d) || y.n != 4 || m.n != 2 || d.n != 2)
		return false;
	if (parse_u32(y, 10, &year) < 0 || parse_u32(m, 10, &month) < 0 || parse_u32(d, 10, &day) < 0)
		return false;
	if (year < FIRST_YEAR || year > LAST_YEAR || month < 1 || month > 12 || day < 1 ||
	    day > length[month - 1] + (uint32_t) (month == 2 && is_leap(year)))
		return false;
	for (uint32_t before = FIRST_YEAR; before < year; before++)
		days += 365 + is_leap(before);
	for (uint32_t before = 1; before < month; before++)
		days += length[before - 1] + (before == 2 && is_leap(year));
	*ret_days = days + day - 1;
	return true;
}

int
waiver_check(struct waiver *w, struct buffer *problem)
{
	int64_t days;
	int r = check_stated(w, problem);

	if (r == 0)
		r = check_pattern("rule", w->rule, problem);
	if (r == 0)
		r = check_pattern("host", w->host, problem);
	if (r == 0)
		r = check_pattern("tree", w->tree, problem);
	if (r == 0)
		r = check_rule(w, problem);
	if (r < 0)
		return r;
	if (!day_number(w->until, &days))
		return buffer_refuse(problem, "until: '%.40s' is no day from %d to %d; write it as 2027-01-31", w->until,
			      FIRST_YEAR, LAST_YEAR);
	w->until_ns = (days + 1) * DAY_NS;
	return 0;
}

/* ---- findings ---- */

static bool
fits(const char *pattern, const char *name)
{
	return !pattern || (name && glob_match(pattern, name));
}

enum waiver_state
waivers_match(struct waivers *w, const char *rule, const char *host, const char *tree, int64_t now_ns,
	      const struct waiver **ret_waiver)
{
	const struct waiver *holds = NULL, *expired = NULL;

	for (size_t i = 0; i < w->n; i++) {
		struct waiver *one = &w->waiver[i];

		if (!fits(one->rule, rule) || !fits(one->tree, tree) || !fits(one->host, host))
			continue;
		one->matched++;
		if (now_ns < one->until_ns)
			holds = holds ? holds : one;
		else
			expired = expired ? expired : one;
	}
	if (holds || expired)
		*ret_waiver = holds ? holds : expired;
	if (holds)
		return WAIVER_HOLDS;
	return expired ? WAIVER_EXPIRED : WAIVER_NONE;
}

const struct waiver *
waivers_unused(const struct waivers *w, const struct waiver *after)
{
	for (const struct waiver *one = after ? after + 1 : w->waiver; one < w->waiver + w->n; one++)
		if (one->matched == 0)
			return one;
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts, times and criu's command lines: see summary.h.
 */
#include "reports/summary.h"

#include <time.h>

struct summary
summary_of(const struct assessment *a)
{
	const Snapshot *s = a->source;
	struct summary sum = { .processes = s->n_process, .files = s->n_file, .cgroups = s->n_cgroup };

	if (s->tree && s->tree->has_root_pid)
		sum.root_pid = s->tree->root_pid;
	for (size_t i = 0; i < s->n_process; i++) {
		const Process *p = s->process[i];

		sum.threads += p->n_thread;
		if (p->has_pid && p->pid == sum.root_pid)
			sum.comm = p->comm;
	}
	for (size_t i = 0; i < s->n_socket; i++)
		if (s->socket[i]->has_in_tree && s->socket[i]->in_tree)
			sum.sockets++;
	return sum;
}

struct summary_time
summary_time(int64_t ns)
{
	time_t seconds = (time_t) (ns / 1000000000);
	struct summary_time t = { "" };
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
	    strftime(t.text, sizeof(t.text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void) snprintf(t.text, sizeof(t.text), "?");
	return t;
}

struct summary_age
summary_age(int64_t ns)
{
	long long s = (ns < 0 ? -ns : ns) / 1000000000;
	struct summary_age age = { "" };
	char amount[32];

	if (s < 120)
		(void) snprintf(amount, sizeof(amount), "%lld s", s);
	else if (s < 2 * 3600)
		(void) snprintf(amount, sizeof(amount), "%lld min", s / 60);
	else if (s < 2 * 86400)
		(void) snprintf(amount, sizeof(amount), "%lld h", s / 3600);
	else
		(void) snprintf(amount, sizeof(amount), "%lld days", s / 86400);
	if (s < 2)
		(void) snprintf(age.text, sizeof(age.text), "just now");
	else if (ns < 0)
		(void) snprintf(age.text, sizeof(age.text), "by a clock that is %s ahead", amount);
	else
		(void) snprintf(age.text, sizeof(age.text), "%s ago", amount);
	return age;
}

static bool
needs_quotes(struct slice word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+:,./@%";

	for (size_t i = 0; i < word.n; i++)
		if (!memchr(plain, word.p[i], sizeof(plain) - 1))
			return true;
	return false;
}

/* An option, word by word, as a shell takes it: --external 'mnt[]'. */
static int
add_option(struct buffer *out, const char *option)
{
	struct slice rest = slice_of(option), word;
	int r = 0;

	while (r == 0 && slice_word(&rest, &word)) {
		bool quote = needs_quotes(word);

		/* A quote inside is beyond what is worth pasting: the escape shows it. */
		r = buffer_printf(out, quote ? " '%.*s'" : " %.*s", (int) word.n, word.p);
	}
	return r;
}

int
summary_command(const struct assessment *a, int stage, struct buffer *out)
{
	int r;

	if (stage == STAGE_DUMP)
		r = buffer_printf(out, "criu dump -t %d", summary_of(a).root_pid);
	else
		r = buffer_printf(out, "criu restore");
	for (size_t i = 0; r == 0 && i < a->n_requirements; i++) {
		const struct requirement *q = &a->requirements[i];

		if (q->kind == REQUIRE_LOSSLESS && (int) q->stage == stage)
			r = add_option(out, q->option);
	}
	return r;
}

int
summary_arranged(const struct assessment *a, struct buffer *out)
{
	const char *last = NULL;
	int r = 0;

	/* Findings of one rule stand together, and so do equal options. */
	for (size_t i = 0; r == 0 && i < a->n_findings; i++) {
		const char *option = a->findings[i].option;

		if (!option || a->findings[i].severity != SEVERITY_BLOCKER || (last && streq(last, option)))
			continue;
		r = add_option(out, option);
		last = option;
	}
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts and times: see summary.h.
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

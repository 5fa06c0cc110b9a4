/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rehearsal of ids: each pid and tid of the tree is given to a helper in a fresh PID
 * namespace by clone3(2) with set_tid, as CRIU does. That the number is free in the namespace
 * of the host is another question: probes/pids.c.
 *
 * A tree that brings its PID namespace has its numbers there: NSpid: 4211 17 is 17.
 */
#include "probes/rehearse.h"

#include "probes/brought.h"

#include <errno.h>
#include <sched.h>

static int32_t
id_inside(bool brought, int32_t outer, const int32_t *inner, size_t n)
{
	return brought && n > 1 ? inner[1] : outer;
}

static int
add(struct rehearsal *h, const char *role, int32_t id, int32_t pid)
{
	const struct trial t = {
		.subject = TRIAL_SUBJECT__TRIAL_PID,
		.detail = "clone3(2) with set_tid",
		.pid = pid,
		.number = (uint64_t) (uint32_t) id,
	};

	/* The worker is pid 1 itself. */
	return id == 1 ? 0 : rehearsal_add(h, &t, "%s %d", role, id);
}

static int
plan(struct rehearsal *h)
{
	const Snapshot *source = h->c->source;
	bool brought = brought_along(source, NAMESPACE_KIND__NS_PID);
	int r = 0;

	for (size_t i = 0; r == 0 && i < source->n_process; i++) {
		const Process *p = source->process[i];

		r = add(h, "pid", id_inside(brought, p->pid, p->ns_pid, p->n_ns_pid), p->pid);
		for (size_t k = 0; r == 0 && k < p->n_thread; k++) {
			const Thread *t = p->thread[k];

			if (t->tid != p->pid)
				r = add(h, "thread", id_inside(brought, t->tid, t->ns_tid, t->n_ns_tid), p->pid);
		}
	}
	return r;
}

static int
attempt(struct rehearsal *h, const struct trial *t)
{
	pid_t id = (pid_t) (uint32_t) t->number;

	(void) h;
	return id < 1 ? -EINVAL : rehearsal_helper_with(0, id, NULL, NULL, NULL);
}

const struct rehearsal_subject rehearse_pids = {
	.name = "ids",
	.namespaces = CLONE_NEWPID,
	.plan = plan,
	.attempt = attempt,
};

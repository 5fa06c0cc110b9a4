/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rehearsal: what a restore will do is tried out, a subject after the other, and taken back.
 *
 *     migcheck                  plans the trials; clears what a run that was killed has left
 *       └─ guardian             a child of the crew (base/crew.h): killed at the deadline
 *            └─ worker          first process of a PID namespace of its own, in other new
 *                 └─ helpers    namespaces as its subject asks; does the trials one by one
 *
 * The guardian dies with migcheck, the worker with the guardian (PR_SET_PDEATHSIG), and all
 * that it has made with the worker: its helpers by the end of their PID namespace, mounts, sockets and
 * the namespaces with their last process. Only folders of cgroups stay: they bear the name of
 * the process that had them made, and whoever rehearses next removes those of dead ones.
 */
#pragma once

#include "probes/probe.h"

#include <errno.h>

/* One thing to be tried. */
struct trial {
	TrialSubject subject;
	const char *thing, *detail;	/* as in the Trial */
	int32_t pid;			/* of the tree; 0: of no single task */
	const void *what;		/* of the source, by subject: the File, the Socket, … */
	const Credentials *as;		/* whose rights are tried; NULL: our own */
	uint64_t number;		/* by subject: an id, flags, … */
	const char *text;		/* by subject: a path, options; or NULL */
};

struct trial_result;
struct crew_slot;

struct rehearsal {
	struct probe_context *c;
	struct trial *trial;
	size_t n, begin;		/* those of the subject that is planned start at `begin` */
	bool cut;			/* the subject has more of them than are tried */
	struct trial_result *result;	/* one a trial, shared with the worker */
	struct root root;		/* in the worker: "/" of its own mount namespace */
	struct root tree_root;		/* and the folder that the tree's paths are below */
};

enum {
	REHEARSAL_LEFT_OUT = ECANCELED,	/* of attempt(): better not tried, and nobody is told of it */
};

/*
 * A subject. plan() adds trials; then, in the worker, prepare() makes ready (may be NULL) and
 * attempt() is called for each. plan() and prepare() return 0 or -errno; attempt() returns 0,
 * -errno of the refusal, or a positive errno where it could not be tried.
 */
struct rehearsal_subject {
	const char *name;
	int namespaces;			/* CLONE_NEW* that the worker lives in */
	bool bare;			/* can be tried without them, too */
	int (*plan)(struct rehearsal *h);
	int (*prepare)(struct rehearsal *h);
	int (*attempt)(struct rehearsal *h, const struct trial *t);
};

extern const struct rehearsal_subject rehearse_pids, rehearse_namespaces, rehearse_cgroups, rehearse_mounts,
	rehearse_sockets, rehearse_files, rehearse_tasks;

/*
 * Adds a trial whose thing is formatted and whose other fields are those of `t`; its detail and text must
 * live as long as the snapshot. The same thing, subject and number is added once. 0 or -ENOMEM.
 */
int rehearsal_add(struct rehearsal *h, const struct trial *t, const char *thing, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * For attempt(): a helper that does `work` in new namespaces (0: in the same) and is waited for. What
 * it returns, of the same meaning as with attempt(); -errno where it could not be made.
 */
int rehearsal_helper(uint64_t flags, int (*work)(void *arg), void *arg);

/*
 * The same with an id of its own (0: any), and with `meanwhile` called in the worker while the helper waits
 * for it; NULL: nothing.
 */
int rehearsal_helper_with(uint64_t flags, pid_t id, int (*meanwhile)(pid_t helper, void *arg),
			  int (*work)(void *arg), void *arg);

/* Writes `text` to a file below `r` that is there. 0 or -errno. */
int rehearsal_write(const struct root *r, const char *path, const char *text);

/* Removes the folders of cgroups that runs which have ended left behind, and our own. */
void rehearsal_clear_cgroups(const struct probe_context *c);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rule's function is handed, and the only ways it has to speak.
 * Values are text for people and programs; foreign bytes stay raw here and are escaped by the
 * reporters. All text is copied into the assessment's arena.
 */
#pragma once

#include "checker/assessment.h"
#include "checker/rule.h"

struct docket;				/* where the engine gathers what is said */

struct judge {
	const struct rule *rule;
	const Snapshot *source;
	const Snapshot *destination;	/* NULL without one */
	const struct tree_index *at;	/* look-ups in the source */
	const struct host_index *here;	/* look-ups in the source's own host */
	const struct host_index *there;	/* look-ups in the destination; NULL without one */
	const struct check_options *options;
	struct assessment *assessment;
	const struct subject *subject;
	struct docket *docket;
	const char *external_mounts;	/* mounts.c: what all external mounts ask for; NULL: not asked yet */
};

/* Text in the assessment's arena; "" when memory is short (the assessment is then marked so). */
const char *judge_text(struct judge *j, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Begins a finding about the current subject and returns it, to be refined: every field has
 * the row's default. `thing` names what it is about ("/usr/lib/libssl.so.3", "fd 7 of nginx
 * 4211"); here and there are both sides' values, NULL where there is none.
 * Equal findings (rule, thing, here, there) of several processes are folded into one by the
 * engine, with all holders listed. Never NULL.
 */
struct finding *judge_find(struct judge *j, const char *thing, const char *here, const char *there);

/* Says that a fact is missing: which, and why (from the gaps of `domain` on that side). */
enum judgement judge_unknown(struct judge *j, bool destination_side, Domain domain,
			     const char *thing, const char *missing);

/* Whether that side has a gap in the domain: something of it was not learned. */
bool judge_lacks(const struct judge *j, bool destination_side, Domain domain);

/*
 * Notes that CRIU needs an option: lossless options fail nothing, unless the user has said
 * which options CRIU will get (--criu-options) and this is not among them: then it becomes a
 * permanent blocker about `who`, made by the engine. `who` needs it.
 * Repeated calls with the same stage and option add to its list of things. A lossy or arranged
 * option belongs into finding.option and finding.option_kind instead: the engine softens the
 * finding where the user gives the option.
 */
void judge_require(struct judge *j, enum requirement_kind kind, enum stage stage,
		   const char *option, const char *who);

/* A name for a process: "nginx 4211". */
const char *judge_process(struct judge *j, const Process *p);
/* "thread 4213 of nginx 4211"; the first thread is the process itself. */
const char *judge_thread(struct judge *j, const Process *p, const Thread *t);
/* "fd 7 of nginx 4211" */
const char *judge_fd(struct judge *j, const Process *p, const Fd *fd);

/* Where of a descriptor it was read: "/proc/4211/fd/7", "/proc/4211/fdinfo/7". */
const char *judge_fd_link(struct judge *j, const Process *p, const Fd *fd);
const char *judge_fdinfo(struct judge *j, const Process *p, const Fd *fd);

/* What a descriptor leads to: the path of its file, else its link text, else "". */
const char *judge_fd_target(struct judge *j, const Fd *fd);

/* "fd 7 of nginx 4211" for the first descriptor that holds the socket; else "socket:[INO]". */
const char *judge_socket(struct judge *j, const Socket *s);

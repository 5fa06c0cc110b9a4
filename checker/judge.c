/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways in which a rule speaks: findings, unknowns, requirements, and the names of things.
 */
#include "checker/docket.h"
#include "base/text.h"
#include <stdarg.h>

static struct arena *
arena_of(struct judge *j)
{
	return j->assessment->arena;
}

const char *
judge_text(struct judge *j, const char *format, ...)
{
	char small[256];
	va_list list;
	char *text;
	int n;

	va_start(list, format);
	n = vsnprintf(small, sizeof(small), format, list);
	va_end(list);
	if (n < 0)
		return "";
	text = arena_alloc(arena_of(j), (size_t) n + 1);
	if (!text) {
		j->assessment->short_of_memory = true;
		return "";
	}
	if ((size_t) n < sizeof(small)) {
		memcpy(text, small, (size_t) n + 1);
		return text;
	}
	va_start(list, format);
	(void) vsnprintf(text, (size_t) n + 1, format, list);
	va_end(list);
	return text;
}

static const char *
copy(struct judge *j, const char *s)
{
	const char *text;

	if (!s)
		return NULL;
	text = arena_strdup(arena_of(j), s);
	if (!text)
		j->assessment->short_of_memory = true;
	return text ? text : "";
}

struct finding *
judge_find(struct judge *j, const char *thing, const char *here, const char *there)
{
	struct docket *d = j->docket;
	struct finding *f = arena_alloc(arena_of(j), sizeof(*f));
	struct said *place = NULL;

	if (f)
		place = arena_grow(arena_of(j), &d->said, &d->n_said, sizeof(*place));
	if (!place) {
		j->assessment->short_of_memory = true;
		f = &d->spare;
	} else {
		*place = (struct said){ .finding = f, .rule = d->rule };
	}
	*f = (struct finding){
		.rule = j->rule,
		.stage = j->rule->stage,
		.lifetime = j->rule->lifetime,
		.severity = j->rule->severity,
		.confidence = CONFIDENCE_SEEN,
		.thing = copy(j, thing ? thing : ""),
		.here = copy(j, here),
		.there = copy(j, there),
		.remedy = j->rule->remedy,
	};
	return f;
}

/* Of what a host is asked for the sake of a tree; all else stands in each profile of it (probes/probes.c). */
#define ASKED_FOR_A_TREE                                                                                 \
	(NEEDS(DOMAIN__DOMAIN_FILES) | NEEDS(DOMAIN__DOMAIN_PIDS) | NEEDS(DOMAIN__DOMAIN_CGROUPS) |      \
	 NEEDS(DOMAIN__DOMAIN_NET) | NEEDS(DOMAIN__DOMAIN_MODULES) | NEEDS(DOMAIN__DOMAIN_TERMINALS) |   \
	 NEEDS(DOMAIN__DOMAIN_REHEARSAL))

static bool
was_not_asked(const struct assessment *a, Domain domain)
{
	return a->options->in_a_pool && !a->destination->header->has_asked_sha256 &&
	       (ASKED_FOR_A_TREE & NEEDS(domain));
}

enum judgement
judge_unknown(struct judge *j, bool destination_side, Domain domain, const char *thing,
	      const char *missing)
{
	struct docket *d = j->docket;
	struct assessment *a = j->assessment;
	const Gap *const *gaps = destination_side ? d->destination_gap : d->source_gap;
	const Gap *gap = (unsigned int) domain < DOMAINS ? gaps[domain] : NULL;
	struct unknown *u;

	if (destination_side && !gap && was_not_asked(a, domain)) {
		a->outcomes[d->rule].not_asked++;
		return UNKNOWN;
	}
	if (a->outcomes[d->rule].unknowns++ >= MAX_UNKNOWNS)
		return UNKNOWN;
	u = arena_grow(a->arena, &a->unknowns, &a->n_unknowns, sizeof(*u));
	if (!u) {
		a->short_of_memory = true;
		return UNKNOWN;
	}
	*u = (struct unknown){
		.rule = j->rule,
		.thing = copy(j, thing ? thing : ""),
		.missing = copy(j, missing ? missing : ""),
		.because = gap ? docket_because(j, gap) : NULL,
		.remedy = docket_remedy(j, destination_side, domain),
		.at_destination = destination_side,
	};
	return UNKNOWN;
}

bool
judge_lacks(const struct judge *j, bool destination_side, Domain domain)
{
	const struct docket *d = j->docket;
	const Gap *const *gaps = destination_side ? d->destination_gap : d->source_gap;

	return (unsigned int) domain < DOMAINS && gaps[domain];
}

const char *
judge_process(struct judge *j, const Process *p)
{
	if (!p)
		return "";
	return judge_text(j, "%s %d", p->comm ? p->comm : "?", p->pid);
}

const char *
judge_thread(struct judge *j, const Process *p, const Thread *t)
{
	if (t->tid == p->pid)
		return judge_process(j, p);
	return judge_text(j, "thread %d of %s", t->tid, judge_process(j, p));
}

const char *
judge_fd(struct judge *j, const Process *p, const Fd *fd)
{
	if (!p || !fd)
		return "";
	return judge_text(j, "fd %d of %s %d", fd->number, p->comm ? p->comm : "?", p->pid);
}

const char *
judge_fd_link(struct judge *j, const Process *p, const Fd *fd)
{
	return judge_text(j, "/proc/%d/fd/%d", p->pid, fd->number);
}

const char *
judge_fdinfo(struct judge *j, const Process *p, const Fd *fd)
{
	return judge_text(j, "/proc/%d/fdinfo/%d", p->pid, fd->number);
}

const char *
judge_fd_target(struct judge *j, const Fd *fd)
{
	const File *file = index_file(j->at, fd->has_file, fd->file);

	if (file && file->path)
		return file->path;
	return fd->link ? fd->link : "";
}

const char *
judge_socket(struct judge *j, const Socket *s)
{
	const Fd *fd = NULL;
	const Process *holder = index_socket_holder(j->at, s->ino, &fd);

	if (holder)
		return judge_fd(j, holder, fd);
	return judge_text(j, "socket:[%llu]", (unsigned long long) s->ino);
}

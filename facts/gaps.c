/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gaps: what could not be learned, and why. The same obstacle met at many tasks (no permission
 * for map_files, say) is one gap of the first task, as long as it is met in a row.
 */
#include "facts/gaps.h"

#include "base/names.h"
#include "base/text.h"

#include <stdarg.h>

static const struct {
	int error;
	GapEffect effect;
} effects[] = {
	{ EACCES, GAP_EFFECT__GAP_DENIED },
	{ EPERM, GAP_EFFECT__GAP_DENIED },
	{ ESRCH, GAP_EFFECT__GAP_VANISHED },
	{ EBADMSG, GAP_EFFECT__GAP_UNPARSABLE },
	{ EINVAL, GAP_EFFECT__GAP_UNPARSABLE },
	{ ERANGE, GAP_EFFECT__GAP_UNPARSABLE },
	{ EINTR, GAP_EFFECT__GAP_INTERRUPTED },
	{ EAGAIN, GAP_EFFECT__GAP_INTERRUPTED },
	{ ENOENT, GAP_EFFECT__GAP_UNSUPPORTED },
	{ EOPNOTSUPP, GAP_EFFECT__GAP_UNSUPPORTED },
	{ ENOSYS, GAP_EFFECT__GAP_UNSUPPORTED },
	{ ENOTTY, GAP_EFFECT__GAP_UNSUPPORTED },
	{ EPROTONOSUPPORT, GAP_EFFECT__GAP_UNSUPPORTED },
	{ ETIMEDOUT, GAP_EFFECT__GAP_TIMED_OUT },
	{ EFBIG, GAP_EFFECT__GAP_OVER_LIMIT },
	{ ENOMEM, GAP_EFFECT__GAP_OVER_LIMIT },
};

static GapEffect
effect_of(int error)
{
	for (size_t i = 0; i < ARRAY_SIZE(effects); i++)
		if (effects[i].error == -error)
			return effects[i].effect;
	return GAP_EFFECT__GAP_FAILED;
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a && b && streq(a, b));
}

/* How far back equal gaps are looked for: collectors of one task follow one another. */
enum { LOOK_BACK = 32 };

static bool
known(const struct gaps *g, const Gap *gap)
{
	for (size_t i = g->n; i > 0 && g->n - i < LOOK_BACK; i--) {
		const Gap *old = g->gap[i - 1];

		if (old->domain == gap->domain && same_text(old->collector, gap->collector) &&
		    same_text(old->reason, gap->reason) && same_text(old->subject, gap->subject))
			return true;
	}
	return false;
}

void
gap_note(struct gaps *g, Domain domain, const char *collector, int pid, int error,
	 const char *remedy, const char *subject, ...)
{
	char text[512];
	va_list args;
	Gap *gap;

	va_start(args, subject);
	(void) vsnprintf(text, sizeof(text), subject, args);
	va_end(args);

	gap = NEW_FACT(g->arena, Gap, gap);
	if (!gap)
		return;
	SET_FACT(gap, domain, domain);
	SET_FACT(gap, effect, effect_of(error));
	if (pid > 0)
		SET_FACT(gap, pid, pid);
	gap->collector = arena_strdup(g->arena, collector);
	gap->reason = arena_strdup(g->arena, errno_name(error));
	gap->subject = arena_strdup(g->arena, text);
	if (remedy)
		gap->remedy = arena_strdup(g->arena, remedy);
	if (!known(g, gap))
		(void) ADD_FACT(g->arena, g->gap, g->n, gap);
}

int
gaps_join(struct snapshot *s, const struct gaps *g)
{
	int r;

	for (size_t i = 0; i < g->n; i++) {
		r = ADD_FACT(s->arena, s->facts->gap, s->facts->n_gap, g->gap[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static const char *const domain_names[] = {
	[DOMAIN__DOMAIN_TASKS] = "tasks",
	[DOMAIN__DOMAIN_FDS] = "fds",
	[DOMAIN__DOMAIN_FILES] = "files",
	[DOMAIN__DOMAIN_MAPPINGS] = "mappings",
	[DOMAIN__DOMAIN_SOCKETS] = "sockets",
	[DOMAIN__DOMAIN_MOUNTS] = "mounts",
	[DOMAIN__DOMAIN_NAMESPACES] = "namespaces",
	[DOMAIN__DOMAIN_CGROUPS] = "cgroups",
	[DOMAIN__DOMAIN_LIMITS] = "limits",
	[DOMAIN__DOMAIN_TIMERS] = "timers",
	[DOMAIN__DOMAIN_TERMINALS] = "terminals",
	[DOMAIN__DOMAIN_SHARING] = "sharing",
	[DOMAIN__DOMAIN_SECURITY] = "security",
	[DOMAIN__DOMAIN_MEMORY] = "memory",
	[DOMAIN__DOMAIN_CPU] = "cpu",
	[DOMAIN__DOMAIN_KERNEL] = "kernel",
	[DOMAIN__DOMAIN_MODULES] = "modules",
	[DOMAIN__DOMAIN_NET] = "net",
	[DOMAIN__DOMAIN_FILESYSTEMS] = "filesystems",
	[DOMAIN__DOMAIN_TOOLS] = "tools",
	[DOMAIN__DOMAIN_PIDS] = "pids",
	[DOMAIN__DOMAIN_IDENTITY] = "identity",
	[DOMAIN__DOMAIN_CALLS] = "calls",
	[DOMAIN__DOMAIN_REHEARSAL] = "rehearsal",
};

const char *
domain_name(Domain domain)
{
	if ((unsigned int) domain >= ARRAY_SIZE(domain_names) || !domain_names[domain])
		return "other";
	return domain_names[domain];
}

static const char *const effect_names[] = {
	[GAP_EFFECT__GAP_VANISHED] = "vanished",
	[GAP_EFFECT__GAP_DENIED] = "denied",
	[GAP_EFFECT__GAP_UNPARSABLE] = "unparsable",
	[GAP_EFFECT__GAP_INTERRUPTED] = "interrupted",
	[GAP_EFFECT__GAP_UNSUPPORTED] = "unsupported",
	[GAP_EFFECT__GAP_TIMED_OUT] = "timed out",
	[GAP_EFFECT__GAP_OVER_LIMIT] = "over a limit",
	[GAP_EFFECT__GAP_FAILED] = "failed",
};

const char *
gap_effect_name(GapEffect effect)
{
	if ((unsigned int) effect >= ARRAY_SIZE(effect_names) || !effect_names[effect])
		return "failed";
	return effect_names[effect];
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminals. A pseudo terminal is a pair: the slave /dev/pts/N that the program has open, and
 * the master that sshd, tmux or a terminal window holds. CRIU dumps a pair; half of one it
 * takes only as a shell job, whose terminal the restoring criu brings itself.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"
#include <fcntl.h>

enum {
	MAX_INDEX = 1000,		/* criu's highest number of a pseudo terminal, about */
	MAJOR_SLAVE = 136,
	MAJOR_SLAVE_LAST = 143,
};

static bool
is_slave(const Fd *fd)
{
	return fd->kind == FD_KIND__FD_TERMINAL && fd->terminal && !fd->terminal->master &&
	       !fd->terminal->hung_up &&
	       fd->rdev_major >= MAJOR_SLAVE && fd->rdev_major <= MAJOR_SLAVE_LAST &&
	       fd->terminal->has_index && !(fd->flags & O_PATH);
}

static void
require_shell_job(struct judge *j, const char *who)
{
	judge_require(j, REQUIRE_LOSSLESS, STAGE_DUMP, "--shell-job", who);
	judge_require(j, REQUIRE_LOSSLESS, STAGE_RESTORE, "--shell-job", who);
}

static const char *
slave_name(struct judge *j, const struct subject *s)
{
	return judge_text(j, "/dev/pts/%u, %s", s->fd->terminal->index, judge_fd(j, s->process, s->fd));
}

/* The slave without a master that comes first, by pid and descriptor; NULL: none. */
static const Fd *
first_unpaired(const struct judge *j)
{
	size_t n;
	const Process *const *process = index_processes(j->at, &n);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < process[i]->n_fd; k++)
			if (is_slave(process[i]->fd[k]) &&
			    !index_terminal_master(j->at, process[i]->fd[k]->terminal->index))
				return process[i]->fd[k];
	return NULL;
}

static enum judgement
tty_slave_no_master(struct judge *j, const struct subject *s)
{
	if (!is_slave(s->fd))
		return NOT_ABOUT;
	if (!index_terminal_master(j->at, s->fd->terminal->index))
		require_shell_job(j, slave_name(j, s));
	return FINE;
}

static enum judgement
tty_two_external_slaves(struct judge *j, const struct subject *s)
{
	const Fd *first;
	struct finding *f;

	if (!is_slave(s->fd) || index_terminal_master(j->at, s->fd->terminal->index))
		return NOT_ABOUT;
	first = first_unpaired(j);
	if (!first || first->terminal->index == s->fd->terminal->index)
		return FINE;
	f = judge_find(j, judge_text(j, "/dev/pts/%u", s->fd->terminal->index),
		       judge_text(j, "open beside /dev/pts/%u; the masters of both are outside",
				  first->terminal->index),
		       NULL);
	f->here_from = judge_fd_link(j, s->process, s->fd);
	f->option = judge_text(j, "--external tty[%x:%llx]", s->fd->rdev_major << 8 | s->fd->rdev_minor,
			       (unsigned long long) (s->fd->dev_major << 8 | s->fd->dev_minor));
	f->option_kind = REQUIRE_ARRANGED;
	return FINDING;
}

/* Field 7 of stat: minor in bits 0-7 and 20-31, major in bits 8-19. */
static bool
is_controlling(const Process *p, const Fd *fd)
{
	uint32_t major = p->tty_nr >> 8 & 0xfff, minor = (p->tty_nr & 0xff) | (p->tty_nr >> 12 & 0xfff00);

	return p->tty_nr && fd->rdev_major == major && fd->rdev_minor == minor;
}

static enum judgement
tty_sid_dangling(struct judge *j, const struct subject *s)
{
	const Process *p = s->process;
	struct finding *f;
	int sid;

	if (s->fd->kind != FD_KIND__FD_TERMINAL || !s->fd->terminal || (s->fd->flags & O_PATH))
		return NOT_ABOUT;
	if (s->fd->terminal->has_sid)
		sid = s->fd->terminal->sid;
	else if (is_controlling(p, s->fd))
		sid = p->sid;
	else
		return NOT_ABOUT;
	if (sid <= 0 || index_process(j->at, sid))
		return FINE;
	require_shell_job(j, judge_text(j, "%s, of session %d", judge_fd_target(j, s->fd), sid));
	if (!s->fd->terminal->master)
		return FINE;
	f = judge_find(j, judge_fd(j, p, s->fd),
		       judge_text(j, "the master of a terminal of session %d, which is outside the tree", sid), NULL);
	f->stage = STAGE_RESTORE;
	f->here_from = "TIOCGSID";
	return FINDING;
}

static enum judgement
tty_driver_unsupported(struct judge *j, const struct subject *s)
{
	const Fd *fd = s->fd;
	struct finding *f;

	if (fd->kind != FD_KIND__FD_TERMINAL || !fd->has_rdev_major)
		return NOT_ABOUT;
	if ((fd->rdev_major == 5 && fd->rdev_minor <= 2) ||
	    (fd->rdev_major == 4 && fd->rdev_minor >= 1 && fd->rdev_minor <= 63) ||
	    (fd->rdev_major >= 128 && fd->rdev_major <= MAJOR_SLAVE_LAST) || fd->rdev_major == 188 ||
	    fd->rdev_major == 204)
		return FINE;
	f = judge_find(j, judge_fd_target(j, fd),
		       judge_text(j, "terminal device %u:%u%s%s", fd->rdev_major, fd->rdev_minor,
				  fd->terminal && fd->terminal->driver ? " of driver " : "",
				  fd->terminal && fd->terminal->driver ? fd->terminal->driver : ""),
		       NULL);
	f->here_from = judge_fd_link(j, s->process, fd);
	f->option = judge_text(j, "--external tty[%x:%llx]", fd->rdev_major << 8 | fd->rdev_minor,
			       (unsigned long long) (fd->dev_major << 8 | fd->dev_minor));
	f->option_kind = REQUIRE_ARRANGED;
	return FINDING;
}

static enum judgement
tty_index_too_big(struct judge *j, const struct subject *s)
{
	const TerminalState *t = s->fd->terminal;

	if (!t || !t->has_index)
		return NOT_ABOUT;
	if (t->index < MAX_INDEX)
		return FINE;
	judge_find(j, judge_fd(j, s->process, s->fd), judge_text(j, "pseudo terminal %u", t->index), NULL);
	return FINDING;
}

static enum judgement
tty_hangup(struct judge *j, const struct subject *s)
{
	const TerminalState *t = s->fd->terminal;

	if (!t || !t->has_hung_up)
		return NOT_ABOUT;
	if (!t->hung_up)
		return FINE;
	judge_find(j, judge_fd(j, s->process, s->fd), "has been hung up", NULL);
	return FINDING;
}

#define OF_FDS .about = ABOUT_FD, .source_needs = NEEDS(DOMAIN__DOMAIN_FDS)
#define UNTIL_REDIRECTED                \
	.lifetime = LIFETIME_PERMANENT, \
	.lifetime_why = "the program keeps its terminal until it closes it"

static const struct rule rules[] = {
	{
		.id = "tty-slave-no-master",
		.title = "a terminal is open whose other end is outside the tree",
		.why = "CRIU takes it as a shell job: the restored program gets the terminal in which criu "
		       "restore is started.",
		.remedy = "give criu --shell-job at dump and restore, or redirect input and output to files",
		.criu_says = "without correspond master peer",
		.stage = STAGE_DUMP,
		UNTIL_REDIRECTED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = tty_slave_no_master,
	},
	{
		.id = "tty-two-external-slaves",
		.title = "two terminals are open whose other ends are outside the tree",
		.why = "With --shell-job CRIU replaces one terminal by its own; for a second one there is none.",
		.remedy = "redirect one of them to a file; or give criu --external "
			  "tty[RDEV:DEV] at dump and hand it over at restore (--inherit-fd fd[N]:tty[RDEV:DEV])",
		.criu_says = "Only one slave external peer is allowed",
		.stage = STAGE_DUMP,
		UNTIL_REDIRECTED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = tty_two_external_slaves,
	},
	{
		.id = "tty-sid-dangling",
		.title = "a terminal belongs to a session whose leader is outside the tree",
		.why = "The session is that of the shell in which the program was typed. CRIU takes it as "
		       "a shell job, and restores it into the session of the restoring criu.",
		.remedy = "give criu --shell-job at dump and restore, or start the program with setsid(1)",
		.criu_says = "Found dangling tty with sid",
		.stage = STAGE_DUMP,
		UNTIL_REDIRECTED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = tty_sid_dangling,
	},
	{
		.id = "tty-driver-unsupported",
		.title = "a terminal of a driver that CRIU does not know",
		.why = "CRIU restores pseudo terminals, consoles, virtual terminals and USB serial lines.",
		.remedy = "have the program close the line; or give criu --external "
			  "tty[RDEV:DEV] at dump and hand it over at restore (--inherit-fd fd[N]:tty[RDEV:DEV])",
		.criu_says = "Can't dump file",
		.stage = STAGE_DUMP,
		UNTIL_REDIRECTED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = tty_driver_unsupported,
	},
	{
		.id = "tty-index-too-big",
		.title = "a pseudo terminal with a number above 1000",
		.why = "CRIU has room for about a thousand.",
		.remedy = "start the program in another terminal, when fewer are open",
		.criu_says = "on pts is too big",
		.stage = STAGE_DUMP,
		UNTIL_REDIRECTED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = tty_index_too_big,
	},
	{
		.id = "tty-hangup",
		.title = "a terminal has been hung up",
		.why = "Its window or connection is gone; CRIU saves little of it, and reads and writes go "
		       "on failing after the restore.",
		.remedy = "restart the program with its output in a file, where that matters",
		.stage = STAGE_AFTERWARDS,
		UNTIL_REDIRECTED,
		.severity = SEVERITY_NOTE,
		.about = ABOUT_FD,
		.check = tty_hangup,
	},
};

const struct ruleset rules_terminals = { "terminals", rules, ARRAY_SIZE(rules) };

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes of a task: scheduling, credentials, seccomp, timers, and others that /proc shows.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "mkproc.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

/* sched_setattr(2): the C library has neither the call nor the structure. */
struct scheduling {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

enum { POLICY_DEADLINE = 6 };

static void
set_policy(struct scene *s)
{
	static const struct {
		const char *arg;
		int policy, priority;
	} kinds[] = {
		{ "fifo", SCHED_FIFO, 5 },
		{ "rr", SCHED_RR, 6 },
		{ "batch", SCHED_BATCH, 0 },
		{ "idle", SCHED_IDLE, 0 },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct sched_param param = { .sched_priority = kinds[i].priority };

		if (strcmp(kinds[i].arg, s->factory->arg) != 0)
			continue;
		can(s, sched_setscheduler(0, kinds[i].policy, &param), "sched_setscheduler");
		fact(s, "policy", "%d", kinds[i].policy);
	}
}

static void
set_deadline(struct scene *s)
{
	const struct scheduling attr = {
		.size = sizeof(attr),
		.policy = POLICY_DEADLINE,
		.runtime = 1000000,
		.deadline = 100000000,
		.period = 100000000,
	};

	can(s, syscall(SYS_sched_setattr, 0, &attr, 0), "sched_setattr(SCHED_DEADLINE)");
	fact(s, "policy", "%d", POLICY_DEADLINE);
}

static void
set_nice(struct scene *s)
{
	must(s, setpriority(PRIO_PROCESS, 0, 7), "setpriority");
	fact(s, "nice", "7");
}

static void
pin_cpu(struct scene *s)
{
	cpu_set_t all, one;
	int cpu = 0;

	must(s, sched_getaffinity(0, sizeof(all), &all), "sched_getaffinity");
	if (CPU_COUNT(&all) < 2)
		skip(s, "one CPU only");
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	must(s, sched_setaffinity(0, sizeof(one), &one), "sched_setaffinity");
	fact(s, "cpu", "%d", cpu);
}

static void
seccomp_strict(struct scene *s)
{
	/* Strict allows read, write, _exit and sigreturn only: so a thread waits in a read. */
	int ends[2];
	char byte;

	must(s, pipe2(ends, 0), "pipe");
	tree_ready(s);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0);
	while (read(ends[0], &byte, 1) >= 0)
		;
}

/* Asleep again means: in the read, hence past the prctl. */
static void
wait_asleep(struct scene *s)
{
	wait_state(s, s->root, 'S');
}

static void
seccomp_filter(struct scene *s)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { .len = 1, .filter = code };

	must(s, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	can(s, prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0), "seccomp");
}

static void
no_new_privs(struct scene *s)
{
	must(s, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

/* Keeps CAP_NET_BIND_SERVICE only, in all sets but the inheritable and the ambient one. */
static void
drop_capabilities(struct scene *s)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { {
		.effective = 1U << CAP_NET_BIND_SERVICE,
		.permitted = 1U << CAP_NET_BIND_SERVICE,
	} };

	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (cap != CAP_NET_BIND_SERVICE)
			can(s, prctl(PR_CAPBSET_DROP, cap, 0, 0, 0), "PR_CAPBSET_DROP");
	must(s, syscall(SYS_capset, &head, sets), "capset");
	fact(s, "cap-eff", "%x", 1U << CAP_NET_BIND_SERVICE);
}

static void
many_groups(struct scene *s)
{
	long count = arg_number(s, "count");
	gid_t *groups = calloc((size_t)count, sizeof(*groups));

	if (!groups)
		fail(s, "calloc");
	for (long i = 0; i < count; i++)
		groups[i] = (gid_t)(20000 + i);
	can(s, setgroups((size_t)count, groups), "setgroups");
	free(groups);
	fact(s, "groups", "%ld", count);
}

/* The number of nobody, whether or not such a name exists. */
static void
other_user(struct scene *s)
{
	can(s, setgroups(0, NULL), "setgroups");
	can(s, setresgid(65534, 65534, 65534), "setresgid");
	can(s, setresuid(65534, 65534, 65534), "setresuid");
	fact(s, "uid", "65534");
}

static void
posix_timers(struct scene *s)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME,
					    CLOCK_PROCESS_CPUTIME_ID };
	const struct itimerspec when = { .it_value = { .tv_sec = 3600 } };

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
		timer_t timer;

		must(s, timer_create(clocks[i], &event, &timer), "timer_create");
		must(s, timer_settime(timer, 0, &when, NULL), "timer_settime");
	}
	fact(s, "timers", "%zu", sizeof(clocks) / sizeof(clocks[0]));
}

/* SIGEV_THREAD_ID is not in the C library's header: its value and the place of the tid are. */
static void
thread_timer(struct scene *s)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	pid_t tid = tree_thread(s, NULL);
	timer_t timer;

	event._sigev_un._tid = tid;
	must(s, timer_create(CLOCK_MONOTONIC, &event, &timer), "timer_create");
	fact(s, "tid", "%d", tid);
}

static void
interval_timer(struct scene *s)
{
	const struct itimerval when = { .it_value = { .tv_sec = 3600 } };

	must(s, setitimer(ITIMER_REAL, &when, NULL), "setitimer");
}

static void
odd_comm(struct scene *s)
{
	must(s, prctl(PR_SET_NAME, "a) R 1\n\x01\xff", 0, 0, 0), "PR_SET_NAME");
}

static void
not_dumpable(struct scene *s)
{
	must(s, prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE");
}

static void
deny_write_exec(struct scene *s)
{
	can(s, prctl(PR_SET_MDWE, 1, 0, 0, 0), "PR_SET_MDWE");
}

static void
other_personality(struct scene *s)
{
	must(s, personality(ADDR_NO_RANDOMIZE), "personality");
	fact(s, "personality", "%x", ADDR_NO_RANDOMIZE);
}

static void
small_limits(struct scene *s)
{
	const struct rlimit files = { .rlim_cur = 64, .rlim_max = 128 };

	must(s, setrlimit(RLIMIT_NOFILE, &files), "RLIMIT_NOFILE");
	fact(s, "nofile", "64:128");
}

static void
oom_score(struct scene *s)
{
	path_write(s, "/proc/self/oom_score_adj", "500");
	fact(s, "oom-score-adj", "500");
}

static void
timer_slack(struct scene *s)
{
	must(s, prctl(PR_SET_TIMERSLACK, 123456, 0, 0, 0), "PR_SET_TIMERSLACK");
	fact(s, "timerslack", "123456");
}

/* ioprio_set(2): who 1 is a process, class 3 is idle. */
static void
idle_io(struct scene *s)
{
	must(s, syscall(SYS_ioprio_set, 1, 0, 3 << 13), "ioprio_set");
	fact(s, "ioprio", "3");
}

/* KEYCTL_JOIN_SESSION_KEYRING is 1, see keyctl(2). */
static void
session_keyring(struct scene *s)
{
	can(s, syscall(SYS_keyctl, 1, "mkproc", 0, 0, 0), "keyctl");
}

static void
death_signal(struct scene *s)
{
	must(s, prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "PR_SET_PDEATHSIG");
	fact(s, "signal", "%d", SIGKILL);
}

#define ROW(NAME, SUMMARY, NEEDS, CRIU, RULE, ARG, INSIDE)                                         \
	{ .name = (NAME), .summary = (SUMMARY), .needs = (NEEDS), .criu = (CRIU), .rule = (RULE),  \
	  .arg = (ARG), .inside = (INSIDE) }

const struct factory factories_attributes[] = {
	ROW("sched-fifo", "policy SCHED_FIFO", "root", "ok", "", "fifo", set_policy),
	ROW("sched-rr", "policy SCHED_RR", "root", "ok", "", "rr", set_policy),
	ROW("sched-batch", "policy SCHED_BATCH", "", "ok", "", "batch", set_policy),
	ROW("sched-idle", "policy SCHED_IDLE", "", "ok", "", "idle", set_policy),
	ROW("sched-deadline", "policy SCHED_DEADLINE", "root", "ok",
	    "task-sched-policy-unsupported", NULL, set_deadline),
	ROW("sched-nice", "nice 7", "", "ok", "", NULL, set_nice),
	ROW("sched-affinity", "bound to one CPU", "cpus", "ok", "task-cpu-affinity", NULL, pin_cpu),
	{ .name = "seccomp-strict", .summary = "seccomp of the strict kind", .needs = "",
	  .criu = "ok", .rule = "", .inside = seccomp_strict, .after = wait_asleep },
	ROW("seccomp-filter", "a seccomp filter that allows all", "", "ok", "task-seccomp-filters",
	    NULL, seccomp_filter),
	ROW("cred-no-new-privs", "no_new_privs", "", "ok", "", NULL, no_new_privs),
	ROW("cred-capabilities", "one capability only", "root", "ok", "dst-caps", NULL,
	    drop_capabilities),
	{ .name = "cred-groups", .summary = "more supplementary groups than CRIU can hold",
	  .needs = "root", .criu = "refused", .rule = "task-groups-too-many",
	  .args = "count=1200", .inside = many_groups },
	ROW("cred-user", "user and group 65534", "root", "host:CAP_SYS_RESOURCE", "src-criu-caps",
	    NULL, other_user),
	ROW("timer-posix", "POSIX timers of four clocks", "", "ok", "", NULL, posix_timers),
	ROW("timer-posix-thread", "a POSIX timer that signals a thread", "", "ok",
	    "task-posix-timer-thread", NULL, thread_timer),
	ROW("timer-interval", "a timer of setitimer(2)", "", "ok", "", NULL, interval_timer),
	ROW("attr-comm-odd", "a name with a parenthesis, a line end and invalid UTF-8", "", "ok",
	    "", NULL, odd_comm),
	ROW("attr-not-dumpable", "PR_SET_DUMPABLE 0", "", "ok", "", NULL, not_dumpable),
	ROW("attr-mdwe", "memory is never writable and executable", "kernel-6.3", "ok",
	    "task-selinux-execmem", NULL, deny_write_exec),
	ROW("attr-personality", "a personality without address randomisation", "", "ok", "", NULL,
	    other_personality),
	ROW("attr-limits", "small resource limits", "", "ok", "", NULL, small_limits),
	ROW("attr-oom-score", "an OOM score of 500", "", "ok", "", NULL, oom_score),
	ROW("attr-timer-slack", "another timer slack", "", "ok", "task-cpu-affinity", NULL,
	    timer_slack),
	ROW("attr-io-priority", "the idle I/O class", "", "ok", "task-cpu-affinity", NULL, idle_io),
	ROW("attr-keyring", "a session keyring of its own", "keys", "ok",
	    "task-io-uring-personality", NULL, session_keyring),
	ROW("attr-death-signal", "killed with its parent", "", "ok", "", NULL, death_signal),
	{ .name = NULL },
};

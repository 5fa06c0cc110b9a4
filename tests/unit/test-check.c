/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine and its properties, on a realistic source (tests/rules/common/service.txt) and a
 * destination that is the very same host: what the source holds, asked again there.
 */
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/test.h"
#include <stdbool.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/assessment.h"
#include "facts/snapshot.h"
#include "facts/stream.h"

#define ENCODE                                                                      \
	"cat tests/rules/common/ordinary.txt tests/rules/common/service.txt | " \
	"protoc --encode=Snapshot -I facts facts/snapshot.proto"

static const struct check_options undecided = { .now_ns = 1700000000000000000 };
static struct buffer encoded;

static int
encode(void **state)
{
	FILE *pipe = popen(ENCODE, "re");
	int r;

	(void) state;
	assert_non_null(pipe);
	r = buffer_read_fd(&encoded, fileno(pipe), 1 << 20);
	return pclose(pipe) == 0 ? r : -1;
}

static int
forget(void **state)
{
	(void) state;
	buffer_free(&encoded);
	return 0;
}

static struct snapshot
load_source(void)
{
	struct snapshot s;

	assert_int_equal(snapshot_unpack(encoded.p, encoded.n, &s), 0);
	return s;
}

static void
answer_files(struct snapshot *d, const Snapshot *source)
{
	for (size_t i = 0; i < source->n_file; i++) {
		const File *f = source->file[i];
		PathAnswer *a = NEW_FACT(d->arena, PathAnswer, path_answer);

		assert_non_null(a);
		a->path = arena_strdup(d->arena, f->path);
		SET_FACT(a, error, 0);
		SET_FACT(a, kind,
			 (f->mode & 0170000) == 0100000 ? PATH_KIND__PATH_KIND_REGULAR :
			 (f->mode & 0170000) == 0040000 ? PATH_KIND__PATH_KIND_DIRECTORY :
							  PATH_KIND__PATH_KIND_CHARDEV);
		SET_FACT(a, mode, f->mode);
		SET_FACT(a, size, f->size);
		SET_FACT(a, nlink, f->nlink);
		SET_FACT(a, dev_major, f->dev_major);
		SET_FACT(a, dev_minor, f->dev_minor);
		SET_FACT(a, ino, f->ino);
		SET_FACT(a, rdev_major, f->rdev_major);
		SET_FACT(a, rdev_minor, f->rdev_minor);
		SET_FACT(a, build_id_looked, true);
		SET_FACT(a, same_as_asked, true);
		SET_FACT(a, digest_state, f->digest_state);
		a->has_sha256 = f->has_sha256;
		a->sha256 = f->sha256;
		assert_int_equal(ADD_FACT(d->arena, d->facts->path_answer, d->facts->n_path_answer, a), 0);
	}
}

static void
answer_id(struct snapshot *d, const Process *holder, int id, PidUse use)
{
	PidAnswer *a = NEW_FACT(d->arena, PidAnswer, pid_answer);

	assert_non_null(a);
	SET_FACT(a, id, id);
	SET_FACT(a, use, use);
	SET_FACT(a, holder_pid, holder->pid);
	SET_FACT(a, holder_start_time, holder->start_time);
	a->holder_comm = arena_strdup(d->arena, holder->comm);
	assert_int_equal(ADD_FACT(d->arena, d->facts->pid_answer, d->facts->n_pid_answer, a), 0);
}

static void
answer_pids(struct snapshot *d, const Snapshot *source)
{
	for (size_t i = 0; i < source->n_process; i++) {
		const Process *p = source->process[i];

		for (size_t k = 0; k < p->n_thread; k++)
			answer_id(d, p, p->thread[k]->tid,
				  p->thread[k]->tid == p->pid ? PID_USE__PID_PROCESS : PID_USE__PID_THREAD);
	}
}

static void
answer_cgroups(struct snapshot *d, const Snapshot *source)
{
	for (size_t i = 0; i < source->n_cgroup; i++) {
		CgroupAnswer *a = NEW_FACT(d->arena, CgroupAnswer, cgroup_answer);

		assert_non_null(a);
		a->controllers = arena_strdup(d->arena, source->cgroup[i]->controllers);
		a->path = arena_strdup(d->arena, source->cgroup[i]->path);
		SET_FACT(a, hierarchy_found, true);
		SET_FACT(a, exists, true);
		SET_FACT(a, version, source->cgroup[i]->version);
		assert_int_equal(ADD_FACT(d->arena, d->facts->cgroup_answer, d->facts->n_cgroup_answer, a), 0);
	}
}

/* The same host: its facts are the source's, and the tree is still there. */
static struct snapshot
load_own_host(const Snapshot *source)
{
	struct snapshot d;

	assert_int_equal(snapshot_new(&d), 0);
	SET_FACT(d.facts->header, kind, SNAPSHOT_KIND__SNAPSHOT_DESTINATION);
	d.facts->host = source->host;
	answer_files(&d, source);
	answer_pids(&d, source);
	answer_cgroups(&d, source);
	return d;
}

static void
tell(struct buffer *b, const struct assessment *a)
{
	assert_int_equal(buffer_printf(b, "%s\n", verdict_name(a->verdict)), 0);
	for (size_t i = 0; i < a->n_outcomes; i++)
		(void) buffer_printf(b, "%s %s %u %u\n", a->outcomes[i].rule->id,
				     outcome_name(a->outcomes[i].outcome), a->outcomes[i].findings,
				     a->outcomes[i].unknowns);
	for (size_t i = 0; i < a->n_findings; i++) {
		const struct finding *f = &a->findings[i];

		(void) buffer_printf(b, "%s|%s|%s|%s|%zu", f->rule->id, f->thing, f->here ? f->here : "",
				     f->there ? f->there : "", f->holders_total);
		for (size_t k = 0; k < f->n_holders; k++)
			(void) buffer_printf(b, "|%s", f->holders[k]);
		(void) buffer_add(b, "\n", 1);
	}
	for (size_t i = 0; i < a->n_requirements; i++) {
		const struct requirement *q = &a->requirements[i];

		(void) buffer_printf(b, "%s %s", stage_name(q->stage), q->option);
		for (size_t k = 0; k < q->n_things; k++)
			(void) buffer_printf(b, "|%s", q->things[k]);
		(void) buffer_add(b, "\n", 1);
	}
}

static void
add_fd(struct snapshot *s, Process *p, int number, FdKind kind, const char *link)
{
	Fd *fd = NEW_FACT(s->arena, Fd, fd);

	assert_non_null(fd);
	SET_FACT(fd, number, number);
	SET_FACT(fd, kind, kind);
	fd->link = arena_strdup(s->arena, link);
	assert_int_equal(ADD_FACT(s->arena, p->fd, p->n_fd, fd), 0);
}

/* Something for rules to say: refused descriptors, a lock's option, a name of many holders. */
static void
add_trouble(struct snapshot *s)
{
	for (size_t i = 0; i < s->facts->n_process; i++) {
		Process *p = s->facts->process[i];

		add_fd(s, p, 40, FD_KIND__FD_IO_URING, "anon_inode:[io_uring]");
		add_fd(s, p, 41, FD_KIND__FD_BLOCKDEV, "/dev/sda");
		p->thread[0]->tracer_pid = 9;
		p->sid = 50;
	}
}

static void
test_own_host_is_no_obstacle(void **state)
{
	_cleanup_snapshot_ struct snapshot s = load_source(), d = load_own_host(s.facts);
	struct assessment a;

	(void) state;
	assert_int_equal(check(s.facts, d.facts, &undecided, &a), 0);
	for (size_t i = 0; i < a.permanent; i++)
		fprintf(stderr, "%s: %s\n", a.findings[i].rule->id, a.findings[i].thing);
	assert_int_equal(a.permanent, 0);
	assert_int_not_equal(a.verdict, VERDICT_BLOCKED);
	assessment_free(&a);
}

/* An ordinary service on an ordinary host, seen whole: nothing is left open. */
static void
test_ordinary_source_is_ready(void **state)
{
	_cleanup_snapshot_ struct snapshot s = load_source();
	struct assessment a;

	(void) state;
	assert_int_equal(check(s.facts, NULL, &undecided, &a), 0);
	for (size_t i = 0; i < a.n_unknowns; i++)
		fprintf(stderr, "%s: %s\n", a.unknowns[i].rule->id, a.unknowns[i].missing);
	assert_int_equal(a.n_unknowns, 0);
	assert_int_equal(a.n_findings, 0);
	assert_int_equal(a.verdict, VERDICT_READY);
	assessment_free(&a);
}

static void
test_order_of_processes_changes_nothing(void **state)
{
	_cleanup_snapshot_ struct snapshot s = load_source(), d = load_own_host(s.facts);
	_cleanup_buffer_ struct buffer one = { 0 }, other = { 0 };
	struct assessment a;
	Process *first;

	(void) state;
	add_trouble(&s);
	assert_int_equal(check(s.facts, d.facts, &undecided, &a), 0);
	tell(&one, &a);
	assessment_free(&a);

	first = s.facts->process[0];
	s.facts->process[0] = s.facts->process[2];
	s.facts->process[2] = first;
	assert_int_equal(check(s.facts, d.facts, &undecided, &a), 0);
	tell(&other, &a);
	assessment_free(&a);
	assert_string_equal(one.p, other.p);
	assert_non_null(strstr(one.p, "file-block-device|/dev/sda|block device 0:0||3|daemon 100|daemon 101"));
}

static void
add_gap(struct snapshot *s, Domain domain)
{
	Gap *g = NEW_FACT(s->arena, Gap, gap);

	assert_non_null(g);
	SET_FACT(g, domain, domain);
	SET_FACT(g, effect, GAP_EFFECT__GAP_DENIED);
	g->reason = arena_strdup(s->arena, "EACCES");
	g->subject = arena_strdup(s->arena, "/proc/100/x");
	s->facts->n_gap = 0;
	s->facts->gap = NULL;
	assert_int_equal(ADD_FACT(s->arena, s->facts->gap, s->facts->n_gap, g), 0);
}

/* With less known, a rule that failed still fails, and one that did not pass does not pass now. */
static void
assert_no_better(const struct assessment *before, const struct assessment *after, Domain domain)
{
	for (size_t i = 0; i < before->n_outcomes; i++) {
		enum outcome was = before->outcomes[i].outcome, is = after->outcomes[i].outcome;

		if ((was == OUTCOME_FAILED && is != OUTCOME_FAILED) ||
		    (was == OUTCOME_UNKNOWN && is != OUTCOME_UNKNOWN))
			fail_msg("%s: %s, and %s with a gap in domain %d", before->outcomes[i].rule->id,
				 outcome_name(was), outcome_name(is), (int) domain);
	}
	if (before->verdict != VERDICT_READY)
		assert_int_not_equal(after->verdict, VERDICT_READY);
	if (before->verdict == VERDICT_BLOCKED)
		assert_int_equal(after->verdict, VERDICT_BLOCKED);
}

static void
test_gap_makes_nothing_better(void **state)
{
	(void) state;
	for (int trouble = 0; trouble < 2; trouble++)
		for (int at_destination = 0; at_destination < 2; at_destination++)
			for (Domain g = DOMAIN__DOMAIN_TASKS; g <= DOMAIN__DOMAIN_CALLS; g++) {
				_cleanup_snapshot_ struct snapshot s = load_source(), d = load_own_host(s.facts);
				struct assessment before, after;

				if (trouble)
					add_trouble(&s);
				assert_int_equal(check(s.facts, d.facts, &undecided, &before), 0);
				add_gap(at_destination ? &d : &s, g);
				assert_int_equal(check(s.facts, d.facts, &undecided, &after), 0);
				assert_no_better(&before, &after, g);
				assessment_free(&before);
				assessment_free(&after);
			}
}

static void
test_equal_findings_are_folded(void **state)
{
	_cleanup_snapshot_ struct snapshot s = load_source();
	struct assessment a;
	size_t n = 0;

	(void) state;
	for (int pid = 1000; pid < 1200; pid++) {
		Process *p = NEW_FACT(s.arena, Process, process);

		assert_non_null(p);
		SET_FACT(p, pid, pid);
		SET_FACT(p, ppid, 100);
		p->comm = arena_strdup(s.arena, "kid");
		add_fd(&s, p, 3, FD_KIND__FD_BLOCKDEV, "/dev/sda");
		assert_int_equal(ADD_FACT(s.arena, s.facts->process, s.facts->n_process, p), 0);
	}
	assert_int_equal(check(s.facts, NULL, &undecided, &a), 0);
	for (size_t i = 0; i < a.n_findings; i++) {
		const struct finding *f = &a.findings[i];

		if (!streq(f->rule->id, "file-block-device"))
			continue;
		n++;
		assert_int_equal(f->holders_total, 200);
		assert_int_equal(f->n_holders, 8);
		assert_string_equal(f->holders[0], "kid 1000");
	}
	assert_int_equal(n, 1);
	assessment_free(&a);
}

/* Nothing at all, and references that lead nowhere: no crash, no "ready". */
static void
test_empty_and_broken_snapshots(void **state)
{
	_cleanup_snapshot_ struct snapshot empty = { 0 }, s = load_source();
	struct assessment a;

	(void) state;
	assert_int_equal(snapshot_new(&empty), 0);
	assert_int_equal(check(empty.facts, NULL, &undecided, &a), 0);
	assert_int_equal(a.verdict, VERDICT_UNDECIDED);
	assessment_free(&a);
	assert_int_equal(check(empty.facts, empty.facts, &undecided, &a), 0);
	assessment_free(&a);

	for (size_t i = 0; i < s.facts->n_process; i++) {
		Process *p = s.facts->process[i];

		p->ns = NULL;
		for (size_t k = 0; k < p->n_fd; k++)
			SET_FACT(p->fd[k], file, 4000000000U);
		for (size_t k = 0; k < p->n_mapping; k++)
			SET_FACT(p->mapping[k], file, 4000000000U);
	}
	assert_int_equal(check(s.facts, empty.facts, &undecided, &a), 0);
	assert_int_not_equal(a.verdict, VERDICT_READY);
	assessment_free(&a);
}

static void
test_findings_are_sorted(void **state)
{
	_cleanup_snapshot_ struct snapshot s = load_source();
	struct assessment a;
	size_t i = 0;

	(void) state;
	add_trouble(&s);
	s.facts->process[0]->thread[0]->cpus_allowed = arena_strdup(s.arena, "0");
	assert_int_equal(check(s.facts, NULL, &undecided, &a), 0);
	assert_true(a.permanent > 0 && a.transient > 0 && a.warnings > 0);
	assert_int_equal(a.n_findings, a.permanent + a.transient + a.warnings + a.notes);
	for (; i < a.permanent; i++)
		assert_true(a.findings[i].severity == SEVERITY_BLOCKER &&
			    a.findings[i].lifetime == LIFETIME_PERMANENT);
	for (; i < a.permanent + a.transient; i++)
		assert_int_equal(a.findings[i].lifetime, LIFETIME_TRANSIENT);
	for (; i < a.permanent + a.transient + a.warnings; i++)
		assert_int_equal(a.findings[i].severity, SEVERITY_WARNING);
	assert_int_equal(a.verdict, VERDICT_BLOCKED);
	assert_int_equal(verdict_exit_code(a.verdict), 1);
	assessment_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_host_is_no_obstacle),
		cmocka_unit_test(test_ordinary_source_is_ready),
		cmocka_unit_test(test_order_of_processes_changes_nothing),
		cmocka_unit_test(test_gap_makes_nothing_better),
		cmocka_unit_test(test_equal_findings_are_folded),
		cmocka_unit_test(test_empty_and_broken_snapshots),
		cmocka_unit_test(test_findings_are_sorted),
	};

	return cmocka_run_group_tests(tests, encode, forget);
}

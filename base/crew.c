/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A crew of killable children. All that parent and children share lies in one anonymous shared
 * mapping, made before the first fork:
 *
 *     board | slot of child 0 | slot of child 1 | … | state of each item | result of each item
 *
 * A child takes the next item with one atomic addition, so there is no queue to lock and no
 * lock that a killed child could hold. The parent sleeps in poll(2) on the children's pidfds:
 * it wakes when one ends, and now and then to see whether each heart still beats.
 */
#include "base/crew.h"
#include "base/cleanup.h"
#include "base/idle.h"
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

enum {
	CREW_MAX_CHILDREN = 64,
	CREW_MAX_TIMEOUTS = 64,		/* also the room for lost groups */
	CREW_DEADLINE_HALVINGS = 4,
	CREW_TICK_MS = 100,		/* between two calls of progress */
	CREW_IDLE_TICK_MS = 25,		/* between two looks at children that may starve */
	CREW_GRACE_MS = 200,		/* for a killed child to go away */
	CREW_IDLE_DEATHS = 16,		/* children that died before they took an item */
};

enum item_state {
	ITEM_UNTOUCHED,
	ITEM_DONE,
};

struct crew_slot {
	_Alignas(64) _Atomic uint64_t beat;
	_Atomic uint64_t item;		/* that is being done, plus one; 0: none */
	_Atomic uint64_t bytes_before;	/* of items that are done */
	_Atomic uint64_t bytes;		/* of this item */
};

struct board {
	_Atomic size_t next;
	_Atomic size_t done;
	_Atomic size_t n_lost;
	_Atomic uint64_t lost[CREW_MAX_TIMEOUTS];	/* groups that timed out */
	_Alignas(64) struct crew_slot slot[];
};

struct crew_results {
	void *memory;
	size_t size;
	struct board *board;
	_Atomic uint8_t *state;
	char *result;
	size_t items, result_size;
};

/* What the parent knows of a child. */
struct child {
	int pidfd;			/* -1: none */
	uint64_t beat;			/* last seen */
	uint64_t item;
	int64_t began_at_ms, beat_at_ms;
	pid_t pid;
	struct idle_watch idle;
};

struct crew {
	const struct crew_job *job;
	struct crew_results *results;
	struct child child[CREW_MAX_CHILDREN];
	unsigned int n_children;
	unsigned int timeouts, idle_deaths;
	int64_t progress_at_ms;
	pid_t parent;
};

void
crew_alive(struct crew_slot *slot, uint64_t bytes_done)
{
	if (!slot)
		return;
	atomic_fetch_add_explicit(&slot->beat, 1, memory_order_relaxed);
	atomic_store_explicit(&slot->bytes, bytes_done, memory_order_relaxed);
}

static int64_t
now_ms(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint64_t
group_of(const struct crew_job *job, size_t i)
{
	return job->group ? job->group(i, job->arg) : 0;
}

static bool
group_is_lost(const struct board *b, uint64_t group)
{
	size_t n = group ? atomic_load(&b->n_lost) : 0;

	for (size_t i = 0; i < n; i++)
		if (atomic_load(&b->lost[i]) == group)
			return true;
	return false;
}

/* ---- in the child ---------------------------------------------------------------------- */

/*
 * A child that cannot be killed must hold nothing that somebody waits for the end of: the
 * reader of our standard output would wait as long as it lives.
 */
static void
child_let_go(const struct crew_job *job)
{
	int null = memfd_create("crew", MFD_CLOEXEC);
	unsigned int from = 3;

	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		(void) dup2(null, fd);
	if (null > 2)
		(void) close(null);
	for (size_t i = 0; job->keep && i < job->n_keep; i++) {
		if (job->keep[i] < (int) from)
			continue;
		if (job->keep[i] > (int) from)
			(void) close_range(from, (unsigned int) job->keep[i] - 1, 0);
		from = (unsigned int) job->keep[i] + 1;
	}
	if (job->keep)
		(void) close_range(from, ~0U, 0);
}

static void
child_prepare(const struct crew *c, unsigned int k)
{
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != c->parent)
		_exit(1);
	(void) prctl(PR_SET_NAME, "migcheck-crew");
	child_let_go(c->job);
	if (c->job->idle)
		idle_become(k, c->n_children);
}

static void
child_do(const struct crew *c, struct crew_slot *slot, size_t i)
{
	struct crew_results *r = c->results;

	atomic_store(&slot->bytes, 0);
	atomic_store(&slot->item, i + 1);
	atomic_fetch_add(&slot->beat, 1);
	if (!group_is_lost(r->board, group_of(c->job, i))) {
		c->job->work(i, r->result + i * r->result_size, slot, c->job->arg);
		atomic_store(&r->state[i], ITEM_DONE);
	}
	atomic_fetch_add(&slot->bytes_before, atomic_exchange(&slot->bytes, 0));
	atomic_store(&slot->item, 0);
	atomic_fetch_add(&r->board->done, 1);
}

/* `first`: an item that was taken from the list by a child before us, plus one; or 0. */
static _Noreturn void
child_main(const struct crew *c, unsigned int k, uint64_t first)
{
	struct crew_slot *slot = &c->results->board->slot[k];
	size_t i;

	child_prepare(c, k);
	if (first > 0)
		child_do(c, slot, first - 1);
	for (;;) {
		i = atomic_fetch_add(&c->results->board->next, 1);
		if (i >= c->job->items)
			break;
		child_do(c, slot, i);
	}
	_exit(0);
}

/* ---- in the parent --------------------------------------------------------------------- */

static int
child_spawn(struct crew *c, unsigned int k, uint64_t first)
{
	struct crew_slot *slot = &c->results->board->slot[k];
	struct child *child = &c->child[k];
	pid_t pid;

	atomic_store(&slot->item, first);
	atomic_store(&slot->bytes, 0);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		child_main(c, k, first);

	child->pidfd = pidfd_open(pid, 0);
	if (child->pidfd < 0) {
		int r = -errno;

		(void) kill(pid, SIGKILL);
		(void) waitpid(pid, NULL, 0);
		return r;
	}
	child->beat = atomic_load(&slot->beat);
	child->item = first;
	child->began_at_ms = child->beat_at_ms = now_ms();
	child->pid = pid;
	child->idle = (struct idle_watch){};
	return 0;
}

/* Has the child of `pidfd` gone, and been reaped, within `ms`? */
static bool
child_reap(int pidfd, int ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	siginfo_t info;
	int r;

	do
		r = poll(&p, 1, ms);
	while (r < 0 && errno == EINTR);
	return r > 0 && waitid(P_PIDFD, (id_t) pidfd, &info, WEXITED) == 0;
}

static void
child_forget(struct child *child)
{
	(void) close(child->pidfd);
	child->pidfd = -1;
}

static bool
items_remain(const struct crew *c)
{
	return atomic_load(&c->results->board->next) < c->job->items;
}

/*
 * The child in slot `k` is gone. An item that it died in is lost, unless it is `spare`: then a
 * new child does it. With nothing left to do the slot stays empty.
 */
static void
child_succeed(struct crew *c, unsigned int k, bool spare)
{
	struct board *b = c->results->board;
	uint64_t item = atomic_load(&b->slot[k].item);

	child_forget(&c->child[k]);
	if (item == 0)
		c->idle_deaths++;
	else if (!spare)
		atomic_fetch_add(&b->done, 1);
	if (item == 0 || !spare)
		item = 0;
	atomic_store(&b->slot[k].item, 0);
	if (c->idle_deaths > CREW_IDLE_DEATHS || c->timeouts >= CREW_MAX_TIMEOUTS)
		return;
	if (item > 0 || items_remain(c))
		(void) child_spawn(c, k, item);
}

static void
child_ended(struct crew *c, unsigned int k)
{
	if (!child_reap(c->child[k].pidfd, 0))
		return;
	if (atomic_load(&c->results->board->slot[k].item) == 0 && !items_remain(c))
		child_forget(&c->child[k]);
	else
		child_succeed(c, k, false);
}

static void
child_timed_out(struct crew *c, unsigned int k)
{
	struct board *b = c->results->board;
	struct child *child = &c->child[k];
	uint64_t group = group_of(c->job, child->item - 1);
	size_t n = atomic_load(&b->n_lost);

	c->timeouts++;
	(void) pidfd_send_signal(child->pidfd, SIGKILL, NULL, 0);
	(void) child_reap(child->pidfd, CREW_GRACE_MS);
	if (group && n < CREW_MAX_TIMEOUTS && !group_is_lost(b, group)) {
		atomic_store(&b->lost[n], group);
		atomic_store(&b->n_lost, n + 1);
	}
	/* It may have moved on to another item just before the signal came. */
	child_succeed(c, k, atomic_load(&b->slot[k].item) != child->item);
}

static int64_t
deadline_ms(const struct crew *c)
{
	unsigned int halvings = c->timeouts;

	if (halvings > CREW_DEADLINE_HALVINGS)
		halvings = CREW_DEADLINE_HALVINGS;
	return c->job->deadline_ms ? (int64_t) c->job->deadline_ms >> halvings : INT64_MAX;
}

static void
look_at_heart(struct crew *c, unsigned int k, int64_t now)
{
	const struct crew_slot *slot = &c->results->board->slot[k];
	struct child *child = &c->child[k];
	uint64_t beat = atomic_load(&slot->beat);

	if (c->job->idle)
		idle_lift(&child->idle, child->pid, now - child->began_at_ms, now - child->beat_at_ms);
	if (beat != child->beat || atomic_load(&slot->item) == 0) {
		child->beat = beat;
		child->item = atomic_load(&slot->item);
		child->beat_at_ms = now;
	} else if (now - child->beat_at_ms >= deadline_ms(c)) {
		/* The item and the beat are not read at once: judge only what was seen twice. */
		if (child->item != 0 && child->item == atomic_load(&slot->item))
			child_timed_out(c, k);
		else
			child->item = atomic_load(&slot->item);
	}
}

static void
report_progress(struct crew *c, int64_t now, bool at_the_end)
{
	struct board *b = c->results->board;
	struct crew_progress p = { .total = c->job->items };

	if (!c->job->progress || (!at_the_end && now - c->progress_at_ms < CREW_TICK_MS))
		return;
	c->progress_at_ms = now;
	p.done = at_the_end ? p.total : atomic_load(&b->done);
	for (unsigned int k = 0; k < c->n_children; k++)
		p.bytes += atomic_load(&b->slot[k].bytes_before) + atomic_load(&b->slot[k].bytes);
	c->job->progress(&p, c->job->arg);
}

static int
tick_ms(const struct crew *c)
{
	int64_t most = c->job->idle ? CREW_IDLE_TICK_MS : CREW_TICK_MS;
	int64_t tick = deadline_ms(c) / 4;

	return (int) (tick < 1 ? 1 : tick > most ? most : tick);
}

/* Until no child is left. */
static void
watch(struct crew *c)
{
	struct pollfd p[CREW_MAX_CHILDREN];
	unsigned int left;
	int64_t now;

	for (;;) {
		left = 0;
		for (unsigned int k = 0; k < c->n_children; k++) {
			p[k] = (struct pollfd){ .fd = c->child[k].pidfd, .events = POLLIN };
			left += p[k].fd >= 0;
		}
		if (left == 0)
			break;
		if (poll(p, c->n_children, tick_ms(c)) < 0 && errno != EINTR)
			(void) usleep(1000);
		now = now_ms();
		for (unsigned int k = 0; k < c->n_children; k++) {
			if (p[k].fd < 0)
				continue;
			if (p[k].revents)
				child_ended(c, k);
			else
				look_at_heart(c, k, now);
		}
		report_progress(c, now, false);
	}
	report_progress(c, 0, true);
}

static unsigned int
children_for(const struct crew_job *job)
{
	long online = job->children ? (long) job->children : sysconf(_SC_NPROCESSORS_ONLN);

	if (online < 1)
		online = 1;
	if (online > CREW_MAX_CHILDREN)
		online = CREW_MAX_CHILDREN;
	return (size_t) online > job->items ? (unsigned int) job->items : (unsigned int) online;
}

static size_t
round_up(size_t n)
{
	return (n + 63) & ~(size_t) 63;
}

static int
results_new(const struct crew_job *job, unsigned int children, struct crew_results **ret)
{
	_cleanup_free_ struct crew_results *r = calloc(1, sizeof(*r));
	size_t boards = round_up(sizeof(struct board) + children * sizeof(struct crew_slot));
	size_t bytes;

	if (!r)
		return -ENOMEM;
	if (job->items > SIZE_MAX / 4 || __builtin_mul_overflow(job->items, job->result_size, &bytes) ||
	    bytes > SIZE_MAX / 4)
		return -EOVERFLOW;
	r->items = job->items;
	r->result_size = job->result_size;
	r->size = boards + round_up(job->items) + bytes;
	r->memory = mmap(NULL, r->size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (r->memory == MAP_FAILED)
		return -errno;
	r->board = r->memory;
	r->state = (void *) ((char *) r->memory + boards);
	r->result = (char *) r->memory + boards + round_up(job->items);
	*ret = steal_pointer(&r);
	return 0;
}

int
crew_run(const struct crew_job *job, struct crew_results **ret_results)
{
	struct crew c = { .job = job, .parent = getpid(), .n_children = children_for(job) };
	unsigned int spawned = 0;
	int r;

	for (unsigned int k = 0; k < CREW_MAX_CHILDREN; k++)
		c.child[k].pidfd = -1;
	r = results_new(job, c.n_children, &c.results);
	if (r < 0)
		return r;
	for (unsigned int k = 0; k < c.n_children; k++) {
		/* Work this short may be over before the next child is there. */
		if (k > 0 && !items_remain(&c))
			break;
		r = child_spawn(&c, k, 0);
		if (r < 0)
			break;
		spawned++;
	}
	if (r < 0 && spawned == 0) {
		crew_results_free(c.results);
		return r;
	}
	watch(&c);
	*ret_results = c.results;
	return 0;
}

const void *
crew_result(const struct crew_results *r, size_t i)
{
	if (i >= r->items || atomic_load(&r->state[i]) != ITEM_DONE)
		return NULL;
	return r->result + i * r->result_size;
}

void
crew_results_free(struct crew_results *r)
{
	if (!r)
		return;
	(void) munmap(r->memory, r->size);
	free(r);
}

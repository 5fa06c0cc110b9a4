/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which processes share an address space, a table of descriptors, a file system context or
 * signal handlers: kcmp(2), which also puts the objects in an order. So each process is put
 * into its place in a sorted list of the objects met, and n log n questions do for all.
 *
 * Address spaces are compared only among processes whose vDSO lies at the same address, since
 * fork(2) keeps it and exec(2) moves it; signal handlers only among those that share an address
 * space, since clone(2) allows it for no others.
 */
#include "light-dump/collectors.h"

#include "kernel/stat.h"
#include "light-dump/procfile.h"

#include <linux/kcmp.h>
#include <sys/syscall.h>

/* One process in a comparison, and its key: only equal keys are compared. */
struct member {
	Process *process;
	uint64_t key;
};

/* What is compared, and where it is written down. */
struct subject {
	int type;			/* KCMP_* */
	void (*set)(Sharing *s, int32_t pid);
	bool (*is_set)(const Sharing *s);
};

static void
set_vm(Sharing *s, int32_t pid)
{
	SET_FACT(s, vm_with, pid);
}

static bool
has_vm(const Sharing *s)
{
	return s->has_vm_with;
}

static void
set_files(Sharing *s, int32_t pid)
{
	SET_FACT(s, files_with, pid);
}

static bool
has_files(const Sharing *s)
{
	return s->has_files_with;
}

static void
set_fs(Sharing *s, int32_t pid)
{
	SET_FACT(s, fs_with, pid);
}

static bool
has_fs(const Sharing *s)
{
	return s->has_fs_with;
}

static void
set_sighand(Sharing *s, int32_t pid)
{
	SET_FACT(s, sighand_with, pid);
}

static bool
has_sighand(const Sharing *s)
{
	return s->has_sighand_with;
}

static const struct subject address_space = { KCMP_VM, set_vm, has_vm };
static const struct subject descriptors = { KCMP_FILES, set_files, has_files };
static const struct subject file_system = { KCMP_FS, set_fs, has_fs };
static const struct subject handlers = { KCMP_SIGHAND, set_sighand, has_sighand };

static long
ask(const Process *a, const Process *b, int type)
{
	long r = syscall(SYS_kcmp, a->pid, b->pid, type, 0L, 0L);

	return r < 0 ? -errno : r;
}

/* A zombie has given up all it had, and two nothings compare as equal. */
static bool
has_died(const struct root *root, const Process *p, struct buffer *text)
{
	struct task_stat s;
	char name[48];

	(void) snprintf(name, sizeof(name), "proc/%d/stat", (int) p->pid);
	return procfile_read(root, name, text) < 0 || stat_parse(buffer_slice(text), &s) < 0 ||
	       s.state == 'Z' || s.state == 'X' || s.start_time != p->start_time;
}

static void
note_shared(const struct subject *what, const Process *first, const Process *later)
{
	/* They come in the order of pids, so the first other is the lowest. */
	if (!what->is_set(first->shares))
		what->set(first->shares, later->pid);
	what->set(later->shares, first->pid);
}

/* A sorted list of processes with different objects. */
struct sorted {
	const Process **process;
	size_t n;
};

static void
sorted_remove(struct sorted *s, size_t at)
{
	memmove(&s->process[at], &s->process[at + 1], (s->n - at - 1) * sizeof(s->process[0]));
	s->n--;
}

static void
sorted_insert(struct sorted *s, size_t at, const Process *p)
{
	memmove(&s->process[at + 1], &s->process[at], (s->n - at) * sizeof(s->process[0]));
	s->process[at] = p;
	s->n++;
}

/*
 * Finds the place of `p`: 0 with *ret_at where it is to be inserted, 1 where it has the same
 * object as the one at *ret_at, -errno when it cannot be compared. Those who died meanwhile
 * leave the list.
 */
static int
sorted_find(struct sorted *s, const Process *p, int type, size_t *ret_at)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		long r = ask(s->process[middle], p, type);

		if (r < 0 && ask(p, p, type) < 0)
			return (int) r;
		if (r < 0) {
			sorted_remove(s, middle);
			high--;
		} else if (r == 0) {
			*ret_at = middle;
			return 1;
		} else if (r == 1) {
			low = middle + 1;	/* kcmp(2): the first is less */
		} else {
			high = middle;
		}
	}
	*ret_at = low;
	return 0;
}

struct comparison {
	const struct root *root;
	struct gaps *gaps;
	struct buffer text;
	struct sorted sorted;		/* room for all processes */
};

/* Compares processes first to last - 1, which have one key. */
static void
compare_run(struct comparison *c, const struct subject *what, const struct member *first,
	    const struct member *last)
{
	c->sorted.n = 0;
	if (last - first < 2)
		return;
	for (const struct member *m = first; m < last; m++) {
		size_t at;
		int r = sorted_find(&c->sorted, m->process, what->type, &at);

		if (r == 0) {
			sorted_insert(&c->sorted, at, m->process);
		} else if (r == 1) {
			if (!has_died(c->root, m->process, &c->text) &&
			    !has_died(c->root, c->sorted.process[at], &c->text))
				note_shared(what, c->sorted.process[at], m->process);
		} else if (r != -ESRCH) {
			SET_FACT(m->process->shares, looked, false);
			gap_note(c->gaps, DOMAIN__DOMAIN_SHARING, "sharing", m->process->pid, r,
				 "run as root, or with CAP_SYS_PTRACE", "kcmp(2)");
		}
	}
}

static int
compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->process->pid > y->process->pid) - (x->process->pid < y->process->pid);
}

static void
compare_all(struct comparison *c, const struct subject *what, struct member *m, size_t n)
{
	size_t first = 0;

	qsort(m, n, sizeof(*m), compare_members);
	for (size_t i = 1; i <= n; i++) {
		if (i < n && m[i].key == m[first].key)
			continue;
		compare_run(c, what, &m[first], &m[i]);
		first = i;
	}
}

static uint64_t
vdso_of(const Process *p)
{
	for (size_t i = p->n_mapping; i > 0; i--) {
		const Mapping *m = p->mapping[i - 1];

		if (m->name && streq(m->name, "[vdso]"))
			return m->start;
	}
	return 0;
}

/* The processes that can share anything; each gets its Sharing. */
static int
find_members(struct tree_context *c, struct member *m, size_t *ret_n)
{
	const Snapshot *s = c->snapshot->facts;
	size_t n = 0;

	for (size_t i = 0; i < s->n_process; i++) {
		Process *p = s->process[i];

		if (p->fd_table_empty || p->kernel_thread)
			continue;
		p->shares = NEW_FACT(c->snapshot->arena, Sharing, sharing);
		if (!p->shares)
			return -ENOMEM;
		SET_FACT(p->shares, looked, true);
		m[n++].process = p;
	}
	*ret_n = n;
	return 0;
}

static void
compare_subjects(struct comparison *c, struct member *m, size_t n)
{
	size_t sharing = 0;

	compare_all(c, &descriptors, m, n);
	compare_all(c, &file_system, m, n);
	for (size_t i = 0; i < n; i++)
		m[i].key = vdso_of(m[i].process);
	compare_all(c, &address_space, m, n);
	for (size_t i = 0; i < n; i++)
		if (m[i].process->shares->has_vm_with)
			m[sharing++].process = m[i].process;
	for (size_t i = 0; i < sharing; i++)
		m[i].key = 0;
	compare_all(c, &handlers, m, sharing);
}

int
sharing_collect(struct tree_context *c)
{
	size_t room = c->snapshot->facts->n_process + 1, n;
	_cleanup_free_ struct member *m = NULL;
	_cleanup_free_ const Process **sorted = NULL;
	struct comparison comparison = { .root = c->root, .gaps = c->gaps };
	int r;

	if (c->root->recorded)
		return -EOPNOTSUPP;
	m = calloc(room, sizeof(*m));
	sorted = calloc(room, sizeof(const Process *));
	if (!m || !sorted)
		return -ENOMEM;
	r = find_members(c, m, &n);
	if (r < 0)
		return r;
	comparison.sorted.process = sorted;
	compare_subjects(&comparison, m, n);
	buffer_free(&comparison.text);
	return 0;
}

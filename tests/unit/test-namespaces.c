/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts and namespaces of a process that lives in its own, against what the process itself
 * can see; and file systems whose content may be read.
 */
#include "kernel/filesystem.h"
#include "kernel/nslink.h"
#include "light-dump/collectors.h"
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/test.h"

static struct snapshot snapshot;
static struct gaps gaps;
static struct root root;
static pid_t child;

/* A child with its own user, mount, ipc, network and uts namespaces, or a skip. */
static void
child_start(void)
{
	int ready[2];
	char ok = 0;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
		ok = unshare(CLONE_NEWUSER) == 0 &&
		     unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS) == 0 &&
		     mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		     mount("mine", "/tmp", "tmpfs", 0, "size=64k") == 0;
		if (write(ready[1], &ok, 1) != 1)
			_exit(1);
		for (;;)
			(void) pause();
	}
	(void) close(ready[1]);
	assert_int_equal(read(ready[0], &ok, 1), 1);
	(void) close(ready[0]);
	if (!ok)
		skip_because("no user namespaces for us");
}

static int
begin(void **state)
{
	(void) state;
	child = -1;
	if (snapshot_new(&snapshot) < 0 || root_open("/", false, &root) < 0)
		return -1;
	gaps = (struct gaps){ .arena = snapshot.arena };
	return 0;
}

static int
end(void **state)
{
	(void) state;
	if (child > 0) {
		(void) kill(child, SIGKILL);
		(void) waitpid(child, NULL, 0);
	}
	snapshot_free(&snapshot);
	root_close(&root);
	return 0;
}

static Process *
add_process(pid_t pid)
{
	Snapshot *s = snapshot.facts;
	Process *p = NEW_FACT(snapshot.arena, Process, process);
	_cleanup_root_ struct root proc = ROOT_NONE;
	char path[32];

	(void) snprintf(path, sizeof(path), "proc/%d", pid);
	assert_int_equal(root_sub(&root, path, &proc), 0);
	SET_FACT(p, pid, pid);
	p->ns = NEW_FACT(snapshot.arena, NamespaceSet, namespace_set);
	assert_int_equal(nsset_read(&proc, p->ns), 0);
	p->root = NEW_FACT(snapshot.arena, PathUse, path_use);
	p->root->path = arena_strdup(snapshot.arena, "/");
	assert_int_equal(ADD_FACT(snapshot.arena, s->process, s->n_process, p), 0);
	return p;
}

static const Namespace *
find(NamespaceKind kind, uint64_t ino)
{
	const Snapshot *s = snapshot.facts;
	const Namespace *found = NULL;

	for (size_t i = 0; i < s->n_ns; i++) {
		if (s->ns[i]->kind != kind || s->ns[i]->ino != ino)
			continue;
		assert_null(found);		/* each once */
		found = s->ns[i];
	}
	assert_non_null(found);
	return found;
}

static void
who_owns_what(void **state)
{
	static const struct dump_options options = { .timeout_ms = 1000 };
	struct tree_context c = { .options = &options, .root = &root, .snapshot = &snapshot,
				  .gaps = &gaps };
	const Process *own, *other;
	const Namespace *ns;

	(void) state;
	child_start();
	own = add_process(getpid());
	other = add_process(child);
	assert_int_equal(namespaces_collect(&c), 0);

	ns = find(NAMESPACE_KIND__NS_NET, other->ns->net);
	assert_int_equal(ns->owner, other->ns->user);
	assert_int_equal(ns->member_pid, child);
	assert_false(ns->of_criu);
	ns = find(NAMESPACE_KIND__NS_NET, own->ns->net);
	assert_true(ns->of_criu);
	ns = find(NAMESPACE_KIND__NS_USER, other->ns->user);
	assert_int_equal(ns->parent, own->ns->user);
	assert_int_equal(ns->n_uid_map, 0);
	ns = find(NAMESPACE_KIND__NS_USER, own->ns->user);
	assert_true(ns->n_uid_map > 0 && ns->n_gid_map > 0);
	/* Objects of System V can be counted where we are, and nowhere else. */
	assert_true(find(NAMESPACE_KIND__NS_IPC, own->ns->ipc)->has_sysv_segments);
	assert_false(find(NAMESPACE_KIND__NS_IPC, other->ns->ipc)->has_sysv_segments);
	ns = find(NAMESPACE_KIND__NS_TIME, own->ns->time);
	assert_true(ns->has_monotonic_offset_ns);
}

static void
a_table_for_each_mount_namespace(void **state)
{
	static const struct dump_options options = { .timeout_ms = 1000 };
	struct tree_context c = { .options = &options, .root = &root, .snapshot = &snapshot,
				  .gaps = &gaps };
	const Snapshot *s = snapshot.facts;
	const Process *other;
	NamespaceSet own = NAMESPACE_SET__INIT;
	_cleanup_root_ struct root self = ROOT_NONE;
	size_t ours = 0, theirs = 0, mine = 0;

	(void) state;
	child_start();
	other = add_process(child);
	(void) add_process(child);
	assert_int_equal(root_sub(&root, "proc/self", &self), 0);
	assert_int_equal(nsset_read(&self, &own), 0);
	assert_int_equal(mounts_collect(&c), 0);
	for (size_t i = 0; i < s->n_mount; i++) {
		ours += s->mount[i]->mnt_ns == own.mnt;
		theirs += s->mount[i]->mnt_ns == other->ns->mnt;
		mine += s->mount[i]->mnt_ns == other->ns->mnt && streq(s->mount[i]->source, "mine");
	}
	assert_true(ours > 0);
	assert_int_equal(ours + theirs, s->n_mount);
	assert_int_equal(mine, 1);
	assert_int_equal(theirs, ours + 1);
}

static void
a_process_that_has_gone(void **state)
{
	static const struct dump_options options = { .timeout_ms = 1000 };
	struct tree_context c = { .options = &options, .root = &root, .snapshot = &snapshot,
				  .gaps = &gaps };

	(void) state;
	child_start();
	(void) add_process(child);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	child = -1;
	assert_int_equal(mounts_collect(&c), 0);
	assert_int_equal(namespaces_collect(&c), 0);
	assert_true(gaps.n > 0);
	assert_int_equal(gaps.gap[0]->effect, GAP_EFFECT__GAP_VANISHED);
}

static void
what_may_be_read(void **state)
{
	(void) state;
	assert_true(filesystem_may_be_read("ext4", 0xef53));
	assert_true(filesystem_may_be_read(NULL, 0xef53));
	assert_true(filesystem_may_be_read("overlay", 0x794c7630));
	assert_true(filesystem_may_be_read("rootfs", 0x858458f6));
	assert_true(filesystem_may_be_read("rootfs", 0x01021994));
	assert_true(filesystem_may_be_read("smb3", 0xff534d42));
	/* proc; the name of one with the number of another; FUSE, by name and without one. */
	assert_false(filesystem_may_be_read("proc", 0x9fa0));
	assert_false(filesystem_may_be_read(NULL, 0x9fa0));
	assert_false(filesystem_may_be_read("ext4", 0x9fa0));
	assert_false(filesystem_may_be_read("fuse.sshfs", 0x65735546));
	assert_false(filesystem_may_be_read(NULL, 0x65735546));
	assert_true(filesystem_may_be_read("virtiofs", 0x65735546));
	assert_true(filesystem_name_may_be_read(NULL));
	assert_false(filesystem_name_may_be_read("sysfs"));
	assert_true(filesystem_may_hang("nfs4") && filesystem_may_hang("fuse") &&
		    filesystem_may_hang("autofs"));
	assert_false(filesystem_may_hang("xfs") || filesystem_may_hang(NULL) ||
		     filesystem_may_hang("proc"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_owns_what, begin, end),
		cmocka_unit_test_setup_teardown(a_table_for_each_mount_namespace, begin, end),
		cmocka_unit_test_setup_teardown(a_process_that_has_gone, begin, end),
		cmocka_unit_test(what_may_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

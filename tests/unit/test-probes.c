/* SPDX-License-Identifier: Apache-2.0 */
/* All probes, on recorded machines and on this one. */
#include "tests/unit/test.h"

#include "probes/probe.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static struct snapshot s;
static struct root root;
static const struct probe_options options = { .timeout_ms = 10 * 1000 };

static int
begin(void **state)
{
	(void) state;
	root = ROOT_NONE;
	return snapshot_new(&s);
}

static int
end(void **state)
{
	(void) state;
	root_close(&root);
	snapshot_free(&s);
	return 0;
}

static const Host *
probe(const char *machine, const Snapshot *source)
{
	assert_int_equal(root_open(machine, !streq(machine, "/"), &root), 0);
	assert_int_equal(probes_run(&root, &options, source, false, &s), 0);
	assert_non_null(s.facts->host);
	return s.facts->host;
}

static const Module *
module_of(const Host *h, const char *asked)
{
	for (size_t i = 0; i < h->modules->n_module; i++)
		if (streq(h->modules->module[i]->asked, asked))
			return h->modules->module[i];
	fail_msg("nobody asked for %s", asked);
	return NULL;
}

static int
state_of(const Host *h, const char *asked)
{
	const Module *m = module_of(h, asked);

	assert_true(m->has_state);
	assert_non_null(m->seen);
	return (int) m->state;
}

/* 1 present, 0 not, -1 cannot be told. */
static int
feature_of(const Host *h, const char *name)
{
	for (size_t i = 0; i < h->kernel->n_feature; i++)
		if (streq(h->kernel->feature[i]->name, name))
			return h->kernel->feature[i]->has_present ? h->kernel->feature[i]->present
								  : -1;
	fail_msg("no feature %s", name);
	return -1;
}

static const char *
setting_of(Setting *const *setting, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (streq(setting[i]->name, name))
			return setting[i]->value;
	return NULL;
}

static bool
has_gap(const char *collector, const char *subject)
{
	for (size_t i = 0; i < s.facts->n_gap; i++)
		if (streq(s.facts->gap[i]->collector, collector) &&
		    strstr(s.facts->gap[i]->subject, subject))
			return true;
	return false;
}

/* A source that mounts, opens and links what the modules of the machines are about. */
static Snapshot source = SNAPSHOT__INIT;
static Mount mounts[] = { MOUNT__INIT, MOUNT__INIT, MOUNT__INIT, MOUNT__INIT };
static Socket sockets[] = { SOCKET__INIT, SOCKET__INIT };
static NetDevice device = NET_DEVICE__INIT;
static Namespace netns = NAMESPACE__INIT;
static Cgroup cgroups[] = { CGROUP__INIT, CGROUP__INIT, CGROUP__INIT, CGROUP__INIT };

static const Snapshot *
source_of_modules(void)
{
	static char types[][16] = { "overlay", "ext4", "fuse.sshfs", "x y\n" };
	static Mount *mount_list[ARRAY_SIZE(mounts)];
	static Socket *socket_list[] = { &sockets[0], &sockets[1] };
	static NetDevice *device_list[] = { &device };
	static Namespace *ns_list[] = { &netns };
	static char veth[] = "veth";

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		mounts[i].fs_type = types[i];
		mount_list[i] = &mounts[i];
	}
	SET_FACT(&sockets[0], in_tree, true);
	SET_FACT(&sockets[0], family, SOCKET_FAMILY__SOCKET_PACKET);
	SET_FACT(&sockets[1], in_tree, true);
	SET_FACT(&sockets[1], family, SOCKET_FAMILY__SOCKET_NETLINK);
	SET_FACT(&sockets[1], protocol, 12);
	device.kind = veth;
	netns.device = device_list;
	netns.n_device = 1;
	source = (Snapshot) SNAPSHOT__INIT;
	source.mount = mount_list;
	source.n_mount = ARRAY_SIZE(mounts);
	source.socket = socket_list;
	source.n_socket = ARRAY_SIZE(sockets);
	source.ns = ns_list;
	source.n_ns = 1;
	return &source;
}

static void
debian_with_cgroup2(void **state)
{
	const Host *h = probe("tests/machines/v2", NULL);

	(void) state;
	assert_string_equal(h->name, "node7");
	assert_string_equal(h->os_release, "Debian GNU/Linux 12 (bookworm)");
	assert_string_equal(h->machine_id, "8d4b5a3e2c1f4e6d9b8a7c6d5e4f3a2b");
	assert_int_equal(h->uptime_ms, 1189020);
	assert_string_equal(h->kernel->release, "6.1.0-56-cloud-amd64");
	assert_string_equal(h->kernel->machine, "x86_64");
	assert_string_equal(h->kernel->config_source, "/boot/config-6.1.0-56-cloud-amd64");
	assert_string_equal(setting_of(h->kernel->config, h->kernel->n_config, "INET_RAW_DIAG"), "n");
	assert_null(setting_of(h->kernel->config, h->kernel->n_config, "CC_VERSION_TEXT"));
	assert_string_equal(setting_of(h->kernel->sysctl, h->kernel->n_sysctl, "kernel/sem"),
			    "32000\t1024000000\t500\t32000");
	assert_int_equal(h->cpu->online, 2);
	assert_true(h->cpu->uniform);
	/* The leaves of this machine are not that machine's. */
	assert_int_equal(h->cpu->n_leaf, 0);
	assert_true(has_gap("cpu", "CPUID"));
	assert_int_equal(h->memory->swap_free_kb, 2090000);
	assert_int_equal(h->memory->n_huge_pages, 1);
	assert_int_equal(h->memory->huge_pages[0]->size_kb, 2048);
	assert_int_equal(h->memory->huge_pages[0]->free, 500);
	assert_int_equal(h->memory->huge_pages[0]->reserved, 3);
	assert_true(h->security->lsm_known);
	assert_true(h->security->apparmor);
	assert_false(h->security->selinux);
	assert_int_equal(h->security->n_apparmor_profile, 3);
	assert_string_equal(h->security->apparmor_profile[2], "a name with (blanks)");
	assert_int_equal(h->security->yama_ptrace_scope, 1);
	assert_true(h->security->own->cap_effective == 0x1ffffffffff);
}

static void
features(void **state)
{
	const Host *h = probe("tests/machines/v2", NULL);

	(void) state;
	/* Its folder of /proc/self/timers was not recorded: the configuration speaks. */
	assert_int_equal(feature_of(h, "kcmp"), 1);
	assert_int_equal(feature_of(h, "userfaultfd"), 0);
	assert_int_equal(feature_of(h, "rseq"), 1);
	assert_int_equal(feature_of(h, "map_files"), 0);
	assert_int_equal(feature_of(h, "soft_dirty"), -1);
	assert_int_equal(feature_of(h, "vdso"), -1);
	assert_int_equal(feature_of(h, "clone3_set_tid"), -1);
	/* There, but switched off on the command line. */
	assert_int_equal(feature_of(h, "ia32"), 0);
}

static void
modules_by_index(void **state)
{
	const Host *h = probe("tests/machines/v2", source_of_modules());

	(void) state;
	assert_true(h->modules->index_usable);
	assert_false(h->modules->loading_disabled);
	assert_string_equal(h->modules->folder, "/lib/modules/6.1.0-56-cloud-amd64");
	assert_int_equal(state_of(h, "fs-overlay"), MODULE_STATE__MODULE_LOADABLE);
	assert_string_equal(module_of(h, "fs-overlay")->name, "overlay");
	assert_string_equal(module_of(h, "fs-overlay")->path,
			    "/lib/modules/6.1.0-56-cloud-amd64/kernel/fs/overlayfs/overlay.ko");
	assert_int_equal(state_of(h, "fs-ext4"), MODULE_STATE__MODULE_BUILTIN);
	assert_int_equal(state_of(h, "fs-fuse"), MODULE_STATE__MODULE_ABSENT);
	assert_int_equal(state_of(h, "nf_tables"), MODULE_STATE__MODULE_LOADED);
	assert_int_equal(state_of(h, "unix_diag"), MODULE_STATE__MODULE_LOADABLE);
	assert_int_equal(state_of(h, "raw_diag"), MODULE_STATE__MODULE_ABSENT);
	assert_int_equal(state_of(h, "net-pf-17"), MODULE_STATE__MODULE_BUILTIN);
	assert_int_equal(state_of(h, "net-pf-16-proto-12"), MODULE_STATE__MODULE_LOADED);
	assert_int_equal(state_of(h, "rtnl-link-veth"), MODULE_STATE__MODULE_LOADED);
	for (size_t i = 0; i < h->modules->n_module; i++)
		assert_null(strchr(h->modules->module[i]->asked, ' '));
}

/* A kernel without modules: its configuration and what is registered say all there is. */
static void
modules_without_index(void **state)
{
	const Host *h = probe("tests/machines/hybrid", source_of_modules());

	(void) state;
	assert_string_equal(h->kernel->config_source, "/proc/config.gz");
	assert_false(h->modules->index_usable);
	assert_true(h->modules->loading_disabled);
	assert_int_equal(state_of(h, "fs-overlay"), MODULE_STATE__MODULE_LOADED);
	assert_int_equal(state_of(h, "fs-ext4"), MODULE_STATE__MODULE_LOADED);
	assert_int_equal(state_of(h, "fs-fuse"), MODULE_STATE__MODULE_ABSENT);
	assert_int_equal(state_of(h, "unix_diag"), MODULE_STATE__MODULE_BUILTIN);
	assert_int_equal(state_of(h, "raw_diag"), MODULE_STATE__MODULE_ABSENT);
}

/* Neither index nor configuration nor /proc: nothing is called missing. */
static void
modules_cannot_tell(void **state)
{
	const Host *h = probe("tests/machines/v1", source_of_modules());

	(void) state;
	assert_null(h->kernel->config_source);
	assert_false(h->modules->index_usable);
	assert_int_equal(state_of(h, "nf_tables"), MODULE_STATE__MODULE_CANNOT_TELL);
	assert_int_equal(state_of(h, "fs-overlay"), MODULE_STATE__MODULE_CANNOT_TELL);
}

static const CgroupAnswer *
ask_cgroup(const char *machine, const char *controllers, const char *path)
{
	static Cgroup *list[] = { &cgroups[0] };
	static char where[64], what[64];

	(void) snprintf(what, sizeof(what), "%s", controllers);
	(void) snprintf(where, sizeof(where), "%s", path);
	cgroups[0].controllers = what;
	cgroups[0].path = where;
	source = (Snapshot) SNAPSHOT__INIT;
	source.cgroup = list;
	source.n_cgroup = 1;
	(void) end(NULL);
	(void) begin(NULL);
	(void) probe(machine, &source);
	assert_true(s.facts->n_cgroup_answer >= 1);
	return s.facts->cgroup_answer[0];
}

static void
cgroup_answers(void **state)
{
	const CgroupAnswer *a = ask_cgroup("tests/machines/v2", "", "/system.slice/web.service");

	(void) state;
	assert_true(a->hierarchy_found && a->exists && a->n_value > 5);
	assert_int_equal(a->memory_limit, 1 << 30);
	assert_int_equal(a->memory_reclaimable, 100 << 20);
	assert_int_equal(a->pids_limit, 50);
	a = ask_cgroup("tests/machines/v2", "", "/system.slice/none.service");
	assert_true(a->hierarchy_found && a->has_exists && !a->exists);
	assert_int_equal(a->error, ENOENT);
	assert_int_equal(a->pids_limit, 100);
	a = ask_cgroup("tests/machines/v2", "memory", "/system.slice");
	assert_false(a->hierarchy_found);
	assert_false(a->has_exists);
	a = ask_cgroup("tests/machines/v1", "cpu,cpuacct", "/docker/4f1c");
	assert_true(a->hierarchy_found && a->exists);
	/* A container does not see the host's part. */
	a = ask_cgroup("tests/machines/v1", "memory", "/system.slice");
	assert_true(a->hierarchy_found);
	assert_false(a->has_exists || a->has_error);
	assert_true(has_gap("cgroups", "memory:/system.slice"));
	/* And its own cgroups, where nothing else was asked. */
	a = s.facts->cgroup_answer[s.facts->n_cgroup_answer - 1];
	assert_string_equal(a->path, "/docker/4f1c");
	a = ask_cgroup("tests/machines/hybrid", "", "/x");
	assert_true(a->hierarchy_found && a->has_exists && !a->exists);
	assert_int_equal(s.facts->host->cgroups->mode, CGROUP_MODE__CGROUP_MODE_HYBRID);
}

static const PidAnswer *
answer_of(int32_t id)
{
	for (size_t i = 0; i < s.facts->n_pid_answer; i++)
		if (s.facts->pid_answer[i]->id == id)
			return s.facts->pid_answer[i];
	fail_msg("no answer for %d", id);
	return NULL;
}

static pthread_barrier_t meeting;
static int32_t other_tid;

static void *
other_thread(void *arg)
{
	other_tid = (int32_t) syscall(SYS_gettid);
	(void) pthread_barrier_wait(&meeting);
	(void) pthread_barrier_wait(&meeting);
	return arg;
}

static void
ids_in_use_here(void **state)
{
	static Process process = PROCESS__INIT;
	static Thread thread = THREAD__INIT, unused = THREAD__INIT;
	static Process *processes[] = { &process };
	static Thread *threads[] = { &thread, &unused };
	const PidAnswer *a;
	pthread_t t;

	(void) state;
	(void) pthread_barrier_init(&meeting, NULL, 2);
	assert_int_equal(pthread_create(&t, NULL, other_thread, NULL), 0);
	(void) pthread_barrier_wait(&meeting);
	SET_FACT(&process, pid, getpid());
	SET_FACT(&process, pgid, getpgrp());
	SET_FACT(&process, sid, getsid(0));
	SET_FACT(&thread, tid, other_tid);
	SET_FACT(&unused, tid, 4194303);
	process.thread = threads;
	process.n_thread = ARRAY_SIZE(threads);
	source = (Snapshot) SNAPSHOT__INIT;
	source.process = processes;
	source.n_process = 1;
	(void) probe("/", &source);
	(void) pthread_barrier_wait(&meeting);
	(void) pthread_join(t, NULL);

	a = answer_of(getpid());
	assert_int_equal(a->use, PID_USE__PID_PROCESS);
	assert_int_equal(a->holder_pid, getpid());
	assert_string_equal(a->holder_comm, program_invocation_short_name);
	assert_true(a->has_holder_age_ms && a->has_holder_start_time);
	a = answer_of(other_tid);
	assert_int_equal(a->use, PID_USE__PID_THREAD);
	assert_int_equal(a->holder_pid, getpid());
	a = answer_of(4194303);
	assert_true(a->has_use);
	assert_int_equal(a->use, PID_USE__PID_FREE);
	assert_false(a->has_holder_pid);
}

static void
no_ids_to_answer(void **state)
{
	static Process nobody = PROCESS__INIT;
	static Process *processes[] = { &nobody };

	(void) state;
	source = (Snapshot) SNAPSHOT__INIT;
	(void) probe("/", &source);
	assert_int_equal(s.facts->n_pid_answer, 0);
	source.process = processes;
	source.n_process = 1;
	(void) probe("/", &source);
	assert_int_equal(s.facts->n_pid_answer, 0);
}

/* A leader that ends while its session and group live on: the id is not free. */
static void
ids_without_a_task(void **state)
{
	static Process process = PROCESS__INIT;
	static Process *processes[] = { &process };
	const PidAnswer *a;
	int go[2], status;
	pid_t leader;
	char byte;

	(void) state;
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	leader = fork();
	if (leader == 0) {
		(void) close(go[1]);
		if (setsid() > 0 && fork() == 0)
			_exit(read(go[0], &byte, 1) != 0);
		_exit(0);
	}
	(void) close(go[0]);
	assert_int_equal(waitpid(leader, &status, 0), leader);
	SET_FACT(&process, pid, leader);
	source = (Snapshot) SNAPSHOT__INIT;
	source.process = processes;
	source.n_process = 1;
	(void) probe("/", &source);
	(void) close(go[1]);
	a = answer_of(leader);
	assert_int_equal(a->use, PID_USE__PID_GROUP);
	assert_true(a->has_holder_pid && a->holder_pid != leader);
	assert_false(a->holder_is_session_leader);
}

static void
this_machine(void **state)
{
	const Host *h = probe("/", NULL);
	const CriuPlace *place = s.facts->criu_place;
	bool features_leaf = false;

	(void) state;
	assert_non_null(h->boot_id);
	assert_true(h->has_pid_ns && h->ns->has_net && h->has_clock_ticks);
	for (size_t i = 0; i < h->cpu->n_leaf; i++)
		features_leaf = features_leaf || (h->cpu->leaf[i]->leaf == 7 && h->cpu->leaf[i]->ebx);
	assert_true(features_leaf || h->cpu->n_leaf > 3);
	assert_non_null(h->cpu->flags);
	assert_int_equal(feature_of(h, "map_files"), 1);
	assert_true(feature_of(h, "pagemap_scan") >= 0);
	assert_int_equal(feature_of(h, "vdso"), 1);
	assert_int_equal(feature_of(h, "pidfd"), 1);
	assert_non_null(place);
	assert_int_equal(place->pid, getpid());
	assert_int_equal(place->sid, getsid(0));
	assert_int_equal(place->ancestor[0], getppid());
	assert_int_equal(place->ancestor[place->n_ancestor - 1], 1);
	assert_true(place->credentials->euid == geteuid());
	assert_true(place->cgroup_set < s.facts->n_cgroup_set);
}

static void
a_recorded_machine_is_not_run(void **state)
{
	const Host *h = probe("tests/machines/v2", NULL);

	(void) state;
	for (size_t i = 0; i < h->n_tool; i++)
		assert_true(h->tool[i]->state == TOOL_STATE__TOOL_MISSING ||
			    h->tool[i]->state == TOOL_STATE__TOOL_CANNOT_TELL);
	assert_true(has_gap("place", "/proc/self"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(debian_with_cgroup2, begin, end),
		cmocka_unit_test_setup_teardown(features, begin, end),
		cmocka_unit_test_setup_teardown(modules_by_index, begin, end),
		cmocka_unit_test_setup_teardown(modules_without_index, begin, end),
		cmocka_unit_test_setup_teardown(modules_cannot_tell, begin, end),
		cmocka_unit_test_setup_teardown(cgroup_answers, begin, end),
		cmocka_unit_test_setup_teardown(ids_in_use_here, begin, end),
		cmocka_unit_test_setup_teardown(no_ids_to_answer, begin, end),
		cmocka_unit_test_setup_teardown(ids_without_a_task, begin, end),
		cmocka_unit_test_setup_teardown(this_machine, begin, end),
		cmocka_unit_test_setup_teardown(a_recorded_machine_is_not_run, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

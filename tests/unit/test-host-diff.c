/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two hosts: what is a difference, what is only not known, and what holds for the moment. And the
 * table: it knows every field that can be reached.
 */
#include "checker/host-diff.h"
#include "checker/rule.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "reports/host-diff.h"

#include "tests/unit/test.h"

static struct snapshot side[HOST_SIDES];
static struct host_diff diff;

static int
begin(void **state)
{
	(void) state;
	for (int s = 0; s < HOST_SIDES; s++) {
		if (snapshot_new(&side[s]) < 0)
			return 1;
		side[s].facts->host = NEW_FACT(side[s].arena, Host, host);
		side[s].facts->host->kernel = NEW_FACT(side[s].arena, Kernel, kernel);
	}
	return 0;
}

static int
end(void **state)
{
	(void) state;
	host_diff_free(&diff);
	for (int s = 0; s < HOST_SIDES; s++)
		snapshot_free(&side[s]);
	return 0;
}

static Kernel *
kernel_of(int s)
{
	return side[s].facts->host->kernel;
}

static void
add_sysctl(int s, const char *name, const char *value)
{
	Setting *x = NEW_FACT(side[s].arena, Setting, setting);

	x->name = arena_strdup(side[s].arena, name);
	x->value = arena_strdup(side[s].arena, value);
	assert_int_equal(ADD_FACT(side[s].arena, kernel_of(s)->sysctl, kernel_of(s)->n_sysctl, x), 0);
}

static Mount *
add_mount(int s, const char *mountpoint, const char *options)
{
	Host *h = side[s].facts->host;
	Mount *m = NEW_FACT(side[s].arena, Mount, mount);

	if (!h->filesystems)
		h->filesystems = NEW_FACT(side[s].arena, Filesystems, filesystems);
	m->mountpoint = arena_strdup(side[s].arena, mountpoint);
	m->options = arena_strdup(side[s].arena, options);
	m->fs_type = arena_strdup(side[s].arena, "ext4");
	assert_int_equal(ADD_FACT(side[s].arena, h->filesystems->mount, h->filesystems->n_mount, m), 0);
	return m;
}

static void
compare(void)
{
	host_diff_free(&diff);
	assert_int_equal(host_diff_find(side[0].facts, side[1].facts, &diff), 0);
}

/* The difference of this name, or NULL. */
static const struct host_difference *
find(const char *name)
{
	for (size_t i = 0; i < diff.n; i++) {
		_cleanup_buffer_ struct buffer b = { 0 };

		assert_int_equal(host_fact_name(diff.difference[i].record, diff.difference[i].name, &b), 0);
		if (streq(buffer_slice(&b).p, name))
			return &diff.difference[i];
	}
	return NULL;
}

static void
assert_values(const char *name, const char *a, const char *b)
{
	const struct host_difference *x = find(name);
	const char *const wanted[HOST_SIDES] = { a, b };

	if (!x)
		fail_msg("no difference %s", name);
	for (int s = 0; x && s < HOST_SIDES; s++) {
		_cleanup_buffer_ struct buffer value = { 0 };

		assert_int_equal(host_value(x, s, &value), 0);
		assert_string_equal(buffer_slice(&value).p, wanted[s]);
	}
}

static void
equal_hosts_do_not_differ(void **state)
{
	(void) state;
	for (int s = 0; s < HOST_SIDES; s++) {
		kernel_of(s)->release = arena_strdup(side[s].arena, "6.1.0");
		add_sysctl(s, s ? "kernel/pid_max" : "fs/nr_open", s ? "32768" : "1024");
		add_sysctl(s, s ? "fs/nr_open" : "kernel/pid_max", s ? "1024" : "32768");
		add_mount(s, "/", s ? "rw,relatime" : "relatime,rw");
	}
	compare();
	assert_int_equal(diff.n, 0);
	assert_int_equal(diff.n_unlearned, 0);
	assert_int_equal(host_diff_exit_code(&diff), 0);
}

static void
a_value_that_differs(void **state)
{
	(void) state;
	kernel_of(0)->release = arena_strdup(side[0].arena, "6.1.0");
	kernel_of(1)->release = arena_strdup(side[1].arena, "6.12.0");
	add_sysctl(0, "kernel/pid_max", "32768");
	add_sysctl(1, "kernel/pid_max", "4194304");
	add_sysctl(0, "vm/memfd_noexec", "0");
	compare();
	assert_int_equal(diff.n_lasting, 3);
	assert_values("release", "6.1.0", "6.12.0");
	assert_values("kernel/pid_max", "32768", "4194304");
	assert_string_equal(find("kernel/pid_max")->rules, "pid-max");
	assert_values("vm/memfd_noexec", "0", "not there");
	assert_int_equal(find("release")->subject, HOST_KERNEL);
	assert_int_equal(find("vm/memfd_noexec")->subject, HOST_SYSCTLS);
	assert_int_equal(host_diff_exit_code(&diff), 1);
}

/* What one side did not learn is no difference: a value, a record that it could not read, a whole list. */
static void
a_gap_is_no_difference(void **state)
{
	Gap *gap = NEW_FACT(side[1].arena, Gap, gap);
	Feature *f;

	(void) state;
	kernel_of(0)->machine = arena_strdup(side[0].arena, "x86_64");
	add_sysctl(0, "kernel/pid_max", "32768");
	add_sysctl(0, "kernel/core_pattern", "core");
	add_sysctl(1, "kernel/pid_max", "32768");
	gap->subject = arena_strdup(side[1].arena, "/proc/sys/kernel/core_pattern");
	assert_int_equal(ADD_FACT(side[1].arena, side[1].facts->gap, side[1].facts->n_gap, gap), 0);
	f = NEW_FACT(side[1].arena, Feature, feature);
	f->name = arena_strdup(side[1].arena, "aio");
	assert_int_equal(ADD_FACT(side[1].arena, kernel_of(1)->feature, kernel_of(1)->n_feature, f), 0);
	side[1].facts->host->memory = NEW_FACT(side[1].arena, Memory, memory);
	compare();
	assert_int_equal(diff.n, 0);
	assert_int_equal(diff.n_unlearned, 4);
	for (size_t i = 0; i < diff.n_unlearned; i++) {
		enum host_subject of = diff.unlearned[i].subject;

		assert_int_equal(diff.unlearned[i].of_b, of == HOST_KERNEL || of == HOST_SYSCTLS);
	}
	assert_int_equal(host_diff_exit_code(&diff), 0);
}

static void
what_holds_for_the_moment_is_marked(void **state)
{
	(void) state;
	for (int s = 0; s < HOST_SIDES; s++) {
		Host *h = side[s].facts->host;

		h->name = arena_strdup(side[s].arena, s ? "web3" : "web1");
		h->boot_id = arena_strdup(side[s].arena, s ? "b" : "a");
		SET_FACT(h, uptime_ms, 5 + s);
		h->memory = NEW_FACT(side[s].arena, Memory, memory);
		SET_FACT(h->memory, total_kb, 1000);
		SET_FACT(h->memory, available_kb, 500 + (unsigned int) s);
		add_sysctl(s, "kernel/ns_last_pid", s ? "77" : "76");
	}
	compare();
	assert_int_equal(diff.n_lasting, 0);
	assert_int_equal(diff.n, 5);
	assert_values("host name", "web1", "web3");
	assert_values("available (kB)", "500", "501");
	assert_values("kernel/ns_last_pid", "76", "77");
	assert_int_equal(host_diff_exit_code(&diff), 0);
}

/* Loaded or to be loaded is the same to a restore; absent is not; cannot tell is no answer. */
static void
states_of_modules(void **state)
{
	static const struct {
		const char *asked;
		ModuleState state[HOST_SIDES];
	} modules[] = {
		{ "tun", { MODULE_STATE__MODULE_LOADED, MODULE_STATE__MODULE_LOADABLE } },
		{ "veth", { MODULE_STATE__MODULE_LOADED, MODULE_STATE__MODULE_ABSENT } },
		{ "dummy", { MODULE_STATE__MODULE_CANNOT_TELL, MODULE_STATE__MODULE_ABSENT } },
	};

	(void) state;
	for (int s = 0; s < HOST_SIDES; s++) {
		Modules *all = NEW_FACT(side[s].arena, Modules, modules);

		side[s].facts->host->modules = all;
		for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
			Module *m = NEW_FACT(side[s].arena, Module, module);

			m->asked = arena_strdup(side[s].arena, modules[i].asked);
			SET_FACT(m, state, modules[i].state[s]);
			assert_int_equal(ADD_FACT(side[s].arena, all->module, all->n_module, m), 0);
		}
	}
	compare();
	assert_int_equal(diff.n_lasting, 1);
	assert_values("veth", "loaded", "absent");
	assert_true(find("tun")->moment);
	assert_int_equal(diff.n_unlearned, 1);
	assert_false(diff.unlearned[0].of_b);
}

static void
sets_and_records(void **state)
{
	const struct host_difference *x;
	Mount *m;

	(void) state;
	add_mount(0, "/", "rw,relatime");
	m = add_mount(1, "/", "rw,noexec,noatime");
	SET_FACT(m, shared, 7);
	add_mount(1, "/data", "rw");
	compare();
	assert_int_equal(diff.n_lasting, 3);
	x = find("/ options");
	assert_non_null(x);
	assert_true(x->set);
	assert_int_equal(x->n_only[0], 1);
	assert_string_equal(x->only[0][0], "relatime");
	assert_int_equal(x->n_only[1], 2);
	assert_string_equal(x->only[1][0], "noatime");
	assert_values("/ shared", "no", "yes");
	assert_values("/data", "not mounted", "ext4");
	assert_int_equal(x->subject, HOST_MOUNTS);
}

/* The answers count where they are answers to one question. */
static void
answers_of_one_tree(void **state)
{
	static uint8_t digest[2][1] = { { 1 }, { 2 } };

	(void) state;
	for (int s = 0; s < HOST_SIDES; s++) {
		PathAnswer *a = NEW_FACT(side[s].arena, PathAnswer, path_answer);
		Header *h = side[s].facts->header;

		a->path = arena_strdup(side[s].arena, "/lib/libz.so");
		SET_FACT(a, kind, PATH_KIND__PATH_KIND_REGULAR);
		SET_FACT(a, size, s ? 200 : 100);
		SET_FACT(a, ino, 5 + (unsigned int) s);
		assert_int_equal(ADD_FACT(side[s].arena, side[s].facts->path_answer, side[s].facts->n_path_answer, a), 0);
		h->has_asked_sha256 = true;
		h->asked_sha256 = (ProtobufCBinaryData){ .len = 1, .data = digest[s] };
	}
	compare();
	assert_false(diff.same_tree);
	assert_int_equal(diff.n, 0);
	side[1].facts->header->asked_sha256.data = digest[0];
	compare();
	assert_true(diff.same_tree);
	assert_int_equal(diff.n, 1);
	assert_values("/lib/libz.so size", "100", "200");
	assert_string_equal(find("/lib/libz.so size")->rules, "dst-file-size");
}

/* A profile with the answers to several trees: each tree for itself, by its digest. */
static void
answers_of_several_trees(void **state)
{
	static uint8_t digest[3][32] = { { 0xab, 1 }, { 0xcd, 2 }, { 0xef, 3 } };

	(void) state;
	for (int s = 0; s < HOST_SIDES; s++)
		for (int t = 0; t < 2; t++) {
			TreeAnswers *tree = NEW_FACT(side[s].arena, TreeAnswers, tree_answers);
			PathAnswer *a = NEW_FACT(side[s].arena, PathAnswer, path_answer);

			a->path = arena_strdup(side[s].arena, "/srv");
			SET_FACT(a, kind, PATH_KIND__PATH_KIND_DIRECTORY);
			SET_FACT(a, mode, s && t == s ? 0700 : 0755);
			tree->has_asked_sha256 = true;
			/* The first has the trees cd and ab, the second ab and ef. */
			tree->asked_sha256 = (ProtobufCBinaryData){ .len = 32, .data = digest[s == 0 ? !t : t * 2] };
			assert_int_equal(ADD_FACT(side[s].arena, tree->path_answer, tree->n_path_answer, a), 0);
			assert_int_equal(ADD_FACT(side[s].arena, side[s].facts->tree_answers,
						  side[s].facts->n_tree_answers, tree), 0);
		}
	compare();
	assert_int_equal(diff.n, 0);
	assert_int_equal(diff.n_unlearned, 2);
	side[1].facts->tree_answers[0]->path_answer[0]->mode = 0700;
	compare();
	assert_int_equal(diff.n, 1);
	assert_values("tree ab0100000000 /srv mode", "0755", "0700");
}

/* ---- the table ----------------------------------------------------------------------------- */

static bool seen[512];
static size_t missing;

static void
assert_rules(const char *rules)
{
	struct slice rest = slice_of(rules ? rules : ""), word;

	while (slice_word(&rest, &word)) {
		char id[64];

		(void) snprintf(id, sizeof(id), "%.*s", (int) word.n, word.p);
		if (!rule_find(id))
			fail_msg("no rule %s", id);
	}
}

static void
walk(const ProtobufCMessageDescriptor *d)
{
	for (unsigned int i = 0; i < d->n_fields; i++) {
		const struct host_fact *fact = host_fact_of(d, &d->fields[i]);
		size_t row = (size_t) (fact - host_facts);

		if (!fact) {
			print_message("# checker/host-facts.c has no row for %s.%s\n", d->name, d->fields[i].name);
			missing++;
		}
		if (!fact || seen[row])
			continue;
		seen[row] = true;
		assert_rules(fact->rules);
		if (fact->how != HOST_INSIDE && fact->how != HOST_LIST)
			continue;
		assert_int_equal(d->fields[i].type, PROTOBUF_C_TYPE_MESSAGE);
		walk(d->fields[i].descriptor);
		for (size_t k = 0; k < MAX_HOST_KEY && fact->key[k]; k++)
			assert_non_null(protobuf_c_message_descriptor_get_field_by_name(d->fields[i].descriptor, fact->key[k]));
		if (fact->shows)
			assert_non_null(protobuf_c_message_descriptor_get_field_by_name(d->fields[i].descriptor, fact->shows));
	}
}

static void
every_field_has_its_row(void **state)
{
	(void) state;
	assert_true(n_host_facts < ARRAY_SIZE(seen));
	walk(&snapshot__descriptor);
	assert_int_equal(missing, 0);
	for (size_t i = 0; i < n_host_facts; i++)
		if (!seen[i])
			fail_msg("the row %s.%s is of no use", host_facts[i].of->name, host_facts[i].field);
	for (int s = HOST_CPU; s < HOST_SUBJECTS; s++)
		assert_true(host_subject_name((enum host_subject) s) && host_subject_title((enum host_subject) s));
}

static void
records_have_their_rules(void **state)
{
	static const struct {
		enum host_subject subject;
		const char *key, *rules;
	} cases[] = {
		{ HOST_SYSCTLS, "kernel/pid_max", "pid-max" },
		{ HOST_SYSCTLS, "kernel/sem_next_id", "ipc-sysctls" },
		{ HOST_SYSCTLS, "user/max_net_namespaces", "dst-ns-limits" },
		{ HOST_SYSCTLS, "kernel/perf_event_paranoid", NULL },
		{ HOST_FEATURES, "kernel/pid_max", NULL },
		{ HOST_MODULES, "udp_diag", "sock-diag-proto-missing src-sock-diag-missing" },
		{ HOST_TOOLS, "ip", "net-iproute" },
		{ HOST_TOOLS, "ip6tables-restore", "net-iptables" },
	};

	(void) state;
	for (size_t i = 0; i < n_host_record_rules; i++)
		assert_rules(host_record_rules[i].rules);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *rules = host_rules(cases[i].subject, cases[i].key);

		assert_string_equal(rules ? rules : "", cases[i].rules ? cases[i].rules : "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(equal_hosts_do_not_differ, begin, end),
		cmocka_unit_test_setup_teardown(a_value_that_differs, begin, end),
		cmocka_unit_test_setup_teardown(a_gap_is_no_difference, begin, end),
		cmocka_unit_test_setup_teardown(what_holds_for_the_moment_is_marked, begin, end),
		cmocka_unit_test_setup_teardown(states_of_modules, begin, end),
		cmocka_unit_test_setup_teardown(sets_and_records, begin, end),
		cmocka_unit_test_setup_teardown(answers_of_one_tree, begin, end),
		cmocka_unit_test_setup_teardown(answers_of_several_trees, begin, end),
		cmocka_unit_test(every_field_has_its_row),
		cmocka_unit_test(records_have_their_rules),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a host lasts. The fields that the table names must be there, and every case of
 * tests/rules must be judged the same without them, but by the rules that are of the moment.
 */
#include "tests/unit/cases.h"

#include "checker/assessment.h"
#include "checker/options.h"
#include "facts/sieve.h"

static void
strip(const Snapshot *s, enum facts_kept kept, struct snapshot *ret)
{
	_cleanup_buffer_ struct buffer whole = { 0 }, left = { 0 };
	_cleanup_sieve_ struct sieve *sieve = sieve_new(kept);

	assert_non_null(sieve);
	assert_int_equal(buffer_reserve(&whole, snapshot__get_packed_size(s)), 0);
	whole.n = snapshot__pack(s, (uint8_t *) whole.p);
	assert_int_equal(sieve_strip(sieve, buffer_slice(&whole), &left), 0);
	assert_int_equal(snapshot_unpack(left.p, left.n, ret), 0);
}

static int
compare_case(const struct rule_case *c, const Snapshot *without)
{
	const struct check_options options = { .now_ns = 1700000000000000000 };
	const struct check_options lasting = { .now_ns = options.now_ns, .lasting_only = true };
	struct assessment whole, left;
	int r = 0;

	assert_int_equal(check(snapshots[c->source].facts, snapshots[c->destination].facts, &options, &whole), 0);
	assert_int_equal(check(snapshots[c->source].facts, without, &lasting, &left), 0);
	for (size_t i = 0; i < whole.n_outcomes; i++) {
		const struct rule_outcome *a = &whole.outcomes[i], *b = &left.outcomes[i];

		if (a->rule->of_the_moment == MOMENT_ONLY || a->outcome == b->outcome)
			continue;
		/* What is there in all is enough, or too little; what is free is not asked. */
		if (a->rule->of_the_moment == MOMENT_PARTLY && b->outcome == OUTCOME_PASSED &&
		    (a->outcome == OUTCOME_FAILED || a->outcome == OUTCOME_UNKNOWN))
			continue;
		fprintf(stderr, "%s: %s is %s, and %s without the facts of the moment\n", c->folder, a->rule->id,
			outcome_name(a->outcome), outcome_name(b->outcome));
		r++;
	}
	assessment_free(&whole);
	assessment_free(&left);
	return r;
}

static void
test_rules_that_last(void **state)
{
	int differ = 0;

	(void) state;
	for (size_t i = 0; i < n_cases; i++) {
		_cleanup_snapshot_ struct snapshot without = { 0 };

		if (cases[i].source < 0 || cases[i].destination < 0)
			continue;
		/* That it is the very host of the tree is of the moment, too. */
		if (index_same_host(snapshots[cases[i].source].facts, snapshots[cases[i].destination].facts))
			continue;
		strip(snapshots[cases[i].destination].facts, FACTS_LASTING, &without);
		differ += compare_case(&cases[i], without.facts);
	}
	assert_int_equal(differ, 0);
}

static const struct {
	const ProtobufCMessageDescriptor *kind;
	const char *field;
	bool is;
} fields[] = {
	{ &host__descriptor, "name", true },
	{ &host__descriptor, "boot_id", true },
	{ &host__descriptor, "os_release", false },
	{ &memory__descriptor, "total_kb", false },
	{ &memory__descriptor, "free_kb", true },
	{ &memory__descriptor, "available_kb", true },
	{ &net_device__descriptor, "name", false },
	{ &net_device__descriptor, "address", true },
	{ &header__descriptor, "taken_at_ns", true },
	{ &header__descriptor, "asked_sha256", false },
	{ &path_answer__descriptor, "sha256", false },
	{ &path_answer__descriptor, "mtime_ns", true },
};

static void
test_fields(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const ProtobufCFieldDescriptor *f =
			protobuf_c_message_descriptor_get_field_by_name(fields[i].kind, fields[i].field);

		assert_non_null(f);
		assert_int_equal(moment_is(fields[i].kind, f, FACTS_LASTING), fields[i].is);
	}
}

/* A host, as small as one can be, with something of each kind. */
static void
test_wire(void **state)
{
	char cpu_brand[] = "AMD EPYC", name[] = "vm", pid[] = "kernel/ns_last_pid", max[] = "kernel/pid_max";
	char veth[] = "veth12ab", eth[] = "eth0", two[] = "2", bytes4[] = { 10, 0, 0, 1 };
	Cpu cpu = CPU__INIT;
	Setting last = SETTING__INIT, most = SETTING__INIT, *settings[] = { &last, &most };
	NetAddress address = NET_ADDRESS__INIT, *addresses[] = { &address };
	NetDevice passing = NET_DEVICE__INIT, staying = NET_DEVICE__INIT, *devices[] = { &passing, &staying };
	Kernel kernel = KERNEL__INIT;
	Net net = NET__INIT;
	Host host = HOST__INIT;
	Snapshot s = SNAPSHOT__INIT;
	_cleanup_snapshot_ struct snapshot lasting = { 0 }, now = { 0 };

	(void) state;
	cpu.brand = cpu_brand;
	last.name = pid;
	most.name = max;
	last.value = most.value = two;
	kernel.n_sysctl = 2;
	kernel.sysctl = settings;
	SET_FACT(&address, address, ((ProtobufCBinaryData){ .len = 4, .data = (uint8_t *) bytes4 }));
	passing.name = veth;
	staying.name = eth;
	staying.n_address = 1;
	staying.address = addresses;
	net.n_device = 2;
	net.device = devices;
	SET_FACT(&net, netns, 4026531833);
	host.name = name;
	host.cpu = &cpu;
	host.kernel = &kernel;
	host.net = &net;
	SET_FACT(&host, uptime_ms, 1);
	s.host = &host;

	strip(&s, FACTS_LASTING, &lasting);
	assert_null(lasting.facts->host->name);
	assert_false(lasting.facts->host->has_uptime_ms);
	assert_string_equal(lasting.facts->host->cpu->brand, "AMD EPYC");
	assert_int_equal(lasting.facts->host->kernel->n_sysctl, 1);
	assert_string_equal(lasting.facts->host->kernel->sysctl[0]->name, "kernel/pid_max");
	assert_int_equal(lasting.facts->host->net->n_device, 1);
	assert_int_equal(lasting.facts->host->net->device[0]->n_address, 0);
	assert_false(lasting.facts->host->net->has_netns);

	strip(&s, FACTS_NOW, &now);
	assert_string_equal(now.facts->host->name, "vm");
	assert_int_equal(now.facts->host->kernel->n_sysctl, 2);
	assert_int_equal(now.facts->host->net->n_device, 2);
}

static void
test_bad_bytes(void **state)
{
	static const struct slice bad[] = {
		SLICE("\x52"),				/* a host without a length */
		SLICE("\x52\x05\x0a\x01"),		/* cut off */
		SLICE("\x52\x03\x0a\x7f\x41"),		/* a name longer than the host */
		SLICE("\x53"),				/* a group, which proto2 files of ours have not */
		SLICE("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"),
		SLICE("\x02\x00"),			/* field 0 */
	};

	_cleanup_sieve_ struct sieve *sieve = sieve_new(FACTS_LASTING);

	(void) state;
	assert_non_null(sieve);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_buffer_ struct buffer out = { 0 };

		assert_int_equal(sieve_strip(sieve, bad[i], &out), -EBADMSG);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules_that_last),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_wire),
		cmocka_unit_test(test_bad_bytes),
	};

	return cmocka_run_group_tests(tests, cases_load, cases_unload);
}

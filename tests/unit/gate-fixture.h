/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gate made by hand, with one of everything that a format has to tell: 3 trees; 7 hosts in 4
 * classes, 2 that could not be judged, and a profile too many; findings that are permanent, transient, not learned,
 * waived, waived once, known to the baseline, a warning, a note; changes, odd ones, a CPU baseline.
 * The hostile one has the same with names that try to break out of each format.
 *
 * The cells are counted here from the findings, as gate_judge() does from assessments.
 */
#pragma once

#include "tests/unit/test.h"

#include "checker/cpu-baseline.h"
#include "checker/gate.h"
#include "checker/waivers.h"

#define HOSTILE                                                                                    \
	"\"><script>alert(1)</script>\n::error::x\r\x1b[31m\xe2\x80\xae]]>\xff\xfe\xef\xbf\xbf`|\\|"  \
	"@everyone {0} [x](javascript:1) http://example.org www.example.org %0A,x:y</failure> <!-- #1 &lt;"

/* 2026-11-02T09:14:00Z; a day is 86400 s. */
#define FIXTURE_NOW 1793610840000000000
#define FIXTURE_DAY 86400000000000

struct gate_fixture {
	struct gate gate;
	struct gate_policy policy;
	struct check_options check;
	struct waivers waivers;
	struct waiver waiver[3];
	struct gate_tree trees[3];
	struct gate_host hosts[10];
	struct gate_class classes[4];
	struct cpu_member members[4];
	struct cpu_baseline cpu;
	struct gate_finding findings[10];
	struct gate_change changes[3];
	struct gate_odd odd[2];
	const char *reasons[3];
};

static inline const struct rule *
fixture_rule(const char *id)
{
	const struct rule *r = rule_find(id);

	assert_non_null(r);
	return r;
}

static inline void *
fixture_room(struct gate_fixture *x, size_t n)
{
	void *p = arena_alloc(x->gate.arena, n);

	assert_non_null(p);
	return p;
}

static inline Snapshot *
fixture_snapshot(struct gate_fixture *x)
{
	Snapshot *s = NEW_FACT(x->gate.arena, Snapshot, snapshot);

	assert_non_null(s);
	s->header = NEW_FACT(x->gate.arena, Header, header);
	assert_non_null(s->header);
	return s;
}

/* Literals of C are not const for protobuf-c, which only reads them here. */
static inline char *
fixture_text(struct gate_fixture *x, const char *text)
{
	char *copy = arena_strdup(x->gate.arena, text);

	assert_non_null(copy);
	return copy;
}

static inline Snapshot *
fixture_host(struct gate_fixture *x, const char *os, const char *kernel, const char *cpu, const char *criu)
{
	Snapshot *s = fixture_snapshot(x);
	Host *h = NEW_FACT(x->gate.arena, Host, host);
	Tool *tool = NEW_FACT(x->gate.arena, Tool, tool);

	assert_true(h && tool);
	h->kernel = NEW_FACT(x->gate.arena, Kernel, kernel);
	h->cpu = NEW_FACT(x->gate.arena, Cpu, cpu);
	assert_true(h->kernel && h->cpu);
	h->os_release = fixture_text(x, os);
	h->kernel->release = fixture_text(x, kernel);
	h->cpu->brand = fixture_text(x, cpu);
	if (criu) {
		tool->name = fixture_text(x, "criu");
		tool->version = fixture_text(x, criu);
		assert_int_equal(ADD_FACT(x->gate.arena, h->tool, h->n_tool, tool), 0);
	}
	s->host = h;
	return s;
}

/* The baseline knew what is about 6379, everywhere but on node7. */
static inline bool
fixture_known(const void *baseline, const char *fingerprint, const char *host)
{
	(void) baseline;
	return fingerprint[0] == '6' && !streq(host, "node7");
}

static inline void
fixture_pool(struct gate_fixture *x, const char *odd_name)
{
	static const struct {
		const char *name, *file;
		size_t class;
		const char *why_not;
	} hosts[] = {
		{ "node1", "pool/node1.mc", 0, NULL },
		{ "node2", "pool/node2.mc", 0, NULL },
		{ "node3", "./pool/node 3.mc", 0, NULL },
		{ "node4", "pool/node4.mc", 1, NULL },
		{ "node5", "pool/node5.mc", 1, NULL },
		{ "node6", "/srv/pool/node6.mc", 2, NULL },
		{ "node7", "pool/node7.mc", 3, NULL },
		{ "node8", "pool/node8.mc", NO_CLASS, "too old: taken 9 days ago, --max-age is 7 days" },
		{ NULL, "pool/broken.mc", NO_CLASS, "damaged: its digest is not that of its content" },
		{ "node2 (old)", "pool/old.mc", NO_CLASS, "pool/node2.mc is a newer profile of the same host" },
	};
	static const char *const names[] = { "c1", "c2", "c3", "c4" };
	static const char *const digits[] = { "11", "22", "33", "44" };
	struct gate *g = &x->gate;

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		x->hosts[i] = (struct gate_host){
			.name = hosts[i].name, .file = hosts[i].file, .class = hosts[i].class,
			.why_not = hosts[i].why_not, .taken_at_ns = FIXTURE_NOW - FIXTURE_DAY,
		};
	x->hosts[9].is_again = true;
	if (odd_name) {
		x->hosts[6].name = odd_name;
		x->hosts[6].file = odd_name;
		x->hosts[7].name = odd_name;
		x->hosts[7].why_not = odd_name;
		x->hosts[8].file = odd_name;
	}
	x->classes[0].facts = fixture_host(x, "Debian GNU/Linux 13 (trixie)", "6.12.0-1-amd64", "AMD EPYC", "4.2.1");
	x->classes[1].facts = fixture_host(x, "Debian GNU/Linux 12 (bookworm)", "6.1.0-44-amd64", "Xeon", "4.2.1");
	x->classes[2].facts = fixture_host(x, "Debian GNU/Linux 12 (bookworm)", "6.1.0-44-amd64", "Xeon", NULL);
	x->classes[3].facts = fixture_host(x, odd_name ? odd_name : "Alpine", odd_name ? odd_name : "6.6.9",
					   odd_name ? odd_name : "Atom", odd_name ? odd_name : "4.2");
	for (size_t i = 0; i < 4; i++) {
		struct gate_class *c = &x->classes[i];

		c->name = names[i];
		c->fingerprint = arena_printf(g->arena, "%s%062d", digits[i], 0);
		while (x->hosts[c->first].class != i)
			c->first++;
		while (x->hosts[c->first + c->n].class == i)
			c->n++;
		x->members[i] = (struct cpu_member){ .name = c->name, .host = c->facts->host, .hosts = c->n };
	}
	assert_int_equal(cpu_baseline_make(g->arena, x->members, 4, &x->cpu), 0);
	g->hosts = x->hosts;
	g->n_hosts = ARRAY_SIZE(x->hosts);
	g->n_judged = 7;
	g->n_unseen = 2;
	g->classes = x->classes;
	g->n_classes = 4;
	g->cpu = &x->cpu;
}

static inline void
fixture_trees(struct gate_fixture *x, const char *odd_name)
{
	static const char *const names[] = { "nginx", "redis", "worker" };
	static uint8_t digest[32] = { 0xab, 0xcd };

	for (size_t i = 0; i < 3; i++) {
		Snapshot *s = fixture_snapshot(x);

		SET_FACT(s->header, own_sha256, ((ProtobufCBinaryData){ .len = sizeof(digest), .data = digest }));
		x->trees[i].name = i == 2 && odd_name ? odd_name : names[i];
		x->trees[i].file = arena_printf(x->gate.arena, "trees/%s.mc", x->trees[i].name);
		x->trees[i].source = s;
		x->trees[i].needed = 9;
	}
	x->gate.trees = x->trees;
	x->gate.n_trees = 3;
}

static inline void
fixture_waivers(struct gate_fixture *x, const char *odd_name)
{
	x->waiver[0] = (struct waiver){
		.rule = "dst-file-content", .tree = "nginx", .reason = "the new libssl is tested", .owner = "ops@example.org",
		.until = "2027-01-31", .until_ns = FIXTURE_NOW + 90 * FIXTURE_DAY, .line = 3, .matched = 1,
	};
	x->waiver[1] = (struct waiver){
		.rule = "dst-file-missing", .host = "node7*", .reason = odd_name ? odd_name : "moved next week", .owner = "ops",
		.until = "2026-09-30", .until_ns = FIXTURE_NOW - 33 * FIXTURE_DAY, .line = 9, .matched = 1,
	};
	x->waiver[2] = (struct waiver){
		.rule = "tty-*", .reason = "none has a terminal", .owner = odd_name ? odd_name : "dev", .until = "2026-12-31",
		.until_ns = FIXTURE_NOW + 60 * FIXTURE_DAY, .line = 15,
	};
	x->waivers = (struct waivers){ .waiver = x->waiver, .n = 3, .file = odd_name ? odd_name : "ci/waivers.yaml" };
	x->gate.waivers = &x->waivers;
}

/* A finding on those classes that `mask` names. */
static inline struct gate_finding *
fixture_finding(struct gate_fixture *x, const char *rule, size_t tree, unsigned int mask)
{
	struct gate_finding *f = &x->findings[x->gate.n_findings++];

	f->rule = fixture_rule(rule);
	f->tree = tree;
	f->stage = f->rule->stage;
	f->lifetime = f->rule->lifetime;
	f->severity = f->rule->severity;
	f->remedy = f->rule->remedy;
	f->fingerprint = arena_printf(x->gate.arena, "%zx%063zx", x->gate.n_findings, x->gate.n_findings);
	f->classes = fixture_room(x, 4 * sizeof(*f->classes));
	for (size_t i = 0; i < 4; i++)
		if (mask & 1U << i) {
			f->classes[f->n_classes++] = i;
			f->hosts += x->classes[i].n;
		}
	f->new_hosts = f->hosts;
	return f;
}

static inline void
fixture_findings_nginx(struct gate_fixture *x, const char *odd_name)
{
	struct gate_finding *f = fixture_finding(x, "cpu-ins", 0, 0xe);

	f->thing = "/usr/lib/x86_64-linux-gnu/libc.so.6";
	f->here = "avx512f, avx512bw";
	f->there = "neither";
	f->here_from = "CPUID leaf 7";
	f->there_from = "CPUID leaf 7";
	f->detail = "glibc chose its code for these when the program started";
	f->confidence = CONFIDENCE_POSSIBLE;
	f = fixture_finding(x, "dst-file-missing", 0, 0x8);
	f->thing = odd_name ? odd_name : "/usr/lib/x86_64-linux-gnu/libpcre2-8.so.0.11.2";
	f->here = odd_name ? odd_name : "regular file 0644";
	f->there = odd_name ? odd_name : "nothing";
	f->here_from = "/proc/4211/map_files";
	f->command = odd_name ? odd_name : "apt-get install libpcre2-8-0";
	f->expired = &x->waiver[1];
	f = fixture_finding(x, "dst-file-missing", 0, 0x8);
	f->thing = "/etc/nginx/mime.types";
	f->here = "regular file 0644";
	f->there = "nothing";
	f = fixture_finding(x, "dst-lsm-profile", 0, 0x6);
	f->unknown = true;
	f->thing = odd_name ? odd_name : "nginx";
	f->here = odd_name ? odd_name : "the list of loaded profiles";
	f->there = "EACCES reading /sys/kernel/security/apparmor/profiles";
	f = fixture_finding(x, "dst-file-content", 0, 0xf);
	f->thing = "/usr/lib/x86_64-linux-gnu/libssl.so.3";
	f->here = "sha256 aa11";
	f->there = "sha256 bb22";
	f->waiver = &x->waiver[0];
}

static inline void
fixture_findings(struct gate_fixture *x, const char *odd_name)
{
	struct gate_finding *f;

	fixture_findings_nginx(x, odd_name);
	f = fixture_finding(x, "net-port-in-use", 1, 0x8);
	f->thing = "tcp 0.0.0.0:6379";
	f->here = "listens";
	f->there = "redis-server 77 listens";
	f->new_hosts = 0;
	f = fixture_finding(x, "net-port-in-use", 1, 0x4);
	f->lifetime = LIFETIME_TRANSIENT;
	f->thing = "tcp 0.0.0.0:6380";
	f->here = "listens";
	f->there = "TIME_WAIT";
	f->observed = "a minute at most";
	f->option = odd_name ? odd_name : "--tcp-close";
	f = fixture_finding(x, "rlimits", 1, 0xf);
	f->severity = SEVERITY_WARNING;
	f->thing = "hard limits";
	f->there = "no cap_sys_resource";
	f->detail = odd_name ? odd_name : "Limits higher than those of the CRIU that restores cannot be set there.";
	f = fixture_finding(x, "dst-criu-present", 1, 0x4);
	f->severity = SEVERITY_WARNING;
	f->unknown = true;
	f->here = "whether criu starts";
	f->there = "it was not asked";
	f = fixture_finding(x, "option-not-needed", 2, 0x1);
	f->thing = "--shell-job";
	f->here = "no terminal";
	x->gate.findings = x->findings;
	x->gate.n_waived = 1;
}

static inline size_t
fixture_rule_index(const struct rule *r)
{
	size_t index = 0;

	for (size_t i = 0; i < n_rulesets; i++) {
		if (r >= rulesets[i]->rules && r < rulesets[i]->rules + rulesets[i]->n)
			return index + (size_t) (r - rulesets[i]->rules);
		index += rulesets[i]->n;
	}
	fail_msg("%s stands in no table", r->id);
	return 0;
}

static inline size_t
fixture_n_rules(void)
{
	size_t n = 0;

	for (size_t i = 0; i < n_rulesets; i++)
		n += rulesets[i]->n;
	return n;
}

static inline void
fixture_count(struct gate_cell *c, const struct gate_finding *f, uint8_t *outcome)
{
	size_t at = fixture_rule_index(f->rule);

	if (!f->unknown)
		outcome[at] = OUTCOME_FAILED;
	else if (outcome[at] != OUTCOME_FAILED)
		outcome[at] = OUTCOME_UNKNOWN;
	if (f->waiver)
		c->waived++;
	else if (f->severity != SEVERITY_BLOCKER)
		c->warnings++;
	else if (f->unknown)
		c->unknown++;
	else if (f->lifetime == LIFETIME_PERMANENT)
		c->permanent++;
	else
		c->transient++;
}

static inline void
fixture_cell(struct gate_fixture *x, size_t tree, size_t class)
{
	struct gate *g = &x->gate;
	struct gate_cell *c = &g->cells[tree * g->n_classes + class];
	size_t rules = fixture_n_rules(), index = 0;
	uint8_t *outcome = fixture_room(x, rules);

	for (size_t i = 0; i < n_rulesets; i++)
		for (size_t k = 0; k < rulesets[i]->n; k++, index++) {
			const char *id = rulesets[i]->rules[k].id;

			outcome[index] = index % 3 == 0 ? OUTCOME_PASSED : OUTCOME_NOT_APPLICABLE;
			if (streq(id, "mem-free") || (class == 3 && streq(id, "dst-dir-missing")))
				outcome[index] = OUTCOME_NOT_ASKED;
		}
	c->finding = fixture_room(x, g->n_findings * sizeof(*c->finding));
	for (size_t i = 0; i < g->n_findings; i++) {
		const struct gate_finding *f = &g->findings[i];

		for (size_t k = 0; f->tree == tree && k < f->n_classes; k++)
			if (f->classes[k] == class) {
				c->finding[c->n_finding++] = (uint32_t) i;
				fixture_count(c, f, outcome);
			}
	}
	for (size_t i = 0; i < rules; i++)
		c->not_asked += outcome[i] == OUTCOME_NOT_ASKED;
	c->outcome = outcome;
	c->verdict = c->permanent ? VERDICT_BLOCKED : c->unknown ? VERDICT_UNDECIDED : c->transient ? VERDICT_RETRY
												    : VERDICT_READY;
	g->trees[tree].hosts[c->verdict] += g->classes[class].n;
}

static inline void
fixture_summary(struct gate_fixture *x, const char *odd_name)
{
	static size_t cpu_classes[] = { 1, 2, 3 }, last_class[] = { 3 }, first_tree[] = { 0 }, all_trees[] = { 0, 1, 2 };

	x->changes[0] = (struct gate_change){
		.rule = fixture_rule("cpu-ins"), .thing = "/usr/lib/x86_64-linux-gnu/libc.so.6", .at_tree = true,
		.remedy = "start the program without them", .trees = first_tree, .n_trees = 1, .classes = cpu_classes,
		.n_classes = 3, .hosts = 4, .cells = 4, .alone = 2,
	};
	x->changes[1] = (struct gate_change){
		.rule = fixture_rule("dst-file-missing"), .thing = odd_name ? odd_name : "/usr/lib/x86_64-linux-gnu/libpcre2-8.so.0.11.2",
		.remedy = odd_name ? odd_name : "bring it to the destination", .command = odd_name ? odd_name : "apt-get install libpcre2-8-0",
		.trees = first_tree, .n_trees = 1, .classes = last_class, .n_classes = 1, .hosts = 1, .cells = 1,
	};
	x->changes[2] = (struct gate_change){
		.rule = fixture_rule("dst-file-missing"), .thing = "/etc/nginx/mime.types", .remedy = "bring it to the destination",
		.trees = first_tree, .n_trees = 1, .classes = last_class, .n_classes = 1, .hosts = 1, .cells = 1,
	};
	x->gate.changes = x->changes;
	x->gate.n_changes = 3;
	x->gate.changes_needed = 2;
	x->gate.changes_suffice = true;
	x->odd[0] = (struct gate_odd){
		.rule = fixture_rule("cpu-ins"), .hosts = 4, .of = 7, .classes = cpu_classes, .n_classes = 3,
		.trees = first_tree, .n_trees = 1,
	};
	x->odd[1] = (struct gate_odd){
		.rule = fixture_rule("dst-file-missing"), .hosts = 1, .of = 7, .classes = last_class, .n_classes = 1,
		.trees = all_trees, .n_trees = 3, .are_few = true,
	};
	x->gate.odd = x->odd;
	x->gate.n_odd = 2;
	x->reasons[0] = "nginx is blocked on 4 of 9 hosts";
	x->reasons[1] = "2 hosts could not be judged";
	x->reasons[2] = odd_name;
	x->gate.reasons = x->reasons;
	x->gate.n_reasons = odd_name ? 3 : 2;
	x->gate.result = GATE_BROKEN;
}

/* gate_fixture_free() ends it. */
static inline void
gate_fixture(struct gate_fixture *x, bool hostile)
{
	const char *odd_name = hostile ? HOSTILE : NULL;
	struct gate *g = &x->gate;

	*x = (struct gate_fixture){ 0 };
	g->arena = arena_new(16 << 20);
	assert_non_null(g->arena);
	x->check = (struct check_options){ .now_ns = FIXTURE_NOW, .in_a_pool = true, .lasting_only = true };
	x->policy = (struct gate_policy){
		.fail_on = GATE_FAIL_PERMANENT | GATE_FAIL_UNDECIDED, .max_age_s = 604800, .check = &x->check, .known = fixture_known,
	};
	g->policy = &x->policy;
	g->now_ns = FIXTURE_NOW;
	fixture_pool(x, odd_name);
	fixture_trees(x, odd_name);
	fixture_waivers(x, odd_name);
	fixture_findings(x, odd_name);
	g->cells = fixture_room(x, 3 * 4 * sizeof(*g->cells));
	for (size_t t = 0; t < 3; t++)
		for (size_t c = 0; c < 4; c++)
			fixture_cell(x, t, c);
	fixture_summary(x, odd_name);
}

static inline void
gate_fixture_free(struct gate_fixture *x)
{
	(void) arena_free(x->gate.arena);
}

/* How often the text stands there. */
static inline size_t
count_of(const struct buffer *b, const char *text)
{
	size_t n = 0;

	for (const char *p = strstr(b->p, text); p; p = strstr(p + 1, text))
		n++;
	return n;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gate in Prometheus' text format, for the textfile collector of node_exporter.
 *
 *     # HELP migcheck_tree_ready_hosts Hosts on which the tree can be restored.
 *     # TYPE migcheck_tree_ready_hosts gauge
 *     migcheck_tree_ready_hosts{tree="nginx"} 7
 *
 * A set of labels may stand once only, while names of trees and hosts may be the same twice, at
 * least when they are escaped. So the samples of a metric are sorted, and equal ones are one.
 */
#include "reports/gate.h"

#include "reports/escape.h"
#include "reports/gate-words.h"

struct sample {
	char *labels;			/* "{tree=\"nginx\"}", escaped; owned */
	size_t value;
	size_t place;			/* as it came */
};

/* What becomes of samples with equal labels. */
enum join { JOIN_SUM, JOIN_LEAST };

struct metric {
	const char *name, *help;
	struct sample *sample;
	size_t n, room;
	int error;
};

static void
label_value(struct pen *p, const char *text)
{
	_cleanup_buffer_ struct buffer clean = { 0 };
	struct slice s;

	pen_keep(p, escape_text(&clean, text, strlen(text)));
	s = buffer_slice(&clean);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' || s.p[i] == '"')
			pen_add(p, "\\", 1);
		pen_add(p, &s.p[i], 1);
	}
}

struct label {
	const char *name, *value;	/* the value is foreign text; name NULL: none */
};

static void
add(struct metric *m, struct label a, struct label b, size_t value)
{
	struct buffer text = { 0 };
	struct pen p = { .out = &text };

	if (m->n == m->room) {
		size_t room = m->room ? m->room * 2 : 64;
		struct sample *grown = reallocarray(m->sample, room, sizeof(*grown));

		if (!grown) {
			m->error = -ENOMEM;
			return;
		}
		m->sample = grown;
		m->room = room;
	}
	pen_put(&p, "{%s=\"", a.name);
	label_value(&p, a.value);
	pen_put(&p, "\"");
	if (b.name) {
		pen_put(&p, ",%s=\"", b.name);
		label_value(&p, b.value);
		pen_put(&p, "\"");
	}
	pen_put(&p, "}");
	if (p.error < 0) {
		m->error = p.error;
		buffer_free(&text);
		return;
	}
	m->sample[m->n] = (struct sample){ .labels = text.p, .value = value, .place = m->n };
	m->n++;
}

static int
by_labels(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	int order = strcmp(x->labels, y->labels);

	return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

static size_t
joined(enum join join, size_t a, size_t b)
{
	if (join == JOIN_SUM)
		return a + b;
	return a < b ? a : b;
}

/* Writes the metric and forgets its samples. */
static void
flush(struct pen *p, struct metric *m, enum join join)
{
	pen_keep(p, m->error);
	if (m->n > 0) {
		qsort(m->sample, m->n, sizeof(*m->sample), by_labels);
		pen_put(p, "# HELP %s %s\n# TYPE %s gauge\n", m->name, m->help, m->name);
	}
	for (size_t i = 0; i < m->n;) {
		const char *labels = m->sample[i].labels;
		size_t value = m->sample[i].value;

		for (i++; i < m->n && streq(m->sample[i].labels, labels); i++)
			value = joined(join, value, m->sample[i].value);
		pen_put(p, "%s%s %zu\n", m->name, labels, value);
	}
	for (size_t i = 0; i < m->n; i++)
		free(m->sample[i].labels);
	free(m->sample);
}

static const struct label none = { NULL, NULL };

static void
write_result(struct pen *p, const struct gate *g)
{
	struct metric m = { .name = "migcheck_gate_result",
			    .help = "1 for what the gate came to: met, broken, transient or unjudged; 0 for the others." };

	for (int r = GATE_MET; r <= GATE_UNJUDGED; r++)
		add(&m, (struct label){ "result", gate_result_name((enum gate_result) r) }, none, g->result == (enum gate_result) r);
	flush(p, &m, JOIN_SUM);
}

static void
write_trees(struct pen *p, const struct gate *g)
{
	struct metric ready = { .name = "migcheck_tree_ready_hosts",
				.help = "Hosts on which the tree can be restored, waived findings aside." },
		      needed = { .name = "migcheck_tree_needed_hosts", .help = "Hosts that must be ready for the tree." },
		      hosts = { .name = "migcheck_tree_hosts", .help = "Judged hosts by what they are for the tree." };

	for (size_t i = 0; i < g->n_trees; i++) {
		const struct gate_tree *t = &g->trees[i];
		struct label tree = { "tree", t->name };

		add(&ready, tree, none, t->hosts[VERDICT_READY]);
		add(&needed, tree, none, t->needed);
		for (int v = VERDICT_READY; v <= VERDICT_UNDECIDED; v++)
			add(&hosts, tree, (struct label){ "verdict", verdict_name((enum verdict) v) }, t->hosts[v]);
	}
	flush(p, &ready, JOIN_LEAST);
	flush(p, &needed, JOIN_LEAST);
	flush(p, &hosts, JOIN_SUM);
}

static void
write_hosts(struct pen *p, const struct gate *g)
{
	struct metric m = { .name = "migcheck_host_judged",
			    .help = "1: the host was judged; 0: it was not. Where its name could not be read, that of the file stands for it." };

	for (size_t i = 0; i < g->n_hosts; i++)
		if (!g->hosts[i].is_again)
			add(&m, (struct label){ "host", gate_host_name(&g->hosts[i]) }, none, i < g->n_judged);
	flush(p, &m, JOIN_LEAST);
}

static void
write_findings(struct pen *p, const struct gate *g)
{
	struct metric m = { .name = "migcheck_findings",
			    .help = "What stands in the way and is not waived, once for each host that it is on." };

	for (size_t i = 0; i < g->n_findings; i++) {
		const struct gate_finding *f = &g->findings[i];

		if (!f->waiver && f->severity == SEVERITY_BLOCKER)
			add(&m, (struct label){ "rule", f->rule->id }, (struct label){ "lifetime", gate_finding_kind(f) }, f->hosts);
	}
	flush(p, &m, JOIN_SUM);
}

static void
write_waivers(struct pen *p, const struct gate *g)
{
	static const char *const states[] = { "used", "unused", "expired" };
	struct metric m = { .name = "migcheck_waivers", .help = "Waivers by what became of them." };

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		add(&m, (struct label){ "state", states[i] }, none, 0);
	for (size_t i = 0; g->waivers && i < g->waivers->n; i++)
		add(&m, (struct label){ "state", gate_waiver_state(g, &g->waivers->waiver[i]) }, none, 1);
	flush(p, &m, JOIN_SUM);
}

int
gate_prometheus(const struct gate *g, const struct report_options *o, struct buffer *out)
{
	struct pen p = { .out = out };

	(void) o;
	write_result(&p, g);
	write_trees(&p, g);
	write_hosts(&p, g);
	write_findings(&p, g);
	write_waivers(&p, g);
	return p.error;
}

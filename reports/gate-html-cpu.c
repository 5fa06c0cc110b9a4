/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU baseline of the pool: what all hosts have, who takes away what, and how to start
 * workloads so that they can land on any of them.
 */
#include "reports/gate-html.h"

#include "checker/cpu-baseline.h"

#include <inttypes.h>

/* Members by name, each with how many hosts it stands for. */
static void
put_some(struct pen *p, const struct cpu_baseline *b, const struct cpu_some *some)
{
	enum { FEW = 6 };

	for (size_t i = 0; i < some->n && i < FEW; i++) {
		const struct cpu_member *member = &b->member[some->member[i]];

		pen_put(p, "%s", i > 0 ? ", " : "");
		html_element(p, "span", "name", member->name);
		if (member->hosts > 1) {
			pen_put(p, " (");
			html_count(p, member->hosts, "host", "hosts");
			pen_put(p, ")");
		}
	}
	if (some->n > FEW)
		pen_put(p, " and %zu more", some->n - FEW);
}

static void
put_left_out(struct pen *p, const struct cpu_baseline *b, const struct cpu_some *some, const char *why)
{
	if (some->n == 0)
		return;
	pen_put(p, "<p class=\"note\">Left out, %s: ", why);
	put_some(p, b, some);
	pen_put(p, ".</p>\n");
}

static void
put_features(struct pen *p, const struct cpu_feature *const *feature, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pen_put(p, "%s%s", i > 0 ? " " : "", feature[i]->name);
}

static void
put_lacks(struct pen *p, const struct cpu_baseline *b)
{
	if (b->n_lack == 0)
		return;
	pen_put(p, "<div class=\"wide\" role=\"region\" aria-label=\"Features that some hosts lack\" tabindex=\"0\">"
		   "<table class=\"list\">\n<thead><tr><th scope=\"col\">Not everywhere</th>"
		   "<th scope=\"col\">Lacking on</th><th scope=\"col\">Which hosts</th><th scope=\"col\">Can be masked</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < b->n_lack; i++) {
		const struct cpu_lack *lack = &b->lack[i];

		pen_put(p, "<tr><th scope=\"row\"><code>");
		put_features(p, lack->feature, lack->n);
		pen_put(p, "</code></th><td data-label=\"Lacking on\">%zu of %zu</td><td data-label=\"Hosts\">", lack->lacking.hosts, b->judged.hosts);
		put_some(p, b, &lack->lacking);
		pen_put(p, "</td><td data-label=\"Can be masked\">%s</td></tr>\n", lack->maskable ? "yes" : "no");
	}
	pen_put(p, "</tbody>\n</table></div>\n");
}

static void
put_frames(struct pen *p, const struct cpu_baseline *b)
{
	if (b->n_frame < 2)
		return;
	pen_put(p, "<p>The xsave frames differ, and CRIU wants them equal:</p>\n<ul>\n");
	for (size_t i = 0; i < b->n_frame; i++) {
		pen_put(p, "<li>%u bytes, components %#" PRIx64 ", on ", b->frame[i].size, b->frame[i].components);
		put_some(p, b, &b->frame[i].of);
		pen_put(p, "</li>\n");
	}
	pen_put(p, "</ul>\n");
}

static void
put_setting(struct pen *p, const char *what, const char *before, const char *value)
{
	if (!value)
		return;
	pen_put(p, "<dt>%s</dt><dd><pre>%s", what, before);
	html_text(p, value);
	pen_put(p, "</pre></dd>\n");
}

void
gate_html_cpu(struct pen *p, const struct gate *g)
{
	const struct cpu_baseline *b = g->cpu;

	if (!b || b->n == 0)
		return;
	pen_put(p, "<section class=\"cpu\">\n<h2>CPU baseline</h2>\n");
	if (b->judged.n > 0) {
		pen_put(p, "<p>All ");
		html_count(p, b->judged.hosts, "host", "hosts");
		if (b->level > 0)
			pen_put(p, " are x86-64-v%u and", b->level);
		pen_put(p, " share %zu features.</p>\n<details><summary>Which</summary><p><code>", b->n_common);
		put_features(p, b->common, b->n_common);
		pen_put(p, "</code></p></details>\n");
	}
	put_left_out(p, b, &b->foreign, "of another architecture");
	put_left_out(p, b, &b->unseen, "nothing of their CPU was learned");
	put_lacks(p, b);
	put_frames(p, b);
	if (b->masked || b->qemu) {
		pen_put(p, "<p>Started like this, a workload can land on any of them as far as their CPUs go:</p>\n<dl class=\"settings\">\n");
		put_setting(p, "programs", "", b->environment);
		put_setting(p, "and to tell migcheck so", "--cpu-masked ", b->masked);
		put_setting(p, "virtual machines, by QEMU", "-cpu ", b->qemu);
		pen_put(p, "</dl>\n");
	}
	if (b->unnamed_by_qemu) {
		pen_put(p, "<p class=\"note\">No flag of QEMU takes away: <code>");
		html_text(p, b->unnamed_by_qemu);
		pen_put(p, "</code></p>\n");
	}
	if (b->several_vendors)
		pen_put(p, "<p class=\"note\">The pool has CPUs of several vendors: with <code>-cpu host</code> a guest "
			   "sees another vendor there, with a named model it does not.</p>\n");
	pen_put(p, "</section>\n");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gate as annotations of GitHub Actions: lines that the runner picks out of a job's output.
 *
 *     ::error file=pool/node7.mc,title=dst-dir-missing%3A a folder is missing::/srv/web: here …%0Ado: …
 *
 * Its documentation says how values are written (% CR LF, and : and , in properties). It shows ten of
 * each kind a step, so there are no more than that, and the last one says what was left out.
 */
#include "reports/gate.h"

#include "reports/escape.h"
#include "reports/gate-words.h"

enum kind { KIND_ERROR, KIND_WARNING, KIND_NOTICE, KINDS };
enum {
	SHOWN = 10,
	NOT_JUDGED = 3,			/* of them: the findings want their room, too */
	HOSTS = 5,
};

struct github {
	const struct gate *g;
	struct pen pen;
	size_t told[KINDS], left_out[KINDS];
};

static const char *const kind_names[] = {
	[KIND_ERROR] = "error", [KIND_WARNING] = "warning", [KIND_NOTICE] = "notice",
};

static void
value(struct pen *p, const char *text, bool is_property)
{
	_cleanup_buffer_ struct buffer clean = { 0 };
	struct slice s;

	/* No line break comes through here: those of foreign text are \x0a then. */
	pen_keep(p, escape_text(&clean, text, strlen(text)));
	s = buffer_slice(&clean);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '%' || (is_property && (s.p[i] == ':' || s.p[i] == ',')))
			pen_put(p, "%%%02X", (unsigned char) s.p[i]);
		else
			pen_add(p, &s.p[i], 1);
	}
}

static void
property(struct pen *p, const char *text)
{
	value(p, text, true);
}

static void
message(struct pen *p, const char *text)
{
	value(p, text, false);
}

static void
new_line(struct pen *p, const char *label, const char *text)
{
	if (!text)
		return;
	pen_put(p, "%%0A%s", label);
	message(p, text);
}

/*
 * Begins an annotation up to the text of its title; false where there is no room for one more. The
 * last notice is kept for what was left out.
 */
static bool
begin(struct github *h, enum kind kind, const char *file, unsigned int line)
{
	struct pen *p = &h->pen;

	if (h->told[kind] >= (kind == KIND_NOTICE ? SHOWN - 1 : SHOWN)) {
		h->left_out[kind]++;
		return false;
	}
	h->told[kind]++;
	pen_put(p, "::%s ", kind_names[kind]);
	if (file) {
		pen_put(p, "file=");
		property(p, file);
		pen_put(p, ",");
	}
	if (line > 0)
		pen_put(p, "line=%u,", line);
	pen_put(p, "title=");
	return true;
}

static enum kind
kind_of(enum gate_standing s)
{
	switch (s) {
	case GATE_COUNTS:
		return KIND_ERROR;
	case GATE_TOLERATED:
	case GATE_WARNS:
		return KIND_WARNING;
	default:
		return KIND_NOTICE;
	}
}

static void
write_standing(struct pen *p, const struct gate_finding *f, enum gate_standing s)
{
	if (s == GATE_WAIVED || f->expired) {
		pen_put(p, "%%0A");
		gate_waived(p, s == GATE_WAIVED ? "waived" : "was waived", s == GATE_WAIVED ? f->waiver : f->expired, message);
	}
	if (s == GATE_KNOWN)
		pen_put(p, "%%0Aknown to the baseline");
	if (s == GATE_TOLERATED)
		pen_put(p, "%%0A%s, which --fail-on does not name", gate_finding_kind(f));
}

static void
annotate(struct github *h, const struct gate_finding *f)
{
	const struct gate *g = h->g;
	enum gate_standing s = gate_standing(g, f);
	struct pen *p = &h->pen;

	if (!begin(h, kind_of(s), g->hosts[g->classes[f->classes[0]].first].file, 0))
		return;
	property(p, f->rule->id);
	property(p, ": ");
	property(p, f->rule->title);
	pen_put(p, "::");
	gate_values(p, f, message);
	new_line(p, "", f->detail);
	pen_put(p, "%%0A%s for ", gate_finding_word(f));
	message(p, g->trees[f->tree].name);
	pen_put(p, " on %zu host%s: ", f->hosts, f->hosts == 1 ? "" : "s");
	gate_hosts_of_classes(p, g, f->classes, f->n_classes, HOSTS, message);
	write_standing(p, f, s);
	new_line(p, "do: ", f->remedy);
	new_line(p, "command: ", f->command);
	pen_put(p, "\n");
}

static void
annotate_result(struct github *h)
{
	const struct gate *g = h->g;
	struct pen *p = &h->pen;

	(void) begin(h, g->result == GATE_MET ? KIND_NOTICE : KIND_ERROR, NULL, 0);
	pen_put(p, "migcheck gate%%3A %s::", gate_result_name(g->result));
	if (g->n_reasons == 0)
		pen_put(p, "%zu trees, %zu hosts in %zu classes", g->n_trees, g->n_judged, g->n_classes);
	for (size_t i = 0; i < g->n_reasons; i++) {
		pen_put(p, "%s", i ? "%0A" : "");
		message(p, g->reasons[i]);
	}
	pen_put(p, "\n");
}

static void
annotate_unjudged(struct github *h)
{
	size_t told = 0;

	for (size_t i = h->g->n_judged; i < h->g->n_hosts; i++) {
		const struct gate_host *host = &h->g->hosts[i];
		bool counts = gate_fails_on(h->g, GATE_FAIL_UNDECIDED) && !host->is_again;
		enum kind kind = counts ? KIND_ERROR : KIND_WARNING;

		if (told >= NOT_JUDGED) {
			h->left_out[kind]++;
			continue;
		}
		if (!begin(h, kind, host->file, 0))
			continue;
		told++;
		pen_put(&h->pen, "a %s that was not judged::", host->is_again ? "profile" : "host");
		message(&h->pen, gate_host_name(host));
		pen_put(&h->pen, "%%0A");
		message(&h->pen, host->why_not);
		pen_put(&h->pen, "\n");
	}
}

/* Those that have run out, and those that are for nothing. */
static void
annotate_waiver(struct github *h, const struct waiver *w)
{
	const char *state = gate_waiver_state(h->g, w);
	struct pen *p = &h->pen;

	if (streq(state, "used") ||
	    !begin(h, streq(state, "expired") ? KIND_WARNING : KIND_NOTICE, h->g->waivers->file, w->line))
		return;
	pen_put(p, "%s waiver of ", state);
	property(p, w->rule);
	pen_put(p, "::");
	message(p, w->rule);
	gate_waived(p, " was waived", w, message);
	pen_put(p, "\n");
}

int
gate_github(const struct gate *g, const struct report_options *o, struct buffer *out)
{
	struct github h = { .g = g, .pen = { .out = out } };

	(void) o;
	annotate_result(&h);
	annotate_unjudged(&h);
	/* Each kind has its own ten: what counts most takes them first. */
	for (int s = GATE_COUNTS; s < GATE_STANDINGS; s++) {
		for (size_t i = 0; s == GATE_TOLERATED && g->waivers && i < g->waivers->n; i++)
			annotate_waiver(&h, &g->waivers->waiver[i]);
		for (size_t i = 0; i < g->n_findings; i++)
			if (gate_standing(g, &g->findings[i]) == (enum gate_standing) s)
				annotate(&h, &g->findings[i]);
	}
	if (h.left_out[KIND_ERROR] + h.left_out[KIND_WARNING] + h.left_out[KIND_NOTICE] > 0)
		pen_put(&h.pen, "::notice title=migcheck gate::and %zu more errors, %zu more warnings, %zu more notices\n",
			h.left_out[KIND_ERROR], h.left_out[KIND_WARNING], h.left_out[KIND_NOTICE]);
	return h.pen.error;
}

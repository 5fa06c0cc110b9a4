/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The document: reports/gate-page.html, written out with its places filled. A place is a comment,
 *
 *     <!--@matrix-->
 *
 * and a row of the table below. The page may run its own style and script, known to the browser by
 * their SHA-256, and load nothing: a name that got past our escapes would still be only a name.
 */
#include "reports/gate-html.h"

#include "base/digest.h"
#include "reports/escape.h"
#include "reports/gate.h"
#include "reports/gate-page.h"
#include "reports/summary.h"

#include <errno.h>

enum { BASE64_SIZE = (DIGEST_SIZE + 2) / 3 * 4 + 1 };

static void
base64(const uint8_t in[DIGEST_SIZE], char ret[BASE64_SIZE])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t to = 0;

	for (size_t i = 0; i < DIGEST_SIZE; i += 3) {
		size_t n = DIGEST_SIZE - i < 3 ? DIGEST_SIZE - i : 3;
		uint32_t bits = (uint32_t) in[i] << 16 | (n > 1 ? (uint32_t) in[i + 1] << 8 : 0) | (n > 2 ? in[i + 2] : 0);

		for (size_t k = 0; k < 4; k++)
			ret[to++] = k <= n ? letters[bits >> (18 - 6 * k) & 63] : '=';
	}
	ret[to] = '\0';
}

static void
put_source(struct pen *p, const char *directive, struct slice of)
{
	_cleanup_digest_ struct digest *d = digest_new();
	uint8_t sum[DIGEST_SIZE];
	char text[BASE64_SIZE];

	if (!d || digest_add(d, of.p, of.n) < 0 || digest_end(d, sum) < 0) {
		pen_keep(p, -ENOMEM);
		return;
	}
	base64(sum, text);
	pen_put(p, "; %s 'sha256-%s'", directive, text);
}

static void
put_policy(struct pen *p, const struct gate *g)
{
	(void) g;
	pen_put(p, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'");
	put_source(p, "style-src", gate_page_css());
	put_source(p, "script-src", gate_page_js());
	pen_put(p, "; base-uri 'none'; form-action 'none'\">");
}

static void
put_title(struct pen *p, const struct gate *g)
{
	pen_put(p, "migcheck gate: %s, ", gate_html_answer(g));
	html_count(p, g->n_trees, "tree", "trees");
	pen_put(p, " on ");
	html_count(p, g->n_judged + g->n_unseen, "host", "hosts");
}

static void
put_slice(struct pen *p, struct slice s)
{
	pen_add(p, s.p, s.n);
}

static void
put_style(struct pen *p, const struct gate *g)
{
	(void) g;
	put_slice(p, gate_page_css());
}

static void
put_script(struct pen *p, const struct gate *g)
{
	(void) g;
	put_slice(p, gate_page_js());
}

static void
put_sections(struct pen *p, const struct gate *g)
{
	gate_html_changes(p, g);
	gate_html_odd(p, g);
	gate_html_unjudged(p, g);
	gate_html_waivers(p, g);
	gate_html_cpu(p, g);
}

static void
put_footer(struct pen *p, const struct gate *g)
{
	struct summary_time now = summary_time(g->now_ns);

	pen_put(p, "<p>migcheck " MIGCHECK_VERSION ", judged at <time datetime=\"%s\">%s</time>. "
		   "This page loads nothing and sends nothing.</p>", now.text, now.text);
}

/* The report as JSON is what the script works with. */
static void
put_data(struct pen *p, const struct gate *g)
{
	static const struct report_options plain = { 0 };
	_cleanup_buffer_ struct buffer json = { 0 };

	pen_keep(p, gate_json(g, &plain, &json));
	if (p->error == 0)
		pen_keep(p, escape_json_html(p->out, buffer_slice(&json).p, json.n));
}

static const struct {
	const char *name;
	void (*put)(struct pen *p, const struct gate *g);
} places[] = {
	{ "policy", put_policy },
	{ "title", put_title },
	{ "style", put_style },
	{ "headline", gate_html_headline },
	{ "matrix-note", gate_html_matrix_note },
	{ "matrix", gate_html_matrix },
	{ "sections", put_sections },
	{ "footer", put_footer },
	{ "data", put_data },
	{ "script", put_script },
};

static void
fill(struct pen *p, const struct gate *g, struct slice name)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (slice_eq(name, places[i].name))
			places[i].put(p, g);
}

int
gate_html(const struct gate *g, const struct report_options *o, struct buffer *out)
{
	static const char opens[] = "<!--@", closes[] = "-->";
	struct slice rest = gate_page_html();
	struct pen p = { .out = out };

	(void) o;
	for (;;) {
		const char *open = memmem(rest.p, rest.n, opens, sizeof(opens) - 1), *name, *close;

		if (!open)
			break;
		name = open + sizeof(opens) - 1;
		close = memmem(name, (size_t) (rest.p + rest.n - name), closes, sizeof(closes) - 1);
		if (!close)
			break;
		put_slice(&p, (struct slice){ .p = rest.p, .n = (size_t) (open - rest.p) });
		fill(&p, g, (struct slice){ .p = name, .n = (size_t) (close - name) });
		rest.n -= (size_t) (close + sizeof(closes) - 1 - rest.p);
		rest.p = close + sizeof(closes) - 1;
	}
	put_slice(&p, rest);
	return p.error;
}

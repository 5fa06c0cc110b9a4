/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU baseline of a pool for a person, and as JSON:
 *
 *     CPU baseline of 46 hosts
 *       level     x86-64-v3 is what all of them have
 *       all have  fpu tsc cx8 … avx2 bmi2 erms
 *       missing   avx512f avx512dq avx512bw avx512vl
 *                 on web3, web4 (18 hosts)
 *       xsave     2440 bytes on web1 (28 hosts); 832 bytes on web3, web4 (18 hosts)
 *       start     GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,… OPENSSL_ia32cap=':~0xc0030000'
 *       check     --cpu-masked avx512f,avx512dq,avx512bw,avx512vl
 *       qemu      -cpu host,-avx512f,-avx512dq,-avx512bw,-avx512vl
 */
#include "reports/cpu-baseline.h"

#include <errno.h>

enum { INDENT = 2, TEXT = 12, SHOWN_MEMBERS = 6 };

static void
failed(struct page *p, int r)
{
	if (r < 0)
		p->error = r;
}

/* ---- for a person ---------------------------------------------------------------------- */

/* "web3, web4 and 16 more (18 hosts)" */
static int
put_some(struct buffer *out, const struct cpu_baseline *b, const struct cpu_some *some)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < some->n && i < SHOWN_MEMBERS; i++)
		r = buffer_printf(out, "%s%s", i ? ", " : "", b->member[some->member[i]].name);
	if (r == 0 && some->n > SHOWN_MEMBERS)
		r = buffer_printf(out, " and %zu more", some->n - SHOWN_MEMBERS);
	if (r == 0 && some->hosts != some->n)
		r = buffer_printf(out, " (%zu hosts)", some->hosts);
	return r;
}

static int
put_features(struct buffer *out, const struct cpu_feature *const *feature, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = buffer_printf(out, "%s%s", i ? " " : "", feature[i]->name);
	return r;
}

static void
some_line(struct page *p, const struct cpu_baseline *b, const char *label, const char *before,
	  const struct cpu_some *some)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r;

	if (some->n == 0)
		return;
	r = buffer_printf(&text, "%s", before);
	failed(p, r < 0 ? r : put_some(&text, b, some));
	page_line(p, INDENT, label, TEXT, STYLE_PLAIN, buffer_slice(&text).p);
}

static void
features_line(struct page *p, const char *label, enum style style, const struct cpu_feature *const *feature, size_t n)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	if (n == 0)
		return;
	failed(p, put_features(&text, feature, n));
	page_line(p, INDENT, label, TEXT, style, buffer_slice(&text).p);
}

static void
level_line(struct page *p, const struct cpu_baseline *b)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	if (b->judged.n == 0)
		return;
	if (b->level > 1)
		failed(p, buffer_printf(&text, "x86-64-v%u is what all of them have", b->level));
	else
		failed(p, buffer_printf(&text, "%s", b->level == 1 ? "x86-64 (v1) is what all of them have" :
								     "not known: leaves of CPUID were not learned"));
	page_line(p, INDENT, "level", TEXT, STYLE_BOLD, buffer_slice(&text).p);
}

static void
lack_lines(struct page *p, const struct cpu_baseline *b)
{
	for (size_t i = 0; i < b->n_lack; i++) {
		const struct cpu_lack *l = &b->lack[i];

		features_line(p, "missing", STYLE_YELLOW, l->feature, l->n);
		some_line(p, b, "", "on ", &l->lacking);
	}
}

static void
frame_line(struct page *p, const struct cpu_baseline *b)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = 0;

	if (b->n_frame == 0)
		return;
	for (size_t i = 0; r == 0 && i < b->n_frame; i++) {
		r = buffer_printf(&text, "%s%u bytes%s", i ? "; " : "", b->frame[i].size,
				  b->n_frame > 1 ? " on " : " on all of them");
		if (r == 0 && b->n_frame > 1)
			r = put_some(&text, b, &b->frame[i].of);
	}
	failed(p, r);
	page_line(p, INDENT, "xsave", TEXT, b->n_frame > 1 ? STYLE_YELLOW : STYLE_PLAIN, buffer_slice(&text).p);
	if (b->n_frame > 1)
		page_line(p, INDENT, "", TEXT, STYLE_PLAIN,
			  "glibc's loader keeps the size for life, and with --cpu-cap CRIU demands equality");
}

void
cpu_baseline_settings(struct page *p, const struct cpu_baseline *b)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	page_line(p, INDENT, "start", TEXT, STYLE_CYAN, b->environment);
	for (size_t i = 0; i < b->n_lack; i++)
		if (!b->lack[i].maskable) {
			page_line(p, INDENT, "", TEXT, STYLE_PLAIN,
				  "not every one of these can be told to glibc and libcrypto");
			break;
		}
	if (b->masked && b->environment)
		failed(p, buffer_printf(&text, "--cpu-masked %s", b->masked));
	if (text.n > 0)
		page_line(p, INDENT, "check", TEXT, STYLE_CYAN, buffer_slice(&text).p);
	text.n = 0;
	if (b->qemu)
		failed(p, buffer_printf(&text, "-cpu %s", b->qemu));
	if (b->qemu && b->n_lack > 0)
		page_line(p, INDENT, "qemu", TEXT, STYLE_CYAN, buffer_slice(&text).p);
	if (b->unnamed_by_qemu)
		page_line(p, INDENT, "", TEXT, STYLE_PLAIN, "and what QEMU has no flag for:");
	page_line(p, INDENT, "", TEXT, STYLE_PLAIN, b->unnamed_by_qemu);
	if (b->several_vendors)
		page_line(p, INDENT, "vendors", TEXT, STYLE_YELLOW,
			  "the pool has CPUs of several makers: for virtual machines take one named model "
			  "instead of host");
}

void
cpu_baseline_lines(struct page *p, const struct cpu_baseline *b)
{
	level_line(p, b);
	features_line(p, "all have", STYLE_PLAIN, b->common, b->n_common);
	lack_lines(p, b);
	features_line(p, "not sure", STYLE_YELLOW, b->unsure, b->n_unsure);
	frame_line(p, b);
	some_line(p, b, "", "not learned of ", &b->frame_unseen);
	cpu_baseline_settings(p, b);
	some_line(p, b, "left out", "of another architecture: ", &b->foreign);
	some_line(p, b, "left out", "nothing was learned of the CPU of ", &b->unseen);
}

int
cpu_baseline_text(const struct cpu_baseline *b, const struct report_options *o, struct buffer *out)
{
	struct page p = { .out = out, .options = o };
	size_t hosts = b->judged.hosts;

	page_put(&p, STYLE_BOLD, "CPU baseline of %zu host%s\n", hosts, hosts == 1 ? "" : "s");
	cpu_baseline_lines(&p, b);
	return p.error;
}

/* ---- JSON ------------------------------------------------------------------------------ */

static void
add_some(struct json *parent, const char *key, const struct cpu_baseline *b, const struct cpu_some *some)
{
	struct json *o = json_add_object(parent, key), *array = json_add_array(o, "members");

	for (size_t i = 0; i < some->n; i++)
		json_add_text(array, NULL, b->member[some->member[i]].name);
	json_add_uint(o, "hosts", some->hosts);
}

static void
add_features(struct json *parent, const char *key, const struct cpu_feature *const *feature, size_t n)
{
	struct json *array = json_add_array(parent, key);

	for (size_t i = 0; i < n; i++)
		json_add_text(array, NULL, feature[i]->name);
}

static void
add_frame(struct json *array, const struct cpu_baseline *b, const struct cpu_frame *f)
{
	struct json *o = json_add_object(array, NULL), *components;

	json_add_uint(o, "bytes", f->size);
	components = json_add_array(o, "components");
	for (unsigned int i = 0; i < CPU_COMPONENTS; i++)
		if (f->components & (1U << i))
			json_add_text(components, NULL, cpu_component_name(i));
	add_some(o, "of", b, &f->of);
}

void
json_cpu_baseline(struct json *parent, const char *key, const struct cpu_baseline *b)
{
	struct json *o = json_add_object(parent, key), *array;

	add_some(o, "judged", b, &b->judged);
	add_some(o, "foreign", b, &b->foreign);
	add_some(o, "unseen", b, &b->unseen);
	if (b->level > 0)
		json_add_uint(o, "x86_64_level", b->level);
	add_features(o, "common", b->common, b->n_common);
	array = json_add_array(o, "lacks");
	for (size_t i = 0; i < b->n_lack; i++) {
		struct json *lack = json_add_object(array, NULL);

		add_features(lack, "features", b->lack[i].feature, b->lack[i].n);
		add_some(lack, "lacking", b, &b->lack[i].lacking);
		json_add_bool(lack, "maskable", b->lack[i].maskable);
	}
	add_features(o, "unsure", b->unsure, b->n_unsure);
	json_add_bool(o, "xsave_equal", b->n_frame <= 1 && b->frame_unseen.n == 0);
	array = json_add_array(o, "xsave");
	for (size_t i = 0; i < b->n_frame; i++)
		add_frame(array, b, &b->frame[i]);
	add_some(o, "xsave_unseen", b, &b->frame_unseen);
	json_add_text(o, "masked", b->masked);
	json_add_text(o, "environment", b->environment);
	json_add_text(o, "qemu", b->qemu);
	json_add_text(o, "unnamed_by_qemu", b->unnamed_by_qemu);
	json_add_bool(o, "several_vendors", b->several_vendors);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU baseline of a pool. With three hosts of the lab's kinds:
 *
 *     all have          fpu tsc … avx avx2 bmi1 bmi2        x86-64-v3
 *     avx512f avx512bw  web3 lacks them
 *     start with        GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX512BW OPENSSL_ia32cap=':~0x40010000'
 *
 * A feature of which it is not known whether a host has it is never called common. What cannot
 * be told to glibc and libcrypto (a program's own code, a just-in-time compiler) only a virtual
 * machine's CPU takes away: QEMU's flags have mostly the names of /proc/cpuinfo, with dashes.
 */
#include "checker/cpu-baseline.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "checker/cpu-mask.h"

#include <errno.h>

/* What of each feature the members say. */
enum answer { HAS, LACKS, NOT_KNOWN };

struct making {
	struct arena *arena;
	struct cpu_words *words;	/* of each judged member, in their order */
	struct cpu_baseline *out;
};

/* Where QEMU's name is not the kernel's with dashes; NULL: it has none. `qemu-system-x86_64 -cpu help` lists them. */
static const struct {
	const char *name, *qemu;
} qemu_names[] = {
	{ "sse4_1", "sse4.1" },
	{ "sse4_2", "sse4.2" },
	{ "avx512_vbmi2", "avx512vbmi2" },
	{ "avx512_vnni", "avx512vnni" },
	{ "avx512_bitalg", "avx512bitalg" },
	{ "tsxldtrk", "tsx-ldtrk" },
	{ "ospke", "pku" },
	{ "osxsave", NULL },		/* the guest's kernel sets it, where there is xsave */
	{ "tme", NULL },
	{ "enqcmd", NULL },
	{ "rdpru", NULL },
};

const char *
cpu_qemu_name(const struct cpu_feature *f, char store[CPU_QEMU_NAME])
{
	size_t n = strlen(f->name);

	for (size_t i = 0; i < ARRAY_SIZE(qemu_names); i++)
		if (streq(qemu_names[i].name, f->name))
			return qemu_names[i].qemu;
	if (n >= CPU_QEMU_NAME)
		return NULL;
	for (size_t i = 0; i <= n; i++)
		store[i] = f->name[i] == '_' ? '-' : f->name[i];
	return store;
}

static int
some_add(struct making *m, struct cpu_some *some, size_t member)
{
	size_t *place = arena_grow(m->arena, &some->member, &some->n, sizeof(*place));

	if (!place)
		return -ENOMEM;
	*place = member;
	some->hosts += m->out->member[member].hosts;
	return 0;
}

static bool
some_same(const struct cpu_some *a, const struct cpu_some *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->member, b->member, a->n * sizeof(*a->member)) == 0);
}

static int
feature_add(struct arena *arena, const struct cpu_feature ***list, size_t *n, const struct cpu_feature *f)
{
	const struct cpu_feature **place = arena_grow(arena, list, n, sizeof(*place));

	if (!place)
		return -ENOMEM;
	*place = f;
	return 0;
}

/* Who takes part. */
static int
members_sort(struct making *m)
{
	struct cpu_baseline *out = m->out;
	int r = 0;

	for (size_t i = 0; r == 0 && i < out->n; i++) {
		const Host *h = out->member[i].host;
		const char *machine = h && h->kernel ? h->kernel->machine : NULL;

		if (machine && !streq(machine, "x86_64"))
			r = some_add(m, &out->foreign, i);
		else if (!h || !h->cpu || h->cpu->n_leaf == 0)
			r = some_add(m, &out->unseen, i);
		else
			r = some_add(m, &out->judged, i);
	}
	return r;
}

static enum answer
answer_of(const struct cpu_words *w, const struct cpu_feature *f)
{
	if (!cpu_known(w, f))
		return NOT_KNOWN;
	return cpu_has(w, f) ? HAS : LACKS;
}

/* Joined to those that the same members lack. */
static int
lack_add(struct making *m, const struct cpu_feature *f, const struct cpu_some *lacking)
{
	struct cpu_baseline *out = m->out;
	struct cpu_lack *l = NULL;

	for (size_t i = 0; !l && i < out->n_lack; i++)
		if (some_same(&out->lack[i].lacking, lacking))
			l = &out->lack[i];
	if (!l) {
		l = arena_grow(m->arena, &out->lack, &out->n_lack, sizeof(*l));
		if (!l)
			return -ENOMEM;
		*l = (struct cpu_lack){ .lacking = *lacking, .maskable = true };
	}
	return feature_add(m->arena, &l->feature, &l->n, f);
}

static int
feature_compare(struct making *m, const struct cpu_feature *f)
{
	struct cpu_baseline *out = m->out;
	struct cpu_some lacking = { 0 };
	size_t count[] = { [HAS] = 0, [LACKS] = 0, [NOT_KNOWN] = 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < out->judged.n; i++) {
		enum answer a = answer_of(&m->words[i], f);

		count[a]++;
		if (a == LACKS)
			r = some_add(m, &lacking, out->judged.member[i]);
	}
	if (r < 0)
		return r;
	if (count[HAS] == out->judged.n)
		return feature_add(m->arena, &out->common, &out->n_common, f);
	if (count[LACKS] > 0 && count[HAS] > 0)
		return lack_add(m, f, &lacking);
	if (count[LACKS] > 0)
		return 0;
	return feature_add(m->arena, &out->unsure, &out->n_unsure, f);
}

/* Members with the same frame stand together; the largest frame first. */
static int
frame_add(struct making *m, const struct cpu_words *w, size_t member)
{
	struct cpu_baseline *out = m->out;
	struct cpu_frame *f;
	size_t i = 0;

	if (!w->xsave_known)
		return some_add(m, &out->frame_unseen, member);
	while (i < out->n_frame && (out->frame[i].size > w->xsave_size ||
				    (out->frame[i].size == w->xsave_size && out->frame[i].components > w->xfeatures)))
		i++;
	if (i < out->n_frame && out->frame[i].size == w->xsave_size && out->frame[i].components == w->xfeatures)
		return some_add(m, &out->frame[i].of, member);
	f = arena_grow(m->arena, &out->frame, &out->n_frame, sizeof(*f));
	if (!f)
		return -ENOMEM;
	memmove(&out->frame[i + 1], &out->frame[i], (out->n_frame - 1 - i) * sizeof(*f));
	out->frame[i] = (struct cpu_frame){ .size = w->xsave_size, .components = w->xfeatures };
	return some_add(m, &out->frame[i].of, member);
}

/* How to start what goes by glibc and libcrypto without all that somebody lacks. */
static int
masks_make(struct making *m)
{
	static const struct cpu_demand libraries = { .dispatch = DISPATCH_LIBC | DISPATCH_CRYPTO };
	struct cpu_baseline *out = m->out;
	struct cpu_mask mask = { 0 };

	for (size_t i = 0; i < out->n_lack; i++)
		for (size_t k = 0; k < out->lack[i].n; k++) {
			int r = cpu_mask_add(m->arena, &libraries, out->lack[i].feature[k], &mask);

			if (r < 0)
				return r;
			if (r == 0)
				out->lack[i].maskable = false;
		}
	out->masked = mask.names;
	return cpu_mask_environment(m->arena, &mask, &out->environment);
}

static int
text_add(struct arena *arena, const char **text, const char *parting, const char *word)
{
	*text = *text ? arena_printf(arena, "%s%s%s", *text, parting, word) : arena_strdup(arena, word);
	return *text ? 0 : -ENOMEM;
}

static int
qemu_make(struct making *m)
{
	struct cpu_baseline *out = m->out;
	int r = text_add(m->arena, &out->qemu, "", "host");

	for (size_t i = 0; i < out->n_lack; i++)
		for (size_t k = 0; r == 0 && k < out->lack[i].n; k++) {
			char store[CPU_QEMU_NAME];
			const char *name = cpu_qemu_name(out->lack[i].feature[k], store);

			if (name)
				r = text_add(m->arena, &out->qemu, ",-", name);
			else
				r = text_add(m->arena, &out->unnamed_by_qemu, " ", out->lack[i].feature[k]->name);
		}
	return r;
}

static void
vendors_compare(struct cpu_baseline *out)
{
	const char *first = NULL;

	for (size_t i = 0; i < out->judged.n; i++) {
		const char *vendor = out->member[out->judged.member[i]].host->cpu->vendor;

		if (vendor && first && !streq(vendor, first))
			out->several_vendors = true;
		first = first ? first : vendor;
	}
}

int
cpu_baseline_make(struct arena *arena, const struct cpu_member *member, size_t n, struct cpu_baseline *ret)
{
	struct cpu_baseline out = { .member = member, .n = n };
	struct making m = { .arena = arena, .out = &out };
	int r;

	r = members_sort(&m);
	if (r < 0)
		return r;
	m.words = arena_alloc(arena, out.judged.n * sizeof(*m.words));
	if (!m.words)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < out.judged.n; i++) {
		unsigned int level;

		cpu_words_read(member[out.judged.member[i]].host->cpu, &m.words[i]);
		level = cpu_level(&m.words[i]);
		out.level = i == 0 || level < out.level ? level : out.level;
		r = frame_add(&m, &m.words[i], out.judged.member[i]);
	}
	for (size_t i = 0; r == 0 && out.judged.n > 0 && i < n_cpu_features; i++)
		r = feature_compare(&m, &cpu_features[i]);
	if (r == 0)
		r = masks_make(&m);
	if (r == 0 && out.judged.n > 0)
		r = qemu_make(&m);
	if (r < 0)
		return r;
	vendors_compare(&out);
	*ret = out;
	return 0;
}

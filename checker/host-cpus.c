/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two CPUs, by names that people know: what a program can use, register state, sizes.
 *
 *     features          only A: avx512f avx512bw      only B: sse4a clzero
 *     xsave frame       2696 bytes                    832 bytes
 *     CPUID bits        only A: CPUID.7.0:ECX.7       a bit that has no name here, and criu stores it
 */
#include "checker/host-comparing.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>

struct cpus {
	struct host_diff *diff;
	const struct host_place *at;
	const struct host_fact *fact;
	struct cpu_words side[HOST_SIDES];
};

static int
differ(struct cpus *c, const char *name, const char *rules, const char *a, const char *b)
{
	struct host_difference *x = host_differ(c->diff, c->at, c->fact);

	if (!x || !a || !b)
		return -ENOMEM;
	x->name = name;
	x->rules = rules;
	x->text[0] = a;
	x->text[1] = b;
	return 0;
}

static int
differ_by_set(struct cpus *c, const char *name, const char *rules, const struct host_words only[HOST_SIDES])
{
	struct host_diff *d = c->diff;
	size_t before = d->n;
	int r = host_set_differ(d, c->at, c->fact, name, only);

	if (r == 0 && d->n > before)
		d->difference[before].rules = rules;
	return r;
}

static int
features_compare(struct cpus *c)
{
	struct host_words only[HOST_SIDES] = { { 0 }, { 0 } };
	bool unlearned[HOST_SIDES] = { false, false };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_cpu_features; i++) {
		const struct cpu_feature *f = &cpu_features[i];
		bool known[HOST_SIDES] = { cpu_known(&c->side[0], f), cpu_known(&c->side[1], f) };
		bool has[HOST_SIDES] = { cpu_has(&c->side[0], f), cpu_has(&c->side[1], f) };

		if (known[0] != known[1])
			unlearned[known[0]] = true;
		else if (known[0] && has[0] != has[1])
			r = host_words_add(c->diff->arena, &only[has[1]], f->name);
	}
	for (int s = 0; r == 0 && s < HOST_SIDES; s++)
		if (unlearned[s])
			r = host_unlearned_add(c->diff, c->at, "some features", s == 1);
	return r < 0 ? r : differ_by_set(c, "features", "cpu-ins", only);
}

static bool
has_name(unsigned int word, unsigned int bit)
{
	for (size_t i = 0; i < n_cpu_features; i++)
		if (cpu_features[i].word == word && cpu_features[i].bit == bit)
			return true;
	return false;
}

/* Bits of the words that criu stores; those with a name were told. */
static int
bits_compare(struct cpus *c)
{
	struct host_words only[HOST_SIDES] = { { 0 }, { 0 } };
	int r = 0;

	for (unsigned int w = 0; w < CPU_WORDS_OF_CRIU; w++)
		for (unsigned int bit = 0; r == 0 && bit < 32; bit++) {
			bool a = c->side[0].word[w] & (1U << bit), b = c->side[1].word[w] & (1U << bit);
			char name[CPU_BIT_NAME];
			const char *copy;

			if (!c->side[0].known[w] || !c->side[1].known[w] || a == b || has_name(w, bit))
				continue;
			cpu_bit_name((enum cpu_word) w, bit, name);
			copy = arena_strdup(c->diff->arena, name);
			r = copy ? host_words_add(c->diff->arena, &only[b], copy) : -ENOMEM;
		}
	return r < 0 ? r : differ_by_set(c, "bits without a name", "cpu-strict", only);
}

static const char *
level_name(unsigned int level)
{
	static const char *const names[] = { NULL, "x86-64-v1", "x86-64-v2", "x86-64-v3", "x86-64-v4" };

	return names[level];
}

static int
level_compare(struct cpus *c)
{
	unsigned int a = cpu_level(&c->side[0]), b = cpu_level(&c->side[1]);

	return a == 0 || b == 0 || a == b ? 0 : differ(c, "level", "cpu-ins", level_name(a), level_name(b));
}

/* Register state by bits, as components are numbered. */
static int
state_compare(struct cpus *c, const char *name, const char *rules, uint64_t a, uint64_t b)
{
	struct host_words only[HOST_SIDES] = { { 0 }, { 0 } };
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < 64; i++) {
		uint64_t bit = 1ULL << i;
		const char *word = cpu_component_name(i);

		if ((a & bit) == (b & bit))
			continue;
		if (i >= CPU_COMPONENTS)
			word = arena_printf(c->diff->arena, "component %u", i);
		r = word ? host_words_add(c->diff->arena, &only[(b & bit) != 0], word) : -ENOMEM;
	}
	return r < 0 ? r : differ_by_set(c, name, rules, only);
}

static int
size_compare(struct cpus *c, const char *name, const char *rules, uint32_t a, uint32_t b)
{
	struct arena *arena = c->diff->arena;

	if (a == b)
		return 0;
	return differ(c, name, rules, arena_printf(arena, "%u bytes", a), arena_printf(arena, "%u bytes", b));
}

static int
xsave_compare(struct cpus *c)
{
	const struct cpu_words *a = &c->side[0], *b = &c->side[1];
	int r = 0;

	if (a->xcr0_known && b->xcr0_known)
		r = state_compare(c, "register state enabled", "cpu-state-dropped", a->xcr0, b->xcr0);
	if (r < 0 || a->xsave_known != b->xsave_known)
		return r < 0 ? r : host_unlearned_add(c->diff, c->at, "xsave", a->xsave_known);
	if (!a->xsave_known)
		return 0;
	r = state_compare(c, "register state that CRIU keeps", "cpu-xfeatures", a->xfeatures, b->xfeatures);
	if (r == 0)
		r = size_compare(c, "xsave frame", "cpu-xsave-size", a->xsave_size, b->xsave_size);
	if (r == 0)
		r = size_compare(c, "largest xsave frame", "cpu-xsave-size-max", a->xsave_size_max, b->xsave_size_max);
	for (unsigned int i = 2; r == 0 && i < CPU_COMPONENTS; i++) {
		const char *name;

		if (!a->component_known[i] || !b->component_known[i] || !a->component_size[i] || !b->component_size[i])
			continue;
		name = arena_printf(c->diff->arena, "room for %s", cpu_component_name(i));
		r = name ? size_compare(c, name, "cpu-xcomp-size", a->component_size[i], b->component_size[i]) : -ENOMEM;
	}
	return r;
}

int
host_cpuid_differ(struct host_diff *d, const struct host_place *at, const struct host_fact *fact, const Cpu *a,
		  const Cpu *b)
{
	struct cpus c = { .diff = d, .at = at, .fact = fact };
	int r;

	if (a->n_leaf == 0 || b->n_leaf == 0)
		return a->n_leaf == b->n_leaf ? 0 : host_unlearned_add(d, at, "CPUID", a->n_leaf > 0);
	cpu_words_read(a, &c.side[0]);
	cpu_words_read(b, &c.side[1]);
	r = level_compare(&c);
	if (r == 0)
		r = features_compare(&c);
	if (r == 0)
		r = bits_compare(&c);
	return r < 0 ? r : xsave_compare(&c);
}

/* What the features of CPUID told already is not told again. */
static int
flags_read(struct arena *arena, const struct host_fact *fact, const Cpu *cpu, struct host_words *ret)
{
	const ProtobufCFieldDescriptor *f =
		protobuf_c_message_descriptor_get_field_by_name(&cpu__descriptor, fact->field);
	size_t kept = 0;
	int r = host_words_read(arena, fact, f, &cpu->base, ret);

	for (size_t i = 0; i < ret->n; i++) {
		bool named = false;

		for (size_t k = 0; !named && k < n_cpu_features; k++)
			named = streq(cpu_features[k].name, ret->word[i]);
		if (!named)
			ret->word[kept++] = ret->word[i];
	}
	ret->n = kept;
	return r;
}

int
host_flags_differ(struct host_diff *d, const struct host_place *at, const struct host_fact *fact, const Cpu *a,
		  const Cpu *b)
{
	struct host_words words[HOST_SIDES] = { { 0 }, { 0 } };
	int r;

	if (!a->flags || !b->flags)
		return !a->flags == !b->flags ? 0 : host_unlearned_add(d, at, fact->name, a->flags != NULL);
	r = flags_read(d->arena, fact, a, &words[0]);
	if (r == 0)
		r = flags_read(d->arena, fact, b, &words[1]);
	return r < 0 ? r : host_words_differ(d, at, fact, fact->name, words);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instructions of the destination's CPU. criu compares nothing unless --cpu-cap is given,
 * but a program that has chosen AVX-512 code at its start dies of SIGILL after a restore that
 * succeeded. So: each bit that the source has and the destination lacks, by name, and whether
 * the tree maps code that is known to choose instructions by it:
 *
 *     avx512f avx512bw avx512vl   here: Intel Xeon (family 6, model 143)
 *                                 there: AMD EPYC 7302 (family 23, model 49)
 */
#include "checker/cpu-mask.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

/* What criu is told to compare it refuses, whatever the program does without. */
enum weight { WEIGHT_REFUSED, WEIGHT_BLOCKER, WEIGHT_WARNING, WEIGHT_NOTE, WEIGHTS };

static enum weight
weigh(const struct cpu_feature *f, const struct cpu_demand *d, bool criu_compares)
{
	if (criu_compares && (f->flags & CPU_OF_CRIU))
		return WEIGHT_REFUSED;
	if ((f->dispatch & d->dispatch) || (f->flags & d->levels))
		return WEIGHT_BLOCKER;
	if (!(f->flags & CPU_FAULTS))
		return WEIGHT_NOTE;
	if ((d->dispatch & DISPATCH_ANY) || (d->avx512_user && (f->flags & CPU_ZMM)))
		return WEIGHT_BLOCKER;
	return WEIGHT_WARNING;
}

static const char *
cpu_text(struct judge *j, const Cpu *cpu)
{
	const char *name = cpu->brand ? cpu->brand : cpu->vendor ? cpu->vendor : "CPU";

	return judge_text(j, "%s (family %u, model %u)", name, cpu->family, cpu->model);
}

static const char *
join(struct judge *j, const char *list, const char *separator, const char *word)
{
	return list ? judge_text(j, "%s%s%s", list, separator, word) : word;
}

/* The lists that the findings are made of. */
struct missing {
	const char *names[WEIGHTS];
	struct cpu_mask mask[WEIGHTS];
};

static void
note_memory(struct judge *j, int r)
{
	if (r < 0)
		j->assessment->short_of_memory = true;
}

static void
missing_find(struct judge *j, const struct cpu_words *here, const struct cpu_words *there,
	     const struct cpu_demand *d, bool criu_compares, struct missing *ret)
{
	for (size_t i = 0; i < n_cpu_features; i++) {
		const struct cpu_feature *f = &cpu_features[i];
		enum weight w;

		if (!here->known[f->word] || !there->known[f->word] || !cpu_has(here, f) || cpu_has(there, f))
			continue;
		w = weigh(f, d, criu_compares);
		if (w != WEIGHT_REFUSED && cpu_is_masked(j, d, f))
			continue;
		ret->names[w] = join(j, ret->names[w], " ", f->name);
		note_memory(j, cpu_mask_add(j->assessment->arena, d, f, &ret->mask[w]));
	}
}

/* How to start the program without them, where its libraries let themselves be told. */
static void
remedy_say(struct judge *j, struct finding *f, const struct cpu_mask *mask)
{
	const char *environment = NULL;

	if (!mask->incomplete)
		note_memory(j, cpu_mask_environment(j->assessment->arena, mask, &environment));
	if (!environment)
		return;
	f->command = judge_text(j, "export %s", environment);
	f->remedy = judge_text(j, "start the program with %s in its environment and look again with "
			       "--cpu-masked %s, or choose a host that has them", environment, mask->names);
}

static const char *
reason_text(struct judge *j, const struct cpu_demand *d, enum weight w)
{
	if (w == WEIGHT_NOTE)
		return "No instruction fails without them.";
	if (w == WEIGHT_WARNING)
		return "Nothing that the tree maps is known to choose code by them; a program of "
		       "its own may.";
	if (d->dispatcher_count > 1)
		return judge_text(j, "%s and %zu more mapped files choose their code by CPU features.",
				  d->dispatcher, d->dispatcher_count - 1);
	if (d->dispatcher)
		return judge_text(j, "%s chooses its code by CPU features.", d->dispatcher);
	if (d->levels)
		return "A mapped file demands them by its ELF property note.";
	return d->avx512_user ? "A thread has AVX-512 state in use." : NULL;
}

static void
missing_say(struct judge *j, const struct missing *m, const struct cpu_demand *d, enum weight w)
{
	static const enum severity severities[WEIGHTS] = {
		[WEIGHT_REFUSED] = SEVERITY_BLOCKER,
		[WEIGHT_BLOCKER] = SEVERITY_BLOCKER,
		[WEIGHT_WARNING] = SEVERITY_WARNING,
		[WEIGHT_NOTE] = SEVERITY_NOTE,
	};
	struct finding *f;

	if (!m->names[w])
		return;
	f = judge_find(j, m->names[w], cpu_text(j, j->source->host->cpu),
		       cpu_text(j, j->destination->host->cpu));
	f->severity = severities[w];
	f->confidence = w == WEIGHT_REFUSED || w == WEIGHT_BLOCKER ? CONFIDENCE_SEEN : CONFIDENCE_POSSIBLE;
	f->here_from = "CPUID";
	f->there_from = "CPUID";
	if (w != WEIGHT_REFUSED) {
		remedy_say(j, f, &m->mask[w]);
		f->detail = reason_text(j, d, w);
		return;
	}
	f->stage = STAGE_RESTORE;
	f->remedy = "choose a host that has them, or give --cpu-cap=none and see what the program itself demands";
	f->detail = "CRIU compares the instruction sets, as --cpu-cap tells it to.";
	f->option = "--cpu-cap=none";
	f->option_kind = REQUIRE_LOSSY;
}

/* The word that is not known on one of the sides; -1: all are. */
static int
word_unknown(const struct cpu_words *w)
{
	for (size_t i = 0; i < n_cpu_features; i++)
		if (!w->known[cpu_features[i].word])
			return cpu_features[i].word;
	return -1;
}

static bool
is_x86(const Snapshot *s)
{
	const char *machine = s->host && s->host->kernel ? s->host->kernel->machine : NULL;

	return machine && (streq(machine, "x86_64") || streq(machine, "i686"));
}

static enum judgement
cpu_ins(struct judge *j, const struct subject *s)
{
	unsigned int cap = cpu_cap_given(j->options->cpu_cap, j->options->criu_options);
	bool criu_compares = (cap & CPU_CAP_IMAGE) && (cap & CPU_CAP_INS);
	struct cpu_demand demand = cpu_demand_of(j->source);
	struct missing missing = { 0 };
	struct cpu_words here, there;

	(void) s;
	if (!is_x86(j->source) || !is_x86(j->destination))
		return NOT_ABOUT;
	if (!j->source->host->cpu)
		return judge_unknown(j, false, DOMAIN__DOMAIN_CPU, "CPU", "CPUID of this host");
	if (!j->destination->host->cpu)
		return judge_unknown(j, true, DOMAIN__DOMAIN_CPU, "CPU", "CPUID of the destination");
	cpu_words_read(j->source->host->cpu, &here);
	cpu_words_read(j->destination->host->cpu, &there);
	missing_find(j, &here, &there, &demand, criu_compares, &missing);
	for (enum weight w = 0; w < WEIGHTS; w++)
		missing_say(j, &missing, &demand, w);
	if (missing.names[WEIGHT_REFUSED] || missing.names[WEIGHT_BLOCKER])
		return FINDING;
	if (word_unknown(&here) >= 0)
		return judge_unknown(j, false, DOMAIN__DOMAIN_CPU, "CPU", "all feature leaves of CPUID");
	if (word_unknown(&there) >= 0)
		return judge_unknown(j, true, DOMAIN__DOMAIN_CPU, "CPU", "all feature leaves of CPUID");
	return missing.names[WEIGHT_WARNING] || missing.names[WEIGHT_NOTE] ? FINDING : FINE;
}

static enum judgement
cpu_arch(struct judge *j, const struct subject *s)
{
	const Kernel *here = j->source->host ? j->source->host->kernel : NULL;
	const Kernel *there = j->destination->host ? j->destination->host->kernel : NULL;
	struct finding *f;

	(void) s;
	if (!here || !here->machine)
		return judge_unknown(j, false, DOMAIN__DOMAIN_KERNEL, "machine", "uname of this host");
	if (!there || !there->machine)
		return judge_unknown(j, true, DOMAIN__DOMAIN_KERNEL, "machine", "uname there");
	if (streq(here->machine, there->machine))
		return FINE;
	f = judge_find(j, "machine", here->machine, there->machine);
	f->here_from = "uname -m";
	f->there_from = "uname -m";
	return FINDING;
}

/* Compares all words that criu stores, for --cpu-cap=cpu. */
static enum judgement
cpu_strict(struct judge *j, const struct subject *s)
{
	unsigned int cap = cpu_cap_given(j->options->cpu_cap, j->options->criu_options), differ = 0;
	struct cpu_words here, there;
	struct finding *f;

	(void) s;
	if (!(cap & CPU_CAP_IMAGE) || !(cap & CPU_CAP_CPU))
		return NOT_ABOUT;
	if (!j->source->host || !j->source->host->cpu)
		return judge_unknown(j, false, DOMAIN__DOMAIN_CPU, "CPU", "CPUID of this host");
	if (!j->destination->host || !j->destination->host->cpu)
		return judge_unknown(j, true, DOMAIN__DOMAIN_CPU, "CPU", "CPUID of the destination");
	cpu_words_read(j->source->host->cpu, &here);
	cpu_words_read(j->destination->host->cpu, &there);
	for (unsigned int i = 0; i < CPU_WORDS_OF_CRIU; i++) {
		if (!here.known[i] || !there.known[i])
			return judge_unknown(j, here.known[i], DOMAIN__DOMAIN_CPU, "CPU",
					     "all leaves of CPUID that CRIU stores");
		differ += here.word[i] != there.word[i];
	}
	if (!differ)
		return FINE;
	f = judge_find(j, judge_text(j, "%u of 19 CPUID words", differ),
		       cpu_text(j, j->source->host->cpu), cpu_text(j, j->destination->host->cpu));
	f->option = "--cpu-cap=none";
	f->option_kind = REQUIRE_LOSSY;
	return FINDING;
}

static const struct rule rules[] = {
	{
		.id = "cpu-arch",
		.title = "the destination is of another architecture",
		.why = "Registers and memory of one architecture mean nothing to another.",
		.remedy = "choose a host of the same architecture",
		.criu_says = "Core march mismatch",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A machine does not change its architecture.",
		.about = ABOUT_HOST,
		.destination_needs = NEEDS(DOMAIN__DOMAIN_KERNEL),
		.check = cpu_arch,
	},
	{
		.id = "cpu-ins",
		.title = "the destination's CPU lacks instructions that the source's has",
		.why = "CRIU does not look unless --cpu-cap is given: the restore succeeds, and the "
		       "program dies of SIGILL at the first such instruction. glibc and libcrypto "
		       "choose their code once, when the program starts.",
		.remedy = "choose a host that has them, or start the program without them",
		.criu_says = "CPU instruction capabilities do not match",
		.stage = STAGE_AFTERWARDS,
		.lifetime_why = "The CPU stays; the program has chosen its code already.",
		.about = ABOUT_HOST,
		.source_needs = NEEDS(DOMAIN__DOMAIN_MAPPINGS),
		.destination_needs = NEEDS(DOMAIN__DOMAIN_CPU),
		.check = cpu_ins,
	},
	{
		.id = "cpu-strict",
		.title = "--cpu-cap=cpu asks for an identical CPU, and it is not",
		.why = "With that option CRIU compares every stored CPUID word byte by byte, even "
		       "those bits that no program can use.",
		.remedy = "leave cpu out of --cpu-cap (none,fpu,ins)",
		.criu_says = "CPU capabilities do not match",
		.stage = STAGE_RESTORE,
		.lifetime_why = "The CPU stays as it is.",
		.about = ABOUT_HOST,
		.destination_needs = NEEDS(DOMAIN__DOMAIN_CPU),
		.check = cpu_strict,
	},
};

const struct ruleset rules_dst_cpu = {
	.name = "dst-cpu",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers that a restore must put back: which xsave components the destination's CPU
 * has, and how large they are.
 *
 * An AVX-512 host stores components 0x2e5 and frames of 2696 bytes; one without AVX-512 has
 * 0x5 and 832. criu compares these only for --cpu-cap, and otherwise drops what is missing.
 */
#include "checker/cpu-demand.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

enum { AVX512_COMPONENTS = 7 << 5, TILE_COMPONENTS = 3 << 17 };

struct pair {
	struct cpu_words here, there;
	unsigned int cap;
	bool fpu_compared;		/* criu will compare what --cpu-cap=fpu stands for */
};

/* Reads both sides. FINE when both are known; else what the rule says. */
static enum judgement
pair_read(struct judge *j, struct pair *ret)
{
	struct pair p = { .cap = cpu_cap_given(j->options->cpu_cap, j->options->criu_options) };
	const Host *here = j->source->host, *there = j->destination->host;

	if (here && here->kernel && here->kernel->machine && !streq(here->kernel->machine, "x86_64"))
		return NOT_ABOUT;
	if (!here || !here->cpu)
		return judge_unknown(j, false, DOMAIN__DOMAIN_CPU, "CPU", "CPUID of this host");
	if (!there || !there->cpu)
		return judge_unknown(j, true, DOMAIN__DOMAIN_CPU, "CPU", "CPUID of the destination");
	cpu_words_read(here->cpu, &p.here);
	cpu_words_read(there->cpu, &p.there);
	if (!p.here.xsave_known)
		return judge_unknown(j, false, DOMAIN__DOMAIN_CPU, "CPU", "CPUID leaf 0xd");
	if (!p.there.xsave_known)
		return judge_unknown(j, true, DOMAIN__DOMAIN_CPU, "CPU", "CPUID leaf 0xd");
	p.fpu_compared = (p.cap & CPU_CAP_IMAGE) && (p.cap & CPU_CAP_FPU);
	*ret = p;
	return FINE;
}

static struct finding *
cpuid_find(struct judge *j, const char *thing, const char *here, const char *there)
{
	struct finding *f = judge_find(j, thing, here, there);

	f->here_from = "CPUID leaf 0xd";
	f->there_from = "CPUID leaf 0xd";
	return f;
}

static bool
has_bit(const struct cpu_words *w, enum cpu_word word, unsigned int bit)
{
	return w->word[word] & (1U << bit);
}

static enum judgement
cpu_no_fxsr(struct judge *j, const struct subject *s)
{
	struct cpu_words there;

	(void) s;
	if (!j->destination->host || !j->destination->host->cpu)
		return judge_unknown(j, true, DOMAIN__DOMAIN_CPU, "CPU", "CPUID of the destination");
	cpu_words_read(j->destination->host->cpu, &there);
	if (!there.known[CPU_WORD_1_EDX])
		return judge_unknown(j, true, DOMAIN__DOMAIN_CPU, "CPU", "CPUID leaf 1");
	if (!has_bit(&there, CPU_WORD_1_EDX, 0) || has_bit(&there, CPU_WORD_1_EDX, 24))
		return FINE;
	(void) judge_find(j, "fxsr", NULL, "fpu without fxsr");
	return FINDING;
}

/* OSXSAVE is needed by every restore; the others only where criu is told to compare. */
static enum judgement
cpu_fpu_bits(struct judge *j, const struct subject *s)
{
	static const struct {
		enum cpu_word word;
		unsigned int bit;
		const char *name;
		bool always;
	} bits[] = {
		{ CPU_WORD_1_ECX, 27, "osxsave", true },
		{ CPU_WORD_1_EDX, 0, "fpu", false },
		{ CPU_WORD_1_EDX, 24, "fxsr", false },
		{ CPU_WORD_D1_EAX, 3, "xsaves", false },
	};
	enum judgement said = FINE;
	struct pair p;

	(void) s;
	said = pair_read(j, &p);
	for (size_t i = 0; said != NOT_ABOUT && said != UNKNOWN && i < ARRAY_SIZE(bits); i++) {
		struct finding *f;

		if (!has_bit(&p.here, bits[i].word, bits[i].bit) ||
		    has_bit(&p.there, bits[i].word, bits[i].bit))
			continue;
		if (!(bits[i].always ? (p.cap & CPU_CAP_FPU) != 0 : p.fpu_compared))
			continue;
		f = judge_find(j, bits[i].name, "there", "not there");
		f->here_from = "CPUID";
		f->there_from = "CPUID";
		f->option = "--cpu-cap=none";
		f->option_kind = REQUIRE_LOSSY;
		said = FINDING;
	}
	return said;
}

static enum judgement
cpu_xfeatures(struct judge *j, const struct subject *s)
{
	struct pair p;
	struct finding *f;
	enum judgement said = pair_read(j, &p);

	(void) s;
	if (said != FINE)
		return said;
	if (!p.fpu_compared)
		return NOT_ABOUT;
	if (!(p.here.xfeatures & ~p.there.xfeatures))
		return FINE;
	f = cpuid_find(j, "xsave components", judge_text(j, "0x%llx", (unsigned long long) p.here.xfeatures),
		       judge_text(j, "0x%llx", (unsigned long long) p.there.xfeatures));
	f->option = "--cpu-cap=none";
	f->option_kind = REQUIRE_LOSSY;
	return FINDING;
}

/* arg.number 0: the size for what is enabled now; 1: the maximum of the CPU. */
static enum judgement
cpu_xsave_size(struct judge *j, const struct subject *s)
{
	bool maximum = j->rule->arg.number == 1;
	struct pair p;
	struct finding *f;
	uint32_t here, there;
	enum judgement said = pair_read(j, &p);

	(void) s;
	if (said != FINE)
		return said;
	here = maximum ? p.here.xsave_size_max : p.here.xsave_size;
	there = maximum ? p.there.xsave_size_max : p.there.xsave_size;
	if (maximum && !p.fpu_compared)
		return NOT_ABOUT;
	/* Without xsave on one side other rules have said it. */
	if (here == there || (!p.fpu_compared && (!here || !there)))
		return FINE;
	f = cpuid_find(j, maximum ? "largest xsave frame" : "xsave frame",
		       judge_text(j, "%u bytes", here), judge_text(j, "%u bytes", there));
	if (p.fpu_compared) {
		f->option = "--cpu-cap=none";
		f->option_kind = REQUIRE_LOSSY;
		return FINDING;
	}
	f->stage = STAGE_AFTERWARDS;
	f->severity = SEVERITY_WARNING;
	f->confidence = CONFIDENCE_POSSIBLE;
	f->detail = "CRIU does not compare them unless --cpu-cap is given; programs that keep the "
		    "size (glibc's loader, user-level threads) may save too little.";
	return FINDING;
}

static enum judgement
cpu_xcomp_size(struct judge *j, const struct subject *s)
{
	struct pair p;
	enum judgement said = pair_read(j, &p);

	(void) s;
	for (unsigned int i = 2; said != NOT_ABOUT && said != UNKNOWN && i < CPU_COMPONENTS; i++) {
		uint32_t here = p.here.component_size[i], there = p.there.component_size[i];

		if (!((p.here.xfeatures & p.there.xfeatures) >> i & 1) || here == there ||
		    !p.here.component_known[i] || !p.there.component_known[i])
			continue;
		(void) cpuid_find(j, cpu_component_name(i), judge_text(j, "%u bytes", here),
				  judge_text(j, "%u bytes", there));
		said = FINDING;
	}
	return said;
}

static const struct cpu_feature *
feature_named(const char *name)
{
	for (size_t i = 0; i < n_cpu_features; i++)
		if (streq(cpu_features[i].name, name))
			return &cpu_features[i];
	return NULL;
}

static bool
component_masked(struct judge *j, const struct cpu_demand *d, unsigned int component)
{
	const char *name = component == 2 ? "avx" : component >= 5 && component <= 7 ? "avx512f" :
			   component == 9 ? "ospke" : NULL;
	const struct cpu_feature *f = name ? feature_named(name) : NULL;

	return f && cpu_is_masked(j, d, f);
}

static enum judgement
cpu_state_dropped(struct judge *j, const struct subject *s)
{
	struct cpu_demand demand = cpu_demand_of(j->source);
	const Thread *user = demand.avx512_user;
	struct pair p;
	enum judgement said = pair_read(j, &p);

	(void) s;
	for (unsigned int i = 2; said != NOT_ABOUT && said != UNKNOWN && i < CPU_COMPONENTS; i++) {
		struct finding *f;

		if (!((p.here.xfeatures & ~p.there.xfeatures) >> i & 1) || component_masked(j, &demand, i))
			continue;
		f = cpuid_find(j, cpu_component_name(i), "kept", "not there");
		said = FINDING;
		if (user && (1 << i & AVX512_COMPONENTS)) {
			f->detail = judge_text(j, "Thread %d (%s) used AVX-512 %lld ms before it was "
					       "looked at.", user->tid, user->comm ? user->comm : "?",
					       (long long) user->avx512_elapsed_ms);
			continue;
		}
		f->severity = SEVERITY_WARNING;
		f->confidence = CONFIDENCE_POSSIBLE;
		f->detail = "Whether a thread has something in these registers cannot be seen.";
	}
	return said;
}

/*
 * criu keeps neither the tiles nor the permission of arch_prctl(2) to use them, wherever the tree
 * goes. Who asked for it is told nowhere: what is mapped says who would.
 */
static enum judgement
task_amx_state(struct judge *j, const struct subject *s)
{
	const Cpu *here = j->source->host ? j->source->host->cpu : NULL;
	const struct cpu_feature *tile = feature_named("amx_tile");
	struct finding *f;

	if (!cpu_file_uses_tiles(s->file))
		return NOT_ABOUT;
	if (!here)
		return judge_unknown(j, false, DOMAIN__DOMAIN_CPU, "CPU", "whether it has AMX");
	if ((here->xcr0 & TILE_COMPONENTS) != TILE_COMPONENTS ||
	    (tile && cpu_list_names(j->options->cpu_masked, tile)))
		return FINE;
	f = judge_find(j, s->file->path ? s->file->path : "a mapped file", "uses AMX where the CPU has it", NULL);
	f->here_from = judge_text(j, "/proc/%d/maps, XCR0", s->file->user_pid);
	f->confidence = CONFIDENCE_POSSIBLE;
	f->detail = "Whether a thread of the tree has used it cannot be seen.";
	return FINDING;
}

#define OF_CPU NEEDS(DOMAIN__DOMAIN_CPU)

static const struct rule rules[] = {
	{
		.id = "cpu-no-fxsr",
		.title = "the destination's CPU has an FPU but not FXSR",
		.why = "CRIU does not start on such a CPU.",
		.remedy = "choose another host",
		.criu_says = "missing support fxsave/restore insns",
		.stage = STAGE_RESTORE,
		.lifetime_why = "The CPU stays as it is.",
		.about = ABOUT_HOST,
		.destination_needs = OF_CPU,
		.check = cpu_no_fxsr,
	},
	{
		.id = "cpu-fpu-bits",
		.title = "the destination's CPU cannot take the saved registers",
		.why = "The image holds an xsave area; without OSXSAVE CRIU refuses it by default.",
		.remedy = "choose a host with xsave; with --cpu-cap=none CRIU drops what the CPU lacks",
		.criu_says = "FPU xsave area present, but host cpu doesn't support it",
		.stage = STAGE_RESTORE,
		.lifetime_why = "The CPU (or the hypervisor's model of it) stays as it is.",
		.about = ABOUT_HOST,
		.destination_needs = OF_CPU,
		.check = cpu_fpu_bits,
	},
	{
		.id = "cpu-xfeatures",
		.title = "the destination's CPU lacks register components, and CRIU will compare them",
		.why = "With --cpu-cap CRIU refuses a host that lacks a component of the source's.",
		.remedy = "choose a host with the same components, or give --cpu-cap=none",
		.criu_says = "CPU xfeatures has unsupported bits",
		.stage = STAGE_RESTORE,
		.lifetime_why = "The CPU stays as it is.",
		.about = ABOUT_HOST,
		.destination_needs = OF_CPU,
		.check = cpu_xfeatures,
	},
	{
		.id = "cpu-xsave-size",
		.title = "the xsave frame has another size there",
		.why = "glibc's loader and user-level thread libraries keep the size for life. With "
		       "--cpu-cap CRIU demands equality; a richer CPU is refused too.",
		.remedy = "choose a host with the same features, or mask them in the hypervisor",
		.criu_says = "CPU xsave size mismatch",
		.stage = STAGE_RESTORE,
		.lifetime_why = "The CPU stays as it is.",
		.about = ABOUT_HOST,
		.destination_needs = OF_CPU,
		.check = cpu_xsave_size,
		.arg.number = 0,
	},
	{
		.id = "cpu-xsave-size-max",
		.title = "the largest xsave frame has another size there, and CRIU will compare it",
		.why = "With --cpu-cap CRIU demands equality, so that even a richer CPU is refused.",
		.remedy = "choose a host with the same features, or give --cpu-cap=none",
		.criu_says = "CPU xsave max size mismatch",
		.stage = STAGE_RESTORE,
		.lifetime_why = "The CPU stays as it is.",
		.about = ABOUT_HOST,
		.destination_needs = OF_CPU,
		.check = cpu_xsave_size,
		.arg.number = 1,
	},
	{
		.id = "cpu-xcomp-size",
		.title = "a register component has another size there",
		.why = "CRIU puts components back only where their sizes agree.",
		.remedy = "choose a host of the same CPU family",
		.criu_says = " bytes (expecting ",
		.stage = STAGE_RESTORE,
		.lifetime_why = "The CPU stays as it is.",
		.about = ABOUT_HOST,
		.destination_needs = OF_CPU,
		.check = cpu_xcomp_size,
	},
	{
		.id = "cpu-state-dropped",
		.title = "registers in use do not exist on the destination's CPU",
		.why = "CRIU drops the registers that the CPU lacks and says nothing: the program "
		       "goes on with them lost, or dies of SIGILL.",
		.remedy = "choose a host that has them, or start the program with them masked",
		.stage = STAGE_AFTERWARDS,
		.lifetime_why = "The CPU stays as it is.",
		.about = ABOUT_HOST,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.destination_needs = OF_CPU,
		.check = cpu_state_dropped,
	},
	{
		.id = "task-amx-state",
		.title = "AMX tiles, and the permission to use them, are not kept",
		.why = "CRIU saves no tiles and does not ask the kernel for them again: a program that uses AMX "
		       "dies of SIGILL at its next tile, on a CPU that has AMX, too.",
		.remedy = "start the program with AMX off (oneDNN, PyTorch, TensorFlow: "
			  "ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16; MKL: MKL_ENABLE_INSTRUCTIONS=AVX512) and look again "
			  "with --cpu-masked amx_tile",
		.stage = STAGE_AFTERWARDS,
		.lifetime_why = "A program that has been given the permission does not ask again.",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_FILE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_MAPPINGS),
		.check = task_amx_state,
	},
};

const struct ruleset rules_dst_fpu = {
	.name = "dst-fpu",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a CPU and its kernel a program keeps for life, beside its instructions: the signal
 * stack size it was told at its start, a shadow stack, addresses above 47 bits, 32-bit mode,
 * a steady time stamp counter. Read from the "flags" of /proc/cpuinfo:
 *
 *     fpu vme de pse tsc … constant_tsc nonstop_tsc … la57 user_shstk
 */
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <sys/auxv.h>

static bool
has_flag(const char *flags, const char *flag)
{
	struct slice rest = slice_of(flags), word;

	while (slice_word(&rest, &word))
		if (slice_eq(word, flag))
			return true;
	return false;
}

static const char *
flags_there(const struct judge *j)
{
	const Host *h = j->destination->host;

	return h && h->cpu ? h->cpu->flags : NULL;
}

static enum judgement
cpu_shstk(struct judge *j, const struct subject *s)
{
	const char *flags = flags_there(j);
	struct finding *f;

	if (!s->thread->x86_features || !has_flag(s->thread->x86_features, "shstk"))
		return NOT_ABOUT;
	if (!flags)
		return judge_unknown(j, true, DOMAIN__DOMAIN_CPU, "CPU", "flags of /proc/cpuinfo");
	if (has_flag(flags, "user_shstk"))
		return FINE;
	f = judge_find(j, "shadow stack", "shstk", "no user_shstk");
	f->here_from = "status: x86_Thread_features";
	f->there_from = "/proc/cpuinfo";
	return FINDING;
}

static enum judgement
cpu_la57(struct judge *j, const struct subject *s)
{
	const uint64_t top = 1ULL << 47;
	const char *flags = flags_there(j);
	struct finding *f;

	/* Above the user half there is only [vsyscall], which every kernel has. */
	if (s->mapping->end <= top || s->mapping->start >= 1ULL << 56)
		return NOT_ABOUT;
	if (!flags)
		return judge_unknown(j, true, DOMAIN__DOMAIN_CPU, "CPU", "flags of /proc/cpuinfo");
	if (has_flag(flags, "la57"))
		return FINE;
	f = judge_find(j, judge_text(j, "mapping at 0x%llx", (unsigned long long) s->mapping->start),
		       "above 47 bits", "4-level page tables");
	f->there_from = "/proc/cpuinfo";
	return FINDING;
}

static enum judgement
cpu_tsc(struct judge *j, const struct subject *s)
{
	static const char *const wanted[] = { "constant_tsc", "nonstop_tsc" };
	const char *here = j->source->host && j->source->host->cpu ? j->source->host->cpu->flags : NULL;
	const char *there = flags_there(j);
	enum judgement said = FINE;

	(void) s;
	if (!here)
		return judge_unknown(j, false, DOMAIN__DOMAIN_CPU, "CPU", "flags of /proc/cpuinfo");
	if (!there)
		return judge_unknown(j, true, DOMAIN__DOMAIN_CPU, "CPU", "flags of /proc/cpuinfo");
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (has_flag(here, wanted[i]) && !has_flag(there, wanted[i])) {
			struct finding *f = judge_find(j, wanted[i], "there", "not there");

			f->here_from = "/proc/cpuinfo";
			f->there_from = "/proc/cpuinfo";
			said = FINDING;
		}
	return said;
}

static enum judgement
cpu_auxv(struct judge *j, const struct subject *s)
{
	const Host *there = j->destination->host;
	uint64_t here = 0;
	struct finding *f;

	for (size_t i = 0; i < s->process->n_aux; i++)
		if (s->process->aux[i]->key == AT_MINSIGSTKSZ)
			here = s->process->aux[i]->value;
	if (!here)
		return NOT_ABOUT;
	if (!there || !there->cpu || !there->cpu->has_minsigstksz)
		return judge_unknown(j, true, DOMAIN__DOMAIN_CPU, "CPU", "AT_MINSIGSTKSZ");
	if (there->cpu->minsigstksz <= here)
		return FINE;
	f = judge_find(j, "AT_MINSIGSTKSZ", judge_text(j, "%llu bytes", (unsigned long long) here),
		       judge_text(j, "%llu bytes", (unsigned long long) there->cpu->minsigstksz));
	f->here_from = "auxv";
	f->there_from = "getauxval(AT_MINSIGSTKSZ)";
	f->confidence = CONFIDENCE_POSSIBLE;
	return FINDING;
}

static enum judgement
cpu_32bit(struct judge *j, const struct subject *s)
{
	const Feature *ia32 = index_feature(j->there, "ia32");
	struct finding *f;

	if (!s->process->aux_32bit)
		return NOT_ABOUT;
	if (!ia32 || !ia32->has_present)
		return judge_unknown(j, true, DOMAIN__DOMAIN_KERNEL, "kernel",
				     "whether it runs 32-bit programs");
	if (ia32->present)
		return FINE;
	f = judge_find(j, "32-bit programs", judge_process(j, s->process), "IA32 emulation is off");
	f->there_from = ia32->seen;
	return FINDING;
}

#define OF_CPU NEEDS(DOMAIN__DOMAIN_CPU)

static const struct rule rules[] = {
	{
		.id = "cpu-shstk",
		.title = "a thread has a shadow stack, and the destination knows none",
		.why = "CRIU only warns: return addresses are no longer checked, or the shadow "
		       "stack's mapping cannot be made.",
		.remedy = "start the program with GLIBC_TUNABLES=glibc.cpu.x86_shstk=off",
		.criu_says = "Restoring task with shadow stack on non-CET machine",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It needs another CPU or kernel.",
		.about = ABOUT_THREAD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.destination_needs = OF_CPU,
		.check = cpu_shstk,
	},
	{
		.id = "cpu-la57",
		.title = "a mapping lies above 47 bits, and the destination has 4-level page tables",
		.why = "There is no such address there.",
		.remedy = "start the program without high address hints, or choose a host with la57",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It needs another CPU or kernel.",
		.about = ABOUT_MAPPING,
		.source_needs = NEEDS(DOMAIN__DOMAIN_MAPPINGS),
		.destination_needs = OF_CPU,
		.check = cpu_la57,
	},
	{
		.id = "cpu-tsc",
		.title = "the time stamp counter of the destination is less steady",
		.why = "Programs that read it directly (databases, tracers) see time jump.",
		.remedy = "nothing, unless the program reads the counter itself",
		.stage = STAGE_AFTERWARDS,
		.lifetime_why = "The CPU stays as it is.",
		.severity = SEVERITY_NOTE,
		.about = ABOUT_HOST,
		.destination_needs = OF_CPU,
		.check = cpu_tsc,
	},
	{
		.id = "cpu-auxv",
		.title = "signal frames are larger there than the program was told at its start",
		.why = "AT_MINSIGSTKSZ stays what it was: an alternate signal stack of that size is "
		       "too small there, and a signal ends in SIGSEGV.",
		.remedy = "choose a host with the same xsave size, if the program uses sigaltstack(2)",
		.stage = STAGE_AFTERWARDS,
		.lifetime_why = "The auxiliary vector is restored as it was.",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.destination_needs = OF_CPU,
		.check = cpu_auxv,
	},
	{
		.id = "cpu-32bit",
		.title = "a 32-bit program, and the destination's kernel runs none",
		.why = "Without IA32 emulation CRIU cannot restore a compat task.",
		.remedy = "boot with ia32_emulation=on, or choose another host",
		.criu_says = "compat_cr is not supported",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It needs another kernel, or a reboot.",
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.destination_needs = NEEDS(DOMAIN__DOMAIN_KERNEL),
		.check = cpu_32bit,
	},
};

const struct ruleset rules_dst_abi = {
	.name = "dst-abi",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

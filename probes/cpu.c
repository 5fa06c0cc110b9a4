/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processor: raw CPUID leaves, executed here by libcpuid (the only file that includes it;
 * its own decoder knows 114 features and stops before AMX, so the leaves are kept raw), XCR0,
 * and what the kernel and the C library are told of it. The leaves are those that CRIU 4.2
 * compares and those that say what a program may have chosen its code by:
 *
 *     0x0 0x1 0x6 0x7.0-max 0xD.0-62 0xF.0-1 0x14 0x19 0x1D 0x1E 0x24
 *     0x80000000 0x80000001-4 0x80000007 0x80000008 0x8000000A 0x80000021
 *
 * A program's view is that of the machine it runs on: in a virtual machine, the guest's.
 */
#include "probes/probes.h"

#include "kernel/cpuinfo.h"

#include <errno.h>
#include <libcpuid/libcpuid.h>
#include <sys/auxv.h>

enum {
	LEAF_FEATURES = 0x1,
	LEAF_POWER = 0x6,
	LEAF_EXTENDED_FEATURES = 0x7,
	LEAF_XSAVE = 0xd,
	XSAVE_COMPONENTS = 63,
	MAX_SUBLEAF = 16,		/* more than any leaf has today */
};

#define ECX_OSXSAVE (1u << 27)
/* Numbers of the processor that happens to run the probe, which are another each time (Intel SDM, CPUID). */
#define EBX_APIC_ID 0xff000000u		/* leaf 0x1 */
#define EDX_FEEDBACK_ROW 0xffff0000u	/* leaf 0x6 */

/* How many subleaves a leaf has. */
enum subleaves {
	ONE,
	TWO,
	BY_EAX,				/* subleaf 0 says the highest in EAX */
	BY_XSAVE,			/* those that subleaf 0 and 1 name */
};

static const struct {
	uint32_t leaf;
	enum subleaves subleaves;
} leaves[] = {
	{ 0x0, ONE },	     { LEAF_FEATURES, ONE },	{ LEAF_POWER, ONE },
	{ LEAF_EXTENDED_FEATURES, BY_EAX },		{ LEAF_XSAVE, BY_XSAVE },
	{ 0xf, TWO },	     { 0x14, BY_EAX },		{ 0x19, ONE },
	{ 0x1d, BY_EAX },    { 0x1e, TWO },		{ 0x24, BY_EAX },
	{ 0x80000000, ONE }, { 0x80000001, ONE },	{ 0x80000002, ONE },
	{ 0x80000003, ONE }, { 0x80000004, ONE },	{ 0x80000007, ONE },
	{ 0x80000008, ONE }, { 0x8000000a, ONE },	{ 0x80000021, ONE },
};

static void
cpuid(uint32_t leaf, uint32_t subleaf, uint32_t ret[4])
{
	ret[EAX] = leaf;
	ret[EBX] = 0;
	ret[ECX] = subleaf;
	ret[EDX] = 0;
	cpu_exec_cpuid_ext(ret);
	if (leaf == LEAF_FEATURES)
		ret[EBX] &= ~EBX_APIC_ID;
	if (leaf == LEAF_POWER)
		ret[EDX] &= ~EDX_FEEDBACK_ROW;
}

static uint32_t
highest_of(uint32_t leaf)
{
	uint32_t regs[4];

	cpuid(leaf & 0x80000000, 0, regs);
	return regs[EAX];
}

static int
leaf_add(struct probe_context *c, Cpu *cpu, uint32_t leaf, uint32_t subleaf, uint32_t ret[4])
{
	CpuidLeaf *fact = NEW_FACT(c->snapshot->arena, CpuidLeaf, cpuid_leaf);

	if (!fact)
		return -ENOMEM;
	cpuid(leaf, subleaf, ret);
	SET_FACT(fact, leaf, leaf);
	SET_FACT(fact, subleaf, subleaf);
	SET_FACT(fact, eax, ret[EAX]);
	SET_FACT(fact, ebx, ret[EBX]);
	SET_FACT(fact, ecx, ret[ECX]);
	SET_FACT(fact, edx, ret[EDX]);
	return ADD_FACT(c->snapshot->arena, cpu->leaf, cpu->n_leaf, fact);
}

/* Leaf 0xD: subleaf 0 names the components of XCR0, subleaf 1 those of IA32_XSS. */
static int
xsave_add(struct probe_context *c, Cpu *cpu)
{
	uint32_t user[4], more[4], regs[4];
	uint64_t components;
	int r = leaf_add(c, cpu, LEAF_XSAVE, 0, user);

	if (r < 0)
		return r;
	r = leaf_add(c, cpu, LEAF_XSAVE, 1, more);
	if (r < 0)
		return r;
	components = ((uint64_t) (user[EDX] | more[EDX]) << 32) | user[EAX] | more[ECX];
	for (uint32_t i = 2; i < XSAVE_COMPONENTS; i++) {
		if (!(components & (1ULL << i)))
			continue;
		r = leaf_add(c, cpu, LEAF_XSAVE, i, regs);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
leaf_and_subleaves_add(struct probe_context *c, Cpu *cpu, uint32_t leaf, enum subleaves kind)
{
	uint32_t regs[4], last = kind == TWO ? 1 : 0;
	int r;

	if (kind == BY_XSAVE)
		return xsave_add(c, cpu);
	r = leaf_add(c, cpu, leaf, 0, regs);
	if (r == 0 && kind == BY_EAX)
		last = regs[EAX] < MAX_SUBLEAF ? regs[EAX] : MAX_SUBLEAF;
	for (uint32_t i = 1; r == 0 && i <= last; i++)
		r = leaf_add(c, cpu, leaf, i, regs);
	return r;
}

static uint64_t
xcr0_read(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return ((uint64_t) high << 32) | low;
}

static int
leaves_read(struct probe_context *c, Cpu *cpu)
{
	uint32_t regs[4], basic = highest_of(0), extended = highest_of(0x80000000);

	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++) {
		uint32_t leaf = leaves[i].leaf;
		int r;

		if (leaf > (leaf & 0x80000000 ? extended : basic))
			continue;
		r = leaf_and_subleaves_add(c, cpu, leaf, leaves[i].subleaves);
		if (r < 0)
			return r;
	}
	cpuid(LEAF_FEATURES, 0, regs);
	if (regs[ECX] & ECX_OSXSAVE)
		SET_FACT(cpu, xcr0, xcr0_read());
	return 0;
}

int
cpu_ask(struct probe_context *c)
{
	Cpu *cpu = NEW_FACT(c->snapshot->arena, Cpu, cpu);
	int r;

	if (!cpu)
		return -ENOMEM;
	c->host->cpu = cpu;
	r = root_read(c->root, "/proc/cpuinfo", c->text, MAX_PROC_FILE);
	if (r == 0)
		r = cpuinfo_parse(buffer_slice(c->text), c->snapshot->arena, cpu);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		gap_note(c->gaps, DOMAIN__DOMAIN_CPU, "cpu", 0, r, NULL, "/proc/cpuinfo");
	/* What follows is this machine's, not that of a recorded one. */
	if (c->root->recorded)
		return -EOPNOTSUPP;
	SET_FACT(cpu, hwcap, getauxval(AT_HWCAP));
	SET_FACT(cpu, hwcap2, getauxval(AT_HWCAP2));
	if (getauxval(AT_MINSIGSTKSZ) != 0)
		SET_FACT(cpu, minsigstksz, getauxval(AT_MINSIGSTKSZ));
	if (!cpuid_present())
		return -EOPNOTSUPP;
	return leaves_read(c, cpu);
}

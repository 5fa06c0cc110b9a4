/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another CPU for programs that ask: preloaded into one in which cpu-as.py has put UD2 in the place of
 * CPUID and UD0 in that of XGETBV, it answers both from the table that CPU_AS names. A line a leaf:
 *
 *     leaf subleaf eax ebx ecx edx         7 0 2 f1bf07ab 1b415f6e ffdd4410
 *     xcr0 value                           xcr0 602e7
 *
 * all in hexadecimal. What is not in the table is zero. The kernel and the C library are not asked.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

enum { MAX_LEAVES = 64 };

static struct {
	uint32_t leaf, subleaf;
	uint32_t eax, ebx, ecx, edx;
} table[MAX_LEAVES];
static size_t n_table;
static uint64_t xcr0;

static void
answer_cpuid(greg_t *regs)
{
	uint32_t leaf = (uint32_t) regs[REG_RAX], subleaf = (uint32_t) regs[REG_RCX];

	regs[REG_RAX] = regs[REG_RBX] = regs[REG_RCX] = regs[REG_RDX] = 0;
	for (size_t i = 0; i < n_table; i++) {
		if (table[i].leaf != leaf || table[i].subleaf != subleaf)
			continue;
		regs[REG_RAX] = table[i].eax;
		regs[REG_RBX] = table[i].ebx;
		regs[REG_RCX] = table[i].ecx;
		regs[REG_RDX] = table[i].edx;
	}
}

static void
illegal(int number, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *) context)->uc_mcontext.gregs;
	const uint8_t *at = info->si_addr;

	if (at[0] == 0x0f && at[1] == 0x0b) {
		answer_cpuid(regs);
		regs[REG_RIP] += 2;
	} else if (at[0] == 0x0f && at[1] == 0xff && at[2] == 0xd0) {
		regs[REG_RAX] = (uint32_t) xcr0;
		regs[REG_RDX] = (uint32_t) (xcr0 >> 32);
		regs[REG_RIP] += 3;
	} else {
		(void) signal(number, SIG_DFL);
	}
}

static void
read_table(FILE *file)
{
	char line[256];

	while (fgets(line, sizeof(line), file)) {
		unsigned int v[6];
		unsigned long long value;

		if (sscanf(line, "xcr0 %llx", &value) == 1)
			xcr0 = value;
		else if (n_table < MAX_LEAVES && sscanf(line, "%x %x %x %x %x %x", &v[0], &v[1], &v[2], &v[3],
							&v[4], &v[5]) == 6)
			memcpy(&table[n_table++], v, sizeof(v));
	}
}

__attribute__((constructor)) static void
begin(void)
{
	struct sigaction act = { .sa_sigaction = illegal, .sa_flags = SA_SIGINFO | SA_NODEFER };
	const char *name = getenv("CPU_AS");
	FILE *file = name ? fopen(name, "re") : NULL;

	if (!file) {
		(void) fprintf(stderr, "cpu-as: CPU_AS names no table\n");
		abort();
	}
	read_table(file);
	(void) fclose(file);
	(void) sigaction(SIGILL, &act, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program chooses its code once, when it starts, by files such as these:
 *
 *     /usr/lib/x86_64-linux-gnu/libc.so.6       string functions, by what CPUID says
 *     /usr/lib/x86_64-linux-gnu/libcrypto.so.3  ciphers and digests
 *
 * How both are told to do without: cpu-mask.c.
 *
 * The kernel notes when a thread was last switched away from with AVX-512 registers in use, and it
 * forgets that neither at exec(2) nor when they are cleared:
 *
 *     AVX512_elapsed_ms:	260
 *
 * Of a thread that is 270 ms old this tells of the program that called exec, a shell or a service
 * manager with its C library. So the use of the first moments counts for nothing.
 */
#include "checker/cpu-demand.h"

#include "base/text.h"

enum { START_MS = 250 };		/* from fork(2) to the first work of the program that was started */

/* Files known to choose instructions by CPU when they are loaded; names as in soname. */
static const struct {
	const char *prefix;
	unsigned int dispatch;
} dispatchers[] = {
	{ "libc.so.6", DISPATCH_LIBC },
	{ "libc-2.", DISPATCH_LIBC },
	{ "libm.so.6", DISPATCH_LIBC },
	{ "libmvec.so.1", DISPATCH_LIBC },
	{ "ld-linux-x86-64.so.2", DISPATCH_LIBC },
	{ "ld-2.", DISPATCH_LIBC },
	{ "libcrypto.so", DISPATCH_CRYPTO },
	{ "libgcrypt.so", DISPATCH_CRYPTO | DISPATCH_FIXED },
	{ "libnettle.so", DISPATCH_CRYPTO | DISPATCH_FIXED },
	{ "libgnutls.so", DISPATCH_CRYPTO | DISPATCH_FIXED },
	{ "libjvm.so", DISPATCH_ANY },
	{ "libnode.so", DISPATCH_ANY },
	{ "libcoreclr.so", DISPATCH_ANY },
	{ "libopenblas", DISPATCH_ANY },
	{ "libmkl_avx512", DISPATCH_ANY | DISPATCH_TILE },
	{ "libmkl_", DISPATCH_ANY },
	{ "libdnnl.so", DISPATCH_ANY | DISPATCH_TILE },
	{ "libtorch_cpu.so", DISPATCH_ANY | DISPATCH_TILE },
	{ "libtensorflow_cc.so", DISPATCH_ANY | DISPATCH_TILE },
	{ "libopenvino_intel_cpu_plugin.so", DISPATCH_ANY | DISPATCH_TILE },
	{ "libavcodec.so", DISPATCH_ANY },
};

static unsigned int
file_dispatch(const File *f)
{
	const char *slash = f->path ? strrchr(f->path, '/') : NULL;
	const char *name = f->elf && f->elf->soname ? f->elf->soname : slash ? slash + 1 : f->path;

	for (size_t i = 0; name && i < ARRAY_SIZE(dispatchers); i++)
		if (slice_starts(slice_of(name), dispatchers[i].prefix))
			return dispatchers[i].dispatch;
	/* A static program with IRELATIVE relocations carries glibc's own choice in it. */
	return f->elf && f->elf->has_ifunc ? DISPATCH_LIBC : 0;
}

bool
cpu_file_uses_tiles(const File *f)
{
	return (f->used_exe || f->used_map_exec) && (file_dispatch(f) & DISPATCH_TILE);
}

static void
demand_of_files(const Snapshot *s, struct cpu_demand *d)
{
	for (size_t i = 0; i < s->n_file; i++) {
		const File *f = s->file[i];
		unsigned int dispatch;

		if (!f->used_exe && !f->used_map_exec)
			continue;
		dispatch = file_dispatch(f);
		d->dispatch |= dispatch;
		if (dispatch && f->path && d->dispatcher_count++ == 0)
			d->dispatcher = f->path;
		if (!f->elf)
			continue;
		if (f->elf->isa_needed & 2)
			d->levels |= CPU_V2;
		if (f->elf->isa_needed & 4)
			d->levels |= CPU_V2 | CPU_V3;
		if (f->elf->isa_needed & 8)
			d->levels |= CPU_V2 | CPU_V3 | CPU_V4;
	}
}

/* Where the clocks are not known, any use counts. */
static bool
uses_avx512(const Snapshot *s, const Thread *t)
{
	uint64_t age_ms;

	if (!t->has_avx512_elapsed_ms || t->avx512_elapsed_ms < 0)
		return false;
	if (!s->tree || !s->tree->has_begin_ticks || !t->has_start_time || !s->host ||
	    s->host->clock_ticks == 0 || t->start_time > s->tree->begin_ticks)
		return true;
	age_ms = (s->tree->begin_ticks - t->start_time) * 1000 / s->host->clock_ticks;
	return age_ms > (uint64_t) t->avx512_elapsed_ms + START_MS;
}

struct cpu_demand
cpu_demand_of(const Snapshot *tree)
{
	struct cpu_demand d = { 0 };

	demand_of_files(tree, &d);
	for (size_t i = 0; i < tree->n_process; i++)
		for (size_t k = 0; k < tree->process[i]->n_thread && !d.avx512_user; k++)
			if (uses_avx512(tree, tree->process[i]->thread[k]))
				d.avx512_user = tree->process[i]->thread[k];
	return d;
}

bool
cpu_is_masked(const struct judge *j, const struct cpu_demand *d, const struct cpu_feature *f)
{
	/* It has instructions of its own, then: no variable of a library's keeps it from them. */
	if (d->avx512_user && (f->flags & CPU_ZMM))
		return false;
	return cpu_list_names(j->options->cpu_masked, f);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory: /proc/meminfo, and the pools of huge pages, a folder a size:
 *
 *     /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages             512
 *                                               free_hugepages           500
 *                                               resv_hugepages             3
 *                                               nr_overcommit_hugepages    0
 *     /sys/devices/system/node/online                                  0-1
 */
#include "probes/probes.h"

#include "kernel/meminfo.h"

#include <errno.h>

#define POOLS "/sys/kernel/mm/hugepages"

enum { MAX_NUMBER = 64, MAX_NODES = 4096 };

static int
pool_read(struct probe_context *c, const char *pool, const char *file, uint64_t *ret)
{
	struct slice text;
	int r = root_readf(c->root, c->text, MAX_NUMBER, POOLS "/%s/%s", pool, file);

	if (r < 0)
		return r;
	text = buffer_slice(c->text);
	(void) slice_cut_end(&text, "\n");
	return parse_u64(text, 10, ret);
}

static int
pool_add(const char *name, unsigned char d_type, void *arg)
{
	struct probe_context *c = arg;
	Memory *memory = c->host->memory;
	struct slice size = slice_of(name);
	HugePages *pages;
	uint64_t n;

	(void) d_type;
	if (!slice_cut(&size, "hugepages-") || !slice_cut_end(&size, "kB") ||
	    parse_u64(size, 10, &n) < 0)
		return 0;
	pages = NEW_FACT(c->snapshot->arena, HugePages, huge_pages);
	if (!pages)
		return -ENOMEM;
	SET_FACT(pages, size_kb, n);
	if (pool_read(c, name, "nr_hugepages", &n) == 0)
		SET_FACT(pages, total, n);
	if (pool_read(c, name, "free_hugepages", &n) == 0)
		SET_FACT(pages, free, n);
	if (pool_read(c, name, "resv_hugepages", &n) == 0)
		SET_FACT(pages, reserved, n);
	if (pool_read(c, name, "nr_overcommit_hugepages", &n) == 0)
		SET_FACT(pages, overcommit, n);
	return ADD_FACT(c->snapshot->arena, memory->huge_pages, memory->n_huge_pages, pages);
}

static int
pages_compare(const void *a, const void *b)
{
	const HugePages *x = *(HugePages *const *) a, *y = *(HugePages *const *) b;

	return (x->size_kb > y->size_kb) - (x->size_kb < y->size_kb);
}

static int
nodes_read(struct probe_context *c)
{
	struct slice text = slice_of("0");
	int r = root_read(c->root, "/sys/devices/system/node/online", c->text, MAX_NODES);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0)
		text = slice_trim(buffer_slice(c->text));
	(void) slice_cut_end(&text, "\n");
	c->host->memory->nodes = arena_strndup(c->snapshot->arena, text.p, text.n);
	return c->host->memory->nodes ? 0 : -ENOMEM;
}

int
memory_ask(struct probe_context *c)
{
	Memory *memory = NEW_FACT(c->snapshot->arena, Memory, memory);
	int r;

	if (!memory)
		return -ENOMEM;
	c->host->memory = memory;
	r = root_read(c->root, "/proc/meminfo", c->text, MAX_PROC_FILE);
	if (r == 0)
		r = meminfo_parse(buffer_slice(c->text), memory);
	if (r == 0)
		r = nodes_read(c);
	if (r < 0)
		return r;
	r = root_list(c->root, POOLS, pool_add, c);
	if (memory->n_huge_pages > 1)
		qsort(memory->huge_pages, memory->n_huge_pages, sizeof(*memory->huge_pages),
		      pages_compare);
	/* A kernel without huge pages has no such folder. */
	return r == -ENOENT ? 0 : r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processors as the kernel shows them, a paragraph each, proc_cpuinfo(5). "flags" is what
 * the kernel found on this very processor and did not disable, so unlike lines mean unlike
 * processors (or one whose microcode or firmware differs):
 *
 *     processor	: 0
 *     vendor_id	: GenuineIntel
 *     cpu family	: 6
 *     model		: 143
 *     model name	: Intel(R) Xeon(R) Processor @ 2.10GHz
 *     stepping	: 8
 *     flags		: fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat
 */
#include "kernel/cpuinfo.h"

#include <errno.h>

/* What one processor says; what must be alike for all. */
struct processor {
	struct slice vendor, family, model, stepping, brand, flags;
};

static bool
slices_equal(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static bool
processors_alike(const struct processor *a, const struct processor *b)
{
	return slices_equal(a->vendor, b->vendor) && slices_equal(a->family, b->family) &&
	       slices_equal(a->model, b->model) && slices_equal(a->stepping, b->stepping) &&
	       slices_equal(a->flags, b->flags);
}

/* Reads a paragraph off the front of `rest`; false when there is none left. */
static bool
processor_parse(struct slice *rest, struct processor *ret)
{
	struct processor p = {};
	struct slice line, key, value;
	bool begun = false;

	while (slice_line(rest, &line)) {
		if (slice_trim(line).n == 0) {
			if (begun)
				break;
			continue;
		}
		if (!slice_field(&line, ':', &key))
			continue;
		key = slice_trim(key);
		value = slice_trim(line);
		if (slice_eq(key, "processor"))
			begun = true;
		else if (slice_eq(key, "vendor_id"))
			p.vendor = value;
		else if (slice_eq(key, "cpu family"))
			p.family = value;
		else if (slice_eq(key, "model"))
			p.model = value;
		else if (slice_eq(key, "stepping"))
			p.stepping = value;
		else if (slice_eq(key, "model name"))
			p.brand = value;
		else if (slice_eq(key, "flags"))
			p.flags = value;
	}
	*ret = p;
	return begun;
}

static int
processor_note(const struct processor *p, struct arena *arena, Cpu *ret)
{
	uint32_t number;

	if (parse_u32(p->family, 10, &number) == 0)
		SET_FACT(ret, family, number);
	if (parse_u32(p->model, 10, &number) == 0)
		SET_FACT(ret, model, number);
	if (parse_u32(p->stepping, 10, &number) == 0)
		SET_FACT(ret, stepping, number);
	ret->vendor = arena_strndup(arena, p->vendor.p, p->vendor.n);
	ret->brand = arena_strndup(arena, p->brand.p, p->brand.n);
	ret->flags = arena_strndup(arena, p->flags.p, p->flags.n);
	return ret->vendor && ret->brand && ret->flags ? 0 : -ENOMEM;
}

int
cpuinfo_parse(struct slice text, struct arena *arena, Cpu *ret)
{
	struct processor first, other;
	uint32_t online = 1;
	bool uniform = true;

	if (!processor_parse(&text, &first))
		return -EBADMSG;
	while (processor_parse(&text, &other)) {
		online++;
		uniform = uniform && processors_alike(&first, &other);
	}
	SET_FACT(ret, online, online);
	SET_FACT(ret, uniform, uniform);
	return processor_note(&first, arena, ret);
}

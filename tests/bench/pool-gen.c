/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a pool out of real profiles: pool-gen FOLDER HOSTS CLASSES PROFILE...
 *
 * Each host has a name, an id, addresses, free memory and an uptime of its own. Class 0 is as the
 * profiles are; each other class differs in a way that pools differ in, the large classes first:
 *
 *     a kernel in the middle of an upgrade, a batch of older CPUs, a module that is not there, a
 *     CRIU that is missing or older, a sysctl that somebody lowered, another distribution
 */
#include "facts/stream.h"

#include "base/text.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>

enum { LEAF_FEATURES = 7, AVX512_EBX = 1u << 16 | 1u << 17 | 1u << 21 | 1u << 28 | 1u << 30 | 1u << 31 };

static void
load(const char *path, struct snapshot *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stream_error why = { "" };

	if (fd < 0 || stream_read(fd, ret, &why) < 0)
		errx(1, "%s: %s", path, *why.text ? why.text : "cannot be read");
	(void) close(fd);
}

static char *
words(struct arena *a, const char *format, size_t n)
{
	char text[128], *copy;

	/* Each format of this file takes one number. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void) snprintf(text, sizeof(text), format, n);
#pragma GCC diagnostic pop
	copy = arena_strdup(a, text);
	if (!copy)
		errx(1, "out of memory");
	return copy;
}

/* ---- what sets classes apart ------------------------------------------------------------------ */

static void
other_kernel(struct snapshot *s, size_t n)
{
	s->facts->host->kernel->release = words(s->arena, "6.%zu.0-generic", n);
}

static void
older_cpu(struct snapshot *s, size_t n)
{
	Cpu *cpu = s->facts->host->cpu;

	cpu->brand = words(s->arena, "older CPU of batch %zu", n);
	for (size_t i = 0; i < cpu->n_leaf; i++)
		if (cpu->leaf[i]->leaf == LEAF_FEATURES && cpu->leaf[i]->subleaf == 0)
			cpu->leaf[i]->ebx &= ~AVX512_EBX;
}

static void
lacks_module(struct snapshot *s, size_t n)
{
	Modules *m = s->facts->host->modules;

	if (m->n_module == 0)
		return;
	SET_FACT(m->module[n % m->n_module], state, MODULE_STATE__MODULE_ABSENT);
	SET_FACT(m, index_usable, true);
}

static void
other_criu(struct snapshot *s, size_t n)
{
	for (size_t i = 0; i < s->facts->host->n_tool; i++) {
		Tool *t = s->facts->host->tool[i];

		if (!t->name || !streq(t->name, "criu"))
			continue;
		SET_FACT(t, state, n % 2 ? TOOL_STATE__TOOL_MISSING : TOOL_STATE__TOOL_RUNS);
		t->version = n % 2 ? NULL : words(s->arena, "Version: 3.%zu", n);
	}
}

static void
lower_sysctl(struct snapshot *s, size_t n)
{
	Kernel *k = s->facts->host->kernel;

	for (size_t i = 0; i < k->n_sysctl; i++)
		if (streq(k->sysctl[i]->name, "kernel/pid_max"))
			k->sysctl[i]->value = words(s->arena, "%zu", 300 + n);
}

static void
other_system(struct snapshot *s, size_t n)
{
	s->facts->host->os_release = words(s->arena, "Another Linux %zu", n);
}

static void (*const differences[])(struct snapshot *s, size_t n) = {
	other_kernel, older_cpu, lacks_module, other_criu, lower_sysctl, other_system,
};

static void
set_apart(struct snapshot *s, size_t class)
{
	if (class == 0)
		return;
	differences[class % ARRAY_SIZE(differences)](s, class);
	/* A second difference makes as many classes as are asked for. */
	if (class >= ARRAY_SIZE(differences))
		other_kernel(s, class);
}

/* ---- what is a host's own --------------------------------------------------------------------- */

static void
name_host(struct snapshot *s, size_t host)
{
	Host *h = s->facts->host;

	h->name = words(s->arena, "node%05zu", host);
	h->machine_id = words(s->arena, "%032zx", host + 1);
	h->boot_id = words(s->arena, "%08zx-0000-4000-8000-000000000000", host + 1);
	SET_FACT(h, uptime_ms, (int64_t) (1000000 + host * 977));
	if (h->memory)
		SET_FACT(h->memory, available_kb, 1000000 + host * 4);
	for (size_t i = 0; h->net && i < h->net->n_device; i++)
		for (size_t k = 0; k < h->net->device[i]->n_address; k++) {
			ProtobufCBinaryData *address = &h->net->device[i]->address[k]->address;

			if (address->len == 4 && address->data[0] != 127)
				address->data[3] = (uint8_t) host;
		}
}

/* The first half of the pool is class 0; the others share the rest. */
static size_t
class_of(size_t host, size_t hosts, size_t classes)
{
	return classes < 2 || host < hosts / 2 ? 0 : 1 + (host - hosts / 2) % (classes - 1);
}

int
main(int argc, char **argv)
{
	size_t hosts = argc > 4 ? strtoul(argv[2], NULL, 10) : 0, classes = argc > 4 ? strtoul(argv[3], NULL, 10) : 0;

	if (hosts == 0 || classes == 0)
		errx(2, "usage: pool-gen FOLDER HOSTS CLASSES PROFILE...");
	for (size_t class = 0; class < classes; class++) {
		struct snapshot s;

		load(argv[4 + class % (size_t) (argc - 4)], &s);
		set_apart(&s, class);
		for (size_t host = 0; host < hosts; host++) {
			char path[4096];
			int fd;

			if (class_of(host, hosts, classes) != class)
				continue;
			name_host(&s, host);
			(void) snprintf(path, sizeof(path), "%s/node%05zu.mc", argv[1], host);
			fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
			if (fd < 0 || stream_write(&s, fd, NULL) < 0)
				err(1, "%s", path);
			(void) close(fd);
		}
		snapshot_free(&s);
	}
	return 0;
}

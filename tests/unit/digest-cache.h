/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A digest cache in a folder of its own, and contents to keep in it.
 */
#pragma once

#include "kernel/digest-cache.h"
#include "tests/unit/test.h"

#include <string.h>

enum { N = 300, ROOM = 4 * 1024 * 1024 };

static const int64_t second = 1000000000;

static struct root live;
static char folder[64], data[80];

static int
begin(void **state)
{
	(void) state;
	(void) snprintf(folder, sizeof(folder), "/tmp/digest-cache-XXXXXX");
	if (!mkdtemp(folder) || root_open("/", false, &live) < 0)
		return -1;
	(void) snprintf(data, sizeof(data), "%s/digests.mdb", folder);
	return 0;
}

static int
end(void **state)
{
	char command[128];

	(void) state;
	root_close(&live);
	(void) snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static struct cache_folder
cache(void)
{
	return (struct cache_folder){ .path = folder, .room = ROOM };
}

/* As if file number `i` had been read. */
static struct identity
content(unsigned int i)
{
	struct identity id = {
		.state = DIGEST_STATE__DIGEST_DONE,
		.read = true,
		.elf_looked = true,
		.is_elf = true,
		.steady = true,
		.stamp = { .dev = 8ULL << 32 | 1, .ino = 1000 + i, .size = 4096, .mtime_ns = 800 * second,
			   .ctime_ns = 900 * second + i, .fsid = 77 },
		.elf = { .machine = 62, .elf_class = 2, .has_isa_needed = true, .isa_needed = 3, .build_id_length = 20 },
	};

	memset(id.sha256, (int) i + 1, sizeof(id.sha256));
	memset(id.elf.build_id, 0xb0, 20);
	(void) snprintf(id.elf.soname, sizeof(id.elf.soname), "lib%u.so", i);
	return id;
}

static void
keep(struct cache_folder *c, unsigned int from, unsigned int n)
{
	struct identity *id = calloc(n, sizeof(*id));
	const struct identity **list = calloc(n, sizeof(*list));

	for (unsigned int i = 0; i < n; i++) {
		id[i] = content(from + i);
		list[i] = &id[i];
	}
	digest_cache_keep(c, &live, list, n);
	free(list);
	free(id);
}

static bool
same_as_kept(const struct identity *a, unsigned int i)
{
	const struct identity b = content(i);

	return a->state == b.state && a->cached && a->read && a->elf_looked && a->is_elf && a->bytes == 0 &&
	       memcmp(a->sha256, b.sha256, sizeof(b.sha256)) == 0 && a->elf.build_id_length == 20 &&
	       memcmp(a->elf.build_id, b.elf.build_id, 20) == 0 && streq(a->elf.soname, b.elf.soname) &&
	       a->elf.has_isa_needed && a->elf.isa_needed == 3 && !a->elf.has_isa_used && a->elf.machine == 62 &&
	       content_stamp_same(&a->stamp, &b.stamp) && a->stamp.fsid == 77;
}

/* How many of those from `from` on are known; each that is, is right. */
static unsigned int
known(struct cache_folder *c, unsigned int from, unsigned int n)
{
	struct content_stamp *stamp = calloc(n, sizeof(*stamp));
	struct crew_results *found;
	unsigned int count = 0;

	for (unsigned int i = 0; i < n; i++)
		stamp[i] = content(from + i).stamp;
	found = digest_cache_look(c, &live, stamp, n);
	for (unsigned int i = 0; i < n; i++) {
		const struct identity *id = digest_cache_found(found, i);

		if (!id)
			continue;
		assert_true(same_as_kept(id, from + i));
		count++;
	}
	crew_results_free(found);
	free(stamp);
	return count;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a content that was read before stands, and when it must be read again.
 */
#include "light-dump/files-known.h"

#include "tests/unit/test.h"

static const int64_t second = 1000000000;

static struct snapshot was, now;
static struct root root;
static struct dump_options options;
static char boot_id[64];

static int
begin(void **state)
{
	Header *h;
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	(void) state;
	if (!f || fscanf(f, "%63s", boot_id) != 1 || fclose(f) != 0)
		return -1;
	if (snapshot_new(&was) < 0 || snapshot_new(&now) < 0 || root_open("/", false, &root) < 0)
		return -1;
	h = was.facts->header;
	SET_FACT(h, taken_at_ns, 1000 * second);
	was.facts->host = NEW_FACT(was.arena, Host, host);
	was.facts->host->boot_id = boot_id;
	options = (struct dump_options){ .known = was.facts };
	return 0;
}

static int
end(void **state)
{
	(void) state;
	snapshot_free(&was);
	snapshot_free(&now);
	root_close(&root);
	return 0;
}

/* A file that was last changed 100 seconds before the earlier look. */
static File *
add(struct snapshot *s, uint64_t ino)
{
	File *f = NEW_FACT(s->arena, File, file);

	f->path = arena_printf(s->arena, "/lib/%llu", (unsigned long long) ino);
	f->fs_type = arena_strdup(s->arena, "ext4");
	SET_FACT(f, dev_major, 8);
	SET_FACT(f, dev_minor, 1);
	SET_FACT(f, ino, ino);
	SET_FACT(f, size, 4096);
	SET_FACT(f, mtime_ns, 800 * second);
	SET_FACT(f, ctime_ns, 900 * second);
	assert_int_equal(ADD_FACT(s->arena, s->facts->file, s->facts->n_file, f), 0);
	return f;
}

static const File *
find(const File *f)
{
	struct tree_context c = { .options = &options, .root = &root, .snapshot = &now };
	_cleanup_known_files_ struct known_files k = { 0 };

	assert_int_equal(known_files_make(&c, &k), 0);
	return known_files_find(&k, f);
}

static void
what_did_not_change_stands(void **state)
{
	File *a, *b;

	(void) state;
	(void) add(&was, 30);
	a = add(&was, 10);
	(void) add(&was, 20);
	b = add(&now, 10);
	assert_ptr_equal(find(b), a);
	assert_null(find(add(&now, 11)));
	assert_null(find(add(&now, 40)));
}

static void
any_stamp_that_differs_does_not(void **state)
{
	File *f;

	(void) state;
	(void) add(&was, 10);
	f = add(&now, 10);
	f->size++;
	assert_null(find(f));
	f = add(&now, 10);
	f->mtime_ns++;
	assert_null(find(f));
	f = add(&now, 10);
	f->ctime_ns++;
	assert_null(find(f));
	f = add(&now, 10);
	f->dev_minor = 2;
	assert_null(find(f));
	f = add(&now, 10);
	f->has_ctime_ns = false;
	assert_null(find(f));
}

/* Changed a second before it was looked at: a change a moment later may bear the same stamp. */
static void
a_fresh_change_is_not_trusted(void **state)
{
	File *a, *b;

	(void) state;
	a = add(&was, 10);
	b = add(&now, 10);
	a->ctime_ns = b->ctime_ns = 999 * second;
	assert_null(find(b));
	a->ctime_ns = b->ctime_ns = 997 * second;
	assert_non_null(find(b));
	a->mtime_ns = b->mtime_ns = 2000 * second;
	assert_null(find(b));
}

static void
what_may_be_written_by_mapping_is_read_again(void **state)
{
	File *f;

	(void) state;
	(void) add(&was, 10);
	f = add(&now, 10);
	SET_FACT(f, used_write, true);
	assert_non_null(find(f));
	SET_FACT(f, used_map, true);
	assert_null(find(f));
	/* Another record of the same inode was mapped for writing then. */
	(void) add(&was, 20);
	f = add(&was, 20);
	SET_FACT(f, used_write, true);
	SET_FACT(f, used_map_exec, true);
	assert_null(find(add(&now, 20)));
}

static void
file_systems_whose_times_say_little(void **state)
{
	static const char *const types[] = { "nfs4", "vfat", "fuse.sshfs", "9p", "tmpfs", "squashfs" };
	File *f;

	(void) state;
	(void) add(&was, 10);
	f = add(&now, 10);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		f->fs_type = arena_strdup(now.arena, types[i]);
		assert_null(find(f));
	}
	f->fs_type = NULL;
	assert_null(find(f));
}

static void
another_boot_and_a_recorded_machine(void **state)
{
	File *f;

	(void) state;
	(void) add(&was, 10);
	f = add(&now, 10);
	SET_FACT(was.facts->header, recorded, true);
	assert_null(find(f));
	was.facts->header->recorded = false;
	assert_non_null(find(f));
	was.facts->host->boot_id = arena_strdup(was.arena, "5f9e5c2e-0d53-4b34-9a2c-0c5f7f1a9d3e");
	assert_null(find(f));
	was.facts->host = NULL;
	assert_null(find(f));
	options.known = NULL;
	assert_null(find(f));
}

/* What is taken over lives in the new snapshot's arena, whatever becomes of the old one. */
static void
what_is_taken_over_is_a_copy(void **state)
{
	static uint8_t sum[32] = { 1, 2, 3 }, build_id[20] = { 4, 5 };
	File *a, *b, *c;

	(void) state;
	a = add(&was, 10);
	a->has_sha256 = a->has_build_id = true;
	a->sha256 = (ProtobufCBinaryData){ .data = sum, .len = sizeof(sum) };
	a->build_id = (ProtobufCBinaryData){ .data = build_id, .len = sizeof(build_id) };
	a->elf = NEW_FACT(was.arena, ElfFacts, elf_facts);
	a->elf->soname = arena_strdup(was.arena, "libz.so.1");
	SET_FACT(a->elf, machine, 62);
	SET_FACT(a, elf_looked, true);
	b = add(&now, 10);
	c = add(&now, 11);
	assert_int_equal(known_file_take(a, true, now.arena, b), 0);
	assert_int_equal(known_file_take(a, false, now.arena, c), 0);
	snapshot_free(&was);
	assert_int_equal(b->digest_state, DIGEST_STATE__DIGEST_DONE);
	assert_memory_equal(b->sha256.data, sum, sizeof(sum));
	assert_memory_equal(b->build_id.data, build_id, sizeof(build_id));
	assert_ptr_not_equal(b->sha256.data, sum);
	assert_string_equal(b->elf->soname, "libz.so.1");
	assert_int_equal(b->elf->machine, 62);
	assert_true(b->elf_looked);
	assert_false(c->has_sha256);
	assert_true(c->has_build_id);
	was = (struct snapshot){ 0 };
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_did_not_change_stands, begin, end),
		cmocka_unit_test_setup_teardown(any_stamp_that_differs_does_not, begin, end),
		cmocka_unit_test_setup_teardown(a_fresh_change_is_not_trusted, begin, end),
		cmocka_unit_test_setup_teardown(what_may_be_written_by_mapping_is_read_again, begin, end),
		cmocka_unit_test_setup_teardown(file_systems_whose_times_say_little, begin, end),
		cmocka_unit_test_setup_teardown(another_boot_and_a_recorded_machine, begin, end),
		cmocka_unit_test_setup_teardown(what_is_taken_over_is_a_copy, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

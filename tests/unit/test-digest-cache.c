/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The digest cache: what is found again, what is not kept, and in whose folders.
 */
#include "tests/unit/digest-cache.h"

#include "kernel/content-record.h"
#include "kernel/filesystem.h"

#include <fcntl.h>
#include <sys/statfs.h>

static const char boot[] = "0b0c7f1e-3c5d-4b1f-9a0e-112233445566";

static void
what_was_kept_is_found_in_a_later_run(void **state)
{
	struct cache_folder c = cache(), later = cache();
	struct stat st;

	(void) state;
	assert_int_equal(known(&c, 0, N), 0);
	assert_int_equal(c.error, 0);
	assert_int_equal(stat(data, &st), -1);
	keep(&c, 0, N);
	assert_int_equal(c.error, 0);
	assert_int_equal(known(&later, 0, N), N);
	assert_int_equal(known(&later, N, N), 0);
	assert_int_equal(later.error, 0);
	assert_int_equal(stat(data, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* One more beside them, and one anew. */
	keep(&later, N - 1, 2);
	assert_int_equal(known(&later, 0, 2 * N), N + 1);
}

static void
another_stamp_is_another_content(void **state)
{
	struct cache_folder c = cache();
	const struct identity id = content(1);
	struct content_stamp stamp[7];
	struct crew_results *found;

	(void) state;
	keep(&c, 0, 3);
	for (size_t i = 0; i < ARRAY_SIZE(stamp); i++)
		stamp[i] = id.stamp;
	stamp[1].dev++;
	stamp[2].ino += 77;
	stamp[3].size++;
	stamp[4].mtime_ns++;
	stamp[5].ctime_ns--;
	found = digest_cache_look(&c, &live, stamp, ARRAY_SIZE(stamp));
	for (size_t i = 0; i < ARRAY_SIZE(stamp); i++)
		assert_true((digest_cache_found(found, i) != NULL) == (i == 0 || i == 6));
	crew_results_free(found);
}

static void
an_anonymous_device_is_of_one_boot(void **state)
{
	struct content_stamp stamp = content(0).stamp;
	struct content_key a, b;

	(void) state;
	assert_int_equal(content_key_make(&stamp, boot, &a), 0);
	assert_int_equal(content_key_make(&stamp, NULL, &b), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	stamp.dev = 42;
	assert_int_equal(content_key_make(&stamp, NULL, &b), -EOPNOTSUPP);
	assert_int_equal(content_key_make(&stamp, boot, &a), 0);
	assert_int_equal(content_key_make(&stamp, "another boot", &b), 0);
	assert_memory_not_equal(&a, &b, sizeof(a));
}

static void
only_what_would_show_a_change_is_kept(void **state)
{
	static const char *const silent[] = { "tmpfs", "nfs4", "vfat", "squashfs", "erofs", "fuse.sshfs", "9p", NULL };
	struct identity id = content(0);
	const int64_t now = 1000 * second;

	(void) state;
	assert_true(content_stamp_is_settled(now - 2 * second - 1, now - 2 * second - 1, now));
	assert_false(content_stamp_is_settled(now - 2 * second, now - 3 * second, now));
	assert_false(content_stamp_is_settled(now - 3 * second, now - 2 * second, now));
	assert_false(content_stamp_is_settled(now + 9 * second, now - 9 * second, now));
	assert_true(filesystem_stamps_tell("ext4") && filesystem_stamps_tell("xfs") && filesystem_stamps_tell("overlay"));
	for (size_t i = 0; silent[i]; i++)
		assert_false(filesystem_stamps_tell(silent[i]));
	assert_false(filesystem_stamps_tell(NULL));
	assert_true(digest_cache_wants(&id));
	id.state = DIGEST_STATE__DIGEST_NOT_WANTED;
	assert_true(digest_cache_wants(&id));
	id.elf_looked = false;
	assert_false(digest_cache_wants(&id));
	id = content(0);
	id.cached = true;
	assert_false(digest_cache_wants(&id));
	id = content(0);
	id.steady = false;
	assert_false(digest_cache_wants(&id));
}

/* What identity_read() says of a real file, with what is known of it. */
static struct identity
read_file(const char *path, const struct identity *cached)
{
	struct identity_wants wants = { .digest = true, .elf = true, .fs_type = "ext4", .cached = cached };
	_cleanup_close_ int held = open(path, O_PATH | O_CLOEXEC);
	struct identity id;
	struct statfs fs;

	assert_int_equal(fstatfs(held, &fs), 0);
	wants.fs_type = filesystem_name_of((uint64_t) fs.f_type);
	identity_read(held, &wants, NULL, &id);
	return id;
}

static void
a_file_younger_than_two_seconds_is_not_kept(void **state)
{
	const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	char path[96];
	struct identity id;
	FILE *f;

	(void) state;
	(void) snprintf(path, sizeof(path), "%s/young", folder);
	f = fopen(path, "we");
	assert_true(f && fputs("as it is now\n", f) >= 0 && fclose(f) == 0);
	id = read_file(path, NULL);
	assert_int_equal(id.state, DIGEST_STATE__DIGEST_DONE);
	assert_false(id.steady);
	/* Another time of content does not make it older. */
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	assert_false(read_file(path, NULL).steady);
	id = read_file("/bin/sh", NULL);
	if (!id.steady)
		skip_because("/bin/sh is not on a file system whose stamps tell");
	assert_true(digest_cache_wants(&id));
}

static void
what_is_known_is_taken_only_of_the_same_content(void **state)
{
	struct identity id = read_file("/bin/sh", NULL), was = id, again;

	(void) state;
	was.cached = true;
	memset(was.sha256, 0x5a, sizeof(was.sha256));
	again = read_file("/bin/sh", &was);
	assert_true(again.cached && again.read);
	assert_memory_equal(again.sha256, was.sha256, DIGEST_SIZE);
	was.stamp.fsid++;
	assert_false(read_file("/bin/sh", &was).cached);
	was.stamp = id.stamp;
	was.stamp.ctime_ns++;
	again = read_file("/bin/sh", &was);
	assert_false(again.cached);
	assert_memory_equal(again.sha256, id.sha256, DIGEST_SIZE);
	was.stamp = id.stamp;
	was.elf_looked = false;
	assert_false(read_file("/bin/sh", &was).cached);
	was.elf_looked = true;
	was.state = DIGEST_STATE__DIGEST_NOT_WANTED;
	assert_false(read_file("/bin/sh", &was).cached);
}

static void
a_record_is_believed_as_a_whole_or_not(void **state)
{
	struct identity id = content(3), back, untouched = { .error = 7 };
	uint8_t record[CONTENT_RECORD_MAX];
	struct content_key key, other;
	int n;

	(void) state;
	assert_int_equal(content_key_make(&id.stamp, NULL, &key), 0);
	other = key;
	other.ino++;
	n = content_record_pack(&key, &id, record);
	assert_int_equal(content_record_unpack(&key, record, (size_t) n, &back), 0);
	assert_true(same_as_kept(&back, 3));
	assert_int_equal(content_record_unpack(&other, record, (size_t) n, &untouched), -EBADMSG);
	for (int i = 0; i < n; i++) {
		record[i] ^= 1 << i % 8;
		assert_int_equal(content_record_unpack(&key, record, (size_t) n, &untouched), -EBADMSG);
		record[i] ^= 1 << i % 8;
		assert_int_equal(content_record_unpack(&key, record, (size_t) i, &untouched), -EBADMSG);
	}
	assert_int_equal(untouched.error, 7);
}

/* ---- whose it is ------------------------------------------------------------------------ */

static void
is_passed_over(int error)
{
	struct cache_folder c = cache(), d = cache();

	assert_int_equal(known(&c, 0, 3), 0);
	assert_int_equal(c.error, error);
	keep(&d, 0, 3);
	assert_int_equal(d.error, error);
}

static void
a_folder_that_others_may_write_is_passed_over(void **state)
{
	struct cache_folder c = cache();

	(void) state;
	keep(&c, 0, 3);
	assert_int_equal(chmod(folder, 0770), 0);
	is_passed_over(-EPERM);
	assert_int_equal(chmod(folder, 0702), 0);
	is_passed_over(-EPERM);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(known(&c, 0, 3), 3);
	assert_int_equal(chmod(data, 0620), 0);
	is_passed_over(-EPERM);
	assert_int_equal(chmod(data, 0600), 0);
	assert_int_equal(known(&c, 0, 3), 3);
}

static void
what_another_user_owns_is_passed_over(void **state)
{
	struct cache_folder c = cache();

	(void) state;
	if (geteuid() != 0)
		skip_because("only root can give a file away");
	keep(&c, 0, 3);
	assert_int_equal(chown(data, 65533, 65533), 0);
	is_passed_over(-EPERM);
	assert_int_equal(chown(data, 0, 0), 0);
	assert_int_equal(chown(folder, 65533, 65533), 0);
	is_passed_over(-EPERM);
}

static void
a_link_in_its_place_is_passed_over(void **state)
{
	char moved[96], lock[96];
	struct cache_folder c = cache();

	(void) state;
	keep(&c, 0, 3);
	(void) snprintf(moved, sizeof(moved), "%s/moved", folder);
	(void) snprintf(lock, sizeof(lock), "%s-lock", data);
	assert_int_equal(rename(data, moved), 0);
	assert_int_equal(symlink(moved, data), 0);
	is_passed_over(-EPERM);
	assert_int_equal(unlink(data), 0);
	assert_int_equal(link(moved, data), 0);
	is_passed_over(-EPERM);
	assert_int_equal(unlink(moved), 0);
	assert_int_equal(known(&c, 0, 3), 3);
	/* The folder itself. */
	(void) snprintf(moved, sizeof(moved), "%s.moved", folder);
	assert_int_equal(rename(folder, moved), 0);
	assert_int_equal(symlink(moved, folder), 0);
	is_passed_over(-EPERM);
	assert_int_equal(unlink(folder), 0);
	assert_int_equal(rename(moved, folder), 0);
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(known(&c, 0, 3), 3);
}

static void
a_recorded_machine_has_none(void **state)
{
	struct cache_folder c = cache();
	struct content_stamp stamp = content(0).stamp;
	struct root recorded = live;

	(void) state;
	keep(&c, 0, 3);
	recorded.recorded = true;
	assert_null(digest_cache_look(&c, &recorded, &stamp, 1));
	assert_null(digest_cache_look(NULL, &live, &stamp, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_kept_is_found_in_a_later_run),
		TEST(another_stamp_is_another_content),
		TEST(an_anonymous_device_is_of_one_boot),
		TEST(only_what_would_show_a_change_is_kept),
		TEST(a_file_younger_than_two_seconds_is_not_kept),
		TEST(what_is_known_is_taken_only_of_the_same_content),
		TEST(a_record_is_believed_as_a_whole_or_not),
		TEST(a_folder_that_others_may_write_is_passed_over),
		TEST(what_another_user_owns_is_passed_over),
		TEST(a_link_in_its_place_is_passed_over),
		TEST(a_recorded_machine_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

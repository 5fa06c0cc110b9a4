/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two looks at one tree: what is news, and what only shows that the program does its work.
 */
#include "checker/changes-kinds.h"

#include "base/text.h"

#include <sys/stat.h>

#include "tests/unit/test.h"

static struct snapshot was, now;
static struct changes changes;

static File *
add_file(struct snapshot *s, const char *path, uint64_t ino)
{
	File *f = NEW_FACT(s->arena, File, file);

	f->path = arena_strdup(s->arena, path);
	SET_FACT(f, mnt_ns, 4026531840);
	SET_FACT(f, ino, ino);
	SET_FACT(f, mode, S_IFREG | 0644);
	SET_FACT(f, size, 100);
	SET_FACT(f, mtime_ns, 5);
	assert_int_equal(ADD_FACT(s->arena, s->facts->file, s->facts->n_file, f), 0);
	return f;
}

static Process *
add_process(struct snapshot *s, int pid, uint64_t start_time)
{
	Process *p = NEW_FACT(s->arena, Process, process);

	SET_FACT(p, pid, pid);
	SET_FACT(p, start_time, start_time);
	p->state = arena_strdup(s->arena, "S");
	assert_int_equal(ADD_FACT(s->arena, s->facts->process, s->facts->n_process, p), 0);
	return p;
}

static Fd *
add_fd(struct snapshot *s, Process *p, int number, uint32_t file)
{
	Fd *fd = NEW_FACT(s->arena, Fd, fd);

	SET_FACT(fd, number, number);
	SET_FACT(fd, file, file);
	assert_int_equal(ADD_FACT(s->arena, p->fd, p->n_fd, fd), 0);
	return fd;
}

static Mapping *
add_mapping(struct snapshot *s, Process *p, uint64_t start)
{
	Mapping *m = NEW_FACT(s->arena, Mapping, mapping);

	SET_FACT(m, start, start);
	assert_int_equal(ADD_FACT(s->arena, p->mapping, p->n_mapping, m), 0);
	return m;
}

static int
begin(void **state)
{
	(void) state;
	return snapshot_new(&was) < 0 || snapshot_new(&now) < 0;
}

static int
end(void **state)
{
	(void) state;
	changes_free(&changes);
	snapshot_free(&was);
	snapshot_free(&now);
	return 0;
}

static void
find(void)
{
	assert_int_equal(changes_find(was.facts, now.facts, &changes), 0);
}

static void
assert_change(size_t i, enum change_of of, enum change_how how)
{
	assert_true(i < changes.n);
	assert_int_equal(changes.change[i].of, of);
	assert_int_equal(changes.change[i].how, how);
}

static void
assert_field(size_t i, size_t k, const char *name)
{
	assert_true(i < changes.n && k < changes.change[i].n_field);
	assert_string_equal(changes.change[i].field[k].name, name);
}

/* ---- cases ----------------------------------------------------------------------------- */

static void
nothing_is_nothing(void **state)
{
	Process *p;

	(void) state;
	find();
	assert_int_equal(changes.total, 0);
	changes_free(&changes);
	p = add_process(&was, 10, 1);
	(void) add_file(&was, "/a", 1);
	(void) add_fd(&was, p, 3, 0);
	p = add_process(&now, 10, 1);
	(void) add_file(&now, "/a", 1);
	(void) add_fd(&now, p, 3, 0);
	find();
	assert_int_equal(changes.total, 0);
	assert_int_equal(changes.n, 0);
}

static void
tasks_come_and_go(void **state)
{
	(void) state;
	(void) add_process(&was, 10, 1);
	(void) add_process(&was, 11, 2);
	(void) add_fd(&was, was.facts->process[1], 3, 0);
	/* The number is used again. */
	(void) add_process(&was, 12, 3);
	(void) add_process(&now, 12, 9);
	(void) add_process(&now, 10, 1);
	find();
	assert_int_equal(changes.total, 3);
	assert_change(0, CHANGE_OF_TASK, CHANGE_CAME);
	assert_int_equal(((const Process *) changes.change[0].after)->start_time, 9);
	assert_change(1, CHANGE_OF_TASK, CHANGE_WENT);
	assert_int_equal(((const Process *) changes.change[1].before)->pid, 11);
	assert_change(2, CHANGE_OF_TASK, CHANGE_WENT);
	assert_int_equal(changes.count[CHANGE_OF_TASK][CHANGE_WENT], 2);
}

/* The records of files stand in another order: an index says nothing by itself. */
static void
an_index_stands_for_its_record(void **state)
{
	Process *p;

	(void) state;
	p = add_process(&was, 10, 1);
	(void) add_file(&was, "/a", 1);
	(void) add_file(&was, "/b", 2);
	(void) add_fd(&was, p, 3, 0);
	(void) add_fd(&was, p, 4, 0);
	p = add_process(&now, 10, 1);
	(void) add_file(&now, "/b", 2);
	(void) add_file(&now, "/a", 1);
	(void) add_fd(&now, p, 3, 1);
	(void) add_fd(&now, p, 4, 0);
	find();
	assert_int_equal(changes.total, 1);
	assert_change(0, CHANGE_OF_FD, CHANGE_DIFFERS);
	assert_int_equal(((const Fd *) changes.change[0].after)->number, 4);
	assert_field(0, 0, "file");
	assert_ptr_equal(changes.change[0].owner, p);
}

static void
another_program_runs_in_it(void **state)
{
	Process *p = add_process(&was, 10, 1);

	(void) state;
	p->exe = NEW_FACT(was.arena, PathUse, path_use);
	p->exe->path = arena_strdup(was.arena, "/bin/sh");
	p = add_process(&now, 10, 1);
	p->exe = NEW_FACT(now.arena, PathUse, path_use);
	p->exe->path = arena_strdup(now.arena, "/bin/sleep");
	find();
	assert_int_equal(changes.total, 1);
	assert_field(0, 0, "exe.path");
}

static void
what_a_working_program_moves_is_no_news(void **state)
{
	Process *p = add_process(&was, 10, 1);
	Socket *s;
	Fd *fd;

	(void) state;
	fd = add_fd(&was, p, 3, 0);
	SET_FACT(fd, position, 7);
	(void) add_mapping(&was, p, 0x1000);
	(void) add_file(&was, "/a", 1);
	s = NEW_FACT(was.arena, Socket, socket);
	SET_FACT(s, ino, 5);
	SET_FACT(s, in_tree, true);
	SET_FACT(s, receive_queue, 0);
	assert_int_equal(ADD_FACT(was.arena, was.facts->socket, was.facts->n_socket, s), 0);

	p = add_process(&now, 10, 1);
	p->state = arena_strdup(now.arena, "R");
	fd = add_fd(&now, p, 3, 0);
	SET_FACT(fd, position, 9);
	/* malloc(3) took and gave back. */
	(void) add_mapping(&now, p, 0x2000);
	(void) add_mapping(&now, p, 0x9000);
	(void) add_file(&now, "/a", 1);
	s = NEW_FACT(now.arena, Socket, socket);
	SET_FACT(s, ino, 5);
	SET_FACT(s, in_tree, true);
	SET_FACT(s, receive_queue, 99);
	SET_FACT(s, timer, 1);
	assert_int_equal(ADD_FACT(now.arena, now.facts->socket, now.facts->n_socket, s), 0);
	find();
	assert_int_equal(changes.total, 0);
	/* But its state is. */
	SET_FACT(s, state, 8);
	p->state = arena_strdup(now.arena, "T");
	changes_free(&changes);
	find();
	assert_int_equal(changes.total, 2);
	assert_change(0, CHANGE_OF_TASK, CHANGE_DIFFERS);
	assert_field(0, 0, "state");
	assert_change(1, CHANGE_OF_SOCKET, CHANGE_DIFFERS);
	assert_field(1, 0, "state");
}

static void
a_process_that_ended_says_it_all(void **state)
{
	Process *p = add_process(&was, 10, 1);

	(void) state;
	(void) add_fd(&was, p, 3, 0);
	(void) add_fd(&was, p, 4, 0);
	p = add_process(&now, 10, 1);
	p->state = arena_strdup(now.arena, "Z");
	find();
	assert_int_equal(changes.total, 1);
	assert_field(0, 0, "state");
}

static void
files_that_change(void **state)
{
	static uint8_t one[32] = { 1 }, two[32] = { 2 };
	File *a, *b;

	(void) state;
	a = add_file(&was, "/lib", 1);
	b = add_file(&now, "/lib", 1);
	SET_FACT(a, path_state, PATH_STATE__PATH_SAME);
	SET_FACT(b, path_state, PATH_STATE__PATH_REPLACED);
	SET_FACT(b, other_ino, 2);
	a = add_file(&was, "/log", 3);
	b = add_file(&now, "/log", 3);
	b->size = 200;
	b->mtime_ns = 6;
	/* Read on both sides: the digest says whether it is the same content. */
	a = add_file(&was, "/touched", 4);
	b = add_file(&now, "/touched", 4);
	b->mtime_ns = 6;
	a->digest_state = b->digest_state = DIGEST_STATE__DIGEST_DONE;
	a->has_sha256 = b->has_sha256 = true;
	a->sha256 = b->sha256 = (ProtobufCBinaryData){ .data = one, .len = 32 };
	/* A folder in which names come and go. */
	a = add_file(&was, "/tmp", 5);
	b = add_file(&now, "/tmp", 5);
	a->mode = b->mode = S_IFDIR | 01777;
	b->mtime_ns = b->ctime_ns = 9;
	b->size = 4096;
	a = add_file(&was, "/written", 6);
	b = add_file(&now, "/written", 6);
	a->digest_state = b->digest_state = DIGEST_STATE__DIGEST_DONE;
	a->has_sha256 = b->has_sha256 = true;
	a->sha256 = (ProtobufCBinaryData){ .data = one, .len = 32 };
	b->sha256 = (ProtobufCBinaryData){ .data = two, .len = 32 };
	find();
	assert_int_equal(changes.total, 3);
	assert_field(0, 0, "path_state");
	assert_field(1, 0, "size");
	assert_field(1, 1, "mtime_ns");
	assert_field(2, 0, "sha256");
}

/* One path, two inodes: what lost its name, and its successor. */
static void
a_name_used_twice(void **state)
{
	(void) state;
	(void) add_file(&was, "/log", 5);
	(void) add_file(&now, "/log", 5);
	(void) add_file(&now, "/log", 1);
	(void) add_file(&was, "/pid", 8);
	(void) add_file(&now, "/pid", 9);
	find();
	assert_int_equal(changes.total, 3);
	assert_change(0, CHANGE_OF_FILE, CHANGE_CAME);
	assert_int_equal(((const File *) changes.change[0].after)->ino, 1);
	assert_change(1, CHANGE_OF_FILE, CHANGE_CAME);
	assert_change(2, CHANGE_OF_FILE, CHANGE_WENT);
	assert_int_equal(((const File *) changes.change[2].before)->ino, 8);
}

static void
a_library_is_mapped_in_many_pieces(void **state)
{
	Process *p;
	Mapping *m;

	(void) state;
	(void) add_process(&was, 10, 1);
	p = add_process(&now, 10, 1);
	(void) add_file(&was, "/libz.so", 1);
	(void) add_file(&now, "/libz.so", 1);
	for (uint64_t i = 1; i <= 5; i++) {
		m = add_mapping(&now, p, i * 4096);
		SET_FACT(m, file, 0);
	}
	m = add_mapping(&now, p, 1 << 20);
	m->name = arena_strdup(now.arena, "[heap]");
	m = add_mapping(&now, p, 1 << 21);
	m->name = arena_strdup(now.arena, "/SYSV00000000 (deleted)");
	find();
	assert_int_equal(changes.total, 2);
	assert_change(0, CHANGE_OF_MAPPING, CHANGE_CAME);
	assert_change(1, CHANGE_OF_MAPPING, CHANGE_CAME);
}

static void
a_flood_is_counted_and_cut(void **state)
{
	(void) state;
	for (int i = 0; i < 3 * MAX_CHANGES; i++)
		(void) add_process(&now, 10 + i, 1);
	find();
	assert_int_equal(changes.total, 3 * MAX_CHANGES);
	assert_int_equal(changes.count[CHANGE_OF_TASK][CHANGE_CAME], 3 * MAX_CHANGES);
	assert_int_equal(changes.n, MAX_CHANGES);
}

/* A slip of the pen would let a field count for ever, or a record be taken for another. */
static void
every_field_that_is_named_is_there(void **state)
{
	(void) state;
	for (size_t i = 0; i < CHANGE_OFS; i++) {
		const struct change_kind *k = &change_kinds[i];
		const ProtobufCMessageDescriptor *in = k->in < 0 ? &snapshot__descriptor : change_kinds[k->in].of;
		const ProtobufCFieldDescriptor *list =
			protobuf_c_message_descriptor_get_field_by_name(in, k->list);

		assert_true(k->in < (int) i);
		assert_non_null(list);
		assert_ptr_equal(list->descriptor, k->of);
		for (size_t n = 0; n < MAX_KEY && k->key[n]; n++)
			assert_non_null(protobuf_c_message_descriptor_get_field_by_name(k->of, k->key[n]));
	}
	for (size_t i = 0; i < n_change_passing; i++) {
		struct slice rest = slice_of(change_passing[i].fields), word;
		char name[64];

		while (slice_word(&rest, &word)) {
			(void) snprintf(name, sizeof(name), "%.*s", (int) word.n, word.p);
			assert_non_null(protobuf_c_message_descriptor_get_field_by_name(change_passing[i].of, name));
		}
	}
}

static void
a_value_of_a_cgroup(void **state)
{
	struct snapshot *const both[] = { &was, &now };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		struct snapshot *s = both[i];
		Cgroup *g = NEW_FACT(s->arena, Cgroup, cgroup);
		const char *const names[] = { "memory.max", "memory.current" };

		g->path = arena_strdup(s->arena, "/web");
		for (size_t k = 0; k < ARRAY_SIZE(names); k++) {
			CgroupValue *v = NEW_FACT(s->arena, CgroupValue, cgroup_value);

			v->name = arena_strdup(s->arena, names[k]);
			v->value = arena_strdup(s->arena, i ? "2" : "1");
			assert_int_equal(ADD_FACT(s->arena, g->value, g->n_value, v), 0);
		}
		assert_int_equal(ADD_FACT(s->arena, s->facts->cgroup, s->facts->n_cgroup, g), 0);
	}
	find();
	assert_int_equal(changes.total, 1);
	assert_change(0, CHANGE_OF_CGROUP_VALUE, CHANGE_DIFFERS);
	assert_ptr_equal(changes.change[0].owner, now.facts->cgroup[0]);
	assert_field(0, 0, "value");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_nothing, begin, end),
		cmocka_unit_test_setup_teardown(tasks_come_and_go, begin, end),
		cmocka_unit_test_setup_teardown(an_index_stands_for_its_record, begin, end),
		cmocka_unit_test_setup_teardown(another_program_runs_in_it, begin, end),
		cmocka_unit_test_setup_teardown(what_a_working_program_moves_is_no_news, begin, end),
		cmocka_unit_test_setup_teardown(a_process_that_ended_says_it_all, begin, end),
		cmocka_unit_test_setup_teardown(files_that_change, begin, end),
		cmocka_unit_test_setup_teardown(a_name_used_twice, begin, end),
		cmocka_unit_test_setup_teardown(a_library_is_mapped_in_many_pieces, begin, end),
		cmocka_unit_test_setup_teardown(a_flood_is_counted_and_cut, begin, end),
		cmocka_unit_test_setup_teardown(every_field_that_is_named_is_there, begin, end),
		cmocka_unit_test_setup_teardown(a_value_of_a_cgroup, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

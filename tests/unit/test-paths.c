/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a destination tells about the paths of a source that may be anybody's: whatever the
 * snapshot asks for, the digest of a file that others may not read stays here, nothing but
 * regular files and folders is opened, and a file system that does not answer is no hang.
 */
#include "base/digest.h"
#include "probes/probes.h"
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/test.h"

#include "tests/unit/paths-fixture.h"

static const char *brings[2];

static void
assert_told(const char *path, const char *content)
{
	const PathAnswer *a = answer_to(path);
	_cleanup_digest_ struct digest *d = digest_new();
	uint8_t sum[DIGEST_SIZE];

	assert_non_null(a);
	assert_int_equal(digest_add(d, content, strlen(content)), 0);
	assert_int_equal(digest_end(d, sum), 0);
	assert_int_equal(a->digest_state, DIGEST_STATE__DIGEST_DONE);
	assert_true(a->has_sha256 && a->sha256.len == DIGEST_SIZE);
	assert_memory_equal(a->sha256.data, sum, DIGEST_SIZE);
}

/* ---- what is there --------------------------------------------------------------------- */

static void
kinds(void **state)
{
	const PathAnswer *a;

	(void) state;
	write_file("/file", "four", 0644);
	assert_int_equal(mkdir(path_of("/dir"), 0750), 0);
	assert_int_equal(mkfifo(path_of("/fifo"), 0600), 0);
	assert_int_equal(symlink("file", path_of("/link")), 0);
	assert_int_equal(symlink("/etc/passwd", path_of("/out")), 0);
	(void) claim("/file", "four");
	(void) claim("/dir", "four");
	(void) claim("/fifo", "four");
	(void) claim("/link", "four");
	(void) claim("/out", "four");
	(void) claim("/../../../etc/passwd", "four");
	(void) claim("/nowhere", "four");
	(void) claim("/no/where", "four");
	(void) claim("relative", "four");
	ask();

	a = answer_to("/file");
	assert_int_equal(a->kind, PATH_KIND__PATH_KIND_REGULAR);
	assert_int_equal(a->mode & 07777, 0644);
	assert_int_equal(a->size, 4);
	assert_true(a->has_read_only && a->has_noexec && a->fs_type);
	assert_int_equal(answer_to("/dir")->kind, PATH_KIND__PATH_KIND_DIRECTORY);
	assert_true(answer_to("/dir")->has_free_bytes);
	assert_int_equal(answer_to("/fifo")->kind, PATH_KIND__PATH_KIND_FIFO);
	assert_int_equal(answer_to("/link")->kind, PATH_KIND__PATH_KIND_REGULAR);
	/* No way out of the tree's root. */
	assert_int_equal(answer_to("/out")->kind, PATH_KIND__PATH_KIND_NONE);
	assert_int_equal(answer_to("/../../../etc/passwd")->kind, PATH_KIND__PATH_KIND_NONE);
	a = answer_to("/nowhere");
	assert_true(a->has_kind && a->kind == PATH_KIND__PATH_KIND_NONE && a->error == ENOENT);
	assert_false(a->parent_missing);
	assert_true(answer_to("/no/where")->parent_missing);
	assert_null(answer_to("relative"));
}

static void
folders_of_what_is_made_again(void **state)
{
	File *f = claim("/var/tmp/ghost", "x");
	Socket *s = NEW_FACT(source.arena, Socket, socket);

	(void) state;
	SET_FACT(f, deleted, true);
	SET_FACT(s, in_tree, true);
	s->has_unix_name = true;
	s->unix_name.data = (uint8_t *) arena_strdup(source.arena, "/run/app/sock");
	s->unix_name.len = strlen("/run/app/sock");
	assert_int_equal(ADD_FACT(source.arena, source.facts->socket, source.facts->n_socket, s), 0);
	ask();
	assert_non_null(answer_to("/var/tmp"));
	assert_non_null(answer_to("/run/app"));
}

static void
mounts_that_are_made_anew(void **state)
{
	Snapshot *s = source.facts;
	Mount *m = NEW_FACT(source.arena, Mount, mount);
	Namespace *ns = NEW_FACT(source.arena, Namespace, namespace);

	(void) state;
	SET_FACT(ns, kind, NAMESPACE_KIND__NS_MNT);
	SET_FACT(ns, ino, 77);
	SET_FACT(m, mnt_ns, 77);
	m->mountpoint = arena_strdup(source.arena, "/data");
	m->fs_type = arena_strdup(source.arena, "overlay");
	m->source = arena_strdup(source.arena, "overlay");
	m->super_options = arena_strdup(source.arena, "rw,lowerdir=/tmp:/nope,upperdir=/u,workdir=/w");
	assert_int_equal(ADD_FACT(source.arena, s->mount, s->n_mount, m), 0);
	assert_int_equal(ADD_FACT(source.arena, s->ns, s->n_ns, ns), 0);
	ask();
	assert_false(answer_to("/data")->of_host);
	assert_true(answer_to("/tmp")->of_host);
	assert_int_equal(answer_to("/tmp")->kind, PATH_KIND__PATH_KIND_DIRECTORY);
	assert_int_equal(answer_to("/nope")->kind, PATH_KIND__PATH_KIND_NONE);
	assert_true(answer_to("/u")->of_host && answer_to("/w")->of_host);
}

/* Below the host's root, not the tree's; the longest counts, whole components only. */
static void
what_lies_elsewhere(void **state)
{
	struct path_map maps[2] = { { .source = "/srv" }, { .source = "/srv/db" } };
	_cleanup_free_ char *shallow = NULL, *deep = NULL;

	(void) state;
	assert_true(asprintf(&shallow, "%s/a", folder) > 0 && asprintf(&deep, "%s/b", folder) > 0);
	maps[0].destination = shallow;
	maps[1].destination = deep;
	options.maps = maps;
	options.n_maps = 2;
	assert_int_equal(mkdir(path_of("/a"), 0755), 0);
	assert_int_equal(mkdir(path_of("/b"), 0755), 0);
	write_file("/a/x", "shallow", 0644);
	write_file("/b/x", "deep", 0644);
	(void) claim("/srv/x", "shallow");
	(void) claim("/srv/db/x", "deep");
	(void) claim("/srv/dbx", "deep");
	(void) claim("/srvx", "deep");
	(void) claim("/srv/../etc/passwd", "deep");
	ask();
	assert_told("/srv/x", "shallow");
	assert_told("/srv/db/x", "deep");
	assert_memory_equal(answer_to("/srv/db/x")->mapped_to, deep, strlen(deep));
	assert_int_equal(answer_to("/srv/dbx")->kind, PATH_KIND__PATH_KIND_NONE);
	assert_non_null(answer_to("/srv/dbx")->mapped_to);
	assert_null(answer_to("/srvx")->mapped_to);
	assert_null(answer_to("/srv/../etc/passwd")->mapped_to);
	assert_int_equal(answer_to("/srv/../etc/passwd")->kind, PATH_KIND__PATH_KIND_NONE);
}

static void
what_the_move_brings(void **state)
{
	(void) state;
	brings[0] = "/data/";
	options.brings = brings;
	write_file("/database", "1", 0644);
	(void) claim("/data/file", "1");
	(void) claim("/database", "1");
	(void) claim("/data/../etc/passwd", "1");
	ask();
	assert_true(answer_to("/data/file")->declared);
	assert_false(answer_to("/data/file")->has_kind);
	assert_false(answer_to("/database")->declared);
	assert_false(answer_to("/data/../etc/passwd")->declared);
}

/* ---- content --------------------------------------------------------------------------- */

static void
content_that_everybody_may_read(void **state)
{
	(void) state;
	write_file("/same", "content", 0644);
	write_file("/differs", "CONTENT", 0644);
	write_file("/longer", "content and more", 0644);
	(void) claim("/same", "content");
	(void) claim("/differs", "content");
	(void) claim("/longer", "content");
	ask();
	assert_true(answer_to("/same")->has_same_as_asked && answer_to("/same")->same_as_asked);
	assert_true(answer_to("/differs")->has_same_as_asked);
	assert_false(answer_to("/differs")->same_as_asked);
	assert_false(answer_to("/longer")->has_same_as_asked);
	assert_not_told("/longer");
	assert_int_equal(answer_to("/longer")->digest_state, DIGEST_STATE__DIGEST_NOT_WANTED);
	if (geteuid() != 0)
		skip_because("not root");
	assert_told("/same", "content");
	assert_told("/differs", "CONTENT");
	assert_true(answer_to("/same")->build_id_looked);
}

static void
content_that_others_may_not_read(void **state)
{
	File *not_held;

	(void) state;
	write_file("/secret", "secret", 0640);
	write_file("/wrong-guess", "secret", 0600);
	write_file("/not-held", "secret", 0640);
	assert_int_equal(mkdir(path_of("/private"), 0700), 0);
	write_file("/private/open", "secret", 0644);
	assert_int_equal(symlink("private/open", path_of("/way-in")), 0);
	(void) claim("/secret", "secret");
	(void) claim("/wrong-guess", "guess!");
	not_held = claim("/not-held", "secret");
	not_held->used_fd = false;
	SET_FACT(not_held, used_cwd, true);
	(void) claim("/private/open", "secret");
	(void) claim("/way-in", "guess!");
	ask();
	assert_not_told("/secret");
	assert_true(answer_to("/secret")->same_as_asked);
	assert_not_told("/wrong-guess");
	assert_true(answer_to("/wrong-guess")->has_same_as_asked);
	assert_false(answer_to("/wrong-guess")->same_as_asked);
	assert_not_told("/not-held");
	assert_false(answer_to("/not-held")->has_same_as_asked);
	assert_int_equal(answer_to("/not-held")->digest_state, DIGEST_STATE__DIGEST_NOT_ALLOWED);
	/* 0644, but nobody gets through the folder above it. */
	assert_not_told("/private/open");
	assert_true(answer_to("/private/open")->same_as_asked);
	assert_not_told("/way-in");
}

static void
no_content_at_all(void **state)
{
	(void) state;
	options.no_content = true;
	write_file("/same", "content", 0644);
	(void) claim("/same", "content");
	ask();
	assert_int_equal(answer_to("/same")->size, 7);
	assert_not_told("/same");
	assert_false(answer_to("/same")->has_same_as_asked);
	assert_false(answer_to("/same")->has_digest_state);
}

/* Asked of the real machine: what a crafted snapshot would like to know, or to set off. */
static void
a_hostile_source(void **state)
{
	static const char *const paths[] = { "/etc/shadow", "/etc/gshadow", "/proc/kmsg", "/dev/zero",
					     "/proc/self/mem", "/proc/sysrq-trigger", "/dev/random",
					     "/proc/1/environ", "/sys/power/state" };
	struct stat st;

	(void) state;
	root_close(&tree_root);
	assert_int_equal(root_open("/", false, &tree_root), 0);
	options.tree_root = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		File *f = claim(paths[i], "");

		if (stat(paths[i], &st) == 0)
			f->size = (uint64_t) st.st_size;
		SET_FACT(f, used_map_exec, true);
	}
	ask();
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		assert_not_told(paths[i]);
	if (stat("/etc/shadow", &st) == 0 && geteuid() == 0)
		assert_false(answer_to("/etc/shadow")->same_as_asked);
	if (stat("/proc/kmsg", &st) == 0)
		assert_int_equal(answer_to("/proc/kmsg")->digest_state, DIGEST_STATE__DIGEST_NOT_ALLOWED);
	assert_false(answer_to("/dev/zero")->has_digest_state);
}

static void
the_tree_lives_here(void **state)
{
	File *f;
	struct stat st;

	(void) state;
	options.live_tree_here = true;
	write_file("/mine", "content", 0600);
	f = claim("/mine", "content");
	assert_int_equal(stat(path_of("/mine"), &st), 0);
	SET_FACT(f, ino, st.st_ino);
	SET_FACT(f, dev_major, (uint32_t) (st.st_dev >> 8));
	SET_FACT(f, dev_minor, (uint32_t) (st.st_dev & 0xff));
	SET_FACT(f, mtime_ns, st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec);
	SET_FACT(f, ctime_ns, st.st_ctim.tv_sec * 1000000000LL + st.st_ctim.tv_nsec);
	ask();
	assert_true(answer_to("/mine")->same_as_asked);
	assert_not_told("/mine");
}

/* ---- file systems that do not answer --------------------------------------------------- */

/* Answers the greeting, then takes every request and never answers: nobody can end that wait. */
static void
swallow_requests(int fuse)
{
	char request[65536];
	struct {
		struct fuse_out_header head;
		struct fuse_init_out init;
	} reply = { .head.len = sizeof(reply), .init = { .major = 7, .minor = 31, .max_write = 4096 } };

	if (read(fuse, request, sizeof(request)) > 0) {
		reply.head.unique = ((struct fuse_in_header *) (void *) request)->unique;
		if (write(fuse, &reply, sizeof(reply)) != sizeof(reply))
			_exit(1);
	}
	while (read(fuse, request, sizeof(request)) > 0)
		;
	for (;;)
		(void) pause();
}

static void
ask_of_fuse(bool swallow)
{
	int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	struct timespec a, b;
	char data[64];
	pid_t daemon = -1;

	if (fuse < 0 || geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
		skip_because("no /dev/fuse, or no mount namespace for us");
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mkdir(path_of("/fuse"), 0755), 0);
	(void) snprintf(data, sizeof(data), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fuse);
	assert_int_equal(mount("test", path_of("/fuse"), "fuse.test", 0, data), 0);
	/* The roots held so far are of the mount namespace that was left. */
	root_close(&host_root);
	root_close(&tree_root);
	assert_int_equal(root_open("/", false, &host_root), 0);
	assert_int_equal(root_open(folder, false, &tree_root), 0);
	if (swallow) {
		daemon = fork();
		assert_true(daemon >= 0);
		if (daemon == 0)
			swallow_requests(fuse);
	}
	options.timeout_ms = 300;
	write_file("/fine", "content", 0644);
	(void) claim("/fine", "content");
	for (int i = 0; i < 200; i++) {
		char path[32];

		(void) snprintf(path, sizeof(path), "/fuse/%d", i);
		(void) claim(path, "content");
	}
	(void) clock_gettime(CLOCK_MONOTONIC, &a);
	ask();
	(void) clock_gettime(CLOCK_MONOTONIC, &b);
	/* Closed, the connection is aborted, and who waited for it goes. */
	(void) close(fuse);
	if (daemon > 0) {
		assert_int_equal(kill(daemon, SIGKILL), 0);
		assert_int_equal(waitpid(daemon, NULL, 0), daemon);
	}
	assert_int_equal(umount2(path_of("/fuse"), MNT_DETACH), 0);
	while (waitpid(-1, NULL, 0) > 0)
		;
	assert_in_range((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000, 250, 4000);
	assert_true(answer_to("/fine")->same_as_asked);
	for (int i = 0; i < 200; i++) {
		(void) snprintf(name, sizeof(name), "/fuse/%d", i);
		assert_true(answer_to(name)->timed_out);
		assert_int_equal(answer_to(name)->error, ETIMEDOUT);
	}
	assert_true(gaps.n > 0);
	assert_int_equal(gaps.gap[0]->effect, GAP_EFFECT__GAP_TIMED_OUT);
}

static void
a_mount_that_never_greets(void **state)
{
	(void) state;
	ask_of_fuse(false);
}

static void
a_mount_that_swallows_requests(void **state)
{
	(void) state;
	ask_of_fuse(true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kinds, begin, end),
		cmocka_unit_test_setup_teardown(folders_of_what_is_made_again, begin, end),
		cmocka_unit_test_setup_teardown(mounts_that_are_made_anew, begin, end),
		cmocka_unit_test_setup_teardown(what_the_move_brings, begin, end),
		cmocka_unit_test_setup_teardown(what_lies_elsewhere, begin, end),
		cmocka_unit_test_setup_teardown(content_that_everybody_may_read, begin, end),
		cmocka_unit_test_setup_teardown(content_that_others_may_not_read, begin, end),
		cmocka_unit_test_setup_teardown(no_content_at_all, begin, end),
		cmocka_unit_test_setup_teardown(a_hostile_source, begin, end),
		cmocka_unit_test_setup_teardown(the_tree_lives_here, begin, end),
		cmocka_unit_test_setup_teardown(a_mount_that_never_greets, begin, end),
		cmocka_unit_test_setup_teardown(a_mount_that_swallows_requests, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

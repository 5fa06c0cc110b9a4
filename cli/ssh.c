/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection: the source goes in on ssh's standard input, the answer comes back on its
 * standard output, and what ssh or the other side has to say is told on our standard error,
 * escaped. All directions are served at once, so neither side can wait for the other for ever.
 */
#include "cli/ssh.h"

#include "base/digest.h"
#include "base/text.h"
#include "cli/say.h"
#include "facts/stream.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { MAX_WORDS = 64, READ_SIZE = 256 * 1024, WORDS_MAX = 2048 };

/* ---- the command line ----------------------------------------------------------------------- */

/* A word for the other side's shell, which sees our words joined by blanks. */
static int
add_quoted(struct buffer *b, const char *word)
{
	int r;

	r = buffer_add(b, " '", 2);
	for (; r == 0 && *word; word++)
		r = *word == '\'' ? buffer_add(b, "'\\''", 4) : buffer_add(b, word, 1);
	return r < 0 ? r : buffer_add(b, "'", 1);
}

static int
add_option(struct buffer *b, const char *name, const char *value)
{
	int r;

	if (!value)
		return 0;
	r = add_quoted(b, name);
	return r < 0 ? r : add_quoted(b, value);
}

static int
remote_command(const struct ssh_request *q, const struct work *w, struct buffer *b)
{
	char seconds[16];
	int r;

	(void) snprintf(seconds, sizeof(seconds), "%u", w->probe.timeout_ms / 1000);
	r = buffer_printf(b, "%s probe -s - --timeout %s", q->remote, seconds);
	if (r == 0)
		r = add_option(b, "--root", w->probe.tree_root);
	if (r == 0)
		r = add_option(b, "--criu", w->probe.criu);
	if (r == 0 && w->criu_as_there)
		r = buffer_printf(b, " --criu-as %d", w->criu_as_there);
	if (r == 0 && w->probe.no_content)
		r = buffer_printf(b, " --no-content");
	if (r == 0 && w->no_cache)
		r = buffer_printf(b, " --no-cache");
	if (r == 0 && w->probe.load_modules)
		r = buffer_printf(b, " --load-modules");
	if (r == 0 && w->probe.rehearse)
		r = buffer_printf(b, " --rehearse");
	for (size_t i = 0; r == 0 && i < w->n_brings; i++)
		r = add_option(b, "--brings", w->brings[i]);
	for (size_t i = 0; r == 0 && i < w->n_maps; i++) {
		_cleanup_free_ char *map = NULL;

		if (asprintf(&map, "%s=%s", w->maps[i].source, w->maps[i].destination) < 0)
			return -ENOMEM;
		r = add_option(b, "--map", map);
	}
	return r;
}

/* ---- the child ------------------------------------------------------------------------------ */

struct pipes {
	int to[2], from[2], words[2];
};

#define PIPES_NONE ((struct pipes){ .to = { -1, -1 }, .from = { -1, -1 }, .words = { -1, -1 } })

static void
cleanup_pipes(struct pipes *p)
{
	for (int i = 0; i < 2; i++) {
		cleanup_close(&p->to[i]);
		cleanup_close(&p->from[i]);
		cleanup_close(&p->words[i]);
	}
	*p = PIPES_NONE;
}

static int
start(const struct ssh_request *q, char *command, struct pipes *p, pid_t *ret_pid)
{
	_cleanup_free_ char *words = strdup(q->ssh);
	posix_spawn_file_actions_t actions;
	char *argv[MAX_WORDS + 6], *save = NULL;
	extern char **environ;
	size_t n = 0;
	int r;

	if (!words)
		return -ENOMEM;
	for (char *word = strtok_r(words, " \t", &save); word && n < MAX_WORDS; word = strtok_r(NULL, " \t", &save))
		argv[n++] = word;
	if (n == 0)
		return -ENOENT;
	argv[n++] = strdupa("-T");
	argv[n++] = strdupa("--");
	argv[n++] = strdupa(q->host);
	argv[n++] = command;
	argv[n] = NULL;

	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return -r;
	r = posix_spawn_file_actions_adddup2(&actions, p->to[0], STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, p->from[1], STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, p->words[1], STDERR_FILENO);
	if (r == 0)
		r = posix_spawnp(ret_pid, argv[0], &actions, NULL, argv, environ);
	(void) posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* ---- both directions ------------------------------------------------------------------------ */

/* Sends what is left; closes the pipe at its end or when the other side stopped listening. */
static void
send_more(int *fd, const struct slice all, size_t *sent)
{
	ssize_t n = write(*fd, all.p + *sent, all.n - *sent);

	if (n > 0)
		*sent += (size_t) n;
	if ((n < 0 && errno != EAGAIN && errno != EINTR) || *sent == all.n) {
		(void) close(*fd);
		*fd = -1;
	}
}

/* 1: more may come, 0: the end, -errno. */
static int
receive_more(int fd, struct buffer *answer)
{
	ssize_t n;
	int r;

	r = buffer_reserve(answer, READ_SIZE);
	if (r < 0)
		return r;
	n = read(fd, answer->p + answer->n, answer->room - answer->n - 1);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : -errno;
	answer->n += (size_t) n;
	if (answer->n > MAX_STREAM_BYTES)
		return -EFBIG;
	return n > 0 ? 1 : 0;
}

/* Tells whole lines of the other side; at the end also what has no newline. */
static void
tell_words(struct buffer *words, bool all)
{
	struct slice rest = buffer_slice(words), line;
	size_t told;

	if (!all && !memrchr(rest.p, '\n', rest.n) && rest.n < WORDS_MAX)
		return;
	while (rest.n > 0 && (all || rest.n >= WORDS_MAX || memchr(rest.p, '\n', rest.n)) && slice_line(&rest, &line)) {
		(void) slice_cut_end(&line, "\r");
		say_note("%.*s", line.n > WORDS_MAX ? WORDS_MAX : (int) line.n, line.p);
	}
	told = words->n - rest.n;
	memmove(words->p, words->p + told, rest.n);
	words->n = rest.n;
}

static void
hear_more(int *fd, struct buffer *words)
{
	if (receive_more(*fd, words) > 0) {
		tell_words(words, false);
		return;
	}
	(void) close(*fd);
	*fd = -1;
}

static int
exchange(struct pipes *p, struct slice source, struct buffer *answer)
{
	_cleanup_buffer_ struct buffer words = { 0 };
	size_t sent = 0;
	int more = 1;

	(void) fcntl(p->to[1], F_SETFL, O_NONBLOCK);
	while (more > 0 || p->words[0] >= 0) {
		struct pollfd fds[3] = {
			{ .fd = more > 0 ? p->from[0] : -1, .events = POLLIN },
			{ .fd = p->to[1], .events = POLLOUT },	/* -1 when all is sent: poll(2) skips it */
			{ .fd = p->words[0], .events = POLLIN },
		};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			send_more(&p->to[1], source, &sent);
		if (fds[2].revents)
			hear_more(&p->words[0], &words);
		if (fds[0].revents)
			more = receive_more(p->from[0], answer);
		if (more < 0)
			break;
	}
	if (words.n > 0)
		tell_words(&words, true);
	return more;
}

/* ---- what came back ------------------------------------------------------------------------- */

static int
say_failure(const struct ssh_request *q, int status, const struct buffer *answer)
{
	const char *remote = q->remote;

	if (WIFSIGNALED(status))
		say_error("%s: ssh was ended by signal %d", q->host, WTERMSIG(status));
	else if (WEXITSTATUS(status) == 255)
		say_error("%s: no connection, or it broke (ssh said why above); try: %s %s true", q->host, q->ssh, q->host);
	else if (WEXITSTATUS(status) == 127)
		say_error("%s: there is no '%s' there: install migcheck on it, or name its path with --remote",
			  q->host, remote);
	else if (WEXITSTATUS(status) == 126)
		say_error("%s: '%s' cannot be run there: name another with --remote", q->host, remote);
	else if (answer->n == 0)
		say_error("%s: the probe there failed (exit %d) and said why above; the same migcheck must be "
			  "on both hosts", q->host, WEXITSTATUS(status));
	else
		say_error("%s: the probe there broke off (exit %d) after %zu bytes", q->host,
			  WEXITSTATUS(status), answer->n);
	return -EIO;
}

static int
take_answer(const struct ssh_request *q, const struct buffer *answer, struct snapshot *ret)
{
	struct stream_error why = { "" };
	struct slice head = buffer_slice(answer);
	int r;

	if (head.n > 0 && !slice_starts(head, "MIGCHECK")) {
		struct slice line = { 0 };

		(void) slice_line(&head, &line);
		say_error("%s: something there writes before the answer: '%.*s'; let the start-up files of the "
			  "remote shell print nothing when there is no terminal", q->host,
			  line.n > 80 ? 80 : (int) line.n, line.p);
		return -EBADMSG;
	}
	r = stream_parse(answer->p, answer->n, ret, &why);
	if (r < 0)
		say_error("%s: its answer cannot be used: %s", q->host, *why.text ? why.text : error_text(r));
	return r;
}

/* The whole source as bytes, and its digest noted in its header, to be echoed by the answer. */
static int
source_bytes(struct snapshot *source, int memory, struct slice *ret)
{
	uint8_t sha256[DIGEST_SIZE], *own;
	off_t size;
	void *p;
	int r;

	r = stream_write(source, memory, sha256);
	if (r < 0)
		return r;
	own = arena_memdup(source->arena, sha256, sizeof(sha256));
	if (!own)
		return -ENOMEM;
	SET_FACT(source->facts->header, own_sha256,
		 ((ProtobufCBinaryData){ .len = sizeof(sha256), .data = own }));
	size = lseek(memory, 0, SEEK_CUR);
	if (size < 0)
		return -errno;
	p = mmap(NULL, (size_t) size, PROT_READ, MAP_PRIVATE, memory, 0);
	if (p == MAP_FAILED)
		return -errno;
	*ret = (struct slice){ .p = p, .n = (size_t) size };
	return 0;
}

static int
talk(const struct ssh_request *q, char *command, struct slice source, struct snapshot *ret)
{
	struct pipes p cleanup(cleanup_pipes) = PIPES_NONE;
	_cleanup_buffer_ struct buffer answer = { 0 };
	int r, status = 0;
	pid_t pid;

	if (pipe2(p.to, O_CLOEXEC) < 0 || pipe2(p.from, O_CLOEXEC) < 0 || pipe2(p.words, O_CLOEXEC) < 0)
		return -errno;
	r = start(q, command, &p, &pid);
	if (r < 0) {
		say_error("'%s' cannot be started: %s; install openssh-client, or name another with --ssh",
			  q->ssh, error_text(r));
		return r;
	}
	cleanup_close(&p.to[0]);
	cleanup_close(&p.from[1]);
	cleanup_close(&p.words[1]);
	p.to[0] = p.from[1] = p.words[1] = -1;
	r = exchange(&p, source, &answer);
	cleanup_pipes(&p);
	if (r < 0)
		(void) kill(pid, SIGTERM);	/* our own ssh: nobody listens to it any more */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0) {
		say_error("%s: the answer could not be read: %s", q->host, error_text(r));
		return r;
	}
	if (status != 0)
		return say_failure(q, status, &answer);
	return take_answer(q, &answer, ret);
}

int
ssh_probe(const struct ssh_request *q, const struct work *w, struct snapshot *source, struct snapshot *ret)
{
	_cleanup_close_ int memory = memfd_create("migcheck-source", MFD_CLOEXEC);
	_cleanup_buffer_ struct buffer command = { 0 };
	_cleanup_snapshot_ struct snapshot there = { 0 };
	struct slice bytes = { 0 };
	int r;

	r = memory < 0 ? -errno : source_bytes(source, memory, &bytes);
	if (r == 0)
		r = remote_command(q, w, &command);
	if (r < 0) {
		say_error("the snapshot cannot be sent: %s", error_text(r));
		return r;
	}
	r = talk(q, command.p, bytes, &there);
	(void) munmap((void *) (uintptr_t) bytes.p, bytes.n);
	if (r < 0)
		return r;
	if (!there.facts->header->has_asked_sha256) {
		say_error("%s: its answer does not say which source it is about: use the same migcheck on both hosts",
			  q->host);
		return -EBADMSG;
	}
	r = work_turn_to(source, &there, q->host);
	if (r < 0)
		return r;
	*ret = there;
	there = (struct snapshot){ 0 };
	return 0;
}

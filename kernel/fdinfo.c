/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four lines that every file has, then those of its kind. Each beginning of a line that we
 * know is a row of the table at the end, with the function that takes it:
 *
 *     pos:	0
 *     flags:	02100002
 *     mnt_id:	27
 *     ino:	10952757
 *     lock:	2: POSIX  ADVISORY  WRITE 23612 fe:00:10952757 0 9
 *     tfd:        3 events:       19 data:                3  pos:0 ino:40e sdev:10
 *     inotify wd:2 ino:13 sdev:fe00000 mask:fff ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:1300000000000000
 *     fanotify mnt_id:1e mflags:0 mask:20 ignored_mask:0
 *     it_value: (99, 928005386)
 */
#include "kernel/fdinfo.h"
#include "kernel/locks.h"

struct target {
	struct arena *arena;
	Fd *fd;
};

/* A sub-message, made when its first line is met. */
#define SUB_FACT(t, member, Type, name)                                          \
	({                                                                       \
		if (!(t)->fd->member)                                            \
			(t)->fd->member = NEW_FACT((t)->arena, Type, name);      \
		(t)->fd->member;                                                 \
	})

/* Takes "key:value" or "key:   value" off the front of a line of such pairs. */
static bool
next_pair(struct slice *rest, struct slice *ret_key, struct slice *ret_value)
{
	*rest = slice_trim(*rest);
	return slice_field(rest, ':', ret_key) && slice_word(rest, ret_value);
}

#define NUMBER_SETTER(function, parse, field)                            \
	static int function(struct target *t, struct slice value)        \
	{                                                                \
		t->fd->has_##field = parse(value, &t->fd->field) == 0;   \
		return t->fd->has_##field ? 0 : -EBADMSG;                \
	}

static int
hex64(struct slice s, uint64_t *ret)
{
	return parse_u64(s, 16, ret);
}

static int
hex32(struct slice s, uint32_t *ret)
{
	return parse_u32(s, 16, ret);
}

static int
decimal64(struct slice s, uint64_t *ret)
{
	return parse_u64(s, 10, ret);
}

static int
decimal32(struct slice s, uint32_t *ret)
{
	return parse_u32(s, 10, ret);
}

static int
octal32(struct slice s, uint32_t *ret)
{
	return parse_u32(s, 8, ret);
}

/* A file position is signed; -1 says that there is none. */
static int
position(struct slice s, uint64_t *ret)
{
	int64_t value;

	if (parse_i64(s, &value) < 0)
		return -EINVAL;
	*ret = (uint64_t) value;
	return 0;
}

NUMBER_SETTER(set_pos, position, position)
NUMBER_SETTER(set_flags, octal32, flags)
NUMBER_SETTER(set_mnt_id, decimal32, mnt_id)
NUMBER_SETTER(set_ino, decimal64, ino)
NUMBER_SETTER(set_scm_fds, decimal32, scm_fds)
NUMBER_SETTER(set_eventfd, hex64, eventfd_count)
NUMBER_SETTER(set_sigmask, hex64, signalfd_mask)

static int
set_lock(struct target *t, struct slice value)
{
	struct lock_line line;
	FileLock *lock;
	int r = lock_line_split(value, &line);

	if (r == 0)
		r = lock_line_fact(t->arena, &line, &lock);
	if (r < 0)
		return r;
	return ADD_FACT(t->arena, t->fd->lock, t->fd->n_lock, lock);
}

static int
set_epoll(struct target *t, struct slice value)
{
	EpollTarget *one = NEW_FACT(t->arena, EpollTarget, epoll_target);
	struct slice rest = value, key, text;

	if (!one)
		return -ENOMEM;
	if (!slice_word(&rest, &text) || parse_i32(text, &one->fd) < 0)
		return -EBADMSG;
	one->has_fd = true;
	while (next_pair(&rest, &key, &text)) {
		if (slice_eq(key, "events"))
			one->has_events = hex32(text, &one->events) == 0;
		else if (slice_eq(key, "data"))
			one->has_data = hex64(text, &one->data) == 0;
		else if (slice_eq(key, "pos"))
			one->has_position = position(text, &one->position) == 0;
		else if (slice_eq(key, "ino"))
			one->has_ino = hex64(text, &one->ino) == 0;
		else if (slice_eq(key, "sdev"))
			one->has_dev = hex64(text, &one->dev) == 0;
	}
	return ADD_FACT(t->arena, t->fd->epoll_target, t->fd->n_epoll_target, one);
}

static int
set_handle(struct arena *arena, struct slice hex, InotifyWatch *w)
{
	uint32_t byte;

	if (hex.n % 2 != 0)
		return -EBADMSG;
	w->handle.data = arena_alloc(arena, hex.n / 2);
	if (!w->handle.data)
		return -ENOMEM;
	for (size_t i = 0; i < hex.n / 2; i++) {
		if (hex32((struct slice){ hex.p + 2 * i, 2 }, &byte) < 0)
			return -EBADMSG;
		w->handle.data[i] = (uint8_t) byte;
	}
	w->handle.len = hex.n / 2;
	w->has_handle = true;
	return 0;
}

static int
set_inotify(struct target *t, struct slice rest)
{
	InotifyWatch *w = NEW_FACT(t->arena, InotifyWatch, inotify_watch);
	struct slice key, text;
	int r;

	if (!w)
		return -ENOMEM;
	while (next_pair(&rest, &key, &text)) {
		if (slice_eq(key, "wd"))
			w->has_wd = parse_i32(text, &w->wd) == 0;
		else if (slice_eq(key, "ino"))
			w->has_ino = hex64(text, &w->ino) == 0;
		else if (slice_eq(key, "sdev"))
			w->has_dev = hex64(text, &w->dev) == 0;
		else if (slice_eq(key, "mask"))
			w->has_mask = hex32(text, &w->mask) == 0;
		else if (slice_eq(key, "fhandle-type"))
			w->has_handle_type = hex32(text, &w->handle_type) == 0;
		else if (slice_eq(key, "f_handle")) {
			r = set_handle(t->arena, text, w);
			if (r < 0)
				return r;
		}
	}
	if (!w->has_wd)
		return -EBADMSG;
	return ADD_FACT(t->arena, t->fd->inotify_watch, t->fd->n_inotify_watch, w);
}

/* The group's own line, "fanotify flags:0 event-flags:8000", or one of a mark. */
static int
set_fanotify(struct target *t, struct slice rest)
{
	FanotifyMark *m = NEW_FACT(t->arena, FanotifyMark, fanotify_mark);
	bool is_mark = false;
	struct slice key, text;

	if (!m)
		return -ENOMEM;
	while (next_pair(&rest, &key, &text)) {
		is_mark = is_mark || slice_eq(key, "mflags");
		if (slice_eq(key, "flags"))
			t->fd->has_fanotify_flags = hex32(text, &t->fd->fanotify_flags) == 0;
		else if (slice_eq(key, "event-flags"))
			t->fd->has_fanotify_event_flags =
				hex32(text, &t->fd->fanotify_event_flags) == 0;
		else if (slice_eq(key, "ino"))
			m->has_ino = hex64(text, &m->ino) == 0;
		else if (slice_eq(key, "sdev"))
			m->has_dev = hex64(text, &m->dev) == 0;
		else if (slice_eq(key, "mnt_id"))
			m->has_mnt_id = hex32(text, &m->mnt_id) == 0;
		else if (slice_eq(key, "mask"))
			m->has_mask = hex64(text, &m->mask) == 0;
		else if (slice_eq(key, "mflags"))
			m->has_flags = hex32(text, &m->flags) == 0;
	}
	if (!is_mark)
		return 0;
	SET_FACT(m, whole_filesystem, m->has_dev && !m->has_ino);
	return ADD_FACT(t->arena, t->fd->fanotify_mark, t->fd->n_fanotify_mark, m);
}

#define SUB_SETTER(function, member, Type, name, parse, field)                 \
	static int function(struct target *t, struct slice value)              \
	{                                                                      \
		Type *sub = SUB_FACT(t, member, Type, name);                   \
		if (!sub)                                                      \
			return -ENOMEM;                                        \
		sub->has_##field = parse(value, &sub->field) == 0;             \
		return sub->has_##field ? 0 : -EBADMSG;                        \
	}

/* "(99, 928005386)": seconds and nanoseconds. */
static int
seconds(struct slice s, uint64_t *ret)
{
	struct slice whole;
	uint64_t sec, ns;

	if (!slice_cut(&s, "(") || !slice_cut_end(&s, ")") || !slice_field(&s, ',', &whole))
		return -EINVAL;
	if (decimal64(whole, &sec) < 0 || decimal64(slice_trim(s), &ns) < 0)
		return -EINVAL;
	if (__builtin_mul_overflow(sec, UINT64_C(1000000000), &sec) ||
	    __builtin_add_overflow(sec, ns, &sec))
		sec = UINT64_MAX;	/* settable up to 2^63 seconds: as good as never */
	*ret = sec;
	return 0;
}

/* "0x80", or plain hexadecimal. */
static int
prefixed_hex32(struct slice s, uint32_t *ret)
{
	(void) slice_cut(&s, "0x");
	return hex32(s, ret);
}

SUB_SETTER(set_clock, timerfd, TimerfdState, timerfd_state, parse_i32, clock_id)
SUB_SETTER(set_ticks, timerfd, TimerfdState, timerfd_state, decimal64, ticks)
SUB_SETTER(set_settime, timerfd, TimerfdState, timerfd_state, octal32, settime_flags)
SUB_SETTER(set_timer_value, timerfd, TimerfdState, timerfd_state, seconds, value_ns)
SUB_SETTER(set_interval, timerfd, TimerfdState, timerfd_state, seconds, interval_ns)
SUB_SETTER(set_pid, pidfd, PidfdState, pidfd_state, parse_i32, pid)
SUB_SETTER(set_bpf_type, bpf, BpfState, bpf_state, decimal32, type)
SUB_SETTER(set_bpf_id, bpf, BpfState, bpf_state, decimal32, id)
SUB_SETTER(set_key_size, bpf, BpfState, bpf_state, decimal32, key_size)
SUB_SETTER(set_value_size, bpf, BpfState, bpf_state, decimal32, value_size)
SUB_SETTER(set_max_entries, bpf, BpfState, bpf_state, decimal32, max_entries)
SUB_SETTER(set_map_flags, bpf, BpfState, bpf_state, prefixed_hex32, map_flags)
SUB_SETTER(set_tty_index, terminal, TerminalState, terminal_state, decimal32, index)

static int
set_ns_pid(struct target *t, struct slice value)
{
	PidfdState *sub = SUB_FACT(t, pidfd, PidfdState, pidfd_state);
	struct slice word;

	if (!sub)
		return -ENOMEM;
	while (slice_word(&value, &word)) {
		int32_t *place = arena_grow(t->arena, &sub->ns_pid, &sub->n_ns_pid, sizeof(*place));

		if (!place)
			return -ENOMEM;
		if (parse_i32(word, place) < 0)
			return -EBADMSG;
	}
	return 0;
}

static int
set_iff(struct target *t, struct slice value)
{
	t->fd->iff = arena_strndup(t->arena, value.p, value.n);
	return t->fd->iff ? 0 : -ENOMEM;
}

static const struct {
	const char *begin;
	int (*set)(struct target *t, struct slice value);
} lines[] = {
	{ "pos:", set_pos },
	{ "flags:", set_flags },
	{ "mnt_id:", set_mnt_id },
	{ "ino:", set_ino },
	{ "lock:", set_lock },
	{ "scm_fds:", set_scm_fds },
	{ "tfd:", set_epoll },
	{ "inotify ", set_inotify },
	{ "fanotify ", set_fanotify },
	{ "eventfd-count:", set_eventfd },
	{ "sigmask:", set_sigmask },
	{ "clockid:", set_clock },
	{ "ticks:", set_ticks },
	{ "settime flags:", set_settime },
	{ "it_value:", set_timer_value },
	{ "it_interval:", set_interval },
	{ "Pid:", set_pid },
	{ "NSpid:", set_ns_pid },
	{ "map_type:", set_bpf_type },
	{ "map_id:", set_bpf_id },
	{ "key_size:", set_key_size },
	{ "value_size:", set_value_size },
	{ "max_entries:", set_max_entries },
	{ "map_flags:", set_map_flags },
	{ "prog_type:", set_bpf_type },
	{ "prog_id:", set_bpf_id },
	{ "link_id:", set_bpf_id },
	{ "iff:", set_iff },
	{ "tty-index:", set_tty_index },
};

/* The lines of one file come in runs and in the table's order, so the search begins at `*next`. */
static int
take_line(struct target *t, struct slice line, size_t *next)
{
	for (size_t k = 0; k < ARRAY_SIZE(lines); k++) {
		size_t i = (*next + k) % ARRAY_SIZE(lines);

		if (line.n == 0 || lines[i].begin[0] != line.p[0] || !slice_cut(&line, lines[i].begin))
			continue;
		*next = i;
		return lines[i].set(t, slice_trim(line));
	}
	return 0;
}

int
fdinfo_parse(struct slice text, struct arena *arena, Fd *fd)
{
	struct target target = { .arena = arena, .fd = fd };
	size_t next = 0;
	struct slice line;
	int r;

	while (slice_line(&text, &line)) {
		r = take_line(&target, line, &next);
		if (r < 0)
			return r;
	}
	return fd->has_flags ? 0 : -EBADMSG;
}

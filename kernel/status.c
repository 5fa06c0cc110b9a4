/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a key, a colon, a tab and a value. Each key that we want is a row of the table
 * below, in the kernel's own order, so that a search goes on where the last one ended:
 *
 *     Umask:	0022
 *     State:	R (running)
 *     TracerPid:	0
 *     Uid:	0	0	0	0
 *     NSpid:	23207	4
 *     VmSize:	    3060 kB
 *     SigPnd:	0000000000000000
 *     Cpus_allowed_list:	0-1
 */
#include "kernel/status.h"

enum target { PROCESS, MEMORY, THREAD, CREDENTIALS };
enum kind {
	OCTAL32, DECIMAL32, SIGNED32, HEX64, FLAG, KILOBYTES, LETTER, TEXT,
	IDS,				/* four numbers: real, effective, saved, file system */
	LIST_U32, LIST_I32,
};

struct key {
	const char *name;		/* with its colon */
	enum target target;
	enum kind kind;
	size_t offset;			/* of the value (IDS: the first of four) */
	size_t has;			/* of its has_ flag; of the count for lists; 0 for texts */
};

#define NUMBER(name, target, kind, Type, field) \
	{ name, target, kind, offsetof(Type, field), offsetof(Type, has_##field) }
#define LIST(name, target, kind, Type, field) \
	{ name, target, kind, offsetof(Type, field), offsetof(Type, n_##field) }
#define STRING(name, target, kind, Type, field) { name, target, kind, offsetof(Type, field), 0 }

static const struct key keys[] = {
	NUMBER("Umask:", PROCESS, OCTAL32, Process, umask),
	STRING("State:", THREAD, LETTER, Thread, state),
	NUMBER("TracerPid:", THREAD, SIGNED32, Thread, tracer_pid),
	NUMBER("Uid:", CREDENTIALS, IDS, Credentials, uid),
	NUMBER("Gid:", CREDENTIALS, IDS, Credentials, gid),
	LIST("Groups:", CREDENTIALS, LIST_U32, Credentials, group),
	LIST("NSpid:", THREAD, LIST_I32, Thread, ns_tid),
	LIST("NSpid:", PROCESS, LIST_I32, Process, ns_pid),
	LIST("NSpgid:", PROCESS, LIST_I32, Process, ns_pgid),
	LIST("NSsid:", PROCESS, LIST_I32, Process, ns_sid),
	NUMBER("VmSize:", MEMORY, KILOBYTES, ProcessMemory, vm_size_kb),
	NUMBER("VmLck:", MEMORY, KILOBYTES, ProcessMemory, vm_locked_kb),
	NUMBER("RssAnon:", MEMORY, KILOBYTES, ProcessMemory, rss_anon_kb),
	NUMBER("RssFile:", MEMORY, KILOBYTES, ProcessMemory, rss_file_kb),
	NUMBER("RssShmem:", MEMORY, KILOBYTES, ProcessMemory, rss_shmem_kb),
	NUMBER("VmData:", MEMORY, KILOBYTES, ProcessMemory, vm_data_kb),
	NUMBER("VmPTE:", MEMORY, KILOBYTES, ProcessMemory, page_tables_kb),
	NUMBER("VmSwap:", MEMORY, KILOBYTES, ProcessMemory, swap_kb),
	NUMBER("HugetlbPages:", MEMORY, KILOBYTES, ProcessMemory, hugetlb_kb),
	NUMBER("SigPnd:", THREAD, HEX64, Thread, sig_pending),
	NUMBER("ShdPnd:", THREAD, HEX64, Thread, sig_shared_pending),
	NUMBER("SigBlk:", THREAD, HEX64, Thread, sig_blocked),
	NUMBER("SigIgn:", THREAD, HEX64, Thread, sig_ignored),
	NUMBER("SigCgt:", THREAD, HEX64, Thread, sig_caught),
	NUMBER("CapInh:", CREDENTIALS, HEX64, Credentials, cap_inheritable),
	NUMBER("CapPrm:", CREDENTIALS, HEX64, Credentials, cap_permitted),
	NUMBER("CapEff:", CREDENTIALS, HEX64, Credentials, cap_effective),
	NUMBER("CapBnd:", CREDENTIALS, HEX64, Credentials, cap_bounding),
	NUMBER("CapAmb:", CREDENTIALS, HEX64, Credentials, cap_ambient),
	NUMBER("NoNewPrivs:", CREDENTIALS, FLAG, Credentials, no_new_privs),
	NUMBER("Seccomp:", CREDENTIALS, DECIMAL32, Credentials, seccomp),
	NUMBER("Seccomp_filters:", CREDENTIALS, DECIMAL32, Credentials, seccomp_filters),
	STRING("Cpus_allowed_list:", THREAD, TEXT, Thread, cpus_allowed),
	STRING("Mems_allowed_list:", THREAD, TEXT, Thread, mems_allowed),
	STRING("x86_Thread_features:", THREAD, TEXT, Thread, x86_features),
};

/* The messages that the values go to; memory is made when its first line is met. */
struct targets {
	struct arena *arena;
	Process *process;
	Thread *thread;
};

/* The message of the key's target; NULL with *ret_error 0: not wanted. */
static char *
target_of(const struct targets *t, enum target target, int *ret_error)
{
	Process *p = t->process;

	*ret_error = 0;
	switch (target) {
	case PROCESS:
		return (char *) p;
	case THREAD:
		return (char *) t->thread;
	case CREDENTIALS:
		if (!t->thread->credentials)
			t->thread->credentials = NEW_FACT(t->arena, Credentials, credentials);
		*ret_error = t->thread->credentials ? 0 : -ENOMEM;
		return (char *) t->thread->credentials;
	case MEMORY:
		if (p && !p->memory) {
			p->memory = NEW_FACT(t->arena, ProcessMemory, process_memory);
			*ret_error = p->memory ? 0 : -ENOMEM;
		}
		return p ? (char *) p->memory : NULL;
	}
	return NULL;
}

static int
set_list(struct arena *arena, struct slice value, bool is_signed, void *array, size_t *count)
{
	struct slice word;

	*count = 0;
	while (slice_word(&value, &word)) {
		void *place = arena_grow(arena, array, count, sizeof(uint32_t));

		if (!place)
			return -ENOMEM;
		if ((is_signed ? parse_i32(word, place) : parse_u32(word, 10, place)) < 0)
			return -EBADMSG;
	}
	return 0;
}

/* "Uid:" and "Gid:" hold four numbers each. */
static int
set_ids(struct slice value, Credentials *c, bool group)
{
	uint32_t id[4];

	for (size_t i = 0; i < ARRAY_SIZE(id); i++) {
		struct slice word;

		if (!slice_word(&value, &word) || parse_u32(word, 10, &id[i]) < 0)
			return -EBADMSG;
	}
	if (group) {
		SET_FACT(c, gid, id[0]);
		SET_FACT(c, egid, id[1]);
		SET_FACT(c, sgid, id[2]);
		SET_FACT(c, fsgid, id[3]);
	} else {
		SET_FACT(c, uid, id[0]);
		SET_FACT(c, euid, id[1]);
		SET_FACT(c, suid, id[2]);
		SET_FACT(c, fsuid, id[3]);
	}
	return 0;
}

static int
set_text(struct arena *arena, struct slice value, void *place)
{
	char *text = arena_strndup(arena, value.p, value.n);

	if (!text)
		return -ENOMEM;
	memcpy(place, &text, sizeof(text));
	return 0;
}

static int
set_flag(struct slice value, protobuf_c_boolean *place)
{
	uint32_t number;

	if (parse_u32(value, 10, &number) < 0)
		return -EBADMSG;
	*place = number != 0;
	return 0;
}

static int
set_value(struct arena *arena, const struct key *key, struct slice value, char *message)
{
	void *place = message + key->offset;
	void *has = message + key->has;

	switch (key->kind) {
	case OCTAL32:
		return parse_u32(value, 8, place);
	case DECIMAL32:
		return parse_u32(value, 10, place);
	case SIGNED32:
		return parse_i32(value, place);
	case HEX64:
		return parse_u64(value, 16, place);
	case FLAG:
		return set_flag(value, place);
	case KILOBYTES:
		if (!slice_cut_end(&value, " kB"))
			return -EBADMSG;
		return parse_u64(slice_trim(value), 10, place);
	case LETTER:
		return value.n > 0 ? set_text(arena, (struct slice){ value.p, 1 }, place) : -EBADMSG;
	case TEXT:
		return set_text(arena, value, place);
	case IDS:
		return set_ids(value, (Credentials *) (void *) message,
			       key->offset == offsetof(Credentials, gid));
	case LIST_U32:
		return set_list(arena, value, false, place, has);
	case LIST_I32:
		return set_list(arena, value, true, place, has);
	}
	return -EBADMSG;
}

static bool
has_flag(enum kind kind)
{
	return kind <= KILOBYTES;
}

static int
take(const struct targets *t, const struct key *key, struct slice line)
{
	char *message;
	int r;

	message = target_of(t, key->target, &r);
	if (!message)
		return r;
	line.p += strlen(key->name);
	line.n -= strlen(key->name);
	r = set_value(t->arena, key, slice_trim(line), message);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	if (has_flag(key->kind))
		*(protobuf_c_boolean *) (void *) (message + key->has) = true;
	return 0;
}

/* The first row of the line's key, searched from row `from` on and around; -1: not wanted. */
static int
find_key(struct slice line, size_t from)
{
	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		size_t i = (from + k) % ARRAY_SIZE(keys);

		if (line.n > 0 && keys[i].name[0] == line.p[0] && slice_starts(line, keys[i].name))
			return (int) i;
	}
	return -1;
}

int
status_parse(struct slice text, struct arena *arena, Process *p, Thread *t)
{
	const struct targets targets = { .arena = arena, .process = p, .thread = t };
	size_t next = 0;
	struct slice line;
	int r;

	while (slice_line(&text, &line)) {
		int found = find_key(line, next);

		if (found < 0)
			continue;
		next = (size_t) found;
		/* Rows of one key stand together: the thread's and the process's copy. */
		do {
			r = take(&targets, &keys[next], line);
			if (r < 0)
				return r;
			next++;
		} while (next < ARRAY_SIZE(keys) && streq(keys[next].name, keys[next - 1].name));
	}
	return next > 0 ? 0 : -EBADMSG;
}

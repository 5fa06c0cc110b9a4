/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mkproc: exactly known kernel objects for tests.
 *
 * A factory is a row of a table. mkproc starts one process of its own (the "root" of the tree that
 * will be dumped) and stays outside of that tree, where it holds the outside ends. The hooks of a
 * row run in this order:
 *
 *	prepare	outside, before the tree exists: make what both sides share, give descriptors
 *	inside	in the root task: make the object, tell facts; returning means "settled"
 *	after	outside, once every task of the tree has settled
 *	release	outside, when the end has come, before the tree is killed
 *	undo	outside, once every task of the tree is gone
 *
 * The root task is a session leader without a terminal, its descriptors 0, 1 and 2 are /dev/null,
 * its working directory is /, and it holds no other descriptor than those given to it.
 */
#ifndef MKPROC_H
#define MKPROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	SCENE_FDS = 8,
	SCENE_PATH = 256,
};

struct scene;

struct factory {
	const char *name;	/* subject first: "tcp-listen" */
	const char *summary;
	const char *needs;	/* words: root netns mntns userns module device arch …; "" is nothing */
	/*
	 * What `criu dump -t PID` does without options: ok | refused | needs:OPTION, or host:WHAT
	 * where it is ok only on a host (or of a CRIU) that has WHAT.
	 */
	const char *criu;
	const char *rule;	/* the rule of criu-facts.md that it exercises; "" is none */
	const char *args;	/* "size=3145728 count=2": arguments with their defaults; NULL is none */
	const char *arg;	/* what tells rows apart that share their functions */
	bool not_leader;	/* the root task is deliberately no session leader */
	void (*prepare)(struct scene *s);
	void (*inside)(struct scene *s);
	void (*after)(struct scene *s);
	void (*release)(struct scene *s);
	void (*undo)(struct scene *s);
};

struct scene {
	const struct factory *factory;
	char **args;			/* NAME=VALUE words of the command line, NULL at the end */
	char dir[SCENE_PATH];		/* an empty scratch folder, removed with all in it at the end */
	char path[SCENE_PATH];		/* a path that hooks hand to each other */
	int fd[SCENE_FDS];		/* descriptors that hooks hand to each other; -1 is none */
	bool given[SCENE_FDS];		/* which of them go into the tree and leave the outside */
	pid_t root;			/* outside: the pid of the root task */
	pid_t outsider;			/* outside: a helper process that is not in the tree */
	pid_t outside;			/* inside: the pid of mkproc itself */
	long number;			/* a number that hooks hand to each other */
	int report;			/* inside: where facts go; outside: where they come from */
};

/* Telling. May be called on both sides. The value is printf-like and must hold no white space. */
void fact(struct scene *s, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The situation cannot be made here: mkproc cleans up, prints why and exits 77. */
_Noreturn void skip(struct scene *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The factory itself went wrong (errno is said): mkproc cleans up and exits 1. */
_Noreturn void fail(struct scene *s, const char *what);
/* value unless it is negative: then fail() or skip(), with errno as the reason. */
long must(struct scene *s, long value, const char *what);
long can(struct scene *s, long value, const char *what);
/* The value of an argument: from the command line, else the default in the row. */
const char *arg_text(struct scene *s, const char *name);
long arg_number(struct scene *s, const char *name);

/* Outside (mkproc-scene.c). */
int scene_run(const struct factory *f, char **args);
/* Marks s->fd[i] as the tree's: it is the only kind of descriptor that survives in there. */
void scene_give(struct scene *s, int i);
/* A process outside of the tree, its pid in s->outsider; returns when fn() has returned there. */
void scene_outsider(struct scene *s, void (*fn)(struct scene *s));

/* Inside (mkproc-tree.c). */
/* A fork of the calling task that runs fn() (may be NULL) and settles. Gives its pid. */
pid_t tree_child(struct scene *s, void (*fn)(struct scene *s));
/* A thread that runs fn() (may be NULL) and waits for ever; returns its tid when fn() has returned. */
pid_t tree_thread(struct scene *s, void (*fn)(struct scene *s));
/* A task made by clone(2) with these flags on a stack of its own, which only waits. */
pid_t tree_clone(struct scene *s, int flags);
/* Says that this task is ready, without waiting; then waits for signals for ever. */
void tree_ready(struct scene *s);
_Noreturn void tree_settle(struct scene *s);
/* Settles and becomes another program, which path_make_program() made. */
_Noreturn void tree_exec(struct scene *s, const char *path);
/* Waits for ever, in a way that CRIU can interrupt. */
_Noreturn void tree_wait(void);
/* Leaves descriptors 3 and up closed but those given and the report. */
void tree_close_strays(const struct scene *s);

/* Things made of files (mkproc-paths.c). */
/* "DIR/NAME" below the scratch folder, in a static buffer of several. */
const char *path_in(const struct scene *s, const char *name);
/* Makes (or empties) a file of so many bytes of text and gives a descriptor open for reading and writing. */
int path_make(struct scene *s, const char *path, size_t size);
void path_write(struct scene *s, const char *path, const char *text);
void path_read(struct scene *s, const char *path, char *buffer, size_t size);
/* A program that only waits, of 64 or 32 bits, without any library, executable. */
void path_make_program(struct scene *s, const char *path, int bits);
/* Removes a folder with all in it, without crossing into other mounts. */
void path_remove(const char *path);
/* Tells DEV:INO and the size of what is open: "KEY=5", "KEY-ino=123". */
void fact_fd(struct scene *s, const char *key, int fd);

/* Watching (mkproc-paths.c): waits (5 s) until it is so, else fails. */
void wait_state(struct scene *s, pid_t pid, char state);
void wait_children(struct scene *s, pid_t pid, int count);
/* The first child of a task, 0 if none. */
pid_t first_child(pid_t pid);

/* A root file system of its own in a new mount namespace (mkproc-container.c). */
/* In a fresh tmpfs: /pause, /dev/{null,zero,full,urandom}, /proc, /tmp, /data; becomes "/". */
void container_enter(struct scene *s);
/* Mounts proc in that folder, the root of a mount, and makes it "/". */
void container_pivot(struct scene *s, const char *folder);
/* Settles and becomes /pause, so that nothing of the old root is mapped any more. */
_Noreturn void container_settle(struct scene *s);
/* Turns the loopback of the present network namespace on. */
void loopback_up(struct scene *s);

/* The tables, each ended by a row without a name. */
extern const struct factory factories_files[];
extern const struct factory factories_devices[];
extern const struct factory factories_pipes[];
extern const struct factory factories_anon[];
extern const struct factory factories_events[];
extern const struct factory factories_locks[];
extern const struct factory factories_inet[];
extern const struct factory factories_tcp[];
extern const struct factory factories_sockets[];
extern const struct factory factories_netdevs[];
extern const struct factory factories_netlink[];
extern const struct factory factories_unix[];
extern const struct factory factories_unix_queues[];
extern const struct factory factories_tty[];
extern const struct factory factories_tasks[];
extern const struct factory factories_waits[];
extern const struct factory factories_sharing[];
extern const struct factory factories_outside[];
extern const struct factory factories_attributes[];
extern const struct factory factories_memory[];
extern const struct factory factories_mapped[];
extern const struct factory factories_namespaces[];
extern const struct factory factories_mounts[];
extern const struct factory factories_cgroups[];

#endif

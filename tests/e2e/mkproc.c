/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of mkproc and the list of its tables.
 *
 *	$ mkproc file-deleted-large size=3145728
 *	file-deleted-large 4711 fd=3 fd-ino=525378 fd-size=3145728 path=/tmp/mkproc.4uXz1w/ghost
 *
 * then it waits for a line or the end of its standard input, removes all that it made, and exits
 * with 0. 77: cannot be made here; the line then is "SKIP NAME: reason". 1: trouble. 2: usage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mkproc.h"

/* The domain of a table is the subject of its file. */
static const struct table {
	const char *domain;
	const struct factory *rows;
} tables[] = {
	{ "files", factories_files },
	{ "devices", factories_devices },
	{ "locks", factories_locks },
	{ "pipes", factories_pipes },
	{ "anon", factories_anon },
	{ "events", factories_events },
	{ "tcp", factories_tcp },
	{ "inet", factories_inet },
	{ "sockets", factories_sockets },
	{ "netdevs", factories_netdevs },
	{ "netlink", factories_netlink },
	{ "unix", factories_unix },
	{ "unix-queues", factories_unix_queues },
	{ "tty", factories_tty },
	{ "tasks", factories_tasks },
	{ "waits", factories_waits },
	{ "sharing", factories_sharing },
	{ "outside", factories_outside },
	{ "attributes", factories_attributes },
	{ "memory", factories_memory },
	{ "mapped", factories_mapped },
	{ "namespaces", factories_namespaces },
	{ "mounts", factories_mounts },
	{ "cgroups", factories_cgroups },
};

enum { N_TABLES = sizeof(tables) / sizeof(tables[0]) };

static const struct factory *
find(const char *name)
{
	for (size_t t = 0; t < N_TABLES; t++)
		for (const struct factory *f = tables[t].rows; f->name; f++)
			if (strcmp(f->name, name) == 0)
				return f;
	return NULL;
}

/* One row a line, columns set apart by tabs, so that a test can cut them. */
static int
list(bool names_only)
{
	for (size_t t = 0; t < N_TABLES; t++) {
		for (const struct factory *f = tables[t].rows; f->name; f++) {
			if (names_only)
				printf("%s\n", f->name);
			else
				printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f->name, f->criu,
				       *f->rule ? f->rule : "-", *f->needs ? f->needs : "-",
				       f->args ? f->args : "-", f->summary,
				       tables[t].domain);
		}
	}
	return 0;
}

/* Whether NAME of a word NAME=VALUE is one of those that the row lists. */
static bool
is_known_arg(const struct factory *f, const char *word)
{
	const char *equals = strchr(word, '=');
	const char *at = f->args;
	size_t length;

	if (!equals || !at)
		return false;
	length = (size_t)(equals - word) + 1;
	while (*at) {
		if (strncmp(at, word, length) == 0)
			return true;
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	return false;
}

static int
usage(FILE *out, int status)
{
	fputs("usage: mkproc NAME [ARG=VALUE]...\n"
	      "       mkproc --list | --list-names\n"
	      "Makes one exactly known kernel object, prints \"NAME PID key=value...\", waits for the\n"
	      "end of its input (or a line), removes what it made. Columns of --list: name, what\n"
	      "`criu dump` says without options, rule, needs, arguments with defaults, summary,\n"
	      "domain.\n",
	      out);
	return status;
}

int
main(int argc, char **argv)
{
	const struct factory *f;

	if (argc < 2)
		return usage(stderr, 2);
	if (strcmp(argv[1], "--help") == 0)
		return usage(stdout, 0);
	if (strcmp(argv[1], "--list") == 0)
		return list(false);
	if (strcmp(argv[1], "--list-names") == 0)
		return list(true);

	f = find(argv[1]);
	if (!f) {
		fprintf(stderr, "mkproc: no such factory: %s\n", argv[1]);
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		if (!is_known_arg(f, argv[i])) {
			fprintf(stderr, "mkproc: %s: no such argument: %s (it takes: %s)\n",
				f->name, argv[i], f->args ? f->args : "none");
			return 2;
		}
	}
	return scene_run(f, argv + 2);
}

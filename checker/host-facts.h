/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of each fact of a host: what it is called, in which group it stands, how two hosts are compared
 * by it, and which rules go by it. Which facts are of the moment stands in facts/moment.c.
 */
#pragma once

#include "facts/snapshot.h"

enum host_subject {
	HOST_AS_AROUND,			/* that of the message around it */
	HOST_CPU,
	HOST_KERNEL,
	HOST_CONFIG,
	HOST_FEATURES,
	HOST_SYSCTLS,
	HOST_MODULES,
	HOST_CGROUPS,
	HOST_MEMORY,
	HOST_NET,
	HOST_SECURITY,
	HOST_FILESYSTEMS,
	HOST_MOUNTS,
	HOST_TOOLS,
	HOST_ANSWERS,			/* only where both answered the same tree */
	HOST_ITSELF,			/* names and numbers that each host has for itself */
	HOST_SUBJECTS
};

enum host_how {
	HOST_NEVER,			/* it cannot matter, or another fact tells it */
	HOST_VALUE,
	HOST_WHETHER,			/* only whether there is one, and it is not 0 */
	HOST_WORDS,			/* a text of words, as a set */
	HOST_SET,			/* several texts, as a set */
	HOST_COUNT,			/* how many there are */
	HOST_INSIDE,			/* a message: its own facts count */
	HOST_LIST,			/* messages that are known again by their keys */
	HOST_CPUID,			/* all of CPUID: features by name, sizes, levels */
	HOST_FLAGS,			/* of the kernel, which CPUID does not name */
};

enum { MAX_HOST_KEY = 3 };

struct host_fact {
	const ProtobufCMessageDescriptor *of;
	const char *field;
	enum host_how how;
	enum host_subject subject;
	const char *name;		/* NULL: the field's own, or, in lists, that of the record */
	const char *nothing;		/* how it reads where it is not there; NULL: then it was not learned */
	const char *rules;		/* ids, parted by blanks; NULL: see host_rules() */
	char separator;			/* HOST_WORDS: 0 for blanks */
	const char *key[MAX_HOST_KEY];	/* HOST_LIST */
	const char *shows;		/* HOST_LIST: the field that tells a record; compared first, named as the record; NULL: none */
	const char *unnamed;		/* HOST_LIST: name of a record whose key is empty */
};

extern const struct host_fact host_facts[];
extern const size_t n_host_facts;

/* NULL: there is no such row, which a test forbids. */
const struct host_fact *host_fact_of(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f);

/* Records of lists that rules go by; the first that matches counts. */
struct host_record_rules {
	enum host_subject subject;
	const char *key;		/* a pattern as a shell has them */
	const char *rules;
};

extern const struct host_record_rules host_record_rules[];
extern const size_t n_host_record_rules;

/* Ids of the rules that go by the record `key` of a list, parted by blanks; NULL: none does. */
const char *host_rules(enum host_subject subject, const char *key);

const char *host_subject_name(enum host_subject s);	/* "sysctls" */
const char *host_subject_title(enum host_subject s);	/* "Sysctls" */

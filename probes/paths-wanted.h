/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which paths the destination is asked about, out of a source snapshot.
 */
#pragma once

#include "base/cleanup.h"
#include "facts/snapshot.h"
#include <stdbool.h>

struct path_question {
	const char *path;		/* of the source snapshot, or of the list's own arena */
	const File *file;		/* what it leads to there; NULL: only asked what it is */
	bool of_host;			/* below the host's root, not below the tree's */
	const char *mapped_to;		/* --map: looked up there, below the host's root; NULL: at `path` */
	bool guesses_again;		/* another digest is asked of an inode that has its question */
	bool itself;			/* asked for by itself: links are not followed, the content is wanted */
	bool to_list, listed;		/* a folder of which all is to be asked, and is */
	bool is_link;			/* found as one in a folder */
	uint64_t mount;			/* on which it must lie to be listed; 0: any */
	int leads_error;		/* of following the link */
	const char *leads_to;		/* the path without any link, where that is another one */
};

struct path_questions {
	struct path_question *question;	/* each path once, sorted; those of the host last */
	size_t n;
};

/* Lists them; texts that have to be made come from `arena`. 0 or -ENOMEM. */
int path_questions_make(const Snapshot *source, struct arena *arena, struct path_questions *ret);

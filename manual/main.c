/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mkmanual: writes the manual pages and the shells' completion into a folder. The build calls it;
 * it is not installed.
 *
 *     mkmanual FOLDER PREFIX DATE
 */
#include "base/cleanup.h"
#include "cli/command.h"
#include "manual/completion.h"
#include "manual/pages.h"

#include <err.h>
#include <fcntl.h>

static void
save(const char *folder, const char *name, const struct buffer *text)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int) sizeof(path))
		errx(1, "%s: the name is too long", folder);
	f = fopen(path, "we");
	if (!f || fwrite(text->p, 1, text->n, f) != text->n || fflush(f) != 0)
		err(1, "%s", path);
}

/* Ends with the error of a page that could not be made. */
static void
made(int r)
{
	if (r < 0) {
		errno = -r;
		err(1, "a page");
	}
}

int
main(int argc, char **argv)
{
	struct edition edition;
	_cleanup_buffer_ struct buffer program = { 0 }, rules = { 0 }, bash = { 0 }, zsh = { 0 };

	if (argc != 4)
		errx(2, "usage: mkmanual FOLDER PREFIX DATE");
	edition = (struct edition){ .prefix = argv[2], .date = argv[3] };
	made(page_program(&edition, &program));
	save(argv[1], "migcheck.1", &program);
	for (size_t i = 0; i < n_commands; i++) {
		_cleanup_buffer_ struct buffer page = { 0 };
		char name[256];

		(void) snprintf(name, sizeof(name), "migcheck-%s.1", commands[i]->name);
		made(page_command(&edition, commands[i], &page));
		save(argv[1], name, &page);
	}
	made(page_rules(&edition, &rules));
	save(argv[1], "migcheck-rules.7", &rules);
	made(completion_bash(&bash));
	save(argv[1], "migcheck.bash", &bash);
	made(completion_zsh(&zsh));
	save(argv[1], "_migcheck", &zsh);
	return 0;
}

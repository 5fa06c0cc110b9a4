/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migcheck: finds the command and calls it.
 */
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/say.h"

#include <fcntl.h>
#include <signal.h>

static void
print_help(void)
{
	printf("migcheck " MIGCHECK_VERSION ": %s\n\nusage: migcheck COMMAND [OPTIONS]\n\n", program_summary);
	for (size_t i = 0; i < n_commands; i++)
		printf("  %-9s %s\n", commands[i]->name, commands[i]->summary);
	printf("\nmigcheck COMMAND --help says more. The usual beginning:\n\n"
	       "  migcheck dry-run -p PID --to HOST\n"
	       "\nexit codes: 0 ready (or written), 1 blocked, 2 trouble, 3 retry, 4 undecided\n");
}

/* Descriptors 0, 1 and 2 must not be handed to what we open: an unlucky parent closed them. */
static void
hold_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void) open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
}

/* NULL after saying so. */
static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < n_commands; i++)
		if (streq(name, commands[i]->name))
			return commands[i];
	say_error("no such command '%s'; see: migcheck --help", name);
	return NULL;
}

static int
help_of(const char *name)
{
	const struct command *c = find_command(name);

	if (!c)
		return EXIT_TROUBLE;
	command_help(c);
	return EXIT_READY;
}

int
main(int argc, char **argv)
{
	const struct command *command;

	hold_standard_descriptors();
	/* A reader that went away is an error of write(2), said in words. */
	(void) signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		print_help();
		return EXIT_TROUBLE;
	}
	if (streq(argv[1], "help") && argc == 3)
		return help_of(argv[2]);
	if (streq(argv[1], "--help") || streq(argv[1], "-h") || streq(argv[1], "help")) {
		print_help();
		return EXIT_READY;
	}
	if (streq(argv[1], "--version") || streq(argv[1], "-V")) {
		printf("migcheck " MIGCHECK_VERSION "\n");
		return EXIT_READY;
	}
	command = find_command(argv[1]);
	return command ? command->run(argc - 1, argv + 1) : EXIT_TROUBLE;
}

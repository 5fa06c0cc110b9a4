/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manual pages: see pages.h. In man(7), in the order of sections that man-pages(7) gives:
 *
 *     .TH MIGCHECK\-DUMP 1 2026-11-28 "migcheck 0.1.0" "migcheck manual"
 *     .SH NAME
 *     migcheck\-dump \- take the facts of a live process tree
 */
#include "manual/pages.h"

#include "checker/rule.h"
#include "cli/commands.h"
#include "manual/roff.h"
#include "reports/rules.h"

#include <ctype.h>

/* A page in the making; the first error stops the writing. */
struct page_writer {
	struct buffer *out;
	int error;
};

static void
raw(struct page_writer *w, const char *roff)
{
	if (w->error == 0)
		w->error = buffer_add(w->out, roff, strlen(roff));
}

static void
text_slice(struct page_writer *w, struct slice words)
{
	if (w->error == 0)
		w->error = roff_text(w->out, words);
}

static void
text(struct page_writer *w, const char *words)
{
	text_slice(w, slice_of(words));
}

static void
synopsis(struct page_writer *w, const char *words)
{
	if (w->error == 0)
		w->error = roff_synopsis(w->out, words);
}

static void
number(struct page_writer *w, int n)
{
	if (w->error == 0)
		w->error = buffer_printf(w->out, "%d", n);
}

static void
capitals(struct page_writer *w, const char *name)
{
	for (const char *p = name; *p; p++)
		text(w, (const char[]){ (char) toupper((unsigned char) *p), '\0' });
}

/* `name` is a command or "rules"; NULL: the program itself. */
static void
page_name(struct page_writer *w, const char *name)
{
	raw(w, "migcheck");
	if (name) {
		text(w, "-");
		text(w, name);
	}
}

static void
header(struct page_writer *w, const struct edition *e, const char *name, int section, const char *summary)
{
	raw(w, ".\\\" Made from migcheck's own tables; do not edit.\n.TH MIGCHECK");
	if (name) {
		text(w, "-");
		capitals(w, name);
	}
	raw(w, " ");
	number(w, section);
	raw(w, " ");
	raw(w, e->date);
	raw(w, " \"migcheck " MIGCHECK_VERSION "\" \"migcheck manual\"\n.nh\n.ad l\n.SH NAME\n");
	page_name(w, name);
	raw(w, " \\- ");
	text(w, summary);
	raw(w, "\n");
}

/* Paragraphs are parted by an empty line; within one the lines are filled. */
static void
paragraphs(struct page_writer *w, const char *words)
{
	struct slice rest = slice_of(words), line;

	while (slice_line(&rest, &line)) {
		if (line.n > 0)
			text_slice(w, line);
		raw(w, line.n > 0 ? "\n" : ".PP\n");
	}
}

/* Lines as they are, without the two blanks by which help indents them. */
static void
examples(struct page_writer *w, const char *lines)
{
	struct slice rest = slice_of(lines), line;

	raw(w, ".SH EXAMPLES\n.EX\n");
	while (slice_line(&rest, &line)) {
		(void) slice_cut(&line, "  ");
		text_slice(w, line);
		raw(w, "\n");
	}
	raw(w, ".EE\n");
}

static void
option(struct page_writer *w, const struct option_row *o)
{
	raw(w, ".TP\n");
	if (o->letter) {
		raw(w, "\\fB\\-");
		text(w, (const char[]){ o->letter, '\0' });
		raw(w, "\\fR, ");
	}
	raw(w, "\\fB\\-\\-");
	text(w, o->name);
	raw(w, "\\fR");
	if (o->argument) {
		raw(w, " ");
		synopsis(w, o->argument);
	}
	raw(w, "\n");
	paragraphs(w, o->help);
}

static void
exit_status(struct page_writer *w, const struct exit_row *rows)
{
	raw(w, ".SH EXIT STATUS\n");
	for (const struct exit_row *e = rows; e->meaning; e++) {
		raw(w, ".TP\n.B ");
		number(w, e->code);
		raw(w, "\n");
		text(w, e->name);
		raw(w, ": ");
		text(w, e->meaning);
		raw(w, "\n");
	}
}

/* ---- files ------------------------------------------------------------------------------ */

/* A command's page tells of a file where the command has the option. */
static const struct file_row {
	const char *option;
	bool below_prefix;
	const char *path;
	const char *what;
} file_rows[] = {
	{ "output", false, "FILE",
	  "What is written to a file goes to a temporary one beside it, which is renamed: nothing is ever "
	  "half-written. Its mode is 0600. Snapshots are files of one kind, by custom called NAME.mc." },
	{ "to", false, "~/.ssh/config", "The configuration of your ssh, by which the destination is reached." },
	{ "rehearse", false, "/sys/fs/cgroup/.../migcheck-rehearsal-PID-START",
	  "The folders of cgroups that a rehearsal makes and removes at once. Those of a rehearsal that was "
	  "killed are removed by the next one." },
	{ "criu-options", true, "/share/migcheck/*.schema.json", "What the reports in JSON hold." },
};

static bool
has_option(const struct command *c, const char *name)
{
	for (size_t i = 0; i < c->n_options; i++)
		if (streq(c->options[i].name, name))
			return true;
	return false;
}

/* NULL: all of them, as the page of the program has them. */
static void
files(struct page_writer *w, const struct edition *e, const struct command *c)
{
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(file_rows); i++) {
		const struct file_row *f = &file_rows[i];

		if (c && !has_option(c, f->option))
			continue;
		raw(w, any ? ".TP\n\\fI" : ".SH FILES\n.TP\n\\fI");
		text(w, f->below_prefix ? e->prefix : "");
		text(w, f->path);
		raw(w, "\\fR\n");
		text(w, f->what);
		raw(w, "\n");
		any = true;
	}
}

/* All pages but the one of `but` (NULL: the program's). */
static void
see_also(struct page_writer *w, const char *but, bool is_rules_page)
{
	raw(w, ".SH SEE ALSO\n");
	if (but || is_rules_page)
		raw(w, ".BR migcheck (1),\n");
	for (size_t i = 0; i < n_commands; i++) {
		if (but && streq(commands[i]->name, but))
			continue;
		raw(w, ".BR ");
		page_name(w, commands[i]->name);
		raw(w, " (1),\n");
	}
	if (!is_rules_page)
		raw(w, ".BR migcheck\\-rules (7),\n");
	raw(w, ".BR criu (8)\n");
}

/* ---- pages ------------------------------------------------------------------------------ */

int
page_command(const struct edition *e, const struct command *c, struct buffer *out)
{
	struct page_writer w = { .out = out };

	header(&w, e, c->name, 1, c->summary);
	raw(&w, ".SH SYNOPSIS\n.B migcheck ");
	text(&w, c->name);
	raw(&w, "\n");
	synopsis(&w, c->synopsis);
	raw(&w, "\n.SH DESCRIPTION\n");
	paragraphs(&w, c->description);
	raw(&w, ".SH OPTIONS\n");
	for (size_t i = 0; i < c->n_options; i++)
		option(&w, &c->options[i]);
	option(&w, &(struct option_row){ .letter = 'h', .name = "help", .help = "print help" });
	exit_status(&w, c->exits);
	files(&w, e, c);
	examples(&w, c->examples);
	see_also(&w, c->name, false);
	return w.error;
}

int
page_program(const struct edition *e, struct buffer *out)
{
	struct page_writer w = { .out = out };

	header(&w, e, NULL, 1, program_summary);
	raw(&w, ".SH SYNOPSIS\n.B migcheck\n\\fICOMMAND\\fR [\\fIOPTION\\fR]...\n.SH DESCRIPTION\n");
	paragraphs(&w, "CRIU can freeze a process tree, carry it to another Linux host and bring it back to life.\n"
		       "Where that fails it fails late, after the freeze. migcheck looks at a running tree and at the\n"
		       "host where it should go, and says before whether CRIU can move it there, what stands in the\n"
		       "way, and what to do about it. The tree runs on while it is looked at: nothing is stopped,\n"
		       "signalled or written to, and no host is changed.\n");
	raw(&w, ".SH COMMANDS\n");
	for (size_t i = 0; i < n_commands; i++) {
		raw(&w, ".TP\n.BR ");
		page_name(&w, commands[i]->name);
		raw(&w, " (1)\n");
		text(&w, commands[i]->summary);
		raw(&w, "\n");
	}
	raw(&w, ".SH OPTIONS\n");
	option(&w, &(struct option_row){ .letter = 'h', .name = "help", .help = "list the commands" });
	option(&w, &(struct option_row){ .letter = 'V', .name = "version", .help = "print the version" });
	exit_status(&w, exits_of_verdicts);
	raw(&w, ".PP\nCommands that judge nothing exit with 0 or 2.\n"
		"Warnings do not change the exit status: the move works, and something is lost or at risk.\n");
	files(&w, e, NULL);
	examples(&w, "  migcheck dry-run -p 4211 --to node7\n\n"
		     "  migcheck dump -p 4211 -o nginx.mc        # on the source\n"
		     "  migcheck probe -s nginx.mc -o node7.mc   # on the destination\n"
		     "  migcheck check nginx.mc node7.mc         # anywhere, by any user\n");
	see_also(&w, NULL, false);
	return w.error;
}

static void
labelled(struct page_writer *w, const char *label, const char *words)
{
	raw(w, ".br\n");
	text(w, label);
	raw(w, ": ");
	text(w, words);
	raw(w, "\n");
}

/* In quotes: some end with a blank. */
static void
logged(struct page_writer *w, const char *words)
{
	raw(w, ".br\nCRIU\(aqs log: \(dq");
	text(w, words);
	raw(w, "\(dq\n");
}

static void
rule(struct page_writer *w, const struct rule *r)
{
	raw(w, ".TP\n\\fB");
	text(w, r->id);
	raw(w, "\\fR\n");
	text(w, r->title);
	raw(w, ".\n");
	paragraphs(w, r->why);
	labelled(w, "When", rule_stage_sentence(r));
	labelled(w, "Weight", rule_severity_sentence(r));
	labelled(w, "Because", r->lifetime_why);
	labelled(w, "Do", r->remedy);
	if (r->criu_says)
		logged(w, r->criu_says);
}

int
page_rules(const struct edition *e, struct buffer *out)
{
	struct page_writer w = { .out = out };

	header(&w, e, "rules", 7, "what migcheck judges");
	raw(&w, ".SH DESCRIPTION\n");
	paragraphs(&w, "Each rule is about one thing of a process tree or of a host that decides whether CRIU can move\n"
		       "the one to the other. An id is never used for another meaning once released. The same is\n"
		       "printed by migcheck rules ID, and migcheck rules TEXT finds a rule by a piece of CRIU's log.\n");
	for (size_t i = 0; i < n_rulesets; i++) {
		raw(&w, i == 0 ? ".SH RULES\n.SS " : ".SS ");
		text(&w, rulesets[i]->name);
		raw(&w, "\n");
		for (size_t k = 0; k < rulesets[i]->n; k++)
			rule(&w, &rulesets[i]->rules[k]);
	}
	see_also(&w, NULL, true);
	return w.error;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of waivers, read by libcyaml (the only file that includes it): see waivers-file.h.
 *
 * libcyaml does not say on which line a value stands, except in its log when it refuses:
 *
 *     Load: Unexpected key: hots
 *     Load: Backtrace:
 *       in mapping (line: 2, column: 9)
 *       in sequence entry '1' (line: 2, column: 3)
 *
 * So its log is read for errors, and the entries' lines are found in the text: in YAML's block form
 * each entry begins with a '-' in the same column, which no other line between them can begin with.
 */
#include "cli/waivers-file.h"

#include "cli/files.h"
#include "cli/say.h"
#include "reports/escape.h"

#include <cyaml/cyaml.h>

/* As libcyaml fills it: texts of its own, NULL where a key is not there. */
struct entry {
	char *rule, *host, *tree, *reason, *owner, *until;
};

struct document {
	struct entry *entry;
	uint32_t n;
};

enum { MAX_TEXT = 1024 };

#define TEXT_FIELD(name) CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, \
						struct entry, name, 0, MAX_TEXT)

static const cyaml_schema_field_t entry_fields[] = {
	TEXT_FIELD(rule),
	TEXT_FIELD(host),
	TEXT_FIELD(tree),
	TEXT_FIELD(reason),
	TEXT_FIELD(owner),
	TEXT_FIELD(until),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t entry_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct entry, entry_fields),
};

static const cyaml_schema_field_t document_fields[] = {
	CYAML_FIELD_SEQUENCE_COUNT("waivers", CYAML_FLAG_POINTER, struct document, entry, n, &entry_schema, 0,
				   WAIVERS_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t document_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct document, document_fields),
};

/* ---- libcyaml's log ---- */

struct log {
	char said[256];			/* the first error or warning, without who says it */
	unsigned int near;		/* the innermost line of its backtrace */
	unsigned int entry;		/* the line of the entry it is about */
};

static unsigned int
line_in(const char *text)
{
	const char *at = strstr(text, " (line: ");
	struct slice digits;
	uint32_t line;

	if (!at)
		return 0;
	digits = slice_of(at + strlen(" (line: "));
	digits.n = strspn(digits.p, "0123456789");
	return parse_u32(digits, 10, &line) < 0 ? 0 : line;
}

static void __attribute__((format(printf, 3, 0)))
take_log(cyaml_log_t level, void *arg, const char *format, va_list list)
{
	struct log *log = arg;
	char text[256];
	struct slice s;
	unsigned int line;

	if (level < CYAML_LOG_WARNING)
		return;
	(void) vsnprintf(text, sizeof(text), format, list);
	s = slice_of(text);
	if (slice_starts(s, "  in ")) {
		line = line_in(text);
		log->near = log->near ? log->near : line;
		if (slice_starts(s, "  in sequence entry"))
			log->entry = line;
		return;
	}
	(void) slice_cut(&s, "Load: ");
	(void) slice_cut(&s, "libyaml: ");
	(void) slice_cut_end(&s, "\n");
	if (!*log->said && !slice_eq(s, "Backtrace:"))
		(void) snprintf(log->said, sizeof(log->said), "%.*s", (int) s.n, s.p);
}

/* libyaml's words for a '*' that no name follows, and libcyaml's code for one that is followed by a name. */
static bool
is_alias(cyaml_err_t error, const struct log *log)
{
	return error == CYAML_ERR_ALIAS || strstr(log->said, "did not find expected alphabetic or numeric character");
}

/* libcyaml's refusal in our words, or in its own where they say more. */
static int
refuse_document(cyaml_err_t error, const struct log *log, struct buffer *problem)
{
	const char *key = strstr(log->said, ": ");

	key = key ? key + 2 : log->said;
	if (error == CYAML_ERR_OOM)
		return -ENOMEM;
	if (is_alias(error, log))
		return buffer_refuse(problem, "a value that begins with * stands in quotes, as in "
				     "host: \"*.example.org\" (aliases of YAML are not taken)");
	if (error == CYAML_ERR_INVALID_KEY)
		return buffer_refuse(problem, "'%s' is no key that is known here; waivers: stands at the top, and below "
				     "it rule:, host:, tree:, reason:, owner:, until:", key);
	if (error == CYAML_ERR_MAPPING_FIELD_MISSING)
		return buffer_refuse(problem, "waivers: is missing; it is what the list stands under");
	if (error == CYAML_ERR_STRING_LENGTH_MAX)
		return buffer_refuse(problem, "a value is longer than %d bytes", MAX_TEXT);
	if (error == CYAML_ERR_SEQUENCE_ENTRIES_MAX)
		return buffer_refuse(problem, "there are more than %d waivers", WAIVERS_MAX);
	if (error == CYAML_ERR_UNEXPECTED_EVENT && strstr(log->said, "already seen"))
		return buffer_refuse(problem, "%s: stands twice", key);
	return buffer_refuse(problem, "cannot be read as a list of waivers: %s",
			     *log->said ? log->said : "it has another shape");
}

/* ---- lines ---- */

/* The first line that is not UTF-8 (libyaml would also take UTF-16), or holds a NUL; 0: all is well. */
static unsigned int
foreign_line(struct slice text)
{
	_cleanup_buffer_ struct buffer clean = { 0 };
	struct slice line;

	for (unsigned int number = 1; slice_line(&text, &line); number++) {
		clean.n = 0;
		if (escape_utf8(&clean, line.p, line.n) < 0 || clean.n != line.n || memchr(line.p, '\0', line.n))
			return number;
	}
	return 0;
}

static size_t
indent_of(struct slice line)
{
	size_t n = 0;

	while (n < line.n && line.p[n] == ' ')
		n++;
	return n;
}

static bool
is_entry(struct slice line, size_t indent)
{
	struct slice rest = { .p = line.p + indent, .n = line.n - indent };

	return indent_of(line) == indent && slice_cut(&rest, "-") &&
	       (rest.n == 0 || strchr(" \t\r", *rest.p));
}

static bool
is_empty(struct slice line)
{
	struct slice rest = slice_trim(line);

	return rest.n == 0 || *rest.p == '#' || *rest.p == '\r';
}

/*
 * The lines on which the entries of waivers: begin. How many there are, which is not how many were
 * asked for where the list is not in YAML's block form.
 */
static size_t
find_lines(struct slice text, struct waiver *waiver, size_t n)
{
	struct slice line;
	size_t found = 0, indent = SIZE_MAX;
	bool below = false;

	for (unsigned int number = 1; slice_line(&text, &line); number++) {
		if (is_empty(line))
			continue;
		if (!below) {
			below = slice_starts(slice_trim(line), "waivers:");
			continue;
		}
		if (indent == SIZE_MAX) {
			indent = indent_of(line);
			if (!is_entry(line, indent))
				return 0;
		}
		if (line.n < indent || !is_entry(line, indent))
			continue;
		if (found < n)
			waiver[found].line = number;
		found++;
	}
	return found;
}

/* ---- the document ---- */

static const char *
keep(struct arena *arena, const char *text, bool *short_of_memory)
{
	const char *kept = text ? arena_strdup(arena, text) : NULL;

	*short_of_memory |= text && !kept;
	return kept;
}

static int
take_entries(const struct document *d, struct arena *arena, struct waivers *ret)
{
	struct waiver *waiver = arena_alloc(arena, d->n * sizeof(*waiver));
	bool short_of_memory = !waiver;

	for (uint32_t i = 0; i < d->n && !short_of_memory; i++)
		waiver[i] = (struct waiver){
			.rule = keep(arena, d->entry[i].rule, &short_of_memory),
			.host = keep(arena, d->entry[i].host, &short_of_memory),
			.tree = keep(arena, d->entry[i].tree, &short_of_memory),
			.reason = keep(arena, d->entry[i].reason, &short_of_memory),
			.owner = keep(arena, d->entry[i].owner, &short_of_memory),
			.until = keep(arena, d->entry[i].until, &short_of_memory),
		};
	if (short_of_memory)
		return -ENOMEM;
	ret->waiver = waiver;
	ret->n = d->n;
	return 0;
}

static int
check_entries(struct waivers *w, struct slice text, struct buffer *problem, unsigned int *ret_line)
{
	int r;

	if (w->n > 0 && find_lines(text, w->waiver, w->n) != w->n)
		return buffer_refuse(problem, "a waiver begins with '- ' on a line of its own, below a line waivers:");
	for (size_t i = 0; i < w->n; i++) {
		r = waiver_check(&w->waiver[i], problem);
		if (r < 0) {
			*ret_line = w->waiver[i].line;
			return r;
		}
	}
	return 0;
}

int
waivers_read(struct slice text, struct arena *arena, struct waivers *ret, struct buffer *problem,
	     unsigned int *ret_line)
{
	struct log log = { .near = 0 };
	const cyaml_config_t config = {
		.log_fn = take_log,
		.log_ctx = &log,
		.log_level = CYAML_LOG_WARNING,
		.mem_fn = cyaml_mem,
		.flags = CYAML_CFG_NO_ALIAS,
	};
	struct document *d = NULL;
	struct waivers w = { 0 };
	cyaml_err_t error;
	int r;

	*ret_line = foreign_line(text);
	if (*ret_line > 0)
		return buffer_refuse(problem, "it is not text in UTF-8");
	error = cyaml_load_data((const uint8_t *) text.p, text.n, &config, &document_schema,
				(cyaml_data_t **) &d, NULL);
	if (error != CYAML_OK) {
		*ret_line = log.entry && error != CYAML_ERR_LIBYAML_PARSER ? log.entry : log.near;
		return refuse_document(error, &log, problem);
	}
	if (!d)
		return refuse_document(CYAML_ERR_MAPPING_FIELD_MISSING, &log, problem);
	r = take_entries(d, arena, &w);
	(void) cyaml_free(&config, &document_schema, d, 0);
	if (r == 0 && *log.said)
		r = buffer_refuse(problem, "a second document follows behind ---; it would not be read");
	if (r == 0)
		r = check_entries(&w, text, problem, ret_line);
	if (r == 0)
		*ret = w;
	return r;
}

int
waivers_load(const char *path, struct arena *arena, struct waivers *ret)
{
	_cleanup_buffer_ struct buffer text = { 0 }, problem = { 0 };
	struct waivers w = { 0 };
	unsigned int line = 0;
	int r;

	r = text_load(path, WAIVERS_FILE_LIMIT, &text);
	if (r < 0)
		return r;
	r = waivers_read(buffer_slice(&text), arena, &w, &problem, &line);
	if (r == -EINVAL && line > 0)
		say_error("%s:%u: %s", path, line, problem.p);
	else if (r < 0)
		say_error("%s: %s", path, r == -EINVAL ? problem.p : error_text(r));
	if (r < 0)
		return r;
	w.file = path;
	*ret = w;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the options that several commands share set: see work.h.
 */
#include "cli/work.h"

#include "base/text.h"
#include "checker/cpu-features.h"
#include "cli/maps.h"
#include "cli/place.h"
#include "cli/say.h"
#include "reports/reporter.h"

#include <arpa/inet.h>
#include <errno.h>

/* An absolute path, or addr= with an IPv4 or IPv6 address: a slip of the pen must not make a host ready. */
static bool
is_brought(const char *what)
{
	struct slice s = slice_of(what);
	unsigned char address[16];

	if (slice_cut(&s, "addr="))
		return inet_pton(AF_INET, s.p, address) == 1 || inet_pton(AF_INET6, s.p, address) == 1;
	return what[0] == '/';
}

static int
add_brings(struct work *w, const char *what)
{
	const char **grown;

	if (!is_brought(what)) {
		say_error("--brings wants an absolute path, or addr= with an IP address, not '%s'", what);
		return -EINVAL;
	}
	grown = reallocarray(w->brings, w->n_brings + 2, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	grown[w->n_brings++] = what;
	grown[w->n_brings] = NULL;
	w->brings = grown;
	w->probe.brings = grown;
	return 0;
}

static int
set_pid(struct work *w, const struct option_parser *p)
{
	uint64_t pid;
	int r;

	r = option_number(p, "-p", 1, INT32_MAX, &pid);
	if (r == 0)
		w->dump.pid = (int) pid;
	return r;
}

static int
set_timeout(struct work *w, const struct option_parser *p)
{
	uint64_t seconds;
	int r;

	r = option_number(p, "--timeout", 1, 3600, &seconds);
	if (r == 0)
		w->dump.timeout_ms = w->probe.timeout_ms = (unsigned int) seconds * 1000;
	return r;
}

static int
set_span(struct work *w, const struct option_parser *p)
{
	uint64_t ms;
	int r;

	r = option_number(p, "--span", 0, 60000, &ms);
	if (r == 0)
		w->dump.span_ms = (unsigned int) ms;
	return r;
}

static int
set_settle(struct work *w, const struct option_parser *p)
{
	uint64_t seconds;
	int r;

	r = option_number(p, "--settle", 1, 86400, &seconds);
	if (r == 0)
		w->settle_s = (unsigned int) seconds;
	return r;
}

static int
set_format(struct work *w, const struct option_parser *p)
{
	for (size_t i = 0; i < n_reporters; i++) {
		if (streq(reporters[i].name, p->value)) {
			w->format = p->value;
			return 0;
		}
	}
	say_error("%s: no such format '%s': it is text or json", p->command->name, p->value);
	return -EINVAL;
}

/* In any of the spellings that the rules understand. */
static bool
is_cpu_feature(const char *name)
{
	for (size_t i = 0; i < n_cpu_features; i++)
		if (cpu_list_names(name, &cpu_features[i]))
			return true;
	return false;
}

static int
check_feature_list(const struct option_parser *p)
{
	struct slice rest = slice_of(p->value), word;

	while (slice_field(&rest, ',', &word)) {
		char name[64];

		(void) snprintf(name, sizeof(name), "%.*s", (int) (word.n < sizeof(name) ? word.n : 0), word.p);
		if (is_cpu_feature(name))
			continue;
		say_error("--cpu-masked: no CPU feature is called '%.*s' (they are those of /proc/cpuinfo, "
			  "parted by commas)", word.n < 80 ? (int) word.n : 80, word.p);
		return -EINVAL;
	}
	return 0;
}

static int
set_criu_options(struct work *w, const struct option_parser *p)
{
	_cleanup_buffer_ struct buffer problem = { 0 };
	struct given_options given;
	int r;

	r = options_parse(p->value, &given, &problem);
	if (r < 0) {
		say_error("--criu-options: %s", r == -EINVAL ? buffer_slice(&problem).p : error_text(r));
		return r;
	}
	options_free(&w->given);
	w->given = given;
	w->check.criu_options = &w->given;
	return 0;
}

/* As CRIU reads it, and refuses it. */
static int
set_cpu_cap(struct work *w, const struct option_parser *p)
{
	_cleanup_buffer_ struct buffer problem = { 0 };
	struct given_options given;
	char text[128];
	int r;

	(void) snprintf(text, sizeof(text), "--cpu-cap=%s", p->value);
	r = strlen(p->value) < 64 && !strpbrk(p->value, " \t\n'\"\\") ? options_parse(text, &given, &problem) : -EINVAL;
	if (r < 0) {
		say_error("--cpu-cap: '%.64s' is not a list of none, cpu, fpu, ins, all", p->value);
		return -EINVAL;
	}
	options_free(&given);
	w->check.cpu_cap = p->value;
	return 0;
}

/* What an answer of the host depends on: a snapshot that was saved has it already. */
static int
host_option(struct work *w, const struct option_parser *p, int id)
{
	switch (id) {
	case OPTION_ROOT:
		w->asks_host = "--root";
		w->probe.tree_root = p->value;
		return 0;
	case OPTION_BRINGS:
		w->asks_host = "--brings";
		return add_brings(w, p->value);
	case OPTION_MAP:
		w->asks_host = "--map";
		return maps_add(w, p->value);
	case OPTION_CRIU:
		w->asks_host = "--criu";
		w->probe.criu = p->value;
		return 0;
	case OPTION_NO_CONTENT:
		w->asks_host = "--no-content";
		w->dump.no_hash = w->probe.no_content = true;
		return 0;
	case OPTION_REHEARSE:
		w->asks_host = "--rehearse";
		w->probe.rehearse = true;
		return 0;
	default:
		return place_option(w, p, id);
	}
}

int
work_option(struct work *w, const struct option_parser *p, int id)
{
	switch (id) {
	case OPTION_PID:
		return set_pid(w, p);
	case OPTION_OUTPUT:
		w->output = p->value;
		return 0;
	case OPTION_CRIU_OPTIONS:
		return set_criu_options(w, p);
	case OPTION_FORMAT:
		return set_format(w, p);
	case OPTION_QUIET:
		w->quiet = true;
		return 0;
	case OPTION_TIMEOUT:
		return set_timeout(w, p);
	case OPTION_HASH_LIMIT:
		return option_size(p, "--hash-limit", &w->dump.hash_limit);
	case OPTION_NO_DUP:
		w->dump.no_dup = true;
		return 0;
	case OPTION_LOAD_MODULES:
		w->dump.load_modules = w->probe.load_modules = true;
		return 0;
	case OPTION_CPU_MASKED:
		w->check.cpu_masked = p->value;
		return check_feature_list(p);
	case OPTION_CPU_CAP:
		return set_cpu_cap(w, p);
	case OPTION_CACHE:
		w->cache_named = p->value;
		return 0;
	case OPTION_NO_CACHE:
		w->no_cache = true;
		return 0;
	case OPTION_SYSROOT:
		w->sysroot = p->value;
		return 0;
	case OPTION_SPAN:
		return set_span(w, p);
	case OPTION_SETTLE:
		return set_settle(w, p);
	default:
		return host_option(w, p, id);
	}
}

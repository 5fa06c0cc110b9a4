/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors, notes and progress: see say.h.
 */
#include "cli/say.h"

#include "base/buffer.h"
#include "reports/escape.h"

#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

static void __attribute__((format(printf, 2, 0)))
say(const char *prefix, const char *format, va_list args)
{
	_cleanup_buffer_ struct buffer clean = { 0 };
	char text[4096];

	(void) vsnprintf(text, sizeof(text), format, args);
	if (escape_text(&clean, text, strlen(text)) < 0)
		return;
	(void) fprintf(stderr, "%s%s\n", prefix, buffer_slice(&clean).p);
}

void
say_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("migcheck: ", format, args);
	va_end(args);
}

void
say_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("", format, args);
	va_end(args);
}

const char *
error_text(int error)
{
	return strerrordesc_np(error < 0 ? -error : error);
}

uint64_t
clock_us(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

int64_t
clock_realtime_ns(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

bool
wants_colour(int fd)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	return isatty(fd) && !(no && *no) && term && !streq(term, "dumb");
}

unsigned int
terminal_width(int fd)
{
	struct winsize w;

	if (!isatty(fd) || ioctl(fd, TIOCGWINSZ, &w) < 0 || w.ws_col == 0)
		return 0;
	return w.ws_col;
}

/* Short work shows nothing: the line appears only after this time. */
enum { QUIET_US = 300 * 1000 };

struct progress
progress_new(bool quiet, const char *verb)
{
	return (struct progress){
		.on = !quiet && isatty(STDERR_FILENO),
		.started_us = clock_us(),
		.verb = verb,
	};
}

void
progress_say(struct progress *p, const char *format, ...)
{
	va_list args;

	if (!p->on || clock_us() - p->started_us < QUIET_US)
		return;
	p->shown = true;
	(void) fputs("\r\033[K", stderr);
	va_start(args, format);
	(void) vfprintf(stderr, format, args);
	va_end(args);
	(void) fflush(stderr);
}

void
progress_show(size_t done, size_t total, uint64_t bytes, void *arg)
{
	struct progress *p = arg;

	progress_say(p, "%s: %zu of %zu files, %.1f MiB", p->verb, done, total, (double) bytes / (1024 * 1024));
}

void
progress_end(struct progress *p)
{
	if (p->shown)
		(void) fprintf(stderr, "\r\033[K");
	p->shown = false;
}

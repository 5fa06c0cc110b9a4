/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the command says besides its result: errors and progress, on standard error.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "migcheck: …" with foreign text escaped, and a newline. */
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Words for -errno, for people. */
const char *error_text(int error);

/* A progress line on a terminal; nothing in a pipe or when quiet. Matches the callbacks of
 * dump_options and probe_options; `arg` is a struct progress. */
struct progress {
	bool on;			/* standard error is a terminal, and the user wants it */
	bool shown;
	uint64_t started_us;
	const char *verb;
};

struct progress progress_new(bool quiet, const char *verb);
void progress_show(size_t done, size_t total, uint64_t bytes, void *arg);
void progress_say(struct progress *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void progress_end(struct progress *p);

bool wants_colour(int fd);		/* a terminal, no NO_COLOR, TERM not dumb */
unsigned int terminal_width(int fd);	/* 0 when it is no terminal */
uint64_t clock_us(void);		/* monotonic */
int64_t clock_realtime_ns(void);

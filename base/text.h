/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text as the kernel writes it: a slice is a run of bytes in somebody else's buffer, not
 * NUL-terminated. All parsers of the project are built from these functions; none
 * allocates, none looks outside its slice.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *p;
	size_t n;
};

#define SLICE(literal) ((struct slice){ .p = (literal), .n = sizeof(literal) - 1 })

static inline bool
streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

struct slice slice_of(const char *s);			/* of a NUL-terminated string */
bool slice_eq(struct slice a, const char *b);
bool slice_starts(struct slice s, const char *prefix);
bool slice_ends(struct slice s, const char *suffix);

/* Removes `prefix` (or `suffix`) if it is there; says whether it was. */
bool slice_cut(struct slice *s, const char *prefix);
bool slice_cut_end(struct slice *s, const char *suffix);

/* Without blanks and tabs at both ends. */
struct slice slice_trim(struct slice s);

/* Takes the next line (without its newline) off the front; false at the end. */
bool slice_line(struct slice *rest, struct slice *ret_line);

/*
 * Takes what stands before the next `separator` off the front, and the separator with it; the
 * last field ends with the slice. False when nothing is left.
 */
bool slice_field(struct slice *rest, char separator, struct slice *ret_field);

/* The same for words parted by any number of blanks and tabs. */
bool slice_word(struct slice *rest, struct slice *ret_word);

/* Whether the absolute path has no empty component, no "." and no "..", so that its text tells what is above it. */
bool path_is_plain(const char *path);

/*
 * Strict numbers: the whole slice must be digits of the base (no sign, no blank, no 0x), and
 * the value must fit. 0, -EINVAL or -ERANGE; the output is untouched on failure.
 */
int parse_u64(struct slice s, int base, uint64_t *ret);
int parse_u32(struct slice s, int base, uint32_t *ret);
int parse_i32(struct slice s, int32_t *ret);		/* decimal, a leading '-' allowed */
int parse_i64(struct slice s, int64_t *ret);

/*
 * Undoes the octal escapes of mountinfo and maps (\040 \011 \012 \134) into `out`, which has
 * room for at least s.n + 1 bytes; returns the length, and adds a NUL.
 */
size_t unescape_octal(struct slice s, char *out);

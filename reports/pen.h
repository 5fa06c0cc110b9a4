/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a long document piece by piece: what fails first is kept, and all that comes after it
 * does nothing, so that the writer need not ask after each word.
 */
#pragma once

#include "base/buffer.h"

struct pen {
	struct buffer *out;
	int error;			/* the first -errno */
};

/* How a format writes foreign text. Ours goes through pen_put(). */
typedef void pen_foreign(struct pen *p, const char *text);

/* Appends our own text as it is. */
void pen_put(struct pen *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

void pen_add(struct pen *p, const char *bytes, size_t n);

/* Keeps what a function that may fail has returned. */
void pen_keep(struct pen *p, int r);

/*
 * Foreign text as it is: only for a buffer that will be escaped as a whole, as the texts of
 * json-out.h are.
 */
void pen_raw(struct pen *p, const char *text);

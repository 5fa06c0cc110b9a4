/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable buffer: see buffer.h. Files of /proc report no size, so a read goes on until
 * read(2) says 0; the room of the last read is kept, so most files take one read and one that
 * finds the end.
 */
#include "base/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>

enum { FIRST_ROOM = 8 * 1024 };

int
buffer_reserve(struct buffer *b, size_t extra)
{
	size_t need, room;
	char *p;

	if (extra >= SIZE_MAX / 2 - b->n)
		return -ENOMEM;
	need = b->n + extra + 1;
	if (need <= b->room)
		return 0;
	room = b->room ? b->room : FIRST_ROOM;
	while (room < need)
		room *= 2;
	p = realloc(b->p, room);
	if (!p)
		return -ENOMEM;
	b->p = p;
	b->room = room;
	return 0;
}

int
buffer_add(struct buffer *b, const void *p, size_t n)
{
	int r;

	r = buffer_reserve(b, n);
	if (r < 0)
		return r;
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
	return 0;
}

int
buffer_printf(struct buffer *b, const char *format, ...)
{
	va_list args;
	int n, r;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		return -EINVAL;
	r = buffer_reserve(b, (size_t) n);
	if (r < 0)
		return r;
	va_start(args, format);
	(void) vsnprintf(b->p + b->n, (size_t) n + 1, format, args);
	va_end(args);
	b->n += (size_t) n;
	return 0;
}

int
buffer_refuse(struct buffer *problem, const char *format, ...)
{
	char text[1024];
	va_list args;
	int r;

	/* Not at once into the buffer: what is said may be in it. */
	va_start(args, format);
	(void) vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	problem->n = 0;
	r = buffer_add(problem, text, strlen(text));
	return r < 0 ? r : -EINVAL;
}

void
buffer_free(struct buffer *b)
{
	free(b->p);
	*b = (struct buffer){ 0 };
}

int
buffer_read_fd(struct buffer *b, int fd, size_t limit)
{
	int r;

	b->n = 0;
	for (;;) {
		ssize_t n;

		/* Grows only when it is full: the room of one read must serve all later ones. */
		r = b->room - b->n > 1 ? 0 : buffer_reserve(b, b->n == 0 ? FIRST_ROOM - 1 : b->room);
		if (r < 0)
			return r;
		n = read(fd, b->p + b->n, b->room - b->n - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			r = -errno;
			b->n = 0;
			b->p[0] = '\0';
			return r;
		}
		b->n += (size_t) n;
		b->p[b->n] = '\0';
		if (b->n > limit)
			return -EFBIG;
		if (n == 0)
			return 0;
	}
}

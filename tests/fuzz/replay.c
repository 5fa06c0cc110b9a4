/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs one fuzz target over its corpus, tests/fuzz/corpus/NAME, and prints TAP: so that what a
 * fuzzer once found is an ordinary test. NAME is that of the program without "fuzz-". The
 * folder is looked for below the current one, the top of the tree.
 */
#include "base/buffer.h"

#include <fcntl.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_LIMIT = 16 * 1024 * 1024 };

static int
replay(int folder, const char *name, struct buffer *b)
{
	_cleanup_close_ int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || buffer_read_fd(b, fd, INPUT_LIMIT) < 0)
		return -1;
	(void) LLVMFuzzerTestOneInput((const uint8_t *) b->p, b->n);
	return 0;
}

int
main(int argc, char **argv)
{
	_cleanup_buffer_ struct buffer b = { 0 };
	_cleanup_closedir_ DIR *dir = NULL;
	const char *name = strstr(argv[0], "fuzz-");
	char path[256];
	int n = 0, failed = 0;

	(void) argc;
	(void) snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", name ? strrchr(argv[0], '/') + 6 : "?");
	dir = opendir(path);
	if (!dir) {
		printf("Bail out! no corpus: %s\n", path);
		return 1;
	}
	for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		if (e->d_name[0] == '.')
			continue;
		if (replay(dirfd(dir), e->d_name, &b) < 0) {
			printf("not ok %d - %s\n", ++n, e->d_name);
			failed++;
		} else {
			printf("ok %d - %s\n", ++n, e->d_name);
		}
	}
	/* Nothing is input too. */
	(void) LLVMFuzzerTestOneInput((const uint8_t *) "", 0);
	printf("ok %d - empty\n1..%d\n", n + 1, n + 1);
	return failed ? 1 : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file system in user space that never answers: deaf-fuse FOLDER. Mounts itself on FOLDER
 * (in the mount namespace it runs in), answers the greeting, prints "mounted", and then reads no
 * more. Ends, and with it the mount's connection, when its input ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct {
		struct fuse_out_header head;
		struct fuse_init_out init;
	} answer = { 0 };
	char options[128], request[65536];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (argc != 2 || fd < 0) {
		perror("/dev/fuse");
		return 77;
	}
	(void) snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (mount("deaf", argv[1], "fuse.deaf", MS_NOSUID | MS_NODEV, options) < 0) {
		perror("mount");
		return 77;
	}
	if (read(fd, request, sizeof(request)) < (ssize_t) sizeof(struct fuse_in_header))
		return 1;
	answer.head.len = sizeof(answer);
	answer.head.unique = ((const struct fuse_in_header *) (const void *) request)->unique;
	answer.init.major = FUSE_KERNEL_VERSION;
	answer.init.minor = 31;
	answer.init.max_write = 4096;
	if (write(fd, &answer, sizeof(answer)) < 0) {
		perror("answer");
		return 1;
	}
	printf("mounted\n");
	(void) fflush(stdout);
	while (read(STDIN_FILENO, request, 1) > 0)
		;
	return 0;
}

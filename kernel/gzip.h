/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expanding gzip data, by zlib (the only file that includes it): /proc/config.gz is the one
 * place where a kernel shows its configuration whatever the distribution, and with it what is
 * built in where there is no module index.
 */
#pragma once

#include "base/buffer.h"

/*
 * Replaces the content of `out` by the expanded bytes. 0; -EBADMSG when it is not whole gzip
 * data; -EFBIG when it expands to more than `limit` bytes; -ENOMEM.
 */
int gzip_expand(struct slice packed, size_t limit, struct buffer *out);

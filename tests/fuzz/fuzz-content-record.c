/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a record of the digest cache: as they are, and with a sum that says they are sound. */
#include "kernel/content-record.h"
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct content_key key = { .dev = 8ULL << 32 | 1, .ino = 2, .size = 3 };
	uint8_t record[CONTENT_RECORD_MAX], again[CONTENT_RECORD_MAX];
	struct identity id;
	int n;

	(void) content_record_unpack(&key, data, size, &id);
	if (size > sizeof(record))
		return 0;
	memcpy(record, data, size);
	if (content_record_seal(&key, record, size) < 0 || content_record_unpack(&key, record, size, &id) < 0)
		return 0;
	assert(memchr(id.elf.soname, '\0', sizeof(id.elf.soname)) && id.elf.build_id_length <= ELF_BUILD_ID_MAX);
	assert(memchr(id.elf.interpreter, '\0', sizeof(id.elf.interpreter)));
	/* What was understood can be kept again, and means the same. */
	n = content_record_pack(&key, &id, again);
	assert(n > 0 && (size_t) n <= sizeof(again) && content_record_unpack(&key, again, (size_t) n, &id) == 0);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an earlier report of a gate. */
#include "cli/baseline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buffer_ struct buffer text = { 0 }, problem = { 0 };
	_cleanup_baseline_ struct baseline b = { 0 };

	if (buffer_add(&text, data, size) < 0 || baseline_read(&text, &b, &problem) < 0)
		return 0;
	(void) baseline_knows(&b, "5f", "node1");
	return 0;
}

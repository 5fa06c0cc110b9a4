/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole check on any two snapshots: four bytes of length, a source, a destination, both as
 * bare Snapshot messages. Every rule, every index and every report format runs on them.
 */
#include "facts/stream.h"

#include "checker/assessment.h"
#include "checker/options.h"
#include "reports/reporter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
judge_and_report(const Snapshot *source, const Snapshot *destination, const struct check_options *options)
{
	struct report_options o = { .colour = true, .width = 80 };
	struct assessment a;

	if (check(source, destination, options, &a) < 0)
		return;
	for (size_t i = 0; i < n_reporters; i++) {
		_cleanup_buffer_ struct buffer out = { 0 };

		(void) reporters[i].report(&a, &o, &out);
	}
	assessment_free(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct check_options undecided = { .now_ns = 1 };
	_cleanup_options_ struct given_options given = { 0 };
	_cleanup_buffer_ struct buffer problem = { 0 };
	const struct check_options decided = {
		.now_ns = 1,
		.criu_options = &given,
		.cpu_cap = "ins,fpu",
		.cpu_masked = "avx512f",
	};
	_cleanup_snapshot_ struct snapshot source = { 0 }, destination = { 0 };
	uint32_t n;

	if (size < 4 || options_parse("-j --tcp-close --external mnt[/x]:y --ghost-limit 2M", &given, &problem) < 0)
		return 0;
	memcpy(&n, data, 4);
	data += 4;
	size -= 4;
	if (n > size)
		n = (uint32_t) size;
	if (snapshot_unpack(data, n, &source) < 0)
		return 0;
	judge_and_report(source.facts, NULL, &undecided);
	judge_and_report(source.facts, source.facts, &undecided);
	if (snapshot_unpack(data + n, size - n, &destination) < 0)
		return 0;
	judge_and_report(source.facts, destination.facts, &undecided);
	judge_and_report(source.facts, destination.facts, &decided);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole check on any two snapshots: four bytes of length, a source, a destination, both as
 * bare Snapshot messages. Every rule, every index and every report format runs on them; then
 * they are compared as two looks at one tree.
 */
#include "facts/stream.h"

#include "checker/assessment.h"
#include "checker/changes.h"
#include "checker/drift.h"
#include "checker/options.h"
#include "reports/recheck.h"
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

/* Both as looks at one tree, as recheck has them. */
static void
compare_and_report(const Snapshot *before, const Snapshot *now, const struct check_options *options)
{
	struct report_options o = { .colour = true, .width = 80 };
	_cleanup_changes_ struct changes changes = { 0 };
	_cleanup_drift_ struct drift drift = { 0 };
	_cleanup_assessment_ struct assessment was = { 0 }, is = { 0 };
	_cleanup_buffer_ struct buffer text = { 0 }, json = { 0 };
	const struct recheck k = { .changes = &changes, .drift = &drift };

	if (check(before, NULL, options, &was) < 0 || check(now, NULL, options, &is) < 0 ||
	    changes_find(before, now, &changes) < 0 || drift_find(&was, &is, &drift) < 0)
		return;
	(void) recheck_text(&k, &o, &text);
	(void) recheck_json(&k, &json);
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
	compare_and_report(source.facts, destination.facts, &undecided);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The formats of a gate, in the order in which help lists them.
 */
#include "reports/gate.h"

const struct gate_reporter gate_reporters[] = {
	{ .name = "text", .help = "for people", .report = gate_text },
};

const size_t n_gate_reporters = ARRAY_SIZE(gate_reporters);

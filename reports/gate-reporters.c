/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The formats of a gate, in the order in which help lists them.
 */
#include "reports/gate.h"

const struct gate_reporter gate_reporters[] = {
	{ .name = "text", .help = "for people", .report = gate_text },
	{ .name = "json", .help = "for programs: see docs/gate.schema.json; also what --baseline takes", .report = gate_json },
	{ .name = "junit", .help = "JUnit XML: a suite a host, a case a rule and tree", .report = gate_junit },
	{ .name = "sarif", .help = "SARIF 2.1.0, for code scanning", .report = gate_sarif },
	{ .name = "github",
	  .help = "annotations of GitHub Actions, of which it shows 10 of each kind a step: no more are written",
	  .report = gate_github },
	{ .name = "markdown", .help = "a page for the summary of a CI job", .report = gate_markdown },
	{ .name = "html", .help = "one page for a browser, that needs no network: a matrix to look into", .report = gate_html },
	{ .name = "prometheus", .help = "metrics for the textfile collector of node_exporter (a file that others may read)",
	  .for_others = true, .report = gate_prometheus },
};

const size_t n_gate_reporters = ARRAY_SIZE(gate_reporters);

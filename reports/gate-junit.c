/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gate as JUnit XML, the form that Jenkins and GitLab read: a suite a host, a case a rule and tree.
 *
 *     <testsuite name="node7" hostname="node7" tests="2" failures="1" errors="0" skipped="0">
 *       <testcase classname="nginx" name="dst-tmp: …">
 *         <failure type="permanent" message="/tmp: here …; there …">…</failure>
 *       </testcase>
 *       <testcase classname="nginx" name="dst-dir-missing: …"/>
 *
 * A case fails on what the policy fails on, and is an error where that could not be learned. What is
 * waived, known to the baseline, only a warning, or not named by --fail-on passes and says so.
 */
#include "reports/gate-junit.h"

#include "reports/gate-words.h"
#include "reports/xml.h"

struct counts {
	size_t tests, failures, errors, skipped;
};

struct junit {
	const struct gate *g;
	struct pen pen;			/* the suite that is being written */
	struct counts suite, all;
	bool by_class;			/* a suite is a class, not a host */
	bool told_only;			/* cases with nothing to tell are one a tree */
};

/* What a case is about: a host (of a class: its first), a tree and a rule. */
struct place {
	const struct gate_host *host;
	const struct gate_cell *cell;
	size_t tree;
	const struct rule *rule;
	enum outcome outcome;
};

/* The same for one host as gate_standing() for all of them. */
static enum gate_standing
standing_there(const struct junit *j, const struct place *at, const struct gate_finding *f)
{
	enum gate_standing s = gate_standing(j->g, f);
	const struct gate_policy *policy = j->g->policy;

	if ((s == GATE_COUNTS || s == GATE_TOLERATED) && !j->by_class && policy->known && at->host->name &&
	    policy->known(policy->baseline, f->fingerprint, at->host->name))
		return GATE_KNOWN;
	return s;
}

static void
line(struct pen *p, const char *label, const char *value)
{
	if (!value)
		return;
	pen_put(p, "  %s: ", label);
	xml_text(p, value);
	pen_put(p, "\n");
}

/* All that there is to say of a finding; labels are padded by nobody, programs show them in any font. */
static void
write_finding(struct pen *p, const struct gate_finding *f)
{
	xml_text(p, f->thing ? f->thing : f->rule->title);
	pen_put(p, "\n");
	line(p, f->unknown ? "not learned" : "here", f->here);
	line(p, f->unknown ? "because" : "there", f->there);
	line(p, "more", f->detail);
	line(p, "seen", f->observed);
	line(p, "do", f->remedy);
	line(p, "command", f->command);
	line(p, "option of CRIU that lifts it", f->option);
	if (f->expired) {
		pen_put(p, "  ");
		gate_waived(p, "was waived", f->expired, xml_text);
		pen_put(p, "\n");
	}
}

/* Why it does not count, for whoever wonders that the case passes. */
static void
write_excuse(struct pen *p, const struct gate_finding *f, enum gate_standing s)
{
	switch (s) {
	case GATE_WAIVED:
		gate_waived(p, "waived", f->waiver, xml_text);
		break;
	case GATE_KNOWN:
		pen_put(p, "known to the baseline");
		break;
	case GATE_TOLERATED:
		pen_put(p, "%s, which --fail-on does not name", gate_finding_kind(f));
		break;
	case GATE_WARNS:
		pen_put(p, "warning");
		break;
	default:
		pen_put(p, "note");
		break;
	}
	pen_put(p, "\n");
}

/* How a case ends: by the worst of what counts. */
enum ending { ENDS_PERMANENT, ENDS_TRANSIENT, ENDS_UNKNOWN, ENDS_SKIPPED, ENDS_WELL };

static enum ending
ending_of(const struct gate_finding *f)
{
	if (f->unknown)
		return ENDS_UNKNOWN;
	return f->lifetime == LIFETIME_PERMANENT ? ENDS_PERMANENT : ENDS_TRANSIENT;
}

struct case_sum {
	enum ending ending;
	const struct gate_finding *worst;
	size_t counting, others;
	size_t excused;			/* of the others: waived, or known to the baseline */
};

static const struct gate_finding *
finding_at(const struct junit *j, const struct place *at, size_t i)
{
	const struct gate_finding *f = &j->g->findings[at->cell->finding[i]];

	return f->rule == at->rule ? f : NULL;
}

static struct case_sum
sum_up(const struct junit *j, const struct place *at)
{
	struct case_sum sum = { .ending = ENDS_WELL };

	for (size_t i = 0; i < at->cell->n_finding; i++) {
		const struct gate_finding *f = finding_at(j, at, i);

		enum gate_standing s;

		if (!f)
			continue;
		s = standing_there(j, at, f);
		if (s != GATE_COUNTS) {
			sum.others++;
			sum.excused += s == GATE_WAIVED || s == GATE_KNOWN;
			continue;
		}
		sum.counting++;
		if (ending_of(f) < sum.ending) {
			sum.ending = ending_of(f);
			sum.worst = f;
		}
	}
	if (sum.counting > 0 || at->outcome == OUTCOME_PASSED || at->outcome == OUTCOME_FAILED)
		return sum;
	/* What could not be learned and was waived passes, as all that is waived does. */
	if (sum.others == 0 || sum.excused < sum.others)
		sum.ending = ENDS_SKIPPED;
	return sum;
}

/* Those that count, or all others with what speaks for them. */
static void
write_findings(struct junit *j, const struct place *at, bool counting)
{
	for (size_t i = 0; i < at->cell->n_finding; i++) {
		const struct gate_finding *f = finding_at(j, at, i);
		enum gate_standing s;

		if (!f)
			continue;
		s = standing_there(j, at, f);
		if ((s == GATE_COUNTS) != counting)
			continue;
		if (!counting)
			write_excuse(&j->pen, f, s);
		write_finding(&j->pen, f);
	}
}

static const char *
why_skipped(const struct junit *j, const struct place *at)
{
	if (at->outcome == OUTCOME_NOT_APPLICABLE)
		return "not applicable: the tree has nothing that the rule is about";
	if (at->outcome == OUTCOME_UNKNOWN)
		return "could not be learned, and does not count";
	if (at->rule->of_the_moment == MOMENT_ONLY && !j->g->policy->now)
		return "not asked: it rests on what is so just now, see --now";
	return "not asked: the profile of this host holds no answers to this tree";
}

static void
write_failure(struct junit *j, const struct place *at, const struct case_sum *sum)
{
	const char *element = sum->ending == ENDS_UNKNOWN ? "error" : "failure";
	struct pen *p = &j->pen;

	pen_put(p, "      <%s type=\"%s\" message=\"", element, gate_finding_kind(sum->worst));
	gate_values(p, sum->worst, xml_text);
	if (sum->counting > 1)
		pen_put(p, " (and %zu more)", sum->counting - 1);
	pen_put(p, "\">");
	write_findings(j, at, true);
	pen_put(p, "</%s>\n", element);
	if (sum->ending == ENDS_UNKNOWN)
		j->suite.errors++;
	else
		j->suite.failures++;
}

static void
begin_case(struct junit *j, const char *classname)
{
	j->suite.tests++;
	pen_put(&j->pen, "    <testcase classname=\"");
	xml_text(&j->pen, classname);
	pen_put(&j->pen, "\" name=\"");
}

static void
write_case(struct junit *j, const struct place *at)
{
	struct case_sum sum = sum_up(j, at);

	begin_case(j, j->g->trees[at->tree].name);
	pen_put(&j->pen, "%s: ", at->rule->id);
	xml_text(&j->pen, at->rule->title);
	if (sum.ending == ENDS_WELL && sum.others == 0) {
		pen_put(&j->pen, "\"/>\n");
		return;
	}
	pen_put(&j->pen, "\">\n");
	if (sum.ending < ENDS_SKIPPED)
		write_failure(j, at, &sum);
	if (sum.ending == ENDS_SKIPPED) {
		pen_put(&j->pen, "      <skipped message=\"%s\"/>\n", why_skipped(j, at));
		j->suite.skipped++;
	}
	if (sum.others > 0) {
		pen_put(&j->pen, "      <system-out>");
		write_findings(j, at, false);
		pen_put(&j->pen, "</system-out>\n");
	}
	pen_put(&j->pen, "    </testcase>\n");
}

static bool
has_finding(const struct junit *j, const struct place *at)
{
	for (size_t i = 0; i < at->cell->n_finding; i++)
		if (finding_at(j, at, i))
			return true;
	return false;
}

/* The cases of a host and a tree, in rule order. */
static void
write_cell(struct junit *j, struct place *at)
{
	size_t index = 0;
	bool silent = false;

	for (size_t i = 0; i < n_rulesets; i++) {
		for (size_t k = 0; k < rulesets[i]->n; k++, index++) {
			at->rule = &rulesets[i]->rules[k];
			at->outcome = (enum outcome) at->cell->outcome[index];
			if (j->told_only && !has_finding(j, at))
				silent = true;
			else
				write_case(j, at);
		}
	}
	/* No number: the name of a case stays from run to run. */
	if (silent) {
		begin_case(j, j->g->trees[at->tree].name);
		pen_put(&j->pen, "the other rules: nothing found\"/>\n");
	}
}

/* ---- suites ------------------------------------------------------------------------------ */

static void
put_counts(struct pen *p, const struct counts *c)
{
	pen_put(p, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n", c->tests, c->failures,
		c->errors, c->skipped);
}

static void
add_counts(struct counts *to, const struct counts *c)
{
	to->tests += c->tests;
	to->failures += c->failures;
	to->errors += c->errors;
	to->skipped += c->skipped;
}

static void
suite_head(struct junit *j, struct pen *p, const struct gate_host *host, const struct gate_class *class)
{
	pen_put(p, "  <testsuite name=\"");
	if (j->by_class && class) {
		pen_put(p, "%s: ", class->name);
		gate_hosts_of_class(p, j->g, class, 1, xml_text);
	} else {
		xml_text(p, gate_host_name(host));
		pen_put(p, "\" hostname=\"");
		xml_text(p, gate_host_name(host));
	}
	pen_put(p, "\"");
	put_counts(p, &j->suite);
	if (!class)
		return;
	pen_put(p, "    <properties>\n      <property name=\"class\" value=\"%s\"/>\n", class->name);
	if (j->by_class) {
		pen_put(p, "      <property name=\"hosts\" value=\"");
		gate_hosts_of_class(p, j->g, class, SIZE_MAX, xml_text);
		pen_put(p, "\"/>\n");
	}
	pen_put(p, "    </properties>\n");
}

/* Appends the suite whose cases stand in the pen; they must be counted before its head is written. */
static void
end_suite(struct junit *j, struct pen *document, const struct gate_host *host, const struct gate_class *class)
{
	struct slice cases = buffer_slice(j->pen.out);

	suite_head(j, document, host, class);
	pen_add(document, cases.p, cases.n);
	pen_put(document, "  </testsuite>\n");
	add_counts(&j->all, &j->suite);
	pen_keep(document, j->pen.error);
	j->suite = (struct counts){ 0 };
	j->pen.out->n = 0;
}

static void
write_host(struct junit *j, struct pen *document, const struct gate_host *host)
{
	const struct gate_class *class = &j->g->classes[host->class];
	struct place at = { .host = host };

	for (at.tree = 0; at.tree < j->g->n_trees; at.tree++) {
		at.cell = gate_cell(j->g, at.tree, host->class);
		write_cell(j, &at);
	}
	end_suite(j, document, host, class);
}

/* A host that could not be judged, or a profile too many: its one case says why. */
static void
write_unjudged(struct junit *j, struct pen *document, const struct gate_host *host)
{
	struct pen *p = &j->pen;

	begin_case(j, "migcheck");
	pen_put(p, "the profile of this host\">\n      ");
	if (gate_fails_on(j->g, GATE_FAIL_UNDECIDED) && !host->is_again) {
		j->suite.errors++;
		pen_put(p, "<error type=\"not judged\" message=\"");
	} else {
		j->suite.skipped++;
		pen_put(p, "<skipped message=\"");
	}
	xml_text(p, host->file);
	pen_put(p, ": ");
	xml_text(p, host->why_not);
	pen_put(p, "\"/>\n    </testcase>\n");
	end_suite(j, document, host, NULL);
}

static void
choose_size(struct junit *j, size_t most)
{
	const struct gate *g = j->g;
	size_t rules = 0, told = 0;

	for (size_t i = 0; i < n_rulesets; i++)
		rules += rulesets[i]->n;
	for (size_t t = 0; t < g->n_trees; t++)
		for (size_t c = 0; c < g->n_classes; c++)
			told += (gate_cell(g, t, c)->n_finding + 1) * g->classes[c].n;
	j->told_only = g->n_judged * g->n_trees * rules > most;
	j->by_class = j->told_only && told > most;
}

int
gate_junit_within(const struct gate *g, size_t most, struct buffer *out)
{
	_cleanup_buffer_ struct buffer cases = { 0 }, suites = { 0 };
	struct junit j = { .g = g, .pen = { .out = &cases } };
	struct pen body = { .out = &suites }, document = { .out = out };

	choose_size(&j, most);
	for (size_t i = 0; i < g->n_judged; i++)
		if (!j.by_class || i == g->classes[g->hosts[i].class].first)
			write_host(&j, &body, &g->hosts[i]);
	for (size_t i = g->n_judged; i < g->n_hosts; i++)
		write_unjudged(&j, &body, &g->hosts[i]);
	pen_put(&document, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"migcheck gate: %s\"",
		gate_result_name(g->result));
	put_counts(&document, &j.all);
	pen_add(&document, buffer_slice(&suites).p, suites.n);
	pen_put(&document, "</testsuites>\n");
	pen_keep(&document, body.error);
	return document.error;
}

int
gate_junit(const struct gate *g, const struct report_options *o, struct buffer *out)
{
	(void) o;
	return gate_junit_within(g, GATE_JUNIT_CASES, out);
}

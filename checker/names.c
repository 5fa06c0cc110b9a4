/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words for the checker's enumerations: what stands in reports, in JSON and in the tests'
 * expectations. Words once released stay.
 */
#include "checker/assessment.h"
#include "base/cleanup.h"
#include "checker/settling.h"

#define WORD(table, i) ((size_t) (i) < ARRAY_SIZE(table) ? (table)[i] : "?")

const char *
verdict_name(enum verdict v)
{
	static const char *const words[] = {
		[VERDICT_READY] = "ready",
		[VERDICT_BLOCKED] = "blocked",
		[VERDICT_RETRY] = "retry",
		[VERDICT_UNDECIDED] = "undecided",
	};

	return WORD(words, v);
}

int
verdict_exit_code(enum verdict v)
{
	static const int codes[] = {
		[VERDICT_READY] = 0,
		[VERDICT_BLOCKED] = 1,
		[VERDICT_RETRY] = 3,
		[VERDICT_UNDECIDED] = 4,
	};

	return (size_t) v < ARRAY_SIZE(codes) ? codes[v] : 2;
}

const char *
stage_name(enum stage s)
{
	static const char *const words[] = {
		[STAGE_DUMP] = "dump",
		[STAGE_RESTORE] = "restore",
		[STAGE_AFTERWARDS] = "afterwards",
	};

	return WORD(words, s);
}

const char *
lifetime_name(enum lifetime l)
{
	static const char *const words[] = {
		[LIFETIME_PERMANENT] = "permanent",
		[LIFETIME_TRANSIENT] = "transient",
	};

	return WORD(words, l);
}

const char *
severity_name(enum severity s)
{
	static const char *const words[] = {
		[SEVERITY_BLOCKER] = "blocker",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_NOTE] = "note",
	};

	return WORD(words, s);
}

const char *
confidence_name(enum confidence c)
{
	static const char *const words[] = {
		[CONFIDENCE_SEEN] = "seen",
		[CONFIDENCE_POSSIBLE] = "possible",
	};

	return WORD(words, c);
}

const char *
outcome_name(enum outcome o)
{
	static const char *const words[] = {
		[OUTCOME_NOT_APPLICABLE] = "not-applicable",
		[OUTCOME_PASSED] = "passed",
		[OUTCOME_FAILED] = "failed",
		[OUTCOME_UNKNOWN] = "unknown",
		[OUTCOME_NOT_ASKED] = "not-asked",
	};

	return WORD(words, o);
}

const char *
requirement_kind_name(enum requirement_kind k)
{
	static const char *const words[] = {
		[REQUIRE_LOSSLESS] = "lossless",
		[REQUIRE_LOSSY] = "lossy",
		[REQUIRE_ARRANGED] = "arranged",
		[REQUIRE_SYNC] = "sync",
		[REQUIRE_INSTALL] = "install",
	};

	return WORD(words, k);
}

const char *
settled_end_name(enum settled_end e)
{
	static const char *const words[] = {
		[SETTLED_GONE] = "gone",
		[SETTLED_STAYED] = "stayed",
		[SETTLED_UNKNOWN] = "unknown",
	};

	return WORD(words, e);
}

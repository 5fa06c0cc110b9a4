/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the destination's CRIU was built with, by the libraries that its ELF file names, and what the tree
 * needs of them:
 *
 *     here   a network namespace, saved by a criu linked with libnftables.so.1
 *     there  libbsd.so.0 libprotobuf-c.so.1 libnl-3.so.200 libnet.so.9 libc.so.6
 */
#include "checker/judge.h"
#include "checker/options.h"
#include "checker/presence.h"
#include "checker/rulesets.h"

#include "base/cleanup.h"
#include "base/text.h"

/* Such a criu writes the rules of nftables of each network namespace down, and be it none. */
static const char *
needs_nftables(struct judge *j)
{
	bool known;

	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known) ||
	    options_find(j->options->criu_options, "--empty-ns net") ||
	    presence_of_library(j->here, "criu", "libnftables") != PRESENCE_HERE)
		return NULL;
	return "the network namespace of the tree";
}

static const char *
needs_bpf(struct judge *j)
{
	for (size_t i = 0; i < j->source->n_process; i++)
		for (size_t k = 0; k < j->source->process[i]->n_fd; k++)
			if (j->source->process[i]->fd[k]->kind == FD_KIND__FD_BPF_MAP)
				return judge_fd(j, j->source->process[i], j->source->process[i]->fd[k]);
	return NULL;
}

static const char *
needs_selinux(struct judge *j)
{
	const Security *here = j->source->host ? j->source->host->security : NULL;
	const Process *root = index_root(j->at);

	if (!here || !here->selinux || !root || root->n_thread == 0)
		return NULL;
	return root->thread[0]->lsm_label;
}

static const char *
needs_tls(struct judge *j)
{
	return options_last(j->options->criu_options, "tls") ? "--tls" : NULL;
}

static const struct {
	const char *library;
	const char *(*needed)(struct judge *j);	/* by what; NULL: not needed */
	const char *option;		/* lossy, without which it is not needed; or NULL */
} builds[] = {
	{ "libnftables", needs_nftables, "--empty-ns net" },
	{ "libbpf", needs_bpf, NULL },
	{ "libselinux", needs_selinux, "--lsm-profile=none:" },
	{ "libgnutls", needs_tls, NULL },
};

static enum judgement
criu_build(struct judge *j, const struct subject *s)
{
	const Tool *there = index_tool(j->there, "criu");
	enum judgement said = NOT_ABOUT;

	(void) s;
	for (size_t i = 0; i < ARRAY_SIZE(builds); i++) {
		const char *library = builds[i].library, *by = builds[i].needed(j);
		enum presence presence = by ? presence_of_library(j->there, "criu", library) : PRESENCE_NOT_KNOWN;
		struct finding *f;

		if (presence == PRESENCE_HERE && said == NOT_ABOUT)
			said = FINE;
		if (presence != PRESENCE_MISSING)
			continue;
		f = judge_find(j, by, judge_text(j, "needs a criu with %s", library), "built without it");
		f->there_from = there->path;
		f->option = builds[i].option;
		f->option_kind = REQUIRE_LOSSY;
		said = FINDING;
	}
	return said;
}

static const struct rule rules[] = {
	{
		.id = "dst-criu-build",
		.title = "the destination's CRIU is built without something that this tree needs",
		.why = "CRIU can be built without nftables, BPF maps, SELinux and TLS, and then refuses images "
		       "that hold such things.",
		.remedy = "install a CRIU there that is built as the source's; ldd(1) shows what it was linked with",
		.criu_says = "CRIU was built without",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A program stays as it was built.",
		.about = ABOUT_HOST,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES) | NEEDS(DOMAIN__DOMAIN_FDS),
		.destination_needs = NEEDS(DOMAIN__DOMAIN_TOOLS),
		.check = criu_build,
	},
};

const struct ruleset rules_dst_build = { .name = "dst-build", .rules = rules, .n = ARRAY_SIZE(rules) };

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of a network namespace that CRIU writes again: those of all devices, of new ones and
 * of each by its name. It saves which the source's kernel has, of a list of its own, and writes all of
 * these; one that is not there ends the restore.
 *
 *     here   /proc/sys/net/ipv6/conf/default:  accept_dad … use_tempaddr
 *     there  no such folder (ipv6.disable=1)
 */
#include "checker/judge.h"
#include "checker/options.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

/* Of those that the kernel has, these are in CRIU 4.2.1's images. */
static const char carried4[] =
	"accept_local accept_redirects accept_source_route arp_accept arp_announce arp_filter arp_ignore "
	"arp_notify bootp_relay disable_policy disable_xfrm drop_gratuitous_arp drop_unicast_in_l2_multicast "
	"force_igmp_version forwarding igmpv2_unsolicited_report_interval igmpv3_unsolicited_report_interval "
	"ignore_routes_with_linkdown log_martians medium_id promote_secondaries proxy_arp proxy_arp_pvlan "
	"route_localnet rp_filter secure_redirects send_redirects shared_media src_valid_mark tag";

static const char carried6[] =
	"accept_dad accept_ra accept_ra_defrtr accept_ra_from_local accept_ra_min_hop_limit accept_ra_mtu "
	"accept_ra_pinfo accept_ra_rt_info_max_plen accept_ra_rtr_pref accept_redirects accept_source_route "
	"autoconf dad_transmits disable_ipv6 drop_unicast_in_l2_multicast drop_unsolicited_na "
	"force_mld_version force_tllao forwarding hop_limit ignore_routes_with_linkdown keep_addr_on_down "
	"max_addresses max_desync_factor mldv1_unsolicited_report_interval mldv2_unsolicited_report_interval "
	"mtu ndisc_notify optimistic_dad proxy_ndp regen_max_retry router_probe_interval "
	"router_solicitation_delay router_solicitation_interval router_solicitations stable_secret "
	"suppress_frag_ndisc temp_prefered_lft temp_valid_lft use_oif_addrs_only use_optimistic use_tempaddr";

/* What one protocol's devices can be set to, at one end. */
struct settings {
	char *const *name;
	size_t n;
};

static bool
has(struct settings set, struct slice name)
{
	for (size_t i = 0; i < set.n; i++)
		if (slice_eq(name, set.name[i]))
			return true;
	return false;
}

static enum judgement
missing(struct judge *j, const char *carried, const char *protocol, struct settings here, struct settings there)
{
	struct slice rest = slice_of(carried), name;
	enum judgement said = FINE;
	struct finding *f;

	while (slice_field(&rest, ' ', &name)) {
		if (!has(here, name) || has(there, name))
			continue;
		f = judge_find(j, there.n > 0 ? judge_text(j, "net.%s.conf.*.%.*s", protocol, (int) name.n, name.p) :
						judge_text(j, "net.%s.conf", protocol),
			       "set in the network namespace of the tree",
			       there.n > 0 ? "not there" : judge_text(j, "no %s", streq(protocol, "ipv6") ? "IPv6" : "IPv4"));
		f->there_from = judge_text(j, "/proc/sys/net/%s/conf/default", protocol);
		f->option = "--weak-sysctls";
		f->option_kind = REQUIRE_LOSSY;
		said = FINDING;
		if (there.n == 0)
			break;
	}
	return said;
}

static const Net *
net_of(const Snapshot *s)
{
	return s && s->host ? s->host->net : NULL;
}

/* Of the namespace, criu saves what its kernel has: that is the same in all namespaces of a host. */
static enum judgement
net_settings(struct judge *j, const struct subject *s)
{
	const Net *here = net_of(j->source), *there = net_of(j->destination);
	enum judgement v4, v6;
	bool known;

	(void) s;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known) ||
	    options_find(j->options->criu_options, "--empty-ns net"))
		return NOT_ABOUT;
	if (same_kernel(j))
		return FINE;
	if (!here || here->n_conf4 == 0)
		return judge_unknown(j, false, DOMAIN__DOMAIN_NET, "net.ipv4.conf", "which settings a device has");
	if (!there || there->n_conf4 == 0)
		return judge_unknown(j, true, DOMAIN__DOMAIN_NET, "net.ipv4.conf", "which settings a device has");
	v4 = missing(j, carried4, "ipv4", (struct settings){ here->conf4, here->n_conf4 },
		     (struct settings){ there->conf4, there->n_conf4 });
	v6 = missing(j, carried6, "ipv6", (struct settings){ here->conf6, here->n_conf6 },
		     (struct settings){ there->conf6, there->n_conf6 });
	return v4 == FINDING ? v4 : v6;
}

static const struct rule rules[] = {
	{
		.id = "net-sysctls",
		.title = "the destination's kernel lacks a setting of network devices",
		.why = "CRIU writes the settings of the network namespace again, of all devices and of each, and "
		       "gives up where one is not there.",
		.remedy = "choose a kernel that has it (IPv6 is missing with ipv6.disable=1), or give criu restore "
			  "--weak-sysctls, which leaves out what is not there",
		.criu_says = "Can't open sysctl net/",
		.stage = STAGE_RESTORE,
		.lifetime_why = "Which settings there are is decided when a kernel is built and started.",
		.about = ABOUT_HOST,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.destination_needs = NEEDS(DOMAIN__DOMAIN_NET),
		.check = net_settings,
	},
};

const struct ruleset rules_dst_settings = { .name = "dst-settings", .rules = rules, .n = ARRAY_SIZE(rules) };

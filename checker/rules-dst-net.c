/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network devices and socket families: what the destination's network namespace must have for
 * the tree's sockets, and what its kernel must be able to make for a namespace of the tree's.
 *
 *     here   udp socket bound to eth1; netns 4026532201 with veth eth0, peer outside of it
 *     there  devices lo eth0; rtnl-link-veth loadable; net-pf-10 absent
 */
#include "checker/mounts.h"
#include "checker/place.h"
#include "checker/presence.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <net/if.h>
#include <netinet/in.h>

static const Net *
net_there(const struct judge *j)
{
	return j->destination->host ? j->destination->host->net : NULL;
}

static const NetDevice *
device_in(NetDevice *const *device, size_t n, uint32_t ifindex)
{
	for (size_t i = 0; i < n; i++)
		if (device[i]->ifindex == ifindex)
			return device[i];
	return NULL;
}

/* The device at the source, of the namespace that the socket is in. */
static const NetDevice *
device_here(const struct judge *j, const Socket *s, uint32_t ifindex)
{
	const Namespace *ns = index_ns(j->at, NAMESPACE_KIND__NS_NET, s->netns);
	const Net *net = j->source->host ? j->source->host->net : NULL;
	const NetDevice *d = ns ? device_in(ns->device, ns->n_device, ifindex) : NULL;

	return d || !net ? d : device_in(net->device, net->n_device, ifindex);
}

static const NetDevice *
device_named(const Net *net, const char *name)
{
	for (size_t i = 0; i < net->n_device; i++)
		if (net->device[i]->name && streq(net->device[i]->name, name))
			return net->device[i];
	return NULL;
}

/* An inet socket is bound to the device's name, a packet socket to its number. */
static enum judgement
bind_to_device(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	bool packet = k->family == SOCKET_FAMILY__SOCKET_PACKET;
	uint32_t ifindex = packet ? k->packet_ifindex : k->ifindex;
	const Net *net = net_there(j);
	const NetDevice *here, *there;
	struct finding *f;

	if (!ifindex || !place_of_socket_is_probed(j, k) || (!packet && k->family != SOCKET_FAMILY__SOCKET_INET &&
					      k->family != SOCKET_FAMILY__SOCKET_INET6))
		return NOT_ABOUT;
	here = device_here(j, k, ifindex);
	if (!here || !here->name)
		return judge_unknown(j, false, DOMAIN__DOMAIN_NET, judge_text(j, "device %u", ifindex),
				     "its name here");
	if (!net || !net->n_device)
		return judge_unknown(j, true, DOMAIN__DOMAIN_NET, here->name, "the devices there");
	there = device_named(net, here->name);
	if (there && (!packet || there->ifindex == ifindex))
		return FINE;
	f = judge_find(j, judge_text(j, "device %s", here->name),
		       packet ? judge_text(j, "number %u", ifindex) : judge_socket(j, k),
		       there ? judge_text(j, "number %u", there->ifindex) : "no such device");
	f->there_from = "rtnetlink";
	return FINDING;
}

/* Whether the kernel there has, or can load, what is behind the alias. FINE: it does. */
static enum judgement
judge_module(struct judge *j, const char *thing, const char *here, const char *alias)
{
	const Module *m = index_module(j->there, alias);
	const Host *h = j->destination->host;
	struct finding *f;

	if (same_kernel(j))
		return FINE;		/* the tree uses it now */
	if (!m || m->state == MODULE_STATE__MODULE_CANNOT_TELL)
		return judge_unknown(j, true, DOMAIN__DOMAIN_MODULES, thing,
				     judge_text(j, "whether there is code for %s", alias));
	if (m->state == MODULE_STATE__MODULE_BUILTIN || m->state == MODULE_STATE__MODULE_LOADED)
		return FINE;
	if (m->state == MODULE_STATE__MODULE_LOADABLE && !(h && h->modules && h->modules->loading_disabled))
		return FINE;
	f = judge_find(j, thing, here, m->state == MODULE_STATE__MODULE_ABSENT ?
		       judge_text(j, "no module for %s", alias) : "not loaded, and loading is disabled");
	f->there_from = m->seen;
	return FINDING;
}

static enum judgement
proto_module(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	const Net *net = net_there(j);
	struct finding *f;

	switch (k->family) {
	case SOCKET_FAMILY__SOCKET_INET6:
		if (net && net->has_ipv6 && !net->ipv6 && place_of_socket_is_probed(j, k)) {
			f = judge_find(j, "IPv6", judge_socket(j, k), "switched off");
			f->there_from = "/proc/net/if_inet6";
			return FINDING;
		}
		if (k->protocol == IPPROTO_UDPLITE)
			return judge_module(j, "UDP-Lite", judge_socket(j, k), "net-pf-10-proto-136");
		return judge_module(j, "IPv6", judge_socket(j, k), "net-pf-10");
	case SOCKET_FAMILY__SOCKET_INET:
		if (k->protocol == IPPROTO_UDPLITE)
			return judge_module(j, "UDP-Lite", judge_socket(j, k), "net-pf-2-proto-136");
		return NOT_ABOUT;
	case SOCKET_FAMILY__SOCKET_PACKET:
		return judge_module(j, "packet sockets", judge_socket(j, k), "net-pf-17");
	case SOCKET_FAMILY__SOCKET_NETLINK:
		return judge_module(j, judge_text(j, "netlink protocol %u", k->protocol), judge_socket(j, k),
				    judge_text(j, "net-pf-16-proto-%u", k->protocol));
	default:
		return NOT_ABOUT;
	}
}

static const char *
alias_of(const char *kind)
{
	static const char *const aliases[][2] = {
		{ "veth", "rtnl-link-veth" },
		{ "bridge", "rtnl-link-bridge" },
		{ "macvlan", "rtnl-link-macvlan" },
		{ "sit", "rtnl-link-sit" },
		{ "tun", "tun" },
	};

	for (size_t i = 0; kind && i < ARRAY_SIZE(aliases); i++)
		if (streq(aliases[i][0], kind))
			return aliases[i][1];
	return NULL;
}

static bool
is_made_anew(const Namespace *ns)
{
	return ns->kind == NAMESPACE_KIND__NS_NET && !ns->of_criu;
}

static enum judgement
ns_create(struct judge *j, const struct subject *s)
{
	enum judgement said = NOT_ABOUT, one;

	if (!is_made_anew(s->ns))
		return NOT_ABOUT;
	for (size_t i = 0; i < s->ns->n_device; i++) {
		const NetDevice *d = s->ns->device[i];
		const char *alias = alias_of(d->kind);

		/* sit0 is there by itself; criu passes it over. */
		if (!alias || !d->name || streq(d->name, "sit0"))
			continue;
		one = judge_module(j, judge_text(j, "%s devices", d->kind),
				   judge_text(j, "device %s", d->name), alias);
		said = one > said ? one : said;
	}
	return said;
}

/* With one network namespace of the tree's own, a peer elsewhere is outside of it. */
static enum judgement
veth_peer(struct judge *j, const struct subject *s)
{
	enum judgement said = NOT_ABOUT;
	size_t own = 0;

	if (!is_made_anew(s->ns))
		return NOT_ABOUT;
	for (size_t i = 0; i < j->source->n_ns; i++)
		own += is_made_anew(j->source->ns[i]);
	for (size_t i = 0; own == 1 && i < s->ns->n_device; i++) {
		const NetDevice *d = s->ns->device[i];
		struct finding *f;

		if (!d->kind || !streq(d->kind, "veth") || !d->name || !d->has_link_netns || d->link_netns < 0)
			continue;
		f = judge_find(j, judge_text(j, "device %s", d->name), "a veth whose peer is outside of the tree",
			       NULL);
		f->option = judge_text(j, "--external veth[%s]:PEER@BRIDGE", d->name);
		f->option_kind = REQUIRE_ARRANGED;
		said = FINDING;
	}
	return said;
}

/* criu tries how the kernel does TCP, from 127.0.0.1 to itself, unless it knows from an earlier start. */
static enum judgement
loopback(struct judge *j, const struct subject *s)
{
	const Net *net = net_there(j);
	const NetDevice *lo = NULL;
	const Mount *run = mount_there(j, "/run");
	struct finding *f;
	bool up, has = false;

	(void) s;
	for (size_t i = 0; net && i < net->n_device; i++)
		if (net->device[i]->name && streq(net->device[i]->name, "lo"))
			lo = net->device[i];
	if (!lo || !lo->has_flags)
		return NOT_ABOUT;
	up = lo->flags & IFF_UP;
	for (size_t i = 0; i < lo->n_address; i++)
		has |= lo->address[i]->address.len == 4 && lo->address[i]->address.data[0] == 127;
	if (up && has)
		return FINE;
	f = judge_find(j, "lo", "criu speaks TCP with itself", up ? "it has no 127.0.0.1" : "it is down");
	f->command = up ? "ip address add 127.0.0.1/8 dev lo" : "ip link set lo up";
	if (run && run->fs_type && streq(run->fs_type, "tmpfs"))
		f->severity = SEVERITY_WARNING;
	return FINDING;
}

#define OF_NET NEEDS(DOMAIN__DOMAIN_NET)
#define OF_MODULES NEEDS(DOMAIN__DOMAIN_MODULES)
#define SEEN_SOCKETS NEEDS(DOMAIN__DOMAIN_SOCKETS)

/* What criu finds of nftables in a network namespace it writes down, be it nothing, and loads it there. */
static enum judgement
netns_nftables(struct judge *j, const struct subject *s)
{
	const char *who = "the network namespace of the tree";
	bool known;

	(void) s;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known) ||
	    presence_of_module(j->here, "nf_tables") == PRESENCE_MISSING)
		return NOT_ABOUT;
	switch (presence_of_module(j->there, "nf_tables")) {
	case PRESENCE_HERE:
		return FINE;
	case PRESENCE_MISSING:
		(void) judge_find(j, who, "nf_tables", "no such module");
		return FINDING;
	default:
		return judge_unknown(j, true, DOMAIN__DOMAIN_MODULES, who, "whether the kernel has nf_tables");
	}
}

/* Connections that the tree's namespace tracks are put into the kernel's table there. */
static enum judgement
netns_conntrack(struct judge *j, const struct subject *s)
{
	const Module *here = index_module(j->here, "nf_conntrack");
	struct finding *f;
	bool known;

	(void) s;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known) || !here ||
	    (here->state != MODULE_STATE__MODULE_LOADED && here->state != MODULE_STATE__MODULE_BUILTIN))
		return NOT_ABOUT;
	if (presence_of_module(j->there, "nf_conntrack") != PRESENCE_MISSING &&
	    presence_of_module(j->there, "nf_conntrack_netlink") != PRESENCE_MISSING)
		return presence_of_module(j->there, "nf_conntrack") == PRESENCE_HERE ? FINE : NOT_ABOUT;
	f = judge_find(j, "the network namespace of the tree", "nf_conntrack is loaded",
		       "nf_conntrack, or nf_conntrack_netlink, is missing");
	f->confidence = CONFIDENCE_POSSIBLE;
	return FINDING;
}

static const struct rule rules[] = {
	{
		.id = "dst-loopback",
		.title = "the loopback device is down there, or has no address",
		.why = "When CRIU starts it makes a TCP connection to itself, and gives up or hangs without.",
		.remedy = "bring the loopback up",
		.criu_says = "Unable to bind a socket",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A device is as it is until someone sets it.",
		.about = ABOUT_HOST,
		.of_the_moment = MOMENT_ONLY,
		.destination_needs = NEEDS(DOMAIN__DOMAIN_NET),
		.check = loopback,
	},
	{
		.id = "net-bindtodevice",
		.title = "a socket is bound to a network device that the destination has not",
		.why = "CRIU binds it again: an inet socket by the device's name, a packet socket by "
		       "its number.",
		.remedy = "give a device there that name, or choose another host",
		.criu_says = "couldn't find ifname for",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A device is there once someone makes or renames it.",
		.about = ABOUT_SOCKET,
		.source_needs = SEEN_SOCKETS,
		.destination_needs = OF_NET,
		.check = bind_to_device,
	},
	{
		.id = "net-proto-module",
		.title = "the destination's kernel cannot make a socket of this kind",
		.why = "CRIU makes each socket anew.",
		.remedy = "install or load the module, or choose another host",
		.criu_says = "Can't create",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A kernel without the module stays without it.",
		.about = ABOUT_SOCKET,
		.source_needs = SEEN_SOCKETS,
		.destination_needs = OF_NET | OF_MODULES,
		.check = proto_module,
	},
	{
		.id = "net-ns-create",
		.title = "the destination's kernel cannot make a network device of the tree's",
		.why = "CRIU makes the devices of a network namespace anew.",
		.remedy = "install or load the module, or choose another host",
		.criu_says = "Can't restore link",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A kernel without the module stays without it.",
		.about = ABOUT_NAMESPACE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NET) | NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.destination_needs = OF_MODULES,
		.check = ns_create,
	},
	{
		.id = "net-veth-peer",
		.title = "the other end of a veth must be arranged at the restore",
		.why = "CRIU must be told the name of the outer end, and which bridge takes it.",
		.remedy = "give criu restore --external veth[INNER]:OUTER@BRIDGE; OUTER must be free and "
			  "BRIDGE be there",
		.criu_says = "Unknown peer net namespace",
		.stage = STAGE_RESTORE,
		.lifetime_why = "The peer lives outside of what is moved.",
		.about = ABOUT_NAMESPACE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NET) | NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.destination_needs = OF_NET,
		.check = veth_peer,
	},
	{
		.id = "net-conntrack",
		.title = "the destination's kernel cannot take over tracked connections",
		.why = "What the tree's network namespace tracks (for NAT, or for stateful rules of a firewall) CRIU puts "
		       "into the table there, by nf_conntrack_netlink. Where the table is empty, nothing is "
		       "missed.",
		.remedy = "install the kernel's modules nf_conntrack and nf_conntrack_netlink",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A kernel without the module stays without it.",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_HOST,
		.destination_needs = NEEDS(DOMAIN__DOMAIN_MODULES),
		.check = netns_conntrack,
	},
	{
		.id = "dst-netns-nftables",
		.title = "the destination's kernel has no nftables for the tree's network namespace",
		.why = "CRIU loads the rules of the network namespace again, even an empty set of them, which a "
		       "kernel without nf_tables refuses.",
		.remedy = "install the kernel's modules",
		.criu_says = "nft command error",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A kernel without the module stays without it.",
		.about = ABOUT_HOST,
		.destination_needs = NEEDS(DOMAIN__DOMAIN_MODULES),
		.check = netns_nftables,
	},
};

const struct ruleset rules_dst_net = {
	.name = "dst-net",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

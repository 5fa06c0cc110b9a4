/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices and addresses of each network namespace of the tree, by rtnetlink(7) inside it
 * (kernel/rtlink.c); where that namespace cannot be entered, their names by /proc/PID/net/dev.
 */
#include "kernel/rtlink.h"
#include "kernel/rtnet.h"
#include "light-dump/collectors.h"
#include "light-dump/netns.h"
#include "light-dump/procfile.h"

#include <linux/netlink.h>

static int
namespace_record(struct snapshot *s, const struct netns *n, Namespace **ret)
{
	Namespace *ns;
	int r;

	for (size_t i = 0; i < s->facts->n_ns; i++) {
		ns = s->facts->ns[i];
		if (ns->kind == NAMESPACE_KIND__NS_NET && ns->ino == n->ino) {
			*ret = ns;
			return 0;
		}
	}
	ns = NEW_FACT(s->arena, Namespace, namespace);
	if (!ns)
		return -ENOMEM;
	SET_FACT(ns, kind, NAMESPACE_KIND__NS_NET);
	SET_FACT(ns, ino, n->ino);
	SET_FACT(ns, member_pid, n->pid);
	r = ADD_FACT(s->arena, s->facts->ns, s->facts->n_ns, ns);
	if (r < 0)
		return r;
	*ret = ns;
	return 0;
}

/* The devices as far as /proc shows them. */
static int
read_text(struct tree_context *c, const struct netns *n, Namespace *ns)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r;

	r = root_read(&n->proc, "net/dev", &text, MAX_PROC_FILE);
	if (r < 0)
		return r;
	r = net_dev_parse(buffer_slice(&text), c->snapshot->arena, &ns->device, &ns->n_device);
	if (r < 0)
		return r;
	/* A kernel without IPv6 has no such file. */
	if (root_read(&n->proc, "net/if_inet6", &text, MAX_PROC_FILE) < 0)
		return 0;
	return if_inet6_parse(buffer_slice(&text), c->snapshot->arena, ns->device, ns->n_device);
}

static int
ask(struct tree_context *c, const struct netns *n, Namespace *ns)
{
	_cleanup_netlink_ struct netlink *netlink = NULL;
	int r;

	r = netlink_open(n->fd, NETLINK_ROUTE, &netlink);
	if (r < 0)
		return r;
	return rtnet_devices(netlink, c->snapshot->arena, &ns->device, &ns->n_device);
}

static int
collect_one(struct tree_context *c, struct netns *n)
{
	Namespace *ns;
	int r;

	r = namespace_record(c->snapshot, n, &ns);
	if (r < 0)
		return r;
	r = netns_hold(c->root, n);
	if (r == 0 && c->root->recorded)
		r = -EOPNOTSUPP;
	if (r == 0)
		r = ask(c, n, ns);
	if (r == 0 || r == -ENOMEM)
		return r;
	gap_note(c->gaps, DOMAIN__DOMAIN_NET, "netdevs", n->pid, procfile_error(c->root, n->pid, r),
		 r == -EPERM || r == -EACCES ? "run as root" : NULL,
		 "devices of the network namespace of /proc/%d", n->pid);
	ns->n_device = 0;
	if (n->proc.fd < 0)
		return 0;
	r = read_text(c, n, ns);
	if (r < 0 && r != -ENOMEM)
		gap_note(c->gaps, DOMAIN__DOMAIN_NET, "netdevs", n->pid,
			 procfile_error(c->root, n->pid, r), NULL, "/proc/%d/net/dev", n->pid);
	return r == -ENOMEM ? r : 0;
}

int
netdevs_collect(struct tree_context *c)
{
	_cleanup_netns_list_ struct netns_list list = { 0 };
	int r;

	r = netns_list_make(c->snapshot->facts, &list);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n; i++) {
		r = collect_one(c, &list.netns[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of sockets, and whom it is safe to ask about them.
 *
 * A request of sock_diag(7) for a family or protocol without a registered handler makes the
 * kernel call modprobe for "net-pf-16-proto-4-type-FAMILY[-PROTOCOL]". So it is asked only
 * where that cannot load anything:
 *
 *  - the kernel cannot load modules at all: it has none (/proc is whole, as /proc/version shows,
 *    and /proc/modules is not there), kernel.modules_disabled is 1, or kernel.modprobe is empty;
 *    a kind that is not there is then answered with ENOENT and nothing else happens;
 *  - the module is loaded and live, by /proc/modules:
 *
 *        tcp_diag 16384 0 - Live 0x0000000000000000
 *
 *  - it is built in, by modules.builtin of the running release:
 *
 *        kernel/net/ipv4/inet_diag.ko
 *
 * In every other case it counts as not there. The socket of NETLINK_SOCK_DIAG itself loads
 * nothing: that protocol is never a module. A module that is unloaded between the look and the
 * question would be loaded again, as it was a moment before. Ping sockets have no handler.
 */
#include "kernel/sock-diag.h"

#include "kernel/sock-inet.h"
#include "kernel/sock-netlink.h"
#include "kernel/sock-packet.h"
#include "kernel/sock-unix.h"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum {
	MAX_MODULES_TEXT = 4 * 1024 * 1024,
	MAX_SYSCTL = 4096,
	MAX_REQUEST = 64,
};

static bool
sysctl_is(const struct root *root, const char *path, const char *value)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct slice s;

	if (root_read(root, path, &text, MAX_SYSCTL) < 0)
		return false;
	s = buffer_slice(&text);
	(void) slice_cut_end(&s, "\n");
	return slice_eq(s, value);
}

/* Whether nothing can be loaded, whatever is asked. `r` is the outcome of reading /proc/modules. */
static bool
kernel_loads_nothing(const struct root *root, int r)
{
	_cleanup_buffer_ struct buffer version = { 0 };

	if (r == -ENOENT && root_read(root, "/proc/version", &version, MAX_SYSCTL) == 0)
		return true;
	return sysctl_is(root, "/proc/sys/kernel/modules_disabled", "1") ||
	       sysctl_is(root, "/proc/sys/kernel/modprobe", "");
}

int
sock_handlers_read(const struct root *root, bool may_load, struct sock_handlers *ret)
{
	_cleanup_sock_handlers_ struct sock_handlers h = { .all = may_load };
	_cleanup_buffer_ struct buffer release = { 0 };
	struct slice s;
	int r;

	if (root->recorded) {
		*ret = (struct sock_handlers){ 0 };
		return 0;
	}
	r = root_read(root, "/proc/modules", &h.loaded, MAX_MODULES_TEXT);
	if (r == -ENOMEM)
		return r;
	if (kernel_loads_nothing(root, r))
		h.all = true;
	if (!h.all && root_read(root, "/proc/sys/kernel/osrelease", &release, MAX_SYSCTL) == 0) {
		s = buffer_slice(&release);
		(void) slice_cut_end(&s, "\n");
		r = root_readf(root, &h.builtin, MAX_MODULES_TEXT, "/lib/modules/%.*s/modules.builtin",
			       (int) s.n, s.p);
		if (r == -ENOMEM)
			return r;
	}
	*ret = h;
	h = (struct sock_handlers){ 0 };
	return 0;
}

void
sock_handlers_free(struct sock_handlers *h)
{
	buffer_free(&h->loaded);
	buffer_free(&h->builtin);
}

bool
modules_has_live(struct slice modules, const char *name)
{
	struct slice line, word;

	while (slice_line(&modules, &line)) {
		if (!slice_word(&line, &word) || !slice_eq(word, name))
			continue;
		for (int i = 0; i < 4; i++)
			if (!slice_word(&line, &word))
				return false;
		return slice_eq(word, "Live");
	}
	return false;
}

bool
modules_builtin_has(struct slice builtin, const char *name)
{
	struct slice line;

	while (slice_line(&builtin, &line)) {
		struct slice file = line;
		const char *slash = memrchr(line.p, '/', line.n);

		if (slash)
			file = (struct slice){ .p = slash + 1, .n = line.n - (size_t) (slash + 1 - line.p) };
		if (slice_cut_end(&file, ".ko") && slice_eq(file, name))
			return true;
	}
	return false;
}

static bool
have_module(const struct sock_handlers *h, const char *name)
{
	return modules_has_live(buffer_slice(&h->loaded), name) ||
	       modules_builtin_has(buffer_slice(&h->builtin), name);
}

bool
sock_handlers_have(const struct sock_handlers *h, const struct sock_kind *kind)
{
	if (!kind->module)
		return false;
	if (h->all)
		return true;
	return have_module(h, kind->module) &&
	       (!kind->parent_module || have_module(h, kind->parent_module));
}

static void
make_request(const struct sock_kind *kind, struct nlmsghdr *m)
{
	struct sock_inet_request inet;
	struct sock_unix_request local;
	struct sock_netlink_request netlink;
	struct sock_packet_request packet;
	const void *bytes = &inet;
	size_t n = sizeof(inet);

	switch (kind->family) {
	case AF_UNIX:
		sock_unix_request(&local);
		bytes = &local;
		n = sizeof(local);
		break;
	case AF_NETLINK:
		sock_netlink_request(&netlink);
		bytes = &netlink;
		n = sizeof(netlink);
		break;
	case AF_PACKET:
		sock_packet_request(&packet);
		bytes = &packet;
		n = sizeof(packet);
		break;
	default:
		sock_inet_request(kind->family, kind->protocol, &inet);
		break;
	}
	*m = (struct nlmsghdr){
		.nlmsg_len = (uint32_t) NLMSG_LENGTH(n),
		.nlmsg_type = SOCK_DIAG_BY_FAMILY,
	};
	memcpy(NLMSG_DATA(m), bytes, n);
}

int
sock_kind_dump(struct netlink *n, const struct sock_kind *kind,
	       int (*each)(const struct nlmsghdr *message, void *arg), void *arg,
	       void (*restart)(void *arg))
{
	union {
		struct nlmsghdr header;
		char bytes[NLMSG_LENGTH(MAX_REQUEST)];
	} request = { 0 };

	make_request(kind, &request.header);
	return netlink_dump(n, &request.header, each, arg, restart);
}

int
sock_kind_ino(const struct sock_kind *kind, struct slice answer, uint64_t *ret)
{
	struct sock_inet_key key;
	int r;

	switch (kind->family) {
	case AF_UNIX:
		return sock_unix_ino(answer, ret);
	case AF_NETLINK:
		return sock_netlink_ino(answer, ret);
	case AF_PACKET:
		return sock_packet_ino(answer, ret);
	default:
		r = sock_inet_key(answer, &key);
		if (r < 0)
			return r;
		*ret = key.ino;
		return 0;
	}
}

int
sock_kind_parse(const struct sock_kind *kind, struct slice answer, struct arena *arena, Socket *s)
{
	int r;

	switch (kind->family) {
	case AF_UNIX:
		r = sock_unix_parse(answer, arena, s);
		break;
	case AF_NETLINK:
		r = sock_netlink_parse(answer, arena, s);
		break;
	case AF_PACKET:
		r = sock_packet_parse(answer, arena, s);
		break;
	default:
		r = sock_inet_parse(answer, kind->protocol, arena, s);
		break;
	}
	return r;
}

#define TCP_UNTOLD "congestion control, ULP, MD5 keys, shutdown"
#define INET_KIND(name_, service_, family_, protocol_, module_, untold_)                   \
	{ .name = name_, .service = service_, .family = family_, .protocol = protocol_,    \
	  .module = module_, .parent_module = "inet_diag", .text = "net/" name_, .untold = untold_ }

const struct sock_kind sock_kinds[] = {
	INET_KIND("tcp", "tcp", AF_INET, IPPROTO_TCP, "tcp_diag", TCP_UNTOLD),
	INET_KIND("tcp6", "tcp", AF_INET6, IPPROTO_TCP, "tcp_diag", TCP_UNTOLD),
	INET_KIND("udp", "udp", AF_INET, IPPROTO_UDP, "udp_diag", NULL),
	INET_KIND("udp6", "udp", AF_INET6, IPPROTO_UDP, "udp_diag", NULL),
	INET_KIND("udplite", "udplite", AF_INET, IPPROTO_UDPLITE, "udp_diag", NULL),
	INET_KIND("udplite6", "udplite", AF_INET6, IPPROTO_UDPLITE, "udp_diag", NULL),
	INET_KIND("raw", "raw", AF_INET, IPPROTO_RAW, "raw_diag", NULL),
	INET_KIND("raw6", "raw", AF_INET6, IPPROTO_RAW, "raw_diag", NULL),
	INET_KIND("icmp", "icmp", AF_INET, IPPROTO_ICMP, NULL, NULL),
	INET_KIND("icmp6", "icmp", AF_INET6, IPPROTO_ICMPV6, NULL, NULL),
	{ .name = "unix", .service = "unix", .family = AF_UNIX, .module = "unix_diag",
	  .text = "net/unix", .untold = "peers, queues, clients not yet accepted" },
	{ .name = "netlink", .service = "netlink", .family = AF_NETLINK, .module = "netlink_diag",
	  .text = "net/netlink", .untold = "groups above 32" },
	{ .name = "packet", .service = "packet", .family = AF_PACKET, .module = "af_packet_diag",
	  .text = "net/packet", .untold = "memberships, rings, filters" },
};
const size_t n_sock_kinds = ARRAY_SIZE(sock_kinds);

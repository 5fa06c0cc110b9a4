/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --criu-as: see place.h.
 */
#include "cli/place.h"

#include "base/text.h"
#include "cli/say.h"

#include <errno.h>

static int
take_pid(const struct option_parser *p, const char *name, int *ret)
{
	uint64_t pid;
	int r = option_number(p, name, 1, INT32_MAX, &pid);

	if (r == 0)
		*ret = (int) pid;
	return r;
}

int
place_option(struct work *w, const struct option_parser *p, int id)
{
	switch (id) {
	case OPTION_CRIU_AS:
		w->asks_host = "--criu-as";
		return take_pid(p, "--criu-as", &w->criu_as);
	case OPTION_CRIU_AS_THERE:
		return take_pid(p, "--criu-as-there", &w->criu_as_there);
	default:
		return 1;
	}
}

static void
say_why(int error, int pid)
{
	switch (error) {
	case -ESRCH:
		say_error("criu as process %d: there is none; it is gone, or lives in another pid namespace", pid);
		break;
	case -ECHILD:
		say_error("criu as process %d: it has ended and waits to be reaped; name one that runs", pid);
		break;
	case -EINVAL:
		say_error("criu as process %d: it is a kernel thread, which starts no program", pid);
		break;
	case -EPERM:
	case -EACCES:
		say_error("criu as process %d: its namespaces are not shown to this user: "
			  "run migcheck as root or as its owner", pid);
		break;
	default:
		say_error("criu as process %d: %s", pid, error_text(error));
	}
}

int
place_learn(const struct work *w, const struct root *root, const struct probe_options *o,
	    struct snapshot *s)
{
	int r;

	if (o->criu_as == 0)
		return 0;
	if (w->sysroot) {
		say_error("criu as process %d: nobody runs on a recorded machine (--sysroot)", o->criu_as);
		return -EINVAL;
	}
	r = probes_place(root, o, s);
	if (r < 0)
		say_why(r, o->criu_as);
	return r;
}

int
place_try(const struct work *w)
{
	const int pids[] = { w->criu_as, w->criu_as_there };
	_cleanup_root_ struct root root = ROOT_NONE;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(pids); i++) {
		_cleanup_snapshot_ struct snapshot s = { 0 };
		const struct probe_options o = { .criu_as = pids[i] };

		if (root.fd < 0)
			r = root_open("/", false, &root);
		if (r == 0)
			r = snapshot_new(&s);
		if (r == 0)
			r = place_learn(w, &root, &o, &s);
	}
	return r;
}

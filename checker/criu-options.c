/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of criu's options, in the order of the alphabet: see criu-options.h. An option for
 * a tree of this host, "criu dump -t 4211 --shell-job --ghost-limit 8M", has one row here.
 */
#include "checker/criu-options.h"
#include "base/cleanup.h"

#define ELSEWHERE .role = ROLE_ELSEWHERE
#define LIFTS .role = ROLE_LIFT
#define TAKES .value = VALUE_NEEDED
#define AT(where) .stages = AT_##where
#define SWITCH .undone = true
#define EACH .repeats = true

const struct criu_option criu_options[] = {
	{ "action-script", TAKES, AT(BOTH), EACH },
	{ "address", TAKES, ELSEWHERE },
	{ "all", ELSEWHERE },
	{ "allow-uprobes", LIFTS, AT(BOTH), SWITCH },
	{ "auto-dedup", AT(BOTH), SWITCH },
	{ "cgroup-dump-controller", TAKES, AT(DUMP), EACH },
	{ "cgroup-props", TAKES, AT(DUMP) },
	{ "cgroup-props-file", TAKES, AT(DUMP) },
	{ "cgroup-root", TAKES, AT(BOTH), EACH },
	{ "cgroup-yard", TAKES, AT(BOTH) },
	{ "close", TAKES, AT(BOTH), EACH },
	{ "config", TAKES, AT(BOTH) },
	{ "cpu-cap", .value = VALUE_OPTIONAL, AT(BOTH), EACH, .form = FORM_WORDS, .words = "cpu fpu all ins none" },
	{ "daemon", ELSEWHERE, SWITCH },
	{ "deprecated", AT(BOTH), SWITCH },
	{ "display-stats", AT(BOTH), SWITCH },
	{ "empty-ns", TAKES, LIFTS, AT(BOTH), .form = FORM_WORD, .words = "net" },
	{ "enable-external-masters", LIFTS, AT(BOTH) },
	{ "enable-external-sharing", LIFTS, AT(BOTH) },
	{ "enable-fs", TAKES, LIFTS, AT(BOTH), EACH },
	{ "evasive-devices", LIFTS, AT(DUMP), SWITCH },
	{ "exec-cmd", AT(RESTORE) },
	{ "experimental", ELSEWHERE, SWITCH },
	{ "ext-mount-map", 'M', TAKES, LIFTS, AT(BOTH), EACH, .form = FORM_COLON, .words = "auto" },
	{ "ext-unix-sk", 'x', .value = VALUE_OPTIONAL, LIFTS, AT(BOTH), EACH },
	{ "external", TAKES, LIFTS, AT(BOTH), EACH },
	{ "extra", ELSEWHERE, SWITCH },
	{ "feature", TAKES, ELSEWHERE, EACH },
	{ "file-locks", 'l', LIFTS, AT(BOTH), SWITCH },
	{ "file-validation", TAKES, AT(BOTH), .form = FORM_WORD, .words = "filesize buildid" },
	{ "force-irmap", LIFTS, AT(DUMP), SWITCH },
	{ "freeze-cgroup", TAKES, AT(DUMP) },
	{ "ghost-fiemap", AT(DUMP), SWITCH },
	{ "ghost-limit", TAKES, LIFTS, AT(DUMP), .form = FORM_SIZE },
	{ "help", 'h', .role = ROLE_END },
	{ "images-dir", 'D', TAKES, AT(BOTH) },
	{ "inherit-fd", TAKES, AT(RESTORE), EACH, .form = FORM_FD },
	{ "irmap-scan-path", TAKES, AT(DUMP), EACH },
	{ "join-ns", 'J', TAKES, AT(RESTORE), EACH, .form = FORM_COLON },
	{ "lazy-pages", AT(BOTH) },
	{ "leave-running", 'R', AT(DUMP) },
	{ "leave-stopped", 's', AT(BOTH) },
	{ "libdir", 'L', TAKES, AT(BOTH) },
	{ "link-remap", LIFTS, AT(DUMP), SWITCH },
	{ "log-file", 'o', TAKES, AT(BOTH) },
	{ "log-pid", AT(BOTH), SWITCH },
	{ "lsm-mount-context", TAKES, AT(RESTORE) },
	{ "lsm-profile", TAKES, AT(RESTORE) },
	{ "manage-cgroups", .value = VALUE_OPTIONAL, AT(BOTH), .form = FORM_WORD,
	  .words = "none props soft full strict ignore" },
	{ "mntns-compat-mode", AT(RESTORE), SWITCH },
	{ "ms", .role = ROLE_END },
	{ "network-lock", TAKES, AT(DUMP), .form = FORM_WORD, .words = "iptables nftables skip none" },
	{ "no-default-config", AT(BOTH) },
	{ "page-server", AT(DUMP), SWITCH },
	{ "pidfile", TAKES, AT(RESTORE) },
	{ "port", TAKES, ELSEWHERE, .form = FORM_NUMBER },
	{ "pre-dump-mode", TAKES, ELSEWHERE, .form = FORM_WORD, .words = "splice read" },
	{ "prev-images-dir", TAKES, AT(DUMP) },
	{ "ps-socket", TAKES, ELSEWHERE },
	{ "restore-detached", 'd', AT(RESTORE), SWITCH },
	{ "restore-sibling", 'S', AT(RESTORE), SWITCH },
	{ "root", 'r', TAKES, AT(RESTORE) },
	{ "shell-job", 'j', LIFTS, AT(BOTH), SWITCH },
	{ "skip-file-rwx-check", LIFTS, AT(RESTORE), SWITCH },
	{ "skip-in-flight", LIFTS, AT(DUMP), SWITCH },
	{ "skip-mnt", TAKES, LIFTS, AT(DUMP), EACH },
	{ "status-fd", TAKES, ELSEWHERE, .form = FORM_NUMBER },
	{ "stream", AT(BOTH), SWITCH },
	{ "tcp-close", LIFTS, AT(BOTH), SWITCH },
	{ "tcp-established", LIFTS, AT(BOTH), SWITCH },
	{ "timeout", TAKES, AT(DUMP) },
	{ "tls", ELSEWHERE, SWITCH },
	{ "tls-cacert", TAKES, ELSEWHERE },
	{ "tls-cacrl", TAKES, ELSEWHERE },
	{ "tls-cert", TAKES, ELSEWHERE },
	{ "tls-key", TAKES, ELSEWHERE },
	{ "tls-no-cn-verify", ELSEWHERE },
	{ "track-mem", AT(DUMP), SWITCH },
	{ "tree", 't', TAKES, AT(DUMP), .form = FORM_NUMBER },
	{ "unprivileged", LIFTS, AT(BOTH), SWITCH },
	{ "verbosity", 'v', .value = VALUE_OPTIONAL, AT(BOTH) },
	{ "version", 'V', .role = ROLE_END },
	{ "veth-pair", TAKES, AT(RESTORE), EACH, .form = FORM_EQUALS },
	{ "weak-sysctls", AT(RESTORE), SWITCH },
	{ "work-dir", 'W', TAKES, AT(BOTH) },
};
const size_t n_criu_options = ARRAY_SIZE(criu_options);

const struct criu_option *
criu_option_named(struct slice name)
{
	for (size_t i = 0; i < n_criu_options; i++)
		if (slice_eq(name, criu_options[i].name))
			return &criu_options[i];
	return NULL;
}

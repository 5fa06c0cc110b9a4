# SPDX-License-Identifier: Apache-2.0
#
# The whole build, top to bottom: what we need, how we compile, the modules and their layers,
# pattern rules, goals. `make help` lists the goals.

VERSION := 0.1.0

# ---- what we need (Debian's package names) -------------------------------------------------

DEPS_BUILD := gcc libc6-dev pkg-config protobuf-c-compiler libprotobuf-c-dev libssl-dev libkmod-dev \
	libcpuid-dev libcyaml-dev libjson-c-dev liblmdb-dev libmnl-dev zlib1g-dev
DEPS_DEB := $(DEPS_BUILD) binutils dpkg-dev
DEPS_TEST := $(DEPS_DEB) protobuf-compiler libcmocka-dev bats perl strace iproute2 python3 \
	python3-jsonschema python3-yaml openssh-client util-linux procps kmod busybox-static ca-certificates mandoc \
	ansible-core python3-apt groff-base bsdextrautils man-db lintian zsh chromium nodejs fonts-dejavu-core libxml2-utils
DEPS_LINT := cppcheck shellcheck
DEPS_FUZZ := clang-14 libclang-rt-14-dev

LIBS := libprotobuf-c libcrypto libkmod libcpuid libcyaml json-c lmdb libmnl zlib

# ---- how we compile ------------------------------------------------------------------------

CC := gcc
VARIANT := release
SANITIZE :=
BUILD := build/$(VARIANT)
GEN := build/gen
V := 0
Q := $(if $(filter 1,$(V)),,@)
say = @$(if $(filter 1,$(V)),:,printf '  %-8s %s\n' $(1) '$(2)')

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla \
	-Wundef -Wcast-qual -Wnull-dereference -Werror
WARNINGS_GCC := -Wlogical-op -Wduplicated-cond -Wduplicated-branches
OPTIMISE := -O2 -g
ifeq ($(SANITIZE),)
HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
HARDEN_LINK := -pie -Wl,-z,relro,-z,now
else
OPTIMISE := -O1 -g -fno-omit-frame-pointer
HARDEN := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
HARDEN_LINK := -fsanitize=$(SANITIZE)
endif
# Library headers and generated code are not ours to mend: -isystem keeps them out of our warnings.
LIB_CFLAGS = $(shell pkg-config --cflags $(LIBS) | sed 's/-I/-isystem /g')
LIB_LIBS = $(shell pkg-config --libs $(LIBS))
CPPFLAGS := -D_GNU_SOURCE -DMIGCHECK_VERSION='"$(VERSION)"' -I. -isystem $(GEN)
# What is built does not tell where it was built.
CFLAGS = -std=gnu17 -ffile-prefix-map=$(CURDIR)=. $(OPTIMISE) $(WARNINGS) $(if $(filter gcc%,$(CC)),$(WARNINGS_GCC)) $(HARDEN) \
	-pthread $(LIB_CFLAGS) $(CPPFLAGS)
LDFLAGS = $(HARDEN_LINK) -pthread

# ---- the modules and their layers ----------------------------------------------------------

# A line a module: the folders its files may include, itself aside. tests/lint/layers enforces it.
LAYER_base :=
LAYER_facts := base
LAYER_kernel := base facts
LAYER_light-dump := base facts kernel
LAYER_probes := base facts kernel
LAYER_checker := base facts
LAYER_reports := base facts checker
LAYER_cli := base facts light-dump probes checker reports
LAYER_manual := base checker reports cli
MODULES := base facts kernel light-dump probes checker reports cli
# Not of the product: makes its manual pages and completion of its tables.
TOOLS := manual

PROTOS := shared tree host snapshot
GEN_C := $(PROTOS:%=$(GEN)/%.pb-c.c)
GEN_H := $(PROTOS:%=$(GEN)/%.pb-c.h)
GEN_O := $(PROTOS:%=$(BUILD)/gen/%.pb-c.o)

SOURCES := $(foreach m,$(MODULES),$(wildcard $(m)/*.c))
HEADERS := $(foreach m,$(MODULES),$(wildcard $(m)/*.h))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
MANUAL_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard manual/*.c))
LIB_OBJECTS := $(filter-out $(BUILD)/cli/main.o $(BUILD)/manual/main.o,$(OBJECTS) $(MANUAL_OBJECTS)) $(GEN_O)

UNIT_SOURCES := $(wildcard tests/unit/test-*.c)
UNIT := $(UNIT_SOURCES:tests/unit/%.c=$(BUILD)/tests/%)
MKPROC_SOURCES := $(wildcard tests/e2e/mkproc*.c)
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz-*.c)
FUZZ_REPLAY := $(FUZZ_SOURCES:tests/fuzz/%.c=$(BUILD)/tests/%)

# ---- rules ---------------------------------------------------------------------------------

.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
.PHONY: all help clean deps deps-test deps-fuzz test run-tests lint run-lint fuzz bench try docs manual install deb \
	coverage-rules table restore-table FORCE

all: $(BUILD)/migcheck	## build build/release/migcheck (the default)

$(BUILD)/migcheck: $(OBJECTS) $(GEN_O)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LIBS)

# Everything but main(), so that tests and fuzzers link what they use.
$(BUILD)/libmigcheck.a: $(LIB_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/mkmanual: $(BUILD)/manual/main.o $(BUILD)/libmigcheck.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LIBS)

$(GEN_C) $(GEN_H) &: $(PROTOS:%=facts/%.proto)
	$(call say,PROTOC-C,facts/*.proto)
	$(Q)mkdir -p $(GEN) && protoc-c -I facts --c_out=$(GEN) $^

$(BUILD)/gen/%.o: $(GEN)/%.c $(BUILD)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) -std=gnu17 -ffile-prefix-map=$(CURDIR)=. $(OPTIMISE) $(HARDEN) -I$(GEN) $(LIB_CFLAGS) -c -o $@ $<

# An object is made anew when it would be made in another way: another version, another flag.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D) && echo '$(CC) $(CFLAGS)' | cmp -s - $@ || echo '$(CC) $(CFLAGS)' > $@

# On the generated headers, too: they are system headers to gcc, which -MMD leaves out.
$(BUILD)/%.o: %.c $(GEN_H) $(BUILD)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# The page of migcheck gate -f html: taken in as it is.
$(BUILD)/reports/gate-page.o: $(wildcard reports/gate-page.*)

# cmocka's assertions do not return when they fail, which the compiler cannot know.
$(BUILD)/tests/test-%: tests/unit/test-%.c $(BUILD)/libmigcheck.a
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) -Wno-null-dereference -Wno-unused-result $(LDFLAGS) -MMD -MP -o $@ $< $(BUILD)/libmigcheck.a \
		$(LIB_LIBS) $(shell pkg-config --libs cmocka)

$(BUILD)/mkproc: $(MKPROC_SOURCES) $(wildcard tests/e2e/mkproc*.h)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) -std=gnu17 $(OPTIMISE) $(WARNINGS) -D_GNU_SOURCE -pthread -o $@ $(MKPROC_SOURCES)

# Makes pools of hosts out of real profiles.
$(BUILD)/pool-gen: tests/bench/pool-gen.c $(BUILD)/libmigcheck.a
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libmigcheck.a $(LIB_LIBS)

# A fuzz target with a main() that runs it over its corpus and prints TAP.
$(BUILD)/tests/fuzz-%: tests/fuzz/fuzz-%.c tests/fuzz/replay.c $(BUILD)/libmigcheck.a
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) -Wno-missing-prototypes $(LDFLAGS) -o $@ $< tests/fuzz/replay.c \
		$(BUILD)/libmigcheck.a $(LIB_LIBS)

# The same target under libFuzzer: make fuzz builds these with VARIANT=fuzz CC=clang.
$(BUILD)/libfuzzer/fuzz-%: tests/fuzz/fuzz-%.c $(BUILD)/libmigcheck.a
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) -Wno-missing-prototypes -fsanitize=fuzzer $(LDFLAGS) -o $@ $< \
		$(BUILD)/libmigcheck.a $(LIB_LIBS)

-include $(OBJECTS:.o=.d) $(MANUAL_OBJECTS:.o=.d) $(UNIT:%=%.d)

# ---- goals ---------------------------------------------------------------------------------

help:	## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

clean:	## remove what was built (what the lab fetched, build/lab, stays)
	$(Q)rm -rf build/release build/asan build/fuzz build/gen

# Installs what is missing, and nothing where nothing is missing.
define install_missing
	@need=; for p in $(1); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q ' installed$$' || need="$$need $$p"; done; \
	[ -z "$$need" ] || { echo "installing:$$need"; \
	[ "$$(id -u)" = 0 ] || { echo "make: run as root, or install them yourself: apt-get install$$need" >&2; exit 1; }; \
	export DEBIAN_FRONTEND=noninteractive; apt-get -qq update && apt-get -qq install -y --no-install-recommends $$need >/dev/null; }
endef

deps:	## install what the build needs (Debian packages, as root)
	$(call install_missing,$(DEPS_BUILD))

deps-test:	## install what the tests need
	$(call install_missing,$(DEPS_TEST) $(DEPS_LINT))

deps-fuzz:	## install what the fuzzers need
	$(call install_missing,$(DEPS_BUILD) $(DEPS_FUZZ))

try: deps	## build, make a dry run of a small real service tree against this host, print the report
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/try.sh $(BUILD)/migcheck

test: deps-test	## install what the tests need, build, lint, and run all of them
	$(Q)$(MAKE) --no-print-directory run-lint
	$(Q)$(MAKE) --no-print-directory VARIANT=asan SANITIZE=address,undefined run-parsers
	$(Q)$(MAKE) --no-print-directory run-tests

# The pure parts once more under the sanitizers.
run-parsers: $(UNIT) $(FUZZ_REPLAY)
	$(Q)prove --comments --failures --exec tests/run $(UNIT) $(FUZZ_REPLAY)

TESTS ?= $(wildcard tests/*/*.bats)
run-tests: all $(BUILD)/mkmanual $(UNIT) $(FUZZ_REPLAY) $(BUILD)/mkproc $(BUILD)/pool-gen
	$(Q)MIGCHECK=$(CURDIR)/$(BUILD)/migcheck MKPROC=$(CURDIR)/$(BUILD)/mkproc BUILD=$(CURDIR)/$(BUILD) \
		prove --timer --comments --failures --exec tests/run $(UNIT) $(FUZZ_REPLAY) $(TESTS)

lint: deps-test	## the architecture and the style as executable sentences
	$(Q)$(MAKE) --no-print-directory run-lint

run-lint: $(GEN_H)
	$(Q)MODULES='$(MODULES) $(TOOLS)' $(foreach m,$(MODULES) $(TOOLS),LAYER_$(subst -,_,$(m))='$(LAYER_$(m))') \
		CFLAGS='$(CFLAGS)' tests/lint/lint

FUZZ_SECONDS := 600
FUZZ_JOBS := 2
fuzz: deps-fuzz	## run each fuzz target for FUZZ_SECONDS (600) under ASan and UBSan, FUZZ_JOBS at once
	$(Q)$(MAKE) --no-print-directory VARIANT=fuzz CC=clang-14 SANITIZE=fuzzer-no-link,address,undefined run-fuzz

run-fuzz: $(FUZZ_SOURCES:tests/fuzz/%.c=$(BUILD)/libfuzzer/%)
	$(Q)tests/fuzz/run $(FUZZ_SECONDS) $(FUZZ_JOBS) $^

bench: deps-test	## the figures: ratios in one run
	$(Q)$(MAKE) --no-print-directory all $(BUILD)/mkproc $(BUILD)/pool-gen
	$(Q)MIGCHECK=$(CURDIR)/$(BUILD)/migcheck tests/bench/bench
	$(Q)MIGCHECK=$(CURDIR)/$(BUILD)/migcheck MKPROC=$(CURDIR)/$(BUILD)/mkproc tests/bench/pool curve

coverage-rules: all $(BUILD)/mkproc	## rules that have not judged a real kernel object
	$(Q)tests/coverage-rules $(BUILD)/migcheck $(BUILD)/mkproc

table: all $(BUILD)/mkproc	## hold migcheck against the real criu dump in each situation, into tests/lab/TABLE.md
	$(Q)MIGCHECK=$(CURDIR)/$(BUILD)/migcheck MKPROC=$(CURDIR)/$(BUILD)/mkproc \
		setsid --wait tests/lab/table.py -o tests/lab/TABLE.md

restore-table: all $(BUILD)/mkproc	## hold migcheck against the real criu restore after each change, into tests/lab/RESTORE.md
	$(Q)MIGCHECK=$(CURDIR)/$(BUILD)/migcheck MKPROC=$(CURDIR)/$(BUILD)/mkproc \
		setsid --wait tests/lab/restore.py -o tests/lab/RESTORE.md

docs: all	## docs/rules.md from the rule table
	$(Q)$(BUILD)/migcheck rules -f markdown > docs/rules.md.new && mv docs/rules.md.new docs/rules.md

PREFIX := /usr/local
DESTDIR :=
MANUAL := $(BUILD)/manual
# What is made bears the date of the last commit, so that it can be made again byte by byte.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || stat -c %Y Makefile)

manual: $(BUILD)/mkmanual	## man pages and shell completion into build/release/manual
	$(Q)rm -rf $(MANUAL) && mkdir -p $(MANUAL)
	$(Q)$(BUILD)/mkmanual $(MANUAL) $(PREFIX) "$$(date -u -d @$(SOURCE_DATE_EPOCH) +%F)"

# Where zsh looks: Debian keeps what packages bring apart from what the administrator puts there.
ZSH_FOLDER = $(PREFIX)/share/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
FLEET = $(DESTDIR)$(PREFIX)/share/migcheck/fleet
install: all manual	## install under DESTDIR/PREFIX (/usr/local)
	$(Q)install -D -m 755 $(BUILD)/migcheck $(DESTDIR)$(PREFIX)/bin/migcheck
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/migcheck docs/report.schema.json docs/recheck.schema.json \
		docs/cpu-baseline.schema.json docs/diff.schema.json docs/gate.schema.json
	$(Q)install -D -m 644 docs/rules.md $(DESTDIR)$(PREFIX)/share/doc/migcheck/rules.md
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 $(MANUAL)/*.1
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man7 $(MANUAL)/*.7
	$(Q)install -D -m 644 $(MANUAL)/migcheck.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/migcheck
	$(Q)install -D -m 644 -t $(DESTDIR)$(ZSH_FOLDER) $(MANUAL)/_migcheck
	$(Q)! [ -d probes/fleet ] || { rm -rf $(FLEET) && cp -r probes/fleet $(FLEET) && chmod -R u=rwX,go=rX $(FLEET); }

ARCH = $(shell dpkg --print-architecture)
DEB_VERSION := $(VERSION)-1
DEB = build/migcheck_$(DEB_VERSION)_$(ARCH).deb
MAINTAINER := The migcheck developers <maintainers@migcheck.example>

deb:	## build a Debian package, build/migcheck_VERSION_ARCH.deb
	$(call install_missing,$(DEPS_DEB))
	$(Q)rm -rf $(BUILD)/deb
	$(Q)$(MAKE) --no-print-directory install DESTDIR=$(BUILD)/deb/root PREFIX=/usr
	$(call say,DEB,$(DEB))
	$(Q)SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) MAINTAINER='$(MAINTAINER)' packaging/deb.sh $(BUILD)/deb $(DEB_VERSION) $(DEB)

# SPDX-License-Identifier: Apache-2.0
# The manual pages and the shells' completion say what help says.

bats_require_minimum_version 1.5.0
load common

setup_file() {
	load common
	export PAGES=$BATS_FILE_TMPDIR/pages
	mkdir "$PAGES"
	"${BUILD:-$TOP/build/release}/mkmanual" "$PAGES" /usr 2026-01-02
	COMMANDS=$("$MIGCHECK" --help | sed -n 's/^  \([a-z-]*\)  *[a-z].*/\1/p' | grep -v '^migcheck$')
	export COMMANDS
	[ "$(wc -w <<<"$COMMANDS")" -ge 7 ]
}

# shown PAGE: as a reader sees it, without bold and underline.
shown() {
	mandoc -Tutf8 -O width=200 "$PAGES/$1" | col -bx
}

@test "every command has a page, and no page is left over" {
	local command want=("migcheck.1" "migcheck-rules.7" "migcheck.bash" "_migcheck")
	for command in $COMMANDS; do want+=("migcheck-$command.1"); done
	diff <(printf '%s\n' "${want[@]}" | LC_ALL=C sort) <(cd "$PAGES" && printf '%s\n' * | LC_ALL=C sort)
}

@test "mandoc and groff find nothing wrong with the pages" {
	local page
	cd "$PAGES"
	mandoc -T lint -W warning ./*.[17]
	for page in *.[17]; do
		run groff -man -ww -Tutf8 -z "$page"
		[ "$status" -eq 0 ] && [ -z "$output" ] || { echo "$page: $output"; false; }
	done
}

@test "the pages have the sections that a manual has" {
	local command page section
	for command in $COMMANDS; do
		page=$(shown "migcheck-$command.1")
		for section in NAME SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
			grep -qx "$section" <<<"$page" || { echo "$command: no $section"; false; }
		done
	done
	shown migcheck.1 | grep -qx FILES
	shown migcheck-dump.1 | grep -qx FILES
}

@test "a page names each option and shows each example as help does" {
	local command page option example
	for command in $COMMANDS; do
		page=$(shown "migcheck-$command.1")
		while read -r option; do
			grep -qE "^ +(-[a-zA-Z], )?$option( |\$)" <<<"$page" || { echo "$command: no $option"; false; }
		done < <("$MIGCHECK" "$command" --help | sed -n 's/^  [- ].\{3\}\(--[a-z-]*\).*/\1/p')
		while IFS= read -r example; do
			grep -qxF "     $example" <<<"$page" || grep -qxF "       $example" <<<"$page" ||
				{ echo "$command: no example: $example"; false; }
		done < <("$MIGCHECK" "$command" --help | sed -n '/^examples:/,$s/^  //p')
	done
}

@test "migcheck(1) and README tell the same exit codes" {
	local code verdict meaning page
	page=$(shown migcheck.1)
	[ "$(grep -c '^| [0-9] |' "$TOP/README.md")" -eq 5 ]
	while IFS='|' read -r _ code verdict meaning _; do
		code=${code// /} verdict=${verdict// /} meaning=${meaning# }
		grep -qE "^ +$code +${verdict:+$verdict: }${meaning% }\$" <<<"$page" || { echo "$code: $meaning"; false; }
	done < <(grep '^| [0-9] |' "$TOP/README.md")
}

@test "migcheck-rules(7) explains every rule" {
	local page id n=0
	page=$(shown migcheck-rules.7)
	while read -r id; do
		grep -qE "^ +$id( |\$)" <<<"$page" || { echo "no $id"; false; }
		n=$((n + 1))
	done < <(sed -n 's/^### //p' "$TOP/docs/rules.md")
	[ "$n" -gt 200 ]
}

# offered WORD...: what bash offers for the last WORD of a line that begins with migcheck.
offered() {
	bash --norc -c '
		source "$1"; shift
		complete -p migcheck | grep -q -- "-F _migcheck migcheck" || exit 1
		COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
		_migcheck
		[ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"' - "$PAGES/migcheck.bash" migcheck "$@"
}

@test "bash offers commands, and the options of each" {
	local command
	diff <(printf '%s\n' $COMMANDS help --help --version) <(offered '')
	[ "$(offered dr)" = dry-run ]
	diff <(printf '%s\n' $COMMANDS help --help --version) <(offered help '')
	[ -z "$(offered help dump '')" ]
	for command in $COMMANDS; do
		diff <("$MIGCHECK" "$command" --help | grep -oE '^  (-[a-z], |    )--[a-z-]+' | grep -oE -- '--[a-z-]+'; echo --help) \
			<(offered "$command" --)
		offered "$command" - | grep -qx -- -f || offered "$command" - | grep -qx -- -o
	done
}

@test "bash offers what an option takes" {
	local dir=$BATS_TEST_TMPDIR
	touch "$dir/a b.mc" "$dir/a.mc"
	mkdir "$dir/ab"
	diff <(printf '%s\n' text json) <(offered check a.mc b.mc -f '')
	diff <(printf '%s\n' markdown) <(offered rules --format = m)
	diff <(printf '%s\n' text json markdown) <(offered rules --format =)
	offered dump -p '' | grep -qx $$
	[ -z "$(offered dump -p x)" ]
	diff <(printf '%s\n' "$dir/a b.mc" "$dir/a.mc" "$dir/ab") <(offered probe -s "$dir/a" | sort)
	diff <(printf '%s\n' "$dir/a b.mc" "$dir/a.mc" "$dir/ab") <(offered check "$dir/a" | sort)
	[ "$(offered dry-run --root "$dir/a")" = "$dir/ab" ]
	[ "$(offered dry-run --ssh "set-no-such")" = "" ]
	[ "$(offered rules dst-file-bu)" = dst-file-buildid ]
	# Nothing can be said of these.
	[ -z "$(offered dry-run --criu-options '')" ]
	[ -z "$(offered dry-run --timeout '')" ]
}

# What -o filenames brings is seen only where a line is edited.
@test "bash quotes the names that it completes" {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	touch 'of a tree.mc'
	migcheck_pages=$PAGES python3 - <<-'END'
		import os, pty, select, sys, time
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvpe("bash", ["bash", "--norc", "-i"], dict(os.environ, PS1="", TERM="dumb"))
		seen = b""
		def until(what):
		    global seen
		    end = time.monotonic() + 20
		    while what not in seen and time.monotonic() < end:
		        if select.select([fd], [], [], 0.5)[0]:
		            seen += os.read(fd, 4096)
		    if what not in seen:
		        sys.exit("not seen: %r in %r" % (what, seen))
		os.write(fd, b"source $migcheck_pages/migcheck.bash; echo REA''DY\n")
		until(b"READY\r\n")
		os.write(fd, b"migcheck show of\t")
		until(b"of\\ a\\ tree.mc")
		os.write(fd, b"\x15exit\n")
		os.waitpid(pid, 0)
	END
}

@test "zsh offers commands, options and what they take" {
	on_tab() { timeout 60 zsh -f "$BATS_TEST_DIRNAME/offered.zsh" "$PAGES" "$1"; }
	zsh -n "$PAGES/_migcheck"
	diff <(printf '%s\n' $COMMANDS help) <(on_tab 'migcheck ')
	diff <(printf '%s\n' text json markdown) <(on_tab 'migcheck rules -f ')
	[ "$(on_tab 'migcheck dry-run --form')" = --format ]
	[ "$(on_tab 'migcheck rules dst-file-bu')" = dst-file-buildid ]
}

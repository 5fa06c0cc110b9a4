# SPDX-License-Identifier: Apache-2.0
# offered.zsh FOLDER LINE: what an interactive zsh offers where LINE is followed by a tab, a word a
# line. FOLDER holds _migcheck.
zmodload zsh/zpty
zpty shell zsh -f -i

# compadd is what every completion ends with: here it prints instead of showing.
zpty -w shell "PS1= RPS1= fpath=(${(q)1} \$fpath); stty -echo; autoload -U compinit; compinit -u -D
compadd() {
	local -a hits
	[[ \$* == *(-O|-A|-D)* ]] && { builtin compadd \"\$@\"; return }
	builtin compadd -A hits \"\$@\"
	print -rl -- \"OFFER \"\$^hits
}
print SET\\UP; _ready() { print; print DO\\NE }; zle -N _ready; bindkey '^X' _ready"
zpty -r shell seen $'*SETUP*'
zpty -w -n shell "$2"$'\t\x18'
zpty -r shell seen $'*DONE*'
print -r -- "$seen" | sed -n 's/.*OFFER \([^[:space:]]*\).*/\1/p'
zpty -d shell

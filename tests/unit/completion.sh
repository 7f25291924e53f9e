#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Asks bash, zsh and fish, as far as they are installed, what they complete, and holds it to what pptpban tells of itself:
# every verb, every verb of firewall, every option of each and none besides, addresses that are banned, formats, files.
set -u
srcdir=$(cd "${srcdir:-.}" && pwd)
T=$(mktemp -d "${TMPDIR:-/tmp}/pptpban-completion-XXXXXX")
trap 'rm -rf "$T"' EXIT
status=0 asked=0
export LC_ALL=C.UTF-8 HOME=$T

# What is asked, and what must come: NUMBER LINE in questions, the words in wanted.NUMBER, sorted.
questions=0
want() { # LINE WORD...
	printf '%s\n' "$1" >>"$T/questions"
	shift
	printf '%s\n' "$@" | grep . | sort >"$T/wanted.$questions"
	questions=$((questions + 1))
}
verbs_of() { ./pptpban "$@" | sed -n 's/^  \([a-z][a-z0-9-]*\) .*/\1/p'; }
options_of() { ./pptpban "$@" --help | sed -n 's/^  \(--[a-z0-9-]*\).*/\1/p'; }

# shellcheck disable=SC2046
{
	want "pptpban " $(verbs_of help)
	want "pptpban un" unban unhook
	want "pptpban help " $(verbs_of help)
	want "pptpban firewall " $(verbs_of firewall --help)
	for verb in $(verbs_of help); do
		[ "$verb" = firewall ] || want "pptpban $verb --" $(options_of "$verb")
	done
	for verb in $(verbs_of firewall --help); do
		want "pptpban firewall $verb --" $(options_of firewall "$verb")
	done
	want "pptpban unban 203" 203.0.113.7 203.0.113.8
	want "pptpban why 203.0.113.7" 203.0.113.7
	want "pptpban action " list test
	want "pptpban firewall override o" off
	want "pptpban firewall show --format terra" terraform-aws
	want "pptpban metrics --format p" prometheus
	want "pptpban replay sys" syslog syslog.1
	want "pptpban check --config sys" syslog syslog.1
	want "pptpban import-fail2ban --write dir" dir
	want "pptpban list --jail "
}

# Who is banned, for the completions to ask; they find nothing else of that name.
mkdir "$T/bin" "$T/work" "$T/work/dir" "$T/zsh"
printf '#!/bin/sh\n[ "$*" = "list --plain" ] && printf "203.0.113.7\\tpptpd\\n203.0.113.8\\tpptpd\\n2001:db8::7\\tpptpd\\n"\n' >"$T/bin/pptpban"
chmod +x "$T/bin/pptpban"
: >"$T/work/syslog"
: >"$T/work/syslog.1"
cp "$srcdir/completions/_pptpban" "$T/zsh/_pptpban"
export PATH=$T/bin:$PATH

judge() { # SHELL: what it answered is in got.NUMBER
	local i=0 line
	while IFS= read -r line; do
		sort -u "$T/got.$i" 2>/dev/null | sed -e 's/[ /]$//' -e '/^$/d' >"$T/sorted"
		if ! diff "$T/wanted.$i" "$T/sorted" >"$T/diff"; then
			echo "$1, '$line': what must come (<) and what came (>)"
			cat "$T/diff"
			status=1
		fi
		i=$((i + 1))
	done <"$T/questions"
	asked=$((asked + i))
	echo "$1: $i lines asked"
	rm -f "$T"/got.*
}

# bash: as readline would call it. With and without bash-completion's helpers; IPv6 addresses want those.
ask_bash() { # HELPERS...
	(
		cd "$T/work" || exit
		bash --norc --noprofile -c '
			compopt() { :; } # not inside a completion
			for f in "$1" "$2"; do [ -z "$f" ] || . "$f"; done
			i=0
			while IFS= read -r COMP_LINE; do
				COMP_POINT=${#COMP_LINE}
				IFS=" " read -r -a COMP_WORDS <<<"$COMP_LINE"
				case $COMP_LINE in *" ") COMP_WORDS+=("") ;; esac
				COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
				COMPREPLY=()
				_pptpban pptpban "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
				printf "%s\n" "${COMPREPLY[@]}" >"$3/got.$i"
				i=$((i + 1))
			done <"$3/questions"' bash "$1" "$srcdir/completions/pptpban.bash" "$T"
	)
}
ask_bash ''
judge bash
if [ -r /usr/share/bash-completion/bash_completion ]; then
	ask_bash /usr/share/bash-completion/bash_completion
	judge "bash with bash-completion"
fi

# zsh: in a terminal of its own, with Tab; compadd tells what it would add.
ask_zsh() {
	(
		cd "$T/work" || exit
		cat >"$T/zsh/rc" <<-'END'
			PS1= PS2= ; unsetopt prompt_sp prompt_cr
			fpath=($ZT/zsh $fpath)
			autoload -Uz compinit && compinit -u -D
			zstyle ':completion:*' completer _complete
			zstyle ':completion:*' list-grouped false
			LISTMAX=10000
			n=0
			compadd() {
				if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then # asks, adds nothing
					builtin compadd "$@"
					return
				fi
				typeset -a found
				builtin compadd -O found "$@"
				print -rl -- $found >>$ZT/got.$n
				builtin compadd "$@"
			}
			ask() { compstate[insert]= ; : >>$ZT/got.$n; _main_complete; compstate[insert]= compstate[list]= ; print >>$ZT/done.$n; (( n++ )); BUFFER= }
			zle -C ask list-choices ask
			bindkey '^I' ask
			bindkey '^U' kill-whole-line
			hello() { : >>$ZT/hello }
			zle -N hello
			bindkey '^G' hello
			print >$ZT/ready
		END
		ZT=$T zsh -f -c '
			zmodload zsh/zpty
			zpty z zsh -f -i
			zpty -w z "export ZT=$ZT; source $ZT/zsh/rc"
			wait_for() { local -i t=0; until [[ -e $1 ]]; do (( t++ < 3000 )) || return 1; sleep 0.02; zpty -rt z junk; done }
			wait_for $ZT/ready || exit 1
			# what is typed before its line editor has begun may be lost
			for (( t = 0; t < 600; t++ )); do [[ -e $ZT/hello ]] && break; zpty -w -n z $'"'"'\x07'"'"'; sleep 0.1; zpty -rt z junk; done
			i=0
			while IFS= read -r line; do
				zpty -w -n z $'"'"'\x15'"'"'$line$'"'"'\t'"'"'
				wait_for $ZT/done.$i || exit 1
				(( i++ ))
			done <$ZT/questions
			zpty -d z'
	)
}
if command -v zsh >/dev/null; then
	ask_zsh || { echo "zsh does not answer"; status=1; }
	judge zsh
fi

if command -v fish >/dev/null; then
	(
		cd "$T/work" || exit
		fish --no-config -c '
			source $argv[1]/completions/pptpban.fish
			set i 0
			while read -l line
				complete -C "$line" | string split -f 1 \t >$argv[2]/got.$i
				set i (math $i + 1)
			end <$argv[2]/questions' "$srcdir" "$T"
	)
	judge fish
fi
[ $asked -gt 0 ] || status=1
exit $status

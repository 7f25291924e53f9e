#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What CONTRIBUTING.md, README.md, SECURITY.md and docs/ name of this tree must be there: files, functions, structures, tests,
# also within commands and examples. And each recipe of CONTRIBUTING.md names every file that its model is mentioned in.
set -u
srcdir=${srcdir:-.}
cd "$srcdir" || exit 1
status=0 n=0
[ -e .git ] || exit 77 # a tarball does not hold all of them
complain() {
	echo "$*"
	status=1
}
made_up='(^|[/_])(NAME|SAMPLE|example|exampled|hello)($|[/._])'

# Paths, wherever in a line they begin and from whichever directory they are told.
for page in CONTRIBUTING.md README.md SECURITY.md docs/*.md; do
	while read -r path; do
		n=$((n + 1))
		compgen -G "$path" >/dev/null || complain "$page names $path, which is not there"
	done < <(grep -oP '(?<![\w/.<-])(\.\./|\./)?(\.ci|actions|completions|debian|docs|etc|filters|man|packaging|src|tests|tools)/[A-Za-z0-9_./*-]*' "$page" |
		sed -E 's,^(\.\./|\./),,; s,[.]$,,' | grep -vE "$made_up" | sort -u)
done

# Words of the code: functions with brackets, structures, and whatever else has an underscore.
named() { # PATTERN: what CONTRIBUTING.md has of it, between backquotes or in an example
	{ grep -oP '`[^`]+`' CONTRIBUTING.md; grep -P '^    ' CONTRIBUTING.md; } | grep -oP "$1" | grep -vE "$made_up" | sort -u
}
while read -r word; do
	n=$((n + 1))
	grep -rqE "\b$word\(" src || complain "CONTRIBUTING.md names $word(), which is not there"
done < <(named '\b[a-z_]+(?=\()' | grep _)
while read -r word; do
	n=$((n + 1))
	grep -rqE "^struct $word \{" src || complain "CONTRIBUTING.md names struct $word, which is not there"
done < <(named '(?<=\bstruct )[a-z_]+')
while read -r word; do
	n=$((n + 1))
	grep -rqwF -- "$word" src tests etc Makefile.am configure.ac || complain "CONTRIBUTING.md names $word, which is not there"
done < <(named '(?<![\w./])[A-Za-z]\w*_\w+(?![\w./(])')
while read -r word; do
	n=$((n + 1))
	grep -rqE "^check_PROGRAMS \+= .*\b$word\b" src || [ -e "$word" ] || complain "CONTRIBUTING.md lets make check TESTS=$word, which is not there"
done < <(grep -oP '(?<=TESTS=)[\w./]+' CONTRIBUTING.md)

# The recipes.
model() { # HEADING PATTERN DIRECTORY...: all files there that have the pattern stand beneath the heading
	local heading=$1 pattern=$2 recipe file
	shift 2
	recipe=$(awk -v heading="## $heading" '/^## / { on = $0 == heading } on' CONTRIBUTING.md)
	[ -n "$recipe" ] || complain "CONTRIBUTING.md has no \"$heading\""
	grep -rqE "$pattern" "$@" || complain "nothing is left of the model of \"$heading\": $pattern"
	while read -r file; do
		n=$((n + 1))
		grep -qF "\`$file" <<<"$recipe" || complain "\"$heading\" of CONTRIBUTING.md does not name $file, in which its model stands"
	done < <(grep -rlE "$pattern" "$@" | sort)
}
model "A filter" '\bsoftether\b' etc/local.mk docs/stacks.md man
model "A format of the firewall" 'render_pf\b' src
model "A back end" '(LIMITS|BACKEND)_NFTABLES\b|(hook|sets)_nftables\b' src
model "A verb" 'verb_(reload|unhook)\b' src
model "A notify action" 'ACTION_SYSLOG\b' src
model "A rule of the policy" 'maxretry\.unknown|RULE_UNKNOWN' src man etc

[ $n -gt 150 ] || complain "only $n names found: is this the tree?"
echo "$n names of files, functions, structures, tests and words of the code"
exit $status

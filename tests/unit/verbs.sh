#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Manual pages and shell completions tell what the programs themselves tell: verbs, options, exit codes.
set -u
srcdir=${srcdir:-.}
T=$(mktemp -d "${TMPDIR:-/tmp}/pptpban-verbs-XXXXXX")
trap 'rm -rf "$T"' EXIT
status=0

same() { # WHAT FILE FILE
	diff -u "$2" "$3" >"$T/diff" && return
	echo "$1 differ:"
	cat "$T/diff"
	status=1
}

"$srcdir/tools/make-completions" ./pptpban "$T/completions"
for file in pptpban.bash _pptpban pptpban.fish; do
	same "completions/$file and what pptpban tells (run: make completions)" \
		"$srcdir/completions/$file" "$T/completions/$file"
done
bash -n "$srcdir/completions/pptpban.bash" || status=1

# One item a verb in pptpban(8), in the order of the table.
./pptpban help | sed -n 's/^  \([a-z][a-z0-9-]*\) .*/\1/p' >"$T/verbs"
sed -n '/^\.Sh VERBS/,/^\.Sh FILES/s/^\.It Cm \([a-z0-9-]*\).*/\1/p' "$srcdir/man/pptpban.8" >"$T/verbs.man"
same "the verbs and those in pptpban.8" "$T/verbs" "$T/verbs.man"

# Their options, but for those that the page tells once for all.
while read -r verb; do
	{ ./pptpban "$verb" --help || :; } 2>/dev/null |
		sed -n 's/^  --\([a-z-]*\).*/\1/p' | grep -v -x -e help -e runtime | sort
	echo
done <"$T/verbs" >"$T/options"
while read -r verb; do
	{
		sed -n '/^\.Sh VERBS/,/^\.Sh FILES/p' "$srcdir/man/pptpban.8" |
			awk -v verb="$verb" '$1 == ".It" && $2 == "Cm" { mine = $3 == verb }
			mine && $1 == ".It" { for (i = 2; i < NF; i++) if ($i == "Fl") print substr($(i + 1), 2) }'
		! ./pptpban "$verb" --help 2>/dev/null | grep -q '^  --runtime ' || echo config # told together with that
	} | sort -u
	echo
done <"$T/verbs" >"$T/options.man"
same "the options of the verbs and those in pptpban.8" "$T/options" "$T/options.man"

# The same of "pptpban firewall".
./pptpban firewall --help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' >"$T/firewall"
sed -n '/^\.Sh THE FIREWALL/,/^\.Sh EXIT/s/^\.It Cm \([a-z-]*\).*/\1/p' "$srcdir/man/pptpban.8" >"$T/firewall.man"
same "the verbs of pptpban firewall and those in pptpban.8" "$T/firewall" "$T/firewall.man"
while read -r verb; do
	./pptpban firewall "$verb" --help | sed -n 's/^  --\([a-z-]*\).*/\1/p' | grep -v -x -e help -e config | sort
	echo
done <"$T/firewall" >"$T/firewall.options"
while read -r verb; do
	sed -n '/^\.Sh THE FIREWALL/,/^\.Sh EXIT/p' "$srcdir/man/pptpban.8" | awk -v verb="$verb" '$1 == ".It" && $3 == verb {
		for (i = 2; i < NF; i++) if ($i == "Fl") print substr($(i + 1), 2) }' | sort
	echo
done <"$T/firewall" >"$T/firewall.options.man"
same "the options of pptpban firewall and those in pptpban.8" "$T/firewall.options" "$T/firewall.options.man"

# The formats of "firewall show".
./pptpban firewall show --format '' 2>&1 | sed -n 's/^  \([a-z-]*\) .*/\1/p' >"$T/formats"
sed -n '/^\.Sh THE FIREWALL/,/^\.Sh EXIT/s/^\.It Li \([a-z-]*\) Ta.*/\1/p' "$srcdir/man/pptpban.8" >"$T/formats.man"
[ -s "$T/formats" ] || status=1
same "the formats of firewall show and those in pptpban.8" "$T/formats" "$T/formats.man"

# Exit codes.
sed -n 's/^ *EXIT_[A-Z]* = \([0-9]*\),.*/\1/p' "$srcdir/src/cli/exit.h" >"$T/codes"
sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/s/^\.It \([0-9]*\)$/\1/p' "$srcdir/man/pptpban.8" >"$T/codes.man"
same "the exit codes and those in pptpban.8" "$T/codes" "$T/codes.man"

# What is no verb, no option, no address is told with what would be, and before anybody asks whether the service runs.
says() { # WHAT WORD...
	what=$1
	shift
	said=$(./pptpban "$@" 2>&1 >/dev/null) && code=0 || code=$?
	[ "$code" = 2 ] && [ "$said" = "$what" ] && return 0
	echo "pptpban $*: exit code $code, said: $said"
	status=1
}
says 'pptpban: there is no verb "lst"; did you mean "list"?' lst
says 'pptpban: there is no verb "quux"; pptpban help shows all that there are' quux
says 'pptpban: there is no verb "reprt"; did you mean "report"?' help reprt
says 'pptpban: there is no verb "firewall aply"; did you mean "firewall apply"?' firewall aply
says 'pptpban: there is no verb "firewall quux"; pptpban firewall --help shows all that there are' firewall quux
says 'pptpban list: there is no option --jial; did you mean --jail?' list --jial x
says 'pptpban list: there is no option --html; see pptpban list --help' list --html x
says 'pptpban list: there is no option -x; see pptpban list --help' list -x
says 'pptpban list: a value is missing behind --jail; see pptpban list --help' list --jail
for verb in why ban unban; do
	says 'pptpban: "192.0.2" is no address or network; 192.0.2.1, 192.0.2.0/24 or 2001:db8::1 is' $verb 192.0.2
done

# pptpband's options.
./pptpband --help | sed -n 's/^  --\([a-z-]*\).*/\1/p' | sort >"$T/band"
sed -n '/^\.Bl -tag -width Ds$/,/^\.El/s/^\.It Fl //p' "$srcdir/man/pptpband.8" | tr ' ' '\n' | sed -n 's/^-\([a-z-]*\)$/\1/p' |
	sort >"$T/band.man"
same "the options of pptpband and those in pptpband.8" "$T/band" "$T/band.man"
exit $status

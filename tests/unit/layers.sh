#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The order of the rooms holds, and tools/check-layers would see if it did not.
set -eu
srcdir=${srcdir:-.}
"$srcdir/tools/check-layers" "$srcdir"

copy=$(mktemp -d "${TMPDIR:-/tmp}/pptpban-layers-XXXXXX")
trap 'rm -rf "$copy"' EXIT
mutant() { # FILE LINE: must be refused
	rm -rf "$copy/src"
	cp -R "$srcdir/src" "$copy/src"
	chmod -R u+w "$copy/src"
	printf '%s\n' "$2" >>"$copy/src/$1"
	if "$srcdir/tools/check-layers" "$copy" >"$copy/out"; then
		echo "not seen: $2 in $1"
		exit 1
	fi
	grep -q "^src/$1:[0-9]*: .*would be accepted" "$copy/out"
}
mutant policy/bans.c '#include "source/source.h"'
mutant enforce/limits.h '#include "config/config.h"'
mutant base/addr.c '#include "filter/event.h"'
mutant config/load.c '#include "config.h"'

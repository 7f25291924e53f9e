#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is linked into pptpban-enforcer but libraries of the system: at most 1,500 lines of source, blank ones and comments
# too, and nothing that reads text, starts programs, makes sets or rules. The linker's map says what it is.
set -eu
srcdir=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd)
map=${1:-pptpban-enforcer.map}
most=1500

[ -s "$map" ] || { echo "$map: not there: built by another linker?"; exit 1; }
objects=$(awk '/^LOAD src\// { sub(/\.o$/, ".c", $2); print $2 }
	/^Memory Configuration|^Discarded input/ { exit_members = 1 }
	!exit_members && match($0, /^lib[a-z]+\.a\([A-Za-z0-9_]+\.o\)/) {
		split(substr($0, RSTART, RLENGTH), part, /[().]/)
		room = part[1]; sub(/^lib/, "", room); sub(/^enforcer$/, "enforce", room)
		print "src/" room "/" part[3] ".c"
	}' "$map" | sort)

code() { awk '!/^[ \t]*$/ && !/^[ \t]*\/\//' "$@" | wc -l; }

physical=0 lines=0 headers=0
printf '%8s %8s  %s\n' lines code file
for f in $objects; do
	[ -f "$srcdir/$f" ] || { echo "$f: linked, but not there"; exit 1; }
	p=$(wc -l <"$srcdir/$f") c=$(code "$srcdir/$f")
	printf '%8d %8d  %s\n' "$p" "$c" "$f"
	physical=$((physical + p)) lines=$((lines + c))
done
printf '%8d %8d  %s\n' "$physical" "$lines" "in all"
for h in $(cd "$srcdir" && cat $objects | sed -n 's/^#include "\(.*\)".*/src\/\1/p' | sort -u); do
	headers=$((headers + $(code "$srcdir/$h")))
done
echo "         $headers lines of code in the headers that they include, which are not counted"

case $objects in *src/enforce/enforcer.c*src/enforce/core.c* | *src/enforce/core.c*src/enforce/enforcer.c*) ;; *) echo "the enforcer's own files are not in the map"; exit 1 ;; esac
for f in base/addr base/inifile base/clock base/str enforce/limits_write enforce/confine enforce/start enforce/sandbox_files enforce/guard enforce/keeper enforce/hook_ipset enforce/hook_nft; do
	case $objects in *src/$f.c*) echo "src/$f.c has no business in the enforcer"; exit 1 ;; esac
done
[ "$physical" -le $most ] || { echo "more than $most lines"; exit 1; }
echo "at most $most lines"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# CONTRIBUTING.md and README.md name files of this tree: each must be there, and so must each function that is named.
set -u
srcdir=${srcdir:-.}
status=0 n=0
[ -e "$srcdir/.git" ] || exit 77 # a tarball does not hold all of them
for page in CONTRIBUTING.md README.md; do
	while read -r path; do
		n=$((n + 1))
		[ -e "$srcdir/$path" ] || { echo "$page names $path, which is not there"; status=1; }
	done < <(grep -oE '(`|\()(\.ci|actions|debian|docs|etc|filters|man|packaging|src|tests|tools)/[A-Za-z0-9_./-]*' "$srcdir/$page" |
		cut -c2- | grep -vE '/(NAME|render_NAME|SAMPLE)|NAME' | sort -u)
done
while read -r function; do
	n=$((n + 1))
	grep -rqE "\b$function\(" "$srcdir/src" || { echo "CONTRIBUTING.md names $function(), which is not there"; status=1; }
done < <(grep -oE '`[a-z_]+\(\)`' "$srcdir/CONTRIBUTING.md" | tr -d '`()' | sort -u)
[ $n -gt 40 ] || { echo "only $n names found: is this the tree?"; status=1; }
echo "$n names of files and functions"
exit $status

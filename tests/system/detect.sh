#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Detection on every captured log, as it is and permuted: recall, precision and confusions of each form.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
{
	cat "$PB_SRC/tests/replay/default.conf"
	printf '[pptpban]\nfilter_dirs = %s/filters\n' "$PB_SRC"
} >"$tmp/pptpban.conf"
status=0
python3 "$PB_SRC/tests/replay/detect.py" "$PB_BUILD/pptpban" "$tmp/pptpban.conf" ${PB_SEEDS:-1 2 3} >"$tmp/out" || status=$?
sed 's/^/# /' "$tmp/out"
exit $status

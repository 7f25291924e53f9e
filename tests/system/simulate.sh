#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Detection on simulated servers: nothing wrongly charged, nothing missed that the log tells.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
{
	cat "$PB_SRC/tests/replay/default.conf"
	printf '[pptpban]\nfilter_dirs = %s/filters\n' "$PB_SRC"
} >"$tmp/pptpban.conf"
status=0
python3 "$PB_SRC/tests/replay/simulate.py" "$PB_BUILD/pptpban" "$tmp/pptpban.conf" --seeds "${PB_WORLDS:-1..60}" >"$tmp/out" || status=$?
sed 's/^/# /' "$tmp/out"
exit $status

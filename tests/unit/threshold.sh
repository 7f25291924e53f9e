#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Which threshold decided each ban of a replay, against the policy worked out anew by tests/replay/threshold.py.
set -u
command -v python3 >/dev/null || { echo "python3 is not installed"; exit 77; }
srcdir=$(cd "${srcdir:-.}" && pwd)
exec python3 "$srcdir/tests/replay/threshold.py" ./pptpban "$srcdir/filters" ${PB_SEEDS:-}

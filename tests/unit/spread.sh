#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A botnet, a rented network and the innocent between them, in worlds of ten seeds: who is banned and who is not.
srcdir=$(cd "${srcdir:-.}" && pwd)
exec python3 "$srcdir/tests/replay/spread.py" ./pptpban "$srcdir/filters" "${1:-10}"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Times as both back ends are told them, judged by an interpreter that shares nothing with the program.
command -v python3 >/dev/null || { echo "python3 is not installed"; exit 77; }
[ -e /usr/share/zoneinfo/Europe/Berlin ] || { echo "tzdata is not installed"; exit 77; }
exec python3 "${srcdir:-.}/tests/unit/times.py" ./pptpban

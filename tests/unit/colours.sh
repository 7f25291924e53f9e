#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Colours of every verb: on a terminal only, none with NO_COLOR or TERM=dumb, never in --json and --plain.
set -u
srcdir=${srcdir:-.}
exec /usr/bin/python3 -B "$srcdir/tests/unit/colours.py" ./pptpban "$srcdir"

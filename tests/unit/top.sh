#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# pptpban top in a pseudo-terminal with a made-up service: hostile texts, colours, signals, a service that is slow.
set -u
srcdir=${srcdir:-.}
exec /usr/bin/python3 -B "$srcdir/tests/unit/top.py" ./pptpban "$srcdir"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# pptpban firewall show --format ... for what stands in front of the server: each output is held against a validator
# and then decides about packets, as the model does.
set -u
srcdir=${srcdir:-.}
exec /usr/bin/python3 -B "$srcdir/tests/unit/exports.py" ./pptpban ./test_front "$srcdir"

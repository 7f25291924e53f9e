#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Faults: processes killed and stopped, logs rotated, journals and databases broken, disks full, sets taken away, clocks
# that jump, no descriptors, floods; each against a log whose truth is known.
#   faults.sh                            a short part of each, as in CI
#   faults.sh long [SEED [SCENARIO...]]  hundreds of repetitions of each; says its seed, which repeats it
#   faults.sh short SEED SCENARIO...     some of them
. "$(dirname "$0")/lib.sh"
private_mounts "$@"
need_commands ip nft ipset python3 setpriv unshare
here=$(cd "$(dirname "$0")" && pwd)
export PB_FAULTS_DIR=$T PYTHONDONTWRITEBYTECODE=1
netns_new PB_FAULTS_NETNS
PB_FAULTS_JOURNALD=
if journald_start; then # makes the places where one can live; those that are tried are started below
	journald_stop
	PB_FAULTS_JOURNALD=$j
fi
export PB_FAULTS_NETNS PB_FAULTS_JOURNALD PB_SRC
mount -t tmpfs tmpfs /var/log || skip_all "needs mount"
cp -R "$PB_SRC/filters" "$T/filters"
PYTHONPATH=$here/faults python3 "$here/faults/main.py" "$@" | tee "$T/report"
status=${PIPESTATUS[0]}
checks=$(grep -c '^ok\|^not ok' "$T/report")
failures=$(grep -c '^not ok' "$T/report")
[ "$status" = 0 ] || exit "$status"

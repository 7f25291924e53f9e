# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the scenarios: main.py [short|long [SEED [SCENARIO...]]]
import random
import sys
import time

import lab
import broken
import clocks
import copied
import flood
import journal
import kernel
import kills
import limits
import rotation
import starve
import watchdog

scenarios = {**kills.scenarios, **rotation.scenarios, **starve.scenarios, **broken.scenarios, **journal.scenarios, **kernel.scenarios, **flood.scenarios, **clocks.scenarios, **watchdog.scenarios,
             **limits.scenarios, **copied.scenarios}


def main(how="short", seed=None, *names):
    seed = int(seed) if seed else 1 if how == "short" else random.randrange(1 << 31)
    lab.note("seed %d" % seed)
    for name in names or scenarios:
        began = time.monotonic()
        scenarios[name](random.Random("%d %s" % (seed, name)), how == "long")
        lab.note("%s took %.1f s" % (name, time.monotonic() - began))
    for what, repetitions, losses in lab.table:
        lab.note("| %s | %d | %d |" % (what, repetitions, losses))
    return lab.failures != 0


sys.exit(main(*sys.argv[1:]))

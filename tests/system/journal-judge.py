#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Says of source-dump's output whether every line 0..COUNT-1 came exactly once; "again" allows the same entry twice.
#   journal-judge.py COUNT [again] FILE...
import json, sys

count, files = int(sys.argv[1]), sys.argv[2:]
again = files[0] == "again"
seen, twice, moved = {}, 0, 0
for name in files[again:]:
    for line in open(name, "rb"):
        if not line.endswith(b"\n"):
            continue
        r = json.loads(line)
        if not r["message"].startswith("line "):
            continue
        n, position = int(r["message"][5:]), (r["file"], r["offset"])
        twice += n in seen
        moved += seen.setdefault(n, position) != position
missing = [n for n in range(count) if n not in seen]
if missing or moved or (twice and not again):
    print("%d missing from %s on, %d twice, %d at another position" % (len(missing), missing[:1], twice, moved))
else:
    print("all once" if not again else "all")

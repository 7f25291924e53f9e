// SPDX-License-Identifier: GPL-2.0-or-later
// Walks over blocks of complete lines: lets the literal gate pass over what nobody wants, reads the headers of the
// rest and hands on records. Live files and replay share it. Reads no file; never allocates.
//
// With and without literals the records of the same lines are the same, also where a line's time hangs on the line
// before it (no stamp, or an hour that comes twice): then the headers between are read after all.
#ifndef PB_SOURCE_WALK_H
#define PB_SOURCE_WALK_H

#include "base/literals.h"
#include "source/record.h"
#include "source/stamp.h"

#define WALK_MAX_LINE ((size_t)64 * 1024)

struct walk {
    const struct literals *literals; // NULL: every line is handed on
    record_fn record;
    void *userdata;
    uint64_t filters;
    uint64_t ungated; // of these: they see every line, whatever literals it has
    size_t max_line;
    unsigned flags;   // of each record
    uint8_t file[16]; // of each position
    usec_t since;     // older records are left out
    bool follow;      // replay: years go on from block to block; live: everything is about now
    struct stamp_clock clock;

    uint64_t lines, records, truncated, no_header;
    usec_t last; // the newest time seen

    usec_t previous; // time of the line before timed_to; until timed, what is assumed for lines without a stamp
    bool timed;
    const char *timed_to;
};

// bound: as in struct stamp_clock. max_line 0: WALK_MAX_LINE.
void walk_init(struct walk *w, usec_t bound, size_t max_line);

// block ends with a newline; offset is where it begins in the file. Returns what the record function returned if
// that was negative.
int walk_block(struct walk *w, struct str block, uint64_t offset);

// One line without its newline; cut: there was more of it.
int walk_line(struct walk *w, struct str line, uint64_t offset, bool cut);

#endif

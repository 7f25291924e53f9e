// SPDX-License-Identifier: GPL-2.0-or-later
// One log message as a source hands it on: views into the source's buffer, valid until the handler returns.
#ifndef PB_SOURCE_RECORD_H
#define PB_SOURCE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"

// Where a record stands, the same after a restart, a rotation or a rename: what was decided there is not decided
// again. For a file: a fingerprint of its first bytes and the offset of the line; for the journal: the sequence
// number id and the sequence number.
struct position {
    uint8_t file[16];
    uint64_t offset;
};

enum record_flags {
    RECORD_TRUSTED = 1 << 0,   // fields come from journald, not from text
    RECORD_LOCAL = 1 << 1,     // written now, on this host: /proc may be asked about pid
    RECORD_TRUNCATED = 1 << 2, // the line was longer than the limit and was cut
    RECORD_HAS_MASK = 1 << 3,  // mask below was computed with the source's literals
    RECORD_NO_TIME = 1 << 4,   // no time could be read from the line; time is the one of the record before
};

struct record {
    usec_t time;        // when it happened, says the record
    struct str host;    // "" when the line has none
    struct str ident;   // "pppd"; "" when the line has none
    uint32_t pid;       // 0 when the line has none
    struct str message; // the text behind the header
    struct str line;    // the line as it stood (journal: "HOST IDENT[PID]: MESSAGE" rebuilt), for evidence
    struct str date;    // the part of line that is the date, empty when none (fail2ban filters cut it out)
    struct str cmdline; // the journal's _CMDLINE, else empty
    struct position position;
    uint64_t filters;   // bit i: filter i of the engine may see it (the source of a jail that uses it)
    uint64_t mask;      // literals_mask() of line, if RECORD_HAS_MASK
    unsigned flags;     // enum record_flags
};

// Takes one record; a negative errno stops the source.
typedef int (*record_fn)(void *userdata, const struct record *r);

#endif

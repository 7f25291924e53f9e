// SPDX-License-Identifier: GPL-2.0-or-later
// One journal, opened for the filters that want something of it, and its entries as records. Live reading and replay
// share it; neither waits nor decides here.
#ifndef PB_SOURCE_ENTRY_H
#define PB_SOURCE_ENTRY_H

#include <systemd/sd-journal.h>

#include "source/source.h"

enum {
    ENTRY_TERMS = 64,      // FIELD=value of one filter
    ENTRY_FILTERS = 64,
    ENTRY_MESSAGE = 65536, // longer messages are cut
    ENTRY_CMDLINE = 4096,
};

struct entry_term {
    const char *text; // FIELD=value, inside match.text
    size_t n, field;  // lengths of the whole and of FIELD
    uint8_t group;    // terms of one group: different fields AND, the same field OR; groups OR
    bool hit;         // in the entry at hand
};

struct entry_match {
    uint64_t filter;
    char *text;
    struct entry_term terms[ENTRY_TERMS];
    size_t n;
};

// What of a field is kept; too long is cut.
struct entry_field {
    char *p;
    size_t n, max;
};

struct entry {
    sd_journal *journal;
    struct entry_match *matches;
    size_t n_matches;
    bool same; // all filters match alike: the journal's own matching is enough
    uint64_t all;
    struct entry_field message, cmdline, host, ident, line;
    char *memory;
    // of the entry last read
    uint8_t seqnum_id[16];
    uint64_t seqnum, realtime;
};

// Opens path (a directory of journals or one file; NULL: this machine's) and adds the matches. -EINVAL for a match
// that is not FIELD=value [FIELD=value ...] [+ ...].
int entry_open(struct entry *e, const char *path, const struct source_journal_match *matches, size_t n);
void entry_close(struct entry *e);

// The same journal anew, at no place yet: what cannot be read any more is left out then.
int entry_reopen(struct entry *e, const char *path);

// The entry that sd_journal_next() came to, as a record with views into *e. False when no filter wants it, it has no
// message, or it cannot be read (*ret_error is then -EBADMSG or the like, else 0).
bool entry_read(struct entry *e, struct record *ret, int *ret_error);

enum { ENTRY_CURSOR_MAX = 96 };

// A cursor for an entry by what entry_read() found of it.
void entry_cursor(const uint8_t seqnum_id[static 16], uint64_t seqnum, uint64_t realtime, char ret[static ENTRY_CURSOR_MAX]);

#endif

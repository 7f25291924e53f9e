// SPDX-License-Identifier: GPL-2.0-or-later
// All that was and is written under one path: the current file and the older ones that rotation moved away, read
// in the order in which they were written.
#ifndef PB_SOURCE_LANE_H
#define PB_SOURCE_LANE_H

#include "source/source.h"
#include "source/tail.h"

enum {
    LANE_TAILS = 64,   // files of one path that are remembered, the current one included
    LANE_CLOSED = 12,  // of these, read to their end and closed
    LANE_OLD_OPEN = 3, // older ones that are still watched: their writer may not have noticed the rotation
};

struct lane {
    char *path;
    struct tail *tails[LANE_TAILS]; // oldest first
    size_t n;
    struct tail *current; // what lies at path now; NULL: nothing
    bool started;
    usec_t forgotten; // nothing that was modified before is looked for any more
    bool starved; // something could not be opened or watched for want of descriptors or watches: look again
    bool missing;       // older files may lie there that are not known: nothing is read before they are looked for again
    unsigned unsettled; // so many times in a row its directory did not stand still when older files were looked for
    char problem[200]; // "" or why path cannot be read now
};

struct lane_counts { // of tails that are forgotten, and what belongs to no tail
    uint64_t lines, records, truncated, no_header, bytes, skipped, rotations;
    usec_t last;
};

struct lane_context {
    const struct source_options *options;
    const char *mark; // entries of all lanes (mark.h); NULL: first start
    usec_t looked; // with a mark: when names were last looked at, before the restart or just now
    int inotify;
    usec_t now;
    unsigned flags; // of records
    struct lane_counts *counts;
    struct lane *const *lanes; // all of the source: what one of them reads no other does
    size_t n_lanes;
};

int lane_new(const char *path, struct lane **ret);
void lane_free(struct lane *l, const struct lane_context *c);

// Looks what lies at path: opens a new file, and on the first call goes back to the mark or to options.since.
int lane_look(struct lane *l, const struct lane_context *c);

// Reads what there is, oldest file first, about budget bytes. 1: there is more.
int lane_read(struct lane *l, const struct lane_context *c, size_t budget);

// Appends an entry for each file to *mark, as mark_append().
int lane_mark(const struct lane *l, usec_t not_after, char **mark, size_t *n);

void lane_count_tail(struct lane_counts *c, const struct tail *t);

// Bytes that are not read yet, as of now; lowers *oldest to the time at which their files have been read to.
uint64_t lane_behind(const struct lane *l, usec_t *oldest);

// The tail that inotify watches as wd, NULL.
struct tail *lane_find_watch(const struct lane *l, int wd);

#endif

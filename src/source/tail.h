// SPDX-License-Identifier: GPL-2.0-or-later
// One open log file that is read from some line on to its end, again whenever it has grown. Knows nothing of names
// and rotation; notices when the file is no longer what it was.
#ifndef PB_SOURCE_TAIL_H
#define PB_SOURCE_TAIL_H

#include <sys/types.h>

#include "source/feed.h"
#include "source/input.h"

enum { TAIL_CHECKPOINTS = 64 };

struct checkpoint { // no line before offset is younger than time
    usec_t time;
    uint64_t offset;
};

struct tail {
    int fd, wd; // fd -1: read and closed; wd -1: not watched
    dev_t dev;
    ino_t ino;
    struct input *input; // compressed: read once
    struct walk walk;
    struct feed feed;
    bool known;   // walk.file holds the fingerprint
    bool dirty;   // there may be something to read
    bool deleted; // has no name any more
    uint64_t size, bytes; // bytes: handed on
    usec_t modified;
    struct checkpoint checkpoints[TAIL_CHECKPOINTS];
    size_t n_checkpoints;
    usec_t checkpoint_gap;
};

// Takes fd over. The caller sets the walk's literals, record function and so on.
int tail_new(int fd, size_t max_line, struct tail **ret);
void tail_free(struct tail *t);
void tail_close(struct tail *t); // keeps what a mark needs

// Starts at offset; compressed files skip that much of their content.
int tail_seek(struct tail *t, uint64_t offset);

// Starts at the last line boundary before which everything is older than since, found by halving.
int tail_seek_time(struct tail *t, usec_t since);

// The time of the first line that has one; -ENODATA.
int tail_first_time(struct tail *t, usec_t *ret);

// Hands on at most about budget bytes of complete lines. 1: there is more; 0: the end; -ESTALE: the file was
// truncated or written anew, call tail_restart() and go on; else what the record function returned, or an error.
int tail_read(struct tail *t, size_t budget, usec_t now);

// The file has new content: from its beginning. Returns how many bytes are known to have gone unread.
uint64_t tail_restart(struct tail *t);

// Where to begin so that every line at or after not_after is read again.
uint64_t tail_offset_for(const struct tail *t, usec_t not_after);

#endif

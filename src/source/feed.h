// SPDX-License-Identifier: GPL-2.0-or-later
// Cuts bytes as they are read from a file into blocks of complete lines for walk_block(). A line that is not
// complete yet waits; one that is longer than the limit is handed on cut, and the rest of it is skipped.
#ifndef PB_SOURCE_FEED_H
#define PB_SOURCE_FEED_H

#include "source/walk.h"

struct feed {
    struct walk *walk;
    char *buffer; // NULL: nothing is being read
    size_t have;
    uint64_t offset; // where buffer begins in the file: the first byte not handed on
    bool inside_cut; // offset is inside a line that was handed on cut
};

// Where the next bytes are to be read to, and how many fit (at least 64 KiB). Allocates the buffer if there is
// none: -ENOMEM.
int feed_space(struct feed *f, char **ret_p, size_t *ret_n);

// n bytes stand there now. Negative: what the record function returned.
int feed_add(struct feed *f, size_t n);

// The file is over: hands on a last line without a newline.
int feed_finish(struct feed *f);

// Gives the buffer back; what was not handed on has to be read again from offset.
void feed_release(struct feed *f);

// What tells this file from others for ever: a hash of its first line, at most FINGERPRINT_BYTES of it. False while
// that is not complete in the n bytes at p, which are the file's first.
enum { FINGERPRINT_BYTES = 1024 };
bool feed_fingerprint(const char *p, size_t n, uint8_t ret[static 16]);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// The rotated predecessors of a log file as log rotation names them (path.1, path.2.gz, path-20261122.xz), with what
// tells them apart. Only looks into the file's own directory (that of its target where path is a link).
#ifndef PB_SOURCE_ROTATION_H
#define PB_SOURCE_ROTATION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"

enum { ROTATION_MAX = 64 }; // the youngest so many are looked at

struct sibling {
    int fd; // open at its beginning; -1: taken
    bool compressed;
    uint8_t file[16]; // fingerprint
    uint64_t size;    // as it lies there
    usec_t modified;
    usec_t first;    // time of its first line, 0 when that has none
    unsigned number; // path.3 is older than path.2
};

// Length of NAME without a rotation's suffix, 0 if it has none.
size_t rotation_stem(const char *name);

// Opens those of path that were modified at or after newer and have a complete first line; oldest first. Frees with
// rotation_free(). -EMFILE, -ENFILE: some, perhaps not all; -EAGAIN: the same, for files are being renamed there.
int rotation_list(const char *path, usec_t newer, struct sibling **ret, size_t *ret_n);
void rotation_free(struct sibling *s, size_t n);

#endif

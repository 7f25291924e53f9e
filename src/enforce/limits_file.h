// SPDX-License-Identifier: GPL-2.0-or-later
// The layout of the limits file, for its reader and its writer only.
#ifndef PB_ENFORCE_LIMITS_FILE_H
#define PB_ENFORCE_LIMITS_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "enforce/limits.h"

#define LIMITS_FILE_MAGIC "pptpban\3" // the last byte is the version

struct limits_file {
    char magic[8];
    uint64_t checksum; // of what follows
    struct limits limits; // cut off behind the last allow[] in use
};

#define LIMITS_FILE_SIZE(n_allow)                                                                  \
    (offsetof(struct limits_file, limits) + offsetof(struct limits, allow) + (n_allow) * sizeof(struct prefix))

uint64_t limits_checksum(const void *p, size_t n);

#endif

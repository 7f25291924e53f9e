// SPDX-License-Identifier: GPL-2.0-or-later
// The text in which it is kept how far log files were read: "KIND @TIME" and behind it an entry for each file,
// " FINGERPRINT:OFFSET:MODIFIED:PATH". Knows nothing of files.
#ifndef PB_SOURCE_MARK_H
#define PB_SOURCE_MARK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"

struct mark_entry {
    uint8_t file[16]; // fingerprint
    uint64_t offset;
    usec_t modified; // when it was last written to, as far as seen
};

// Appends one to *mark (allocated, *n bytes long). -E2BIG when it becomes longer than a mark may be.
int mark_append(char **mark, size_t *n, const struct mark_entry *e, const char *path);

// Cuts the next entry off *rest (the first call: off a whole mark); what is none is passed over. False at the end.
bool mark_next(struct str *rest, struct mark_entry *ret, struct str *ret_escaped_path);

// A path as it stood before it was escaped; false when it is too long or holds a zero byte.
bool mark_path(struct str escaped, char *ret, size_t size);

// The entries of path, at most max, in their order; returns how many.
size_t mark_read(const char *mark, const char *path, struct mark_entry *entries, size_t max);

// What the mark knows of a file under whatever path.
bool mark_find(const char *mark, const uint8_t file[static 16], struct mark_entry *ret);

#endif

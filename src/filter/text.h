// SPDX-License-Identifier: GPL-2.0-or-later
// Text that knows, for each of its lines, the file and line it came from, through all substitutions: so that a
// message about a pattern can name the place where a person wrote it.
#ifndef PB_FILTER_TEXT_H
#define PB_FILTER_TEXT_H

#include <stddef.h>

#include "base/str.h"
#include "filter/filter.h"

enum { TEXT_MAX = 1 << 20 }; // bytes; substitution cannot grow a text beyond

struct origin {
    const char *file; // borrowed, NULL when unknown (a jail's parameter)
    unsigned line;
};

struct text {
    char *p; // NUL-terminated
    size_t n;
    struct origin *line; // of each line; a line is as old as its first byte
    size_t lines;        // 0 when empty, else one more than there are newlines
};

void text_clear(struct text *t); // frees; {0} is an empty text

// Appends bytes that stand at origin (all on one line there). -ENOMEM, -E2BIG beyond TEXT_MAX.
int text_add(struct text *t, struct str s, struct origin origin);

// Appends bytes from..to of other, origins and all.
int text_add_part(struct text *t, const struct text *other, size_t from, size_t to);

// Origin of the byte at offset.
struct origin text_origin(const struct text *t, size_t offset);

// The next line behind *at (0 at first) into *ret; false at the end.
bool text_line(const struct text *t, size_t *at, struct str *ret, struct origin *ret_origin);

// Writes "FILE:LINE: " and the message into *error and returns -EINVAL.
int filter_fail(struct filter_error *error, struct origin at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// Words of pppd's files, options and secrets alike, by pppd's own rules: blanks separate, # begins a comment, " and '
// quote, \ escapes as in C, a backslash at a line's end joins it to the next. Knows no option and no secret.
#ifndef PB_AUDIT_WORDS_H
#define PB_AUDIT_WORDS_H

#include <stdbool.h>

#include "base/str.h"

enum { WORD_MAX = 1023 }; // pppd cuts longer ones off here

struct words {
    struct str left;
    unsigned line; // where reading is
    bool begun;
};

struct word {
    char text[WORD_MAX + 1];
    bool first;    // of its line
    bool cut;      // it was longer
    bool unended;  // a quote that nothing ends
    unsigned line; // where it begins
};

static inline struct words words_of(struct str text)
{
    return (struct words){.left = text, .line = 1};
}

// False at the end.
bool words_next(struct words *w, struct word *ret);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// Reads a regular expression and says which fixed strings any text that it matches must contain, so that most of a
// log need not be matched at all. Never guesses: where it does not understand, it names none.
#ifndef PB_FILTER_GATE_H
#define PB_FILTER_GATE_H

#include "base/str.h"

enum { GATE_SET_MAX = 8, GATE_STRING_MAX = 40 };

struct gate_set { // at least one of these n printable strings; n = 0: nothing is known
    unsigned n;
    unsigned char length[GATE_SET_MAX];
    char string[GATE_SET_MAX][GATE_STRING_MAX];
};

// The best set for a regex in PCRE2's language. split: bytes may have been cut out of one place of the text that is
// searched (a date), so a string counts only as two halves, of which either suffices.
void gate_derive(struct str regex, bool split, struct gate_set *ret);

static inline struct str gate_string(const struct gate_set *g, unsigned i)
{
    return (struct str){g->string[i], g->length[i]};
}

#endif

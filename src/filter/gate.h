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

// The best set for a regex in PCRE2's language. split: a date has been cut out of the text that is searched, somewhere
// where neither side is a letter, a digit or '_'; a string that could lie across such a place is not used.
void gate_derive(struct str regex, bool split, struct gate_set *ret);

// How much the set tells a line from others, its least telling string counting; 0 for none.
int gate_score(const struct gate_set *g);

static inline struct str gate_string(const struct gate_set *g, unsigned i)
{
    return (struct str){g->string[i], g->length[i]};
}

#endif

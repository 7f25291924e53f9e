// SPDX-License-Identifier: GPL-2.0-or-later
// Whether a date format can cut letters out from between letters. Reads the format; never a line.
#ifndef PB_FILTER_DATE_CUT_H
#define PB_FILTER_DATE_CUT_H

#include "base/str.h"

enum date_begin {
    DATE_BEGIN_ANYWHERE, // a filter's own: at the line's begin, at a word's, or behind what is no word
    DATE_BEGIN_NO_WORD,  // never right behind a letter or digit; what remains of the line can rely on that (gate.h)
    DATE_BEGIN_LINE,     // at the line's begin, behind up to two bytes that are no word
};

// True when the regex has a plain group, which then is what gets cut out.
bool date_has_group(struct str s);

// A format as it is looked for.
struct date_cut {
    struct str written; // in letters, without {^LN-BEG} and stars
    struct str regex;   // with the letters filled in
    enum date_begin begin;
    bool begin_guarded; // begin holds; not so behind ** or when the format itself begins with ^
    bool end_guarded; // what follows is the end of a word, or no word; not so before ** or when the format ends with $
};

// True when it is certain that what is cut out stands at the line's begin, or has no word's byte on either side: then a
// literal that is no word but lies between words does not come to be by the cut (gate.h).
bool date_cut_is_clean(const struct date_cut *c);

#endif

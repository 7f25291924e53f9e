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

// True when what group 1 matches (all, if it is not grouped) has no word's byte before it for certain. The regex is as
// it is looked for, stars taken off; guarded: it is asked for at the begin of a line or a word, or behind no word.
bool date_cut_is_clean(struct str regex, enum date_begin begin, bool guarded, bool grouped);

#endif

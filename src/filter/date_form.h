// SPDX-License-Identifier: GPL-2.0-or-later
// How dates are written: the letters of datepattern, and the formats known without being told, as regular expressions.
// Compiles nothing and knows no line.
#ifndef PB_FILTER_DATE_FORM_H
#define PB_FILTER_DATE_FORM_H

#include "filter/text.h"

enum { DATE_REGEX = 4096, DATE_USUAL_TEXT = 128 };

struct date_buffer {
    char p[DATE_REGEX];
    size_t n;
    bool full; // something did not fit
};

void date_put(struct date_buffer *b, struct str s);

// Appends a format with its letters made into groups, each named as the letter. *ret_names: it has names of months or
// days, which are read in any case. -EINVAL with *error for a letter that is none.
int date_expand(struct date_buffer *out, struct str s, bool *ret_names, struct origin at, struct filter_error *error);

enum date_named { DATE_NAMED_NONE, DATE_EPOCH, DATE_LONG_EPOCH, DATE_TAI64N };

// Formats that have a name instead of letters.
enum date_named date_named(struct str s);

// Their regex: inside a longer format, or alone, where an epoch needs a neighbourhood that tells it from any number.
const char *date_named_regex(enum date_named which, bool alone);

enum date_where { DATE_ANYWHERE, DATE_NEAR_LINE_BEGIN, DATE_LINE_BEGIN };

// Usual format i, in the order in which they are tried, in letters or as a name. False when there are no more.
bool date_usual(size_t i, char buf[static DATE_USUAL_TEXT], enum date_where *ret_where);

#endif

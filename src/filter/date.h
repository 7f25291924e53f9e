// SPDX-License-Identifier: GPL-2.0-or-later
// Finds the date in a line that no source could read: the formats that fail2ban knows by itself, and those that a
// filter describes with datepattern. Knows no clock; asks for the time that is now.
#ifndef PB_FILTER_DATE_H
#define PB_FILTER_DATE_H

#include "base/clock.h"
#include "filter/text.h"

struct date_detector;

struct date_match {
    size_t begin, end; // what is to be cut out of the line; may be empty
    bool has_time;     // the cut text is a date
    bool exact;        // its fraction is part of it (epoch formats)
    usec_t time;
};

// patterns: the text of datepattern, one a line; NULL or empty: the default formats. -EINVAL with *error, -ENOMEM.
int date_detector_new(const struct text *patterns, struct date_detector **ret, struct filter_error *error);
void date_detector_free(struct date_detector *d);

// True when it is certain that what is cut out of a line has no letter, digit or '_' on either side (gate.h).
bool date_cuts_between_words(const struct date_detector *d);

// The first format in order that is found in line. now: for what a date leaves out (year, day). False when none is.
bool date_find(struct date_detector *d, struct str line, usec_t now, struct date_match *ret);

// The formats, for people: how many, what number i is called and how often it was found.
size_t date_count_formats(const struct date_detector *d);
const char *date_format_name(const struct date_detector *d, size_t i);
uint64_t date_format_hits(const struct date_detector *d, size_t i);

// How often a format was given up at a limit.
uint64_t date_limit_hits(const struct date_detector *d);

#endif

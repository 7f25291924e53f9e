// SPDX-License-Identifier: GPL-2.0-or-later
// The inside of a filter, for the files that load it and ask it.
#ifndef PB_FILTER_PRIVATE_H
#define PB_FILTER_PRIVATE_H

#include "filter/filter.h"
#include "filter/foreign.h"
#include "filter/ini.h"
#include "filter/pattern.h"

enum {
    FILTER_PATTERNS = 250, // of one filter; fail2ban's largest has about 60
    FILTER_IDENTS = 15,    // programs named in one filter
    FILTER_JOURNAL_TERMS = 64, // FIELD=value in journalmatch; the journal source takes as many
    FILTER_LINE = 65536,   // of a line with its date cut out of the middle
};

// The patterns that a record of one program may match, in the order in which they are asked.
struct dispatch {
    struct str ident; // "" : of no program that the filter names
    struct pattern **v;
    size_t n;
};

struct pattern_list {
    struct pattern *v;
    size_t n;
};

struct filter {
    char *name;
    char *journalmatch;
    struct ini ini; // the files as read; patterns remember their places there
    struct matcher matcher;
    struct pattern_list patterns; // of all roles, in the order of enum role
    struct pattern_list ignore;   // ignoreregex
    struct pattern_list cmdline;
    struct pattern_list keys;     // what names the lives of a program
    struct pattern_list prefix;   // prefregex, one or none
    struct date_detector *dates;  // where lines carry dates that this filter has to find; else NULL
    bool own_dates;               // its datepattern is not that of the sources
    struct origin dates_at;       // where that stands
    unsigned max_lines;
    struct origin max_lines_at;
    struct foreign *foreign;      // without [Session]: read the log as fail2ban does
    struct dispatch dispatch[FILTER_IDENTS + 1]; // the last one in use is that of the other programs
    size_t n_dispatch;
    unsigned n_literals; // that serve it in the set that the sources use
    uint64_t bits;    // of all patterns in record.mask; 0: some pattern must always run
    bool has_begin;   // some pattern begins a life
    bool reads_lines; // some pattern is matched against the line
    char *line;       // FILTER_LINE bytes, when it does
    struct filter_counters counters;
};

#endif

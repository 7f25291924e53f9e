// SPDX-License-Identifier: GPL-2.0-or-later
// Filter files as they stand on disk: sections and options by the rules of Python's ConfigParser, with fail2ban's
// includes, drop-ins and overrides. Substitutes nothing and knows no option but [INCLUDES] before and after.
#ifndef PB_FILTER_INI_H
#define PB_FILTER_INI_H

#include "filter/text.h"

enum {
    INI_FILES_MAX = 256,      // of one filter, includes and drop-ins
    INI_INCLUDE_DEPTH = 10,
};

struct ini_option {
    char *key; // lower case
    struct text value;
    struct origin at;         // where its key stands
    struct ini_option *older; // the value that this one overrides, from an earlier file (known/KEY); may be NULL
    struct ini_option *next;
};

struct ini_section {
    char *name;
    struct ini_option *options; // in the order of the files
    struct ini_section *next;
};

struct ini {
    struct ini_section *sections;
    char *files[INI_FILES_MAX];
    size_t n_files;
};

// Reads NAME.conf, NAME.d/*.conf, NAME.local and NAME.d/*.local from each of dirs (NULL at the end) with all they
// include; what comes later overrides. -ENOENT (with *error) when there is no such file in any of them, -EINVAL for
// bad text, -ENOMEM. Free with ini_free in either case.
int ini_read(struct ini *ini, const char *name, const char *const *dirs, struct filter_error *error);

// The same for files that are only looked at (pptpban import-fail2ban): each thing wrong is told, "FILE:LINE: WHAT",
// and the reading goes on with the rest. -ENOENT when there is no such file; -ENOMEM.
typedef void (*ini_problem_fn)(void *userdata, const char *text);
int ini_read_all(struct ini *ini, const char *name, const char *const *dirs, ini_problem_fn problem, void *userdata);
void ini_free(struct ini *ini);

struct ini_section *ini_find(const struct ini *ini, struct str section);
struct ini_option *ini_option(const struct ini_section *section, struct str key); // any case; NULL is no section

#endif

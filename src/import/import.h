// SPDX-License-Identifier: GPL-2.0-or-later
// What becomes of fail2ban's jails in pptpban.conf: the plan that is shown, printed as configuration or written. Plain
// data and the steps that fill it; nothing here changes a file of fail2ban's or bans anybody.
#ifndef PB_IMPORT_IMPORT_H
#define PB_IMPORT_IMPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "cli/args.h"
#include "import/jails.h"
#include "config/config.h"

enum import_verdict { IMPORT_SAME, IMPORT_DIFFERENT, IMPORT_UNSUPPORTED, IMPORT_VERDICTS };

extern const char *const import_verdict_names[IMPORT_VERDICTS];

// An option of a jail and what it is here.
struct import_row {
    char *option, *value; // as fail2ban sees them; value "" when fail2ban's own default holds
    char *key, *here;     // "key = here" in pptpban.conf; NULL: nothing
    enum import_verdict verdict;
    char *why; // NULL when there is nothing to add
    struct origin at;
};

// A filter that a jail uses.
struct import_filter {
    char *written;    // NAME[...] as the jail says
    char *name;       // NAME
    char *here;       // what the jail names it here: NAME or fail2ban-NAME
    char *params;     // "[...]" or ""
    bool journal;
    bool knows_journal; // it has a journalmatch
    bool renamed;     // its file is to be copied under another name: one of ours has this one
    char *text;       // a filter file of its own, made from what the jail itself says; NULL: none
    char *made_name;  // its name
    char *error;      // why it does not load; NULL: it does
    char *note;       // what its patterns match there and not here; NULL: nothing is known
    char *pptp;       // why its patterns are wrong for a PPTP server; NULL: it is not about one
    char **files;     // what it consists of
    size_t n_files;
};

struct import_jail {
    const char *name;
    char section[CONFIG_JAIL_NAME_MAX + 1]; // what it is called here
    struct origin at;
    bool enabled; // in fail2ban
    bool journal;
    bool left_out; // there is no room for it, or another jail stands for it
    char *broken; // why it cannot work here; NULL: it can
    char *advice; // why a filter of pptpban's own takes the place of its filter; NULL: none does
    char *own;    // that filter
    bool own_log; // which reads the service's own log
    struct import_filter filter;
    struct import_row *rows;
    size_t n;
};

struct import {
    struct f2b *f2b;
    const char *dir;
    char *filter_dir;                 // DIR/filter.d
    struct strlist dirs;              // where pptpban looks for filters
    const char *write;                // where files are to be written, NULL: nowhere
    struct import_jail *jails;
    size_t n;
    char **problems; // "FILE:LINE: ..." of what could not be read
    size_t n_problems;
    bool out_of_memory;
};

enum { IMPORT_PROBLEMS_MAX = 200, IMPORT_PREFIX_MAX = 9 };
#define IMPORT_PREFIX "fail2ban-"

// Reads DIR and plans for the jails that are named, else for the enabled ones, else (all) for all.
int import_plan(struct import *im, char *const *names, int n_names, bool all);
void import_clear(struct import *im);

__attribute__((format(printf, 2, 3))) void import_problem(struct import *im, const char *fmt, ...);

// Adds a row. here, why: NULL for none; both are taken.
void import_add_row(struct import *im, struct import_jail *j, const char *option, const struct f2b_value *v,
                    enum import_verdict verdict, const char *key, char *here, char *why);

// text that the caller frees; NULL without memory, which im remembers.
__attribute__((format(printf, 2, 3))) char *import_text(struct import *im, const char *fmt, ...);

// The rows of j, option by option (options.c).
void import_options(struct import *im, struct import_jail *j);

// Reads the filter that the jail wants and fills j->filter, and j->broken when it cannot be had (filter.c).
void import_filter(struct import *im, struct import_jail *j, const char *written);

// The plan as a file for pptpban.conf.d, as a table, as JSON (show.c).
void import_print_config(const struct import *im, FILE *out);
int import_print_report(const struct import *im, FILE *out);
json_t *import_json(const struct import *im);

// Shows the bans of fail2ban's database and with --apply hands them to the service (apply.c). An exit code.
int import_bans(const char *dir, const struct args *a, char *const *jails, int n_jails);

// Writes configuration and filters below im->write (write.c), telling out what. Returns an exit code.
int import_write(struct import *im, bool force, FILE *out);

#endif

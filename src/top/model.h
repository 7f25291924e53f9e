// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban top: what the service answered over time, as it is to be shown. Reads answers that client_clean() has made harmless;
// asks nobody, knows no terminal and no clock.
#ifndef PB_TOP_MODEL_H
#define PB_TOP_MODEL_H

#include <jansson.h>

#include "base/clock.h"
#include "top/bans.h"
#include "top/rates.h"

enum {
    TOP_TEXT_MAX = 127,     // of one text of the status
    TOP_SOURCES_MAX = 64,
    TOP_PROBLEMS_MAX = 16,
    TOP_NAME_MAX = 400,     // of an account, as it is shown
    TOP_ACCOUNTS_MAX = 512, // those that are tried most
    TOP_FROM_MAX = 5,       // addresses of an account, the latest
    TOP_NEAR_MAX = 16,
    TOP_LATEST = 32,
};

struct top_source {
    char name[TOP_TEXT_MAX + 1], problem[TOP_TEXT_MAX + 1];
    int64_t lines, last, behind; // last: unix seconds, 0 for none; behind: bytes
    double behind_seconds;
};

struct top_status {
    bool known; // there was one
    char program[TOP_TEXT_MAX + 1];
    int64_t pid, since, bans;
    bool observe, connected, hooked;
    char backend[TOP_TEXT_MAX + 1];
    int64_t entries;
    char guard[TOP_TEXT_MAX + 1]; // what the guard of silent connections does
    bool guard_good;
    struct top_source sources[TOP_SOURCES_MAX];
    unsigned n_sources;
    char problems[TOP_PROBLEMS_MAX][TOP_TEXT_MAX + 1];
    unsigned n_problems;
    int64_t failures, successes, banned, unattributed;
    uint64_t changes; // differs when the list of bans may have
};

struct top_account {
    char name[TOP_NAME_MAX + 1];
    int64_t failures, addresses, banned, first, last, logins;
    bool more;
    struct addr from[TOP_FROM_MAX];
    unsigned n_from;
    int64_t guessed; // when; 0: nobody who had failed got in
    struct addr guessed_from;
};

// An address that has failed and is not banned.
struct top_near {
    struct addr addr;
    char jail[JAIL_NAME_MAX + 1];
    unsigned count, maxretry; // of the jail where least is missing
    bool ignored, asked;
};

enum top_accounts_sort { TOP_BY_FAILURES, TOP_BY_LAST, TOP_BY_ADDRESSES, TOP_BY_NAME, TOP_ACCOUNTS_SORTS };
extern const char *const top_accounts_sort_names[TOP_ACCOUNTS_SORTS];

enum top_series { TOP_FAILURES, TOP_BANS_MADE, TOP_LOGINS, TOP_SERIES };

struct top_model {
    struct top_status status;
    struct top_bans *bans;
    struct top_ban latest[TOP_LATEST];
    unsigned n_latest;
    struct top_account *accounts, *coming; // coming: twice as many, while the list comes
    unsigned n_accounts, n_coming;
    int64_t all_accounts, counted; // that the service knows
    enum top_accounts_sort accounts_by;
    char accounts_filter[TOP_FILTER_MAX + 1];
    unsigned shown[TOP_ACCOUNTS_MAX], n_shown; // of accounts, in order
    struct top_near near[TOP_NEAR_MAX];        // candidates; those to be shown first
    unsigned n_near, n_near_shown;
    struct top_rate rates[TOP_SERIES];
    usec_t silent_since; // realtime; 0: it answers
    char silent_why[TOP_TEXT_MAX + 1];
};

// -ENOMEM.
int top_model_new(struct top_model **ret);
void top_model_free(struct top_model *m);

// The answer to "status", at this time of the monotonic clock.
void top_model_take_status(struct top_model *m, const json_t *answer, usec_t now);

// The list of bans is complete in m->bans: takes over what is made of it. -ENOMEM.
int top_model_take_bans(struct top_model *m);

// The answer to "users", line by line.
void top_model_accounts_begin(struct top_model *m);
int top_model_accounts_add(struct top_model *m, const json_t *line); // -EINVAL: it is no account
void top_model_accounts_end(struct top_model *m);
void top_model_accounts_arrange(struct top_model *m, enum top_accounts_sort by, const char *filter);

// The answer to "why" of one of the candidates.
void top_model_take_near(struct top_model *m, const struct addr *a, const json_t *answer);

// The service has not answered since then, and why; NULL: it does again.
void top_model_silent(struct top_model *m, usec_t since, const char *why);

// Time goes on: bans end, rates move. now: monotonic; real: the clock.
void top_model_pass(struct top_model *m, usec_t now, usec_t real);

#endif

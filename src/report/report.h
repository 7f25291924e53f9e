// SPDX-License-Identifier: GPL-2.0-or-later
// A report over a stretch of time: takes attempts and bans in any order, keeps them in a temporary database, and works
// out figures, which become a page or JSON. Reads no log and decides nothing.
#ifndef PB_REPORT_REPORT_H
#define PB_REPORT_REPORT_H

#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/clock.h"

struct report;

enum report_kind { REPORT_FAILURE, REPORT_SUCCESS, REPORT_UNATTRIBUTED };

struct report_attempt {
    uint8_t file[16]; // with offset: which line it is; the same line again, told by another jail, counts once
    uint64_t offset;
    usec_t time;
    enum report_kind kind;
    bool has_addr;
    struct addr addr;
    const char *user; // fit to be shown; "" when unknown
};

struct report_ban {
    struct prefix net;
    usec_t since, until; // until: USEC_FOREVER possible
    usec_t findtime;     // of the jail: no failure before since - findtime led to it
    const char *jail;
};

enum { REPORT_ERROR_MAX = 256 };

// since: what is older is left out. countries: a database in MaxMind's format, NULL for none. Events are kept in a file
// without a name that SQLite makes where it makes its temporary files, at most as large as the logs. -ENOMEM, or -errno
// with error naming the database.
int report_new(usec_t since, const char *countries, struct report **ret, char error[static REPORT_ERROR_MAX]);
void report_free(struct report *r);

// A failure to keep it shows in report_figures().
void report_add_attempt(struct report *r, const struct report_attempt *a);
void report_add_ban(struct report *r, const struct report_ban *b);

enum { REPORT_GUESSES = 3, REPORT_ROWS = 20, REPORT_BUCKETS = 7, REPORT_SLOTS = 400, REPORT_NAME_MAX = 160 };

struct report_row {
    char name[REPORT_NAME_MAX]; // address, network, country or account
    char country[3];            // "" when unknown, or when there is no database
    uint64_t failures, bans;
    uint64_t others; // accounts that an address tried, addresses of a network or country, or that tried an account
    uint64_t successes; // accounts: good logins
    uint64_t guessed;   // of these: from an address that had failed as this account REPORT_GUESSES times or more before
    usec_t first, last;
};

struct report_list {
    struct report_row v[REPORT_ROWS]; // most failures first, or as report_sort() said
    size_t n;
    uint64_t total; // rows that there would be
};

struct report_slot {
    usec_t start; // local midnight, or a full hour
    uint64_t failures, bans, successes;
};

struct report_bucket {
    const char *name;
    uint64_t n;
};

struct report_figures {
    usec_t from, to; // of what was seen
    uint64_t failures, successes, unattributed, bans;
    uint64_t addresses, accounts, networks; // that failed
    bool has_countries, hourly;
    struct report_slot slots[REPORT_SLOTS];
    size_t n_slots;
    struct report_list by_address, by_network, by_country, by_account; // networks: of more than one address
    struct report_list by_jail; // most bans first; bans, others (addresses), first and last alone
    struct report_bucket away[REPORT_BUCKETS]; // from the end of a ban to the next failure of the same
    size_t n_away;
    struct report_bucket fast[REPORT_BUCKETS]; // from the first failure that counted to the ban
    size_t n_fast;
};

// Lists by another column than that of their most failures (jails: bans); one that has no such column is as it was. Names and
// times ascend, of numbers the largest comes first.
enum report_order {
    REPORT_BY_MOST,
    REPORT_BY_NAME,
    REPORT_BY_FAILURES,
    REPORT_BY_BANS,
    REPORT_BY_ADDRESSES,
    REPORT_BY_ACCOUNTS,
    REPORT_BY_LOGINS,
    REPORT_BY_LAST,
    REPORT_ORDERS
};
void report_sort(struct report *r, enum report_order by, bool reverse);

// *ret is large: allocate it. -EIO when something could not be kept or worked out.
int report_work_out(struct report *r, struct report_figures *ret);

struct report_head {
    const char *host, *version, *source; // fit to be shown
    usec_t now;
};

// One page with everything in it: no script, nothing to be fetched. What strangers wrote is escaped.
void report_print_html(const struct report_figures *f, const struct report_head *head, FILE *out);

// {"version": 1, ...}, described in pptpban(8).
void report_print_json(const struct report_figures *f, const struct report_head *head, FILE *out);

#endif

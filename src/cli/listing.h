// SPDX-License-Identifier: GPL-2.0-or-later
// What of a list is wanted and in which order: addresses and networks, --jail, --country, --since, --sort, --reverse. The
// same for every verb that shows a list; each says with a shape what its rows have. Asks the database of countries, and
// neither service nor kernel.
#ifndef PB_CLI_LISTING_H
#define PB_CLI_LISTING_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/clock.h"
#include "cli/args.h"
#include "host/country.h"

// Texts, addresses and times ascend, of numbers the largest comes first; rows without a value come last.
enum column_kind { COLUMN_TEXT, COLUMN_ADDRESS, COLUMN_TIME, COLUMN_NUMBER };

struct column {
    const char *name; // for --sort
    const char *key;  // in a row
    enum column_kind kind;
};

struct list_shape {
    const char *verb;
    const struct column *columns; // ends with a NULL name
    const char *address; // the key of a row's address or network, or of an array of them
    const char *jail;    // the key of its jail, or of an array of them; NULL: rows have none
    const char *since;   // the key of the time that --since is about
    int (*usual)(const void *, const void *); // of json_t *const *: the order without --sort, and among equals
};

// A row's own address is the key "address" of its shape; its country is put under this key where it is known.
#define LISTING_COUNTRY "country"

enum { LISTING_NETS = 64, LISTING_COUNTRIES = 32 };

struct listing {
    const struct list_shape *shape;
    struct prefix nets[LISTING_NETS];
    char countries[LISTING_COUNTRIES][COUNTRY_CODE];
    size_t n_nets, n_countries;
    const char *jail;
    usec_t since; // 0: whenever
    const struct column *by; // NULL: the usual order
    bool reverse;
    struct country_db *db; // NULL: there is none
};

// Reads what a says, with a->rest as addresses and networks, and opens the database of countries, if there is one.
// EXIT_DONE, or an exit code after having said what is wrong and what would be accepted.
int listing_open(const struct args *a, const struct list_shape *shape, struct listing *ret);
void listing_close(struct listing *l);

bool listing_is_filtered(const struct listing *l);

// Moves the rows that are wanted to the front, sorted, and tells each its country. Returns how many they are.
size_t listing_choose(const struct listing *l, json_t **rows, size_t n);

// Whether an address is among those that are wanted, for what is no row.
bool listing_takes(const struct listing *l, const struct addr *a);

// {"version":1,NAME:[...]}
void listing_print_json(const char *name, json_t *const *rows, size_t n);

// "" and 0 where a row has no such key.
const char *row_text(const json_t *row, const char *key);
long long row_number(const json_t *row, const char *key);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// Which country an address is in, from a database in MaxMind's format (maxmind.github.io/MaxMind-DB, version 2.0). One
// question an address; the networks of a whole country are src/firewall/countries.h. What is asked is a copy that nobody
// else can change: a file that is cut or written over while it is mapped would end the process.
#ifndef PB_HOST_COUNTRY_H
#define PB_HOST_COUNTRY_H

#include "base/addr.h"

struct country_db;

enum { COUNTRY_CODE = 3, COUNTRY_ERROR_MAX = 256, COUNTRY_DATABASE_MAX = 256 << 20 }; // bytes; usual are 10 MB

// -ENOMEM, or -EINVAL with error naming the file and what is wrong with it.
int country_open(const char *database, struct country_db **ret, char error[static COUNTRY_ERROR_MAX]);
void country_close(struct country_db *db);

// Its ISO 3166 code, "" when the database has none; db NULL: always "". Where the address is, else where it is
// registered (satellites, military). Allocates nothing. Returns ret.
const char *country_of(const struct country_db *db, const struct addr *a, char ret[static COUNTRY_CODE]);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// Inside the room: what collecting and working out share.
#ifndef PB_REPORT_COLLECT_H
#define PB_REPORT_COLLECT_H

#include <sqlite3.h>

#include "host/country.h"
#include "report/report.h"

enum { INSERT_ATTEMPT, INSERT_ADDRESS, INSERT_BAN, REPORT_INSERTS };

enum { REPORT_NET4 = 24, REPORT_NET6 = 64 }; // what is shown as one network

struct report {
    sqlite3 *db;
    sqlite3_stmt *inserts[REPORT_INSERTS];
    struct country_db *countries; // NULL: none
    usec_t since;
    enum report_order by;
    bool reverse;
    bool failed; // something could not be kept
};

#endif

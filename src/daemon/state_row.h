// SPDX-License-Identifier: GPL-2.0-or-later
// Networks, names, times and places of lines into a row of the state and out of it. A predecessor that was taken over may
// have written the rows: what makes no sense is refused.
#ifndef PB_DAEMON_STATE_ROW_H
#define PB_DAEMON_STATE_ROW_H

#include <sqlite3.h>
#include <stdbool.h>

#include "policy/bans.h"
#include "source/record.h"

void row_bind_net(sqlite3_stmt *q, int index, const struct prefix *net);
void row_bind_position(sqlite3_stmt *q, int index, const struct position *p); // two columns; p lives until the statement ran

// False when it is none.
bool row_net(sqlite3_stmt *q, int column, struct prefix *ret);
bool row_name(sqlite3_stmt *q, int column, char ret[static JAIL_NAME_MAX + 1]);

// Of a clock: sums and differences of such times do not overflow.
bool row_is_time(usec_t t);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// A checksum in each row of the state database: SQLite has none in its file, and a row that was damaged may make sense
// all the same. Guards against faults, not against people.
#ifndef PB_DAEMON_STATE_SUM_H
#define PB_DAEMON_STATE_SUM_H

#include <sqlite3.h>

// The SQL function row_sum(COLUMN, ...) for this connection; an SQLite result code.
int state_sum_register(sqlite3 *db);

// Reads all of bans, decisions, history and marks. 0; -EBADMSG: the file is damaged there, rows are not as they were
// written, or some are no longer reachable. Rows without a sum, of version 1, are believed.
int state_sum_verify(sqlite3 *db);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// The file of the state database: opens it or begins it, and sets aside what is damaged, foreign or too new. Knows
// the tables, not their meaning.
#ifndef PB_DAEMON_STATE_FILE_H
#define PB_DAEMON_STATE_FILE_H

#include <sqlite3.h>

#include "base/clock.h"

// dir NULL: in memory. note (STATE_NOTE_MAX bytes): what was set aside and where, or the error in words. -errno
// when there is no database then.
int state_file_open(const char *dir, usec_t now, sqlite3 **ret, char *note);

// Renames state.db (and its log) to state.db.bad-TIME and says so in note; why: "is damaged".
int state_file_set_aside(const char *dir, const char *why, usec_t now, char *note);

// Among the marks: when what was known before was lost.
#define STATE_LOST "lost"
// And the key of the hashes in logins.
#define STATE_LOGIN_KEY "login-key"
void state_file_set_lost(sqlite3 *db, usec_t now);

// -errno for an SQLite result code; -EBADMSG means damaged.
int state_file_errno(int rc);

#endif

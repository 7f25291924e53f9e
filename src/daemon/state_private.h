// SPDX-License-Identifier: GPL-2.0-or-later
// What the files of the state database share: its fields, statements and the transaction. Only state*.c include it.
#ifndef PB_DAEMON_STATE_PRIVATE_H
#define PB_DAEMON_STATE_PRIVATE_H

#include <sqlite3.h>

#include "daemon/state.h"

enum statement {
    PUT_BAN, PUT_EVIDENCE, PUT_HISTORY, PUT_DECISION, END_DECISIONS, PUT_MARK,
    REMOVE_BAN, REMOVE_EVIDENCE, CLEAR_BANS, PRUNE_DECISIONS, PRUNE_HISTORY, PRUNE_EVIDENCE, PRUNE_BANS,
    GET_BANS, GET_DECISIONS, GET_MARK, GET_MARKS, GET_EVIDENCE, EACH_EVIDENCE, GET_HISTORY, REMOVE_MARK,
    PUT_GUEST, GET_GUESTS, PRUNE_GUESTS, PUT_LOGIN, REMOVE_LOGIN, GET_LOGINS, CLEAR_LOGINS, PRUNE_LOGINS,
    PUT_REASON, GET_REASONS, PRUNE_REASONS,
    BEGIN, COMMIT, ROLLBACK, N_STATEMENTS
};

struct state {
    char *dir; // NULL: memory by wish
    sqlite3 *db;
    sqlite3_stmt *statements[N_STATEMENTS];
    bool open;      // a transaction is open
    bool failed;    // nothing is written until repaired
    bool damaged;   // and the file is to be set aside
    bool fresh;     // nothing was there before
    char problem[STATE_NOTE_MAX];
};

// Notes the failure, undoes the transaction and returns the error.
int state_fail(struct state *s, int rc);

sqlite3_stmt *state_statement(struct state *s, enum statement which);

// Runs a statement that gives no rows.
int state_run(struct state *s, enum statement which);

// Opens the transaction if there is none. *ret is NULL when nothing is to be written now.
int state_begin(struct state *s, enum statement which, sqlite3_stmt **ret);

// Which threshold a ban reached, when that is not maxretry of the jail itself.
int state_put_reason(struct state *s, const struct ban *ban);

#endif

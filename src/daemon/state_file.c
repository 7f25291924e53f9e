// SPDX-License-Identifier: GPL-2.0-or-later
// Opening, beginning and setting aside state.db.
#include "daemon/state_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/state.h"
#include "daemon/state_sum.h"

#define APPLICATION_ID 0x70707462 // "pptb"

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE bans(net BLOB PRIMARY KEY, jail TEXT NOT NULL, since INT NOT NULL, until INT NOT NULL,"
    " count INT NOT NULL, times INT NOT NULL, file BLOB, offset INT, sum INT) WITHOUT ROWID;"
    // apart from bans: reading all bans at the start then touches few pages
    "CREATE TABLE evidence(net BLOB PRIMARY KEY, lines TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE history(net BLOB PRIMARY KEY, times INT NOT NULL, ended INT NOT NULL, sum INT) WITHOUT ROWID;"
    "CREATE TABLE decisions(net BLOB, jail TEXT, settled INT NOT NULL, file BLOB NOT NULL, offset INT NOT NULL,"
    " since INT NOT NULL, until INT NOT NULL, observe INT NOT NULL, sum INT, PRIMARY KEY(net, jail)) WITHOUT ROWID;"
    "CREATE TABLE marks(source TEXT PRIMARY KEY, mark TEXT NOT NULL, sum INT) WITHOUT ROWID;"
    "PRAGMA application_id=0x70707462; PRAGMA user_version=2; COMMIT;";

static const char from_1[] = "BEGIN IMMEDIATE; ALTER TABLE bans ADD COLUMN sum INT; ALTER TABLE history ADD COLUMN sum INT;"
                             "ALTER TABLE decisions ADD COLUMN sum INT; ALTER TABLE marks ADD COLUMN sum INT;"
                             "PRAGMA user_version=2; COMMIT;";

// Came later than the first databases of this version, and is nobody's loss where it is missing.
// An older program does not look at them.
static const char added[] =
    "CREATE TABLE IF NOT EXISTS guests(addr BLOB PRIMARY KEY, last INT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS logins(id INTEGER PRIMARY KEY, first INT NOT NULL, last INT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS reasons(net BLOB PRIMARY KEY, since INT NOT NULL, rule TEXT NOT NULL, threshold INT NOT NULL,"
    " country TEXT NOT NULL, schedule TEXT NOT NULL) WITHOUT ROWID;";

_Static_assert(STATE_SCHEMA == 2, "the texts above say which version it is");

int state_file_errno(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
        return 0;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -EBADMSG;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_NOMEM:
        return -ENOMEM;
    default:
        return -EIO;
    }
}

int state_file_set_aside(const char *dir, const char *why, usec_t now, char *note)
{
    static const char *const parts[] = {"", "-wal"};
    char from[PATH_MAX], to[PATH_MAX], stamp[32];
    time_t seconds = (time_t)(now / USEC_SEC);
    struct tm tm;
    int r = 0;

    gmtime_r(&seconds, &tm);
    strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        int n = snprintf(from, sizeof(from), "%s/state.db%s", dir, parts[i]);
        int m = snprintf(to, sizeof(to), "%s/state.db.bad-%s%s", dir, stamp, parts[i]);
        if (n >= (int)sizeof(from) || m >= (int)sizeof(to))
            return -ENAMETOOLONG;
        if (rename(from, to) < 0 && errno != ENOENT)
            r = -errno;
    }
    if (r < 0)
        snprintf(note, STATE_NOTE_MAX, "%.200s/state.db cannot be used, nor renamed: %s", dir, strerror(-r));
    else
        snprintf(note, STATE_NOTE_MAX, "%.200s/state.db %s: it is kept as state.db.bad-%s and a new one begun", dir, why,
                 stamp);
    return r;
}

static int pragma_number(sqlite3 *db, const char *pragma, int *ret)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, pragma, -1, &q, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_step(q);
        if (rc == SQLITE_ROW) {
            *ret = sqlite3_column_int(q, 0);
            rc = SQLITE_OK;
        }
    }
    sqlite3_finalize(q);
    return rc;
}

// 0 when db is ours and usable, -ESTALE when it is newer, -EBADMSG when it is damaged or somebody else's.
static int settle(sqlite3 *db)
{
    int id = 0, version = 0, tables = 0, rc;

    sqlite3_busy_timeout(db, 5000); // a predecessor may be about to close it
    // an exclusive lock needs no shared memory file, and no second service can write here
    rc = sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-512; PRAGMA temp_store=MEMORY;", 0, 0, 0);
    if (rc == SQLITE_OK)
        rc = pragma_number(db, "PRAGMA application_id", &id);
    if (rc == SQLITE_OK)
        rc = pragma_number(db, "PRAGMA user_version", &version);
    if (rc == SQLITE_OK)
        rc = pragma_number(db, "SELECT count(*) FROM sqlite_master", &tables);
    if (rc != SQLITE_OK)
        return state_file_errno(rc);
    bool empty = id == 0 && version == 0 && tables == 0;
    if (!empty && id != APPLICATION_ID)
        return -EBADMSG;
    if (version > STATE_SCHEMA)
        return -ESTALE;
    rc = sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=4194304;", 0, 0, 0);
    if (rc == SQLITE_OK && (empty || version == 1))
        rc = sqlite3_exec(db, empty ? schema : from_1, 0, 0, 0);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, added, 0, 0, 0);
    if (rc == SQLITE_OK) // also takes the lock now, and finds out whether the file can be written
        rc = sqlite3_exec(db, "BEGIN IMMEDIATE; DELETE FROM marks WHERE source=''; COMMIT", 0, 0, 0);
    return state_file_errno(rc);
}

static int open_once(const char *path, sqlite3 **ret, char *note)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = state_sum_register(db);
    int r = rc == SQLITE_OK ? settle(db) : state_file_errno(rc);

    if (r < 0) {
        snprintf(note, STATE_NOTE_MAX, "%.200s: %s", path, db ? sqlite3_errmsg(db) : "out of memory");
        sqlite3_close(db);
        return r;
    }
    *ret = db;
    return 0;
}

void state_file_set_lost(sqlite3 *db, usec_t now)
{
    char *sql = sqlite3_mprintf("INSERT OR REPLACE INTO marks VALUES('" STATE_LOST "','%lld',row_sum('" STATE_LOST "','%lld'))",
                                (long long)now, (long long)now);

    if (sql && sqlite3_exec(db, sql, 0, 0, 0) == SQLITE_OK)
        (void)sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    sqlite3_free(sql);
}

int state_file_open(const char *dir, usec_t now, sqlite3 **ret, char *note)
{
    char path[PATH_MAX], error[STATE_NOTE_MAX];

    if (!dir)
        return open_once(":memory:", ret, note);
    if (snprintf(path, sizeof(path), "%s/state.db", dir) >= (int)sizeof(path)) {
        snprintf(note, STATE_NOTE_MAX, "the name of the state directory is too long");
        return -ENAMETOOLONG;
    }
    struct stat st;
    bool there = lstat(path, &st) == 0, strange = there && (!S_ISREG(st.st_mode) || st.st_size == 0);
    int r = strange ? -EBADMSG : open_once(path, ret, error);
    if (r == -EBADMSG || r == -ESTALE) {
        const char *why = strange ? (S_ISREG(st.st_mode) ? "is empty" : "is not a file") : r == -ESTALE ? "is of a newer version" : "is damaged or not ours";
        if (state_file_set_aside(dir, why, now, note) < 0)
            return r;
        r = open_once(path, ret, error);
        if (r == 0)
            state_file_set_lost(*ret, now);
    }
    if (r < 0)
        snprintf(note, STATE_NOTE_MAX, "%s", error);
    return r;
}

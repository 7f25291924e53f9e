// SPDX-License-Identifier: GPL-2.0-or-later
// Reads fail2ban's SQLite database. In rollback mode a reader changes nothing and is let in between two writes; a
// database in WAL mode, or one with a journal left by a crash, would be written to by its readers, so it is copied.
#include "import/bans.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 5000, TRIES = 20, HEADER = 100 };

__attribute__((format(printf, 3, 4))) static int fail(char *error, int r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(error, IMPORT_BANS_ERROR_MAX, fmt, ap);
    va_end(ap);
    return r;
}

// --- a copy --------------------------------------------------------------------------------------------------

// What tells that a file was written to in the meantime.
struct look {
    struct timespec mtime;
    off_t size;
    unsigned char head[32]; // of a WAL: its salts
};

static int look_at(const char *path, struct look *ret)
{
    struct look l = {0};
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    int r = fstat(fd, &st) < 0 ? -errno : 0;
    l.mtime = st.st_mtim;
    l.size = st.st_size;
    if (r == 0 && pread(fd, l.head, sizeof(l.head), 0) < 0)
        r = -errno;
    close(fd);
    *ret = l;
    return r;
}

static bool same_time(const struct look *a, const struct look *b)
{
    return a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec && a->size == b->size;
}

static int copy_file(const char *from, const char *to)
{
    char buf[1 << 16];
    off_t total = 0;
    int r = 0, in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
    ssize_t n = 0;

    if (in < 0)
        return -errno;
    out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out < 0)
        r = -errno;
    while (r == 0 && (n = read(in, buf, sizeof(buf))) > 0) {
        total += n;
        if (total > IMPORT_COPY_MAX)
            r = -EFBIG;
        else if (write(out, buf, (size_t)n) != n)
            r = errno ? -errno : -ENOSPC;
    }
    if (r == 0 && n < 0)
        r = -errno;
    close(in);
    if (out >= 0)
        close(out);
    return r;
}

struct copy {
    char dir[64], path[80], side[96], from_side[4200];
    bool wal;
};

static void copy_remove(struct copy *c)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    char path[128];

    if (!c->dir[0])
        return;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", c->path, ends[i]);
        unlink(path);
    }
    rmdir(c->dir);
}

// The WAL first: what a checkpoint then takes from it into the file shows by the file's time.
static int copy_once(struct copy *c, const char *path)
{
    struct look before, after, side_before = {0}, side_after = {0};
    int side = look_at(c->from_side, &side_before), r = look_at(path, &before);

    unlink(c->side);
    if (r == 0 && side == 0)
        r = copy_file(c->from_side, c->side);
    if (r == 0)
        r = copy_file(path, c->path);
    if (r == 0)
        r = look_at(path, &after);
    if (r < 0)
        return r;
    if (!same_time(&before, &after) || (look_at(c->from_side, &side_after) == 0) != (side == 0))
        return -EAGAIN;
    if (side < 0)
        return 0;
    bool kept = c->wal ? memcmp(side_before.head, side_after.head, sizeof(side_before.head)) == 0 && side_after.size >= side_before.size
                       : same_time(&side_before, &side_after);
    return kept ? 0 : -EAGAIN;
}

static int copy_make(struct copy *c, const char *path)
{
    const char *tmp = getenv("TMPDIR");
    int r = -EAGAIN;

    if (snprintf(c->dir, sizeof(c->dir), "%s/pptpban-import-XXXXXX", tmp && strlen(tmp) < 32 ? tmp : "/tmp") < 0 || !mkdtemp(c->dir)) {
        c->dir[0] = '\0';
        return -errno;
    }
    snprintf(c->path, sizeof(c->path), "%s/db", c->dir);
    snprintf(c->side, sizeof(c->side), "%s-%s", c->path, c->wal ? "wal" : "journal");
    for (int i = 0; i < TRIES && r == -EAGAIN; i++) {
        if (i > 0)
            usleep(100000);
        r = copy_once(c, path);
    }
    return r;
}

// --- rows ----------------------------------------------------------------------------------------------------

static bool has_table(sqlite3 *db, const char *name)
{
    sqlite3_stmt *q = NULL;
    bool found = false;

    if (sqlite3_prepare_v2(db, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", -1, &q, NULL) == SQLITE_OK) {
        sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
        found = sqlite3_step(q) == SQLITE_ROW;
    }
    sqlite3_finalize(q);
    return found;
}

static bool wanted(const char *jail, char *const *jails, int n)
{
    bool yes = n == 0;

    for (int i = 0; i < n; i++)
        yes = yes || strcmp(jails[i], jail) == 0;
    return yes;
}

static int add(struct import_bans *b, struct import_ban ban, const char *jail)
{
    if ((b->n & (b->n - 1)) == 0) { // grows at each power of two
        struct import_ban *v = reallocarray(b->v, b->n ? 2 * b->n : 1, sizeof(*v));
        if (!v)
            return -ENOMEM;
        b->v = v;
    }
    if (!(ban.jail = strdup(jail)))
        return -ENOMEM;
    b->v[b->n++] = ban;
    return 0;
}

static int take_row(sqlite3_stmt *q, usec_t now, char *const *jails, int n_jails, struct import_bans *b)
{
    const char *ip = (const char *)sqlite3_column_text(q, 0), *jail = (const char *)sqlite3_column_text(q, 1);
    double since = sqlite3_column_double(q, 2), time = sqlite3_column_double(q, 3);
    sqlite3_int64 count = sqlite3_column_int64(q, 4);
    struct import_ban ban;

    if (!ip || !jail || !wanted(jail, jails, n_jails))
        return 0;
    if (!isfinite(since) || since < 0 || since > 1e11 || !isfinite(time) || prefix_parse(str_of(ip), &ban.net) < 0) {
        b->strange++;
        return 0;
    }
    ban.since = (usec_t)(since * 1e6);
    ban.until = time < 0 || time > 1e10 ? USEC_FOREVER : ban.since + (usec_t)(time * 1e6);
    ban.count = count < 1 ? 1 : count > 1000000 ? 1000000 : (unsigned)count;
    if (ban.until <= now + USEC_SEC) {
        b->over++;
        return 0;
    }
    if (b->n == IMPORT_BANS_MAX) {
        b->beyond++;
        return 0;
    }
    return add(b, ban, jail);
}

static int by_net(const void *a, const void *b)
{
    const struct import_ban *p = a, *q = b;
    int r = memcmp(p->net.addr.b, q->net.addr.b, sizeof(p->net.addr.b));

    if (r != 0 || p->net.len != q->net.len)
        return r ? r : (int)p->net.len - (int)q->net.len;
    return p->until > q->until ? -1 : p->until < q->until; // the longest first
}

static int by_since(const void *a, const void *b)
{
    const struct import_ban *p = a, *q = b;

    return p->since < q->since ? -1 : p->since > q->since ? 1 : by_net(a, b);
}

// Each network once: several jails may have banned it.
static void join(struct import_bans *b)
{
    size_t n = 0;

    if (b->n == 0)
        return;
    qsort(b->v, b->n, sizeof(*b->v), by_net);
    for (size_t i = 0; i < b->n; i++) {
        if (n > 0 && prefix_eq(&b->v[n - 1].net, &b->v[i].net))
            free(b->v[i].jail);
        else
            b->v[n++] = b->v[i];
    }
    b->n = n;
    qsort(b->v, b->n, sizeof(*b->v), by_since);
}

static int read_rows(sqlite3 *db, usec_t now, char *const *jails, int n_jails, struct import_bans *b, const char *path,
                     char *error)
{
    sqlite3_stmt *q = NULL;
    int rc, r = 0;
    // bips: who is banned now, since fail2ban 0.11; bans: every ban there was
    bool bips = has_table(db, "bips");
    const char *sql = bips ? "SELECT ip, jail, timeofban, bantime, bancount FROM bips"
                           : "SELECT ip, jail, max(timeofban), bantime, bancount FROM bans GROUP BY ip, jail";

    if (!bips && !has_table(db, "bans"))
        return fail(error, -EINVAL, "%s: no database of fail2ban's: it has no table bips or bans", path);
    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
        return fail(error, -EINVAL, "%s: %s; a database of fail2ban 0.11 or later is wanted", path, sqlite3_errmsg(db));
    while (r == 0 && (rc = sqlite3_step(q)) == SQLITE_ROW)
        r = take_row(q, now, jails, n_jails, b);
    if (r < 0)
        fail(error, r, "%s: %s", path, strerror(-r));
    else if (rc != SQLITE_DONE)
        r = fail(error, -EIO, "%s: %s", path, sqlite3_errmsg(db));
    sqlite3_finalize(q);
    return r;
}

static int read_file(const char *file, const char *path, bool copied, usec_t now, char *const *jails, int n_jails,
                     struct import_bans *b, char *error)
{
    sqlite3 *db = NULL;
    int r = 0, rc = sqlite3_open_v2(file, &db, copied ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY, NULL);

    if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(db, BUSY_MS);
        sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        rc = sqlite3_exec(db, "PRAGMA temp_store = MEMORY; SELECT count(*) FROM sqlite_master", NULL, NULL, NULL);
    }
    if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
        r = fail(error, -EBUSY, "%s: somebody keeps it locked; try again, or give a copy of it as --database", path);
    else if (rc != SQLITE_OK)
        r = fail(error, -EINVAL, "%s: %s; a database of fail2ban's is wanted", path, db ? sqlite3_errmsg(db) : "out of memory");
    else
        r = read_rows(db, now, jails, n_jails, b, path, error);
    sqlite3_close(db);
    return r;
}

int import_bans_read(const char *path, usec_t now, char *const *jails, int n_jails, struct import_bans *ret,
                     char error[static IMPORT_BANS_ERROR_MAX])
{
    struct import_bans b = {0};
    struct copy c = {.wal = false};
    unsigned char head[HEADER] = {0};
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r = 0;

    if (fd < 0 && (errno == EACCES || errno == EPERM))
        return fail(error, -errno, "%s: %s; become root to read it", path, strerror(errno));
    if (fd < 0)
        return fail(error, -errno, "%s: %s; --database FILE says where it is", path, strerror(errno));
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || pread(fd, head, sizeof(head), 0) != HEADER ||
        memcmp(head, "SQLite format 3", 16) != 0)
        r = fail(error, -EINVAL, "%s: no SQLite database", path);
    // closed before SQLite opens it: closing any descriptor of a file drops the process's locks on it
    close(fd);
    c.wal = head[19] == 2;
    if (r == 0 && snprintf(c.from_side, sizeof(c.from_side), "%s-%s", path, c.wal ? "wal" : "journal") >= (int)sizeof(c.from_side))
        r = fail(error, -ENAMETOOLONG, "%s: the name is too long", path);
    if (r < 0)
        return r;
    bool left = !c.wal && stat(c.from_side, &st) == 0 && st.st_size > 0; // by a crash, or by a write that is under way
    if (c.wal || left) {
        r = copy_make(&c, path);
        if (r < 0)
            r = fail(error, r, "%s: %s", path,
                     r == -EAGAIN  ? "is written to all the time; stop fail2ban for a moment"
                     : r == -EFBIG ? "is too large to be copied (1 GiB); stop fail2ban, which takes its WAL in"
                                   : strerror(-r));
    }
    if (r == 0)
        r = read_file(c.dir[0] ? c.path : path, path, c.dir[0] != '\0', now, jails, n_jails, &b, error);
    copy_remove(&c);
    if (r < 0) {
        import_bans_clear(&b);
        return r;
    }
    join(&b);
    *ret = b;
    return 0;
}

void import_bans_clear(struct import_bans *b)
{
    for (size_t i = 0; i < b->n; i++)
        free(b->v[i].jail);
    free(b->v);
    *b = (struct import_bans){0};
}

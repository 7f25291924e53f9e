// SPDX-License-Identifier: GPL-2.0-or-later
// daemon: the state database and what a restart mutes.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/muting.h"
#include "daemon/state.h"

static char dir[] = "/tmp/test-state-XXXXXX";
static char note[STATE_NOTE_MAX];

static const usec_t now = INT64_C(1700000000) * USEC_SEC;

static int remove_files(void **state)
{
    struct dirent *e;
    DIR *d = opendir(dir);

    (void)state;
    while (d && (e = readdir(d)))
        if (e->d_name[0] != '.')
            unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    return 0;
}

static struct prefix net(const char *text)
{
    struct prefix p;

    assert_int_equal(prefix_parse(str_of(text), &p), 0);
    return p;
}

static struct ban some_ban(const char *address, usec_t since)
{
    struct ban b = {.net = net(address), .since = since, .until = since + 3600 * USEC_SEC, .count = 5, .times = 2,
                    .jail = "pptpd"};
    return b;
}

static struct state *reopen(struct state *s)
{
    struct state *fresh;

    state_close(s);
    assert_int_equal(state_open(dir, now, &fresh, note), 0);
    return fresh;
}

struct seen {
    unsigned n;
    struct ban last;
};

static int see(void *userdata, const struct ban *b)
{
    struct seen *seen = userdata;

    seen->n++;
    seen->last = *b;
    return 0;
}

static struct seen bans_of(struct state *s)
{
    struct seen seen = {0};
    unsigned bad;

    assert_int_equal(state_each_ban(s, see, &seen, &bad), 0);
    assert_int_equal(bad, 0);
    return seen;
}

static unsigned files_like(const char *part)
{
    unsigned n = 0;
    struct dirent *e;
    DIR *d = opendir(dir);

    assert_non_null(d);
    while ((e = readdir(d)))
        n += strstr(e->d_name, part) != NULL;
    closedir(d);
    return n;
}

static void a_ban_comes_back_whole(void **state)
{
    struct ban b = some_ban("203.0.113.5", now - 60 * USEC_SEC), forever = some_ban("2001:db8::/64", now);
    struct position p = {.file = {1, 2, 3}, .offset = UINT64_MAX};
    struct state *s = reopen(NULL);
    struct seen seen;
    char *text;

    (void)state;
    assert_string_equal(note, "");
    assert_int_equal(state_put_ban(s, &b, &p, "line one\nline two\n"), 0);
    s = reopen(s);
    seen = bans_of(s);
    assert_int_equal(seen.n, 1);
    assert_true(prefix_eq(&seen.last.net, &b.net) && seen.last.since == b.since && seen.last.until == b.until &&
                seen.last.count == 5 && seen.last.times == 2);
    assert_string_equal(seen.last.jail, "pptpd");
    assert_int_equal(state_evidence(s, &b.net, &text), 0);
    assert_string_equal(text, "line one\nline two\n");
    free(text);
    forever.until = USEC_FOREVER;
    assert_int_equal(state_remove_ban(s, &b.net), 0);
    assert_int_equal(state_put_ban(s, &forever, NULL, NULL), 0);
    assert_int_equal(state_evidence(s, &b.net, &text), -ENOENT);
    s = reopen(s);
    seen = bans_of(s);
    assert_true(seen.n == 1 && seen.last.until == USEC_FOREVER && prefix_eq(&seen.last.net, &forever.net));
    state_close(s);
}

static void what_is_not_committed_is_not_there(void **state)
{
    struct ban b = some_ban("203.0.113.5", now);
    struct state *s = reopen(NULL);
    char command[128];

    (void)state;
    assert_int_equal(state_put_mark(s, "journal", "m1"), 0);
    assert_int_equal(state_commit(s), 0);
    assert_int_equal(state_put_ban(s, &b, NULL, NULL), 0);
    assert_int_equal(state_put_mark(s, "journal", "m2"), 0);
    // as kill -9 leaves it: a copy of the files now
    snprintf(command, sizeof(command), "mkdir -p %s.copy && cp %s/state.db* %s.copy/", dir, dir, dir);
    assert_int_equal(system(command), 0);
    state_close(s);

    char copy[64], *mark;
    snprintf(copy, sizeof(copy), "%s.copy", dir);
    assert_int_equal(state_open(copy, now, &s, note), 0);
    assert_int_equal(bans_of(s).n, 0);
    assert_int_equal(state_mark(s, "journal", &mark), 0);
    assert_string_equal(mark, "m1"); // the mark goes with the bans
    free(mark);
    state_close(s);
    snprintf(command, sizeof(command), "rm -r %s.copy", dir);
    assert_int_equal(system(command), 0);
}

static void marks_of_dropped_sources_go(void **state)
{
    static const char *const sources[] = {"journal"};
    struct state *s = reopen(NULL);
    char *mark;

    (void)state;
    state_put_mark(s, "journal", "1");
    state_put_mark(s, "/var/log/a", "2");
    state_put_mark(s, "/var/log/b", "3");
    assert_int_equal(state_prune(s, &(struct state_horizon){.sources = sources, .n_sources = 1}), 0);
    assert_int_equal(state_mark(s, "/var/log/a", &mark), -ENOENT);
    assert_int_equal(state_mark(s, "/var/log/b", &mark), -ENOENT);
    assert_int_equal(state_mark(s, "journal", &mark), 0);
    free(mark);
    state_close(s);
}

static void bans_that_ended_go_with_their_evidence(void **state)
{
    struct ban over = some_ban("203.0.113.5", now - 7200 * USEC_SEC), active = some_ban("203.0.113.6", now);
    struct state *s = reopen(NULL);
    char *text;

    (void)state;
    state_put_ban(s, &over, NULL, "over\n");
    state_put_ban(s, &active, NULL, "active\n");
    assert_int_equal(state_prune(s, &(struct state_horizon){.bans = now}), 0);
    assert_int_equal(bans_of(s).n, 1);
    assert_int_equal(state_evidence(s, &over.net, &text), -ENOENT);
    assert_int_equal(state_evidence(s, &active.net, &text), 0);
    free(text);
    state_close(s);
}

static void history_decays_and_is_pruned(void **state)
{
    const usec_t day = 86400 * USEC_SEC;
    struct ban b = some_ban("203.0.113.5", now);
    struct state *s = reopen(NULL);

    (void)state;
    b.times = 3;
    state_put_history(s, &b);
    s = reopen(s);
    b.since -= 3600 * USEC_SEC;
    b.until = now;
    state_put_history(s, &b);
    assert_int_equal(state_previous(s, &b.net, now, day), 3);
    assert_int_equal(state_previous(s, &b.net, now + day - 1, day), 3);
    assert_int_equal(state_previous(s, &b.net, now + day, day), 2);
    assert_int_equal(state_previous(s, &b.net, now + 10 * day, day), 0);
    assert_int_equal(state_previous(s, &b.net, now + 10 * day, 0), 3);
    assert_int_equal(state_previous(s, &b.net, now - day, day), 3); // a clock set back forgets nothing
    struct prefix other = net("203.0.113.6");
    assert_int_equal(state_previous(s, &other, now, day), 0);
    assert_int_equal(state_prune(s, &(struct state_horizon){.history = now}), 0);
    assert_int_equal(state_previous(s, &b.net, now, day), 3);
    assert_int_equal(state_prune(s, &(struct state_horizon){.history = now + 1}), 0);
    assert_int_equal(state_previous(s, &b.net, now, day), 0);
    state_close(s);
}

static void write_file(const char *name, const void *bytes, size_t n)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
    close(fd);
}

static void a_file_that_is_no_database_is_set_aside(void **state)
{
    static char junk[8192];

    (void)state;
    memset(junk, 'j', sizeof(junk));
    write_file("state.db", junk, sizeof(junk));
    struct state *s = reopen(NULL);
    assert_non_null(strstr(note, "kept as state.db.bad-"));
    assert_int_equal(files_like("state.db.bad-"), 1);
    assert_string_equal(state_problem(s), "");
    struct ban b = some_ban("203.0.113.5", now);
    assert_int_equal(state_put_ban(s, &b, NULL, NULL), 0);
    s = reopen(s);
    assert_string_equal(note, "");
    assert_int_equal(bans_of(s).n, 1);
    state_close(s);
}

static void run_sql(const char *sql)
{
    char path[128];
    sqlite3 *db;

    snprintf(path, sizeof(path), "%s/state.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void newer_and_foreign_databases_are_set_aside(void **state)
{
    (void)state;
    state_close(reopen(NULL));
    run_sql("PRAGMA user_version=3");
    state_close(reopen(NULL));
    assert_non_null(strstr(note, "newer version"));
    assert_int_equal(files_like("state.db.bad-"), 1);
    remove_files(NULL);
    run_sql("CREATE TABLE somebody(elses)");
    state_close(reopen(NULL));
    assert_non_null(strstr(note, "not ours"));
}

static void damage_inside_is_found_and_repaired(void **state)
{
    struct state *s = reopen(NULL);
    char path[128], page[4096];
    unsigned bad;

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        char address[32];
        snprintf(address, sizeof(address), "198.18.%u.%u", i / 256, i % 256);
        struct ban b = some_ban(address, now);
        assert_int_equal(state_put_ban(s, &b, NULL, NULL), 0);
    }
    state_close(s);
    snprintf(path, sizeof(path), "%s/state.db", dir);
    int fd = open(path, O_RDWR);
    struct stat st;
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    memset(page, 0xa5, sizeof(page));
    for (off_t at = 8 * 4096; at + 4096 <= st.st_size; at += 4096)
        assert_int_equal(pwrite(fd, page, sizeof(page), at), sizeof(page));
    close(fd);

    s = reopen(NULL);
    struct seen seen = {0};
    assert_int_equal(state_each_ban(s, see, &seen, &bad), -EBADMSG);
    assert_true(*state_problem(s));
    struct ban b = some_ban("203.0.113.9", now);
    assert_int_equal(state_put_ban(s, &b, NULL, NULL), 0); // swallowed: nothing is written now
    assert_int_equal(state_repair(s, now, note), 0);
    assert_non_null(strstr(note, "kept as"));
    assert_string_equal(state_problem(s), "");
    assert_int_equal(state_put_ban(s, &b, NULL, NULL), 0);
    s = reopen(s);
    assert_string_equal(note, "");
    assert_int_equal(bans_of(s).n, 1);
    state_close(s);
}

static int count_decision(void *userdata, const struct decision *d)
{
    (void)d;
    ++*(unsigned *)userdata;
    return 0;
}

static int hash_decision(void *userdata, const struct decision *d)
{
    char line[256];
    uint64_t *sum = userdata;
    int n = snprintf(line, sizeof(line), "%s/%u/%s %lld %u:%llu %lld %lld %d", d->jail, d->net.len, (char *)d->net.addr.b + 12,
                     (long long)d->settled, d->position.file[0], (unsigned long long)d->position.offset, (long long)d->since,
                     (long long)d->until, d->observe);

    for (int i = 0; i < n; i++)
        *sum = *sum * 31 + (unsigned char)line[i];
    return 0;
}

static int hash_ban(void *userdata, const struct ban *b)
{
    struct decision d = {.net = b->net, .settled = b->count, .since = b->since, .until = b->until, .position.offset = b->times};

    memcpy(d.jail, b->jail, sizeof(d.jail));
    return hash_decision(userdata, &d);
}

// All that it knows, as one number.
static uint64_t hash_state(struct state *s)
{
    uint64_t sum = 0;
    unsigned bad;
    char *mark;

    (void)state_each_ban(s, hash_ban, &sum, &bad);
    (void)state_each_decision(s, hash_decision, &sum, &bad);
    for (unsigned i = 0; i < 40; i++) {
        char address[32];
        snprintf(address, sizeof(address), "198.18.0.%u", i);
        struct prefix p = net(address);
        sum = sum * 31 + state_previous(s, &p, now, 0);
    }
    if (state_mark(s, "/var/log/syslog", &mark) == 0) {
        for (const char *c = mark; *c; c++)
            sum = sum * 31 + (unsigned char)*c;
        free(mark);
    }
    return sum;
}

static void fill_state(struct state *s)
{
    for (unsigned i = 0; i < 40; i++) {
        char address[32];
        snprintf(address, sizeof(address), "198.18.0.%u", i);
        struct ban b = some_ban(address, now);
        struct decision d = {.jail = "pptpd", .net = b.net, .position = {.file = {7}, .offset = i}, .settled = now,
                             .since = b.since, .until = b.until};
        assert_int_equal(state_put_ban(s, &b, &d.position, NULL), 0);
        assert_int_equal(state_put_history(s, &b), 0);
        assert_int_equal(state_put_decision(s, &d), 0);
        if (i % 4 == 0)
            assert_int_equal(state_end_decisions(s, &b.net, now + USEC_SEC), 0);
    }
    assert_int_equal(state_put_mark(s, "/var/log/syslog", "log @1 07:4711:1:/var/log/syslog"), 0);
}

// Whatever byte is another: it is found, or makes no difference.
static void no_other_byte_is_believed(void **state)
{
    char path[128];
    static uint8_t whole[1 << 17];
    unsigned found = 0, same = 0;
    struct state *s = reopen(NULL);

    (void)state;
    fill_state(s);
    s = reopen(s);
    assert_int_equal(state_verify(s), 0);
    uint64_t truth = hash_state(s);
    state_close(s);
    snprintf(path, sizeof(path), "%s/state.db", dir);
    int fd = open(path, O_RDONLY);
    ssize_t size = read(fd, whole, sizeof(whole));
    close(fd);
    assert_true(size > 5 * 4096 && size < (ssize_t)sizeof(whole));
    for (ssize_t at = 0; at < size; at += 19) {
        for (int bit = 0; whole[at] && bit < 8; bit += 5) { // what is all zero is mostly room
            remove_files(NULL);
            whole[at] ^= (uint8_t)(1 << bit);
            fd = open(path, O_WRONLY | O_CREAT, 0600);
            assert_int_equal(write(fd, whole, (size_t)size), size);
            close(fd);
            whole[at] ^= (uint8_t)(1 << bit);
            s = reopen(NULL);
            if (note[0] || state_problem(s)[0] || state_verify(s) < 0)
                found++;
            else if (hash_state(s) == truth)
                same++;
            else
                fail_msg("byte %zd: believed", at);
            state_close(s);
        }
    }
    assert_true(found > 100);
    print_message("%u changes found, %u made no difference\n", found, same);
}

// Rows of before have no sums and are believed; what is written gets one.
static void a_database_of_version_1_is_taken_over(void **state)
{
    struct state *s = reopen(NULL);
    struct seen seen;

    (void)state;
    fill_state(s);
    state_close(s);
    run_sql("ALTER TABLE bans RENAME TO b; ALTER TABLE history RENAME TO h; ALTER TABLE decisions RENAME TO d; ALTER TABLE marks RENAME TO m;"
            "CREATE TABLE bans(net BLOB PRIMARY KEY, jail TEXT NOT NULL, since INT NOT NULL, until INT NOT NULL, count INT NOT NULL,"
            " times INT NOT NULL, file BLOB, offset INT) WITHOUT ROWID;"
            "CREATE TABLE history(net BLOB PRIMARY KEY, times INT NOT NULL, ended INT NOT NULL) WITHOUT ROWID;"
            "CREATE TABLE decisions(net BLOB, jail TEXT, settled INT NOT NULL, file BLOB NOT NULL, offset INT NOT NULL,"
            " since INT NOT NULL, until INT NOT NULL, observe INT NOT NULL, PRIMARY KEY(net, jail)) WITHOUT ROWID;"
            "CREATE TABLE marks(source TEXT PRIMARY KEY, mark TEXT NOT NULL) WITHOUT ROWID;"
            "INSERT INTO bans SELECT net,jail,since,until,count,times,file,offset FROM b; INSERT INTO marks SELECT source,mark FROM m;"
            "DROP TABLE b; DROP TABLE h; DROP TABLE d; DROP TABLE m; PRAGMA user_version=1");
    s = reopen(NULL);
    assert_string_equal(note, "");
    assert_int_equal(state_verify(s), 0);
    seen = bans_of(s);
    assert_int_equal(seen.n, 40);
    struct ban b = some_ban("198.18.0.7", now + 1);
    assert_int_equal(state_put_ban(s, &b, NULL, NULL), 0);
    s = reopen(s);
    assert_int_equal(state_verify(s), 0);
    state_close(s);
    run_sql("UPDATE bans SET until=until+1 WHERE sum IS NOT NULL");
    s = reopen(NULL);
    assert_int_equal(state_verify(s), -EBADMSG);
    assert_int_equal(state_repair(s, now, note), 0);
    assert_non_null(strstr(note, "kept as state.db.bad-"));
    state_close(s);
}

static void senseless_rows_are_left_out(void **state)
{
    unsigned decisions = 0;
    struct state *s = reopen(NULL);
    struct ban b = some_ban("203.0.113.5", now);
    struct seen seen = {0};
    unsigned bad;

    (void)state;
    state_put_ban(s, &b, NULL, NULL);
    state_close(s);
    run_sql("INSERT INTO bans VALUES(x'00','pptpd',1,2,3,4,NULL,NULL,NULL);"
            "INSERT INTO bans VALUES(zeroblob(16)||x'ff','pptpd',1,2,3,4,NULL,NULL,NULL);"
            "INSERT INTO bans VALUES(x'00000000000000000000ffffc000020160','pptpd',1,2,3,4,NULL,NULL,NULL);" // host bits
            "INSERT INTO bans SELECT x'00000000000000000000ffffc000020180','a-name-that-is-longer-than-any-jail-may-have',"
            "since,until,count,times,file,offset,sum FROM bans LIMIT 1;"
            "INSERT INTO bans VALUES(x'00000000000000000000ffffc000020280','pptpd',2,1,3,4,NULL,NULL,NULL);"
            "INSERT INTO bans VALUES(x'00000000000000000000ffffc000020380','pptpd',1,2,-3,4,NULL,NULL,NULL);"
            "INSERT INTO bans VALUES(zeroblob(17),'pptpd',1,2,3,4,NULL,NULL,NULL);" // everybody
            "INSERT INTO bans VALUES(x'00000000000000000000ffff0000000050','pptpd',1,2,3,4,NULL,NULL,NULL);" // all of IPv4, and more
            "INSERT INTO bans VALUES(x'00000000000000000000ffffc000020480','a' || char(10) || 'b',1,2,3,4,NULL,NULL,NULL);"
            "INSERT INTO bans VALUES(x'00000000000000000000ffffc000020580','',1,2,3,4,NULL,NULL,NULL);"
            "INSERT INTO bans VALUES(x'00000000000000000000ffffc000020680','pptpd',-1,2,3,4,NULL,NULL,NULL);"
            "INSERT INTO bans VALUES(x'00000000000000000000ffffc000020780','pptpd',1,1<<60,3,4,NULL,NULL,NULL);"
            "INSERT INTO decisions VALUES(zeroblob(17),'',1,zeroblob(16),0,0,9223372036854775807,0,NULL);" // would excuse everybody
            "INSERT INTO decisions VALUES(x'00000000000000000000ffffc000020480','',-9223372036854775807,zeroblob(16),0,0,0,0,NULL);"
            "INSERT INTO history VALUES(x'00000000000000000000ffffcb00710580',7,-9223372036854775807,NULL);"
            "INSERT INTO marks VALUES('a' || char(0) || 'b','x',NULL); INSERT INTO marks VALUES('other','x',NULL)");
    s = reopen(NULL);
    assert_int_equal(state_each_ban(s, see, &seen, &bad), 0);
    assert_int_equal(seen.n, 1);
    assert_int_equal(bad, 12);
    assert_int_equal(state_each_decision(s, count_decision, &decisions, &bad), 0);
    assert_int_equal(decisions, 0);
    assert_int_equal(bad, 2);
    assert_int_equal(state_previous(s, &b.net, now, USEC_SEC), 7);
    alarm(20); // a name that is longer than it seems was looked for in vain, for ever
    assert_int_equal(state_prune(s, &(struct state_horizon){.n_sources = 0}), 0);
    alarm(0);
    char *mark;
    assert_int_equal(state_mark(s, "other", &mark), -ENOENT);
    state_close(s);
}

static void what_cannot_be_opened_is_kept_in_memory(void **state)
{
    struct state *s;
    struct ban b = some_ban("203.0.113.5", now);

    (void)state;
    assert_int_equal(state_open("/nonexistent/place", now, &s, note), 0);
    assert_non_null(strstr(note, "kept in memory"));
    assert_true(*state_problem(s));
    assert_int_equal(state_put_ban(s, &b, NULL, NULL), 0);
    assert_int_equal(state_commit(s), 0);
    assert_int_equal(bans_of(s).n, 1);
    assert_true(state_repair(s, now, note) < 0); // still not there
    assert_int_equal(state_put_ban(s, &b, NULL, NULL), 0);
    state_close(s);
}

struct guests_seen {
    unsigned n;
    usec_t sum;
};

static int see_guest(void *userdata, const struct addr *a, usec_t when)
{
    struct guests_seen *seen = userdata;

    assert_true(addr_is_v4(a));
    seen->n++;
    seen->sum += when - now;
    return 0;
}

static void guests_come_back_at_their_latest(void **state)
{
    struct addr a = net("203.0.113.5").addr, b = net("203.0.113.6").addr;
    struct state *s = reopen(NULL);
    struct guests_seen seen = {0};
    unsigned bad;

    (void)state;
    assert_int_equal(state_put_guest(s, &a, now + 5), 0);
    assert_int_equal(state_put_guest(s, &a, now + 2), 0); // its line is read again
    assert_int_equal(state_put_guest(s, &b, now + 100), 0);
    s = reopen(s);
    assert_int_equal(state_each_guest(s, see_guest, &seen, &bad), 0);
    assert_true(seen.n == 2 && seen.sum == 105 && bad == 0);
    assert_int_equal(state_prune(s, &(struct state_horizon){.guests = now + 6}), 0);
    seen = (struct guests_seen){0};
    assert_int_equal(state_each_guest(s, see_guest, &seen, &bad), 0);
    assert_true(seen.n == 1 && seen.sum == 100);
    state_close(s);
}

static void guests_that_make_no_sense_are_left_out_and_an_older_database_gets_their_table(void **state)
{
    struct guests_seen seen = {0};
    unsigned bad;

    (void)state;
    state_close(reopen(NULL));
    run_sql("INSERT INTO guests VALUES(x'00', 5); INSERT INTO guests VALUES(x'00000000000000000000ffffcb007105', -1)");
    struct state *s = reopen(NULL);
    assert_int_equal(state_each_guest(s, see_guest, &seen, &bad), 0);
    assert_true(seen.n == 0 && bad == 2);
    state_close(s);
    run_sql("DROP TABLE guests");
    s = reopen(NULL);
    assert_string_equal(note, "");
    assert_int_equal(state_each_guest(s, see_guest, &seen, &bad), 0);
    assert_int_equal(bad, 0);
    state_close(s);
}

struct seen_logins {
    unsigned n;
    struct login v[8];
};

static int see_login(void *userdata, const struct login *l)
{
    struct seen_logins *seen = userdata;

    assert_true(seen->n < 8);
    seen->v[seen->n++] = *l;
    return 0;
}

static struct seen_logins logins_of(struct state *s, unsigned max, unsigned expected_bad)
{
    struct seen_logins seen = {0};
    unsigned bad;

    assert_int_equal(state_each_login(s, max, see_login, &seen, &bad), 0);
    assert_int_equal(bad, expected_bad);
    return seen;
}

static void logins_come_back_with_their_key(void **state)
{
    struct hash_key first = {{1, UINT64_MAX}}, other = {{3, 4}}, key = first;
    struct state *s = reopen(NULL);
    struct seen_logins seen;

    (void)state;
    assert_int_equal(state_login_key(s, &key), 0);
    assert_memory_equal(&key, &first, sizeof(key)); // none was there: this one is kept
    for (uint64_t i = 1; i <= 4; i++)
        assert_int_equal(state_put_login(s, &(struct login){.id = i, .first = now, .last = now + (usec_t)i}), 0);
    assert_int_equal(state_put_login(s, &(struct login){.id = INT64_MAX, .first = now, .last = now + 9}), 0);
    assert_int_equal(state_remove_login(s, 2), 0);
    assert_int_equal(state_prune(s, &(struct state_horizon){.logins = now + 2}), 0); // nobody is a source: the key stays
    s = reopen(s);
    key = other;
    assert_int_equal(state_login_key(s, &key), 0);
    assert_memory_equal(&key, &first, sizeof(key));
    seen = logins_of(s, 2, 0); // the latest of them
    assert_int_equal(seen.n, 2);
    assert_true(seen.v[0].id == INT64_MAX && seen.v[0].first == now && seen.v[0].last == now + 9 && seen.v[1].id == 4);
    assert_int_equal(logins_of(s, 100, 0).n, 3);
    // what was made with another key can never be found again
    assert_int_equal(state_set_login_key(s, &other), 0);
    assert_int_equal(logins_of(s, 100, 0).n, 0);
    state_close(s);
}

static void a_login_key_that_is_none_is_replaced(void **state)
{
    static const char *const broken[] = {"", "12", "000000000000000100000000000000-2", "00000000000000010000000000000002x",
                                         " 000000000000001 000000000000002"};
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct hash_key key = {{5, 6}};
        struct state *s = reopen(NULL);
        assert_int_equal(state_set_login_key(s, &(struct hash_key){{7, 8}}), 0);
        assert_int_equal(state_put_login(s, &(struct login){.id = 1, .first = now, .last = now}), 0);
        assert_int_equal(state_put_mark(s, "login-key", broken[i]), 0);
        assert_int_equal(state_login_key(s, &key), 0);
        assert_true(key.k[0] == 5 && key.k[1] == 6);
        assert_int_equal(logins_of(s, 100, 0).n, 0);
        s = reopen(s);
        key = (struct hash_key){{9, 9}};
        assert_int_equal(state_login_key(s, &key), 0);
        assert_true(key.k[0] == 5 && key.k[1] == 6);
        state_close(s);
    }
}

struct seen_reasons {
    unsigned n;
    struct prefix net;
    struct threshold_reason why;
};

static int see_reason(void *userdata, const struct prefix *of, const struct threshold_reason *why)
{
    struct seen_reasons *seen = userdata;

    seen->n++;
    seen->net = *of;
    seen->why = *why;
    return 0;
}

static struct seen_reasons reasons_of(struct state *s, unsigned expected_bad)
{
    struct seen_reasons seen = {0};
    unsigned bad;

    assert_int_equal(state_each_reason(s, see_reason, &seen, &bad), 0);
    assert_int_equal(bad, expected_bad);
    return seen;
}

static void the_rule_of_a_ban_comes_back(void **state)
{
    struct ban b = some_ban("203.0.113.5", now), plain = some_ban("203.0.113.6", now);
    struct state *s = reopen(NULL);
    struct seen_reasons seen;

    (void)state;
    b.reason = (struct threshold_reason){.max = 2, .rule = RULE_COUNTRY, .country = "RU", .schedule = "night"};
    plain.reason = (struct threshold_reason){.max = 5, .rule = RULE_MAXRETRY};
    assert_int_equal(state_put_ban(s, &b, NULL, NULL), 0);
    assert_int_equal(state_put_ban(s, &plain, NULL, NULL), 0);
    s = reopen(s);
    seen = reasons_of(s, 0);
    assert_int_equal(seen.n, 1); // that of maxretry itself needs no row
    assert_true(prefix_eq(&seen.net, &b.net) && seen.why.max == 2 && seen.why.rule == RULE_COUNTRY);
    assert_string_equal(seen.why.country, "RU");
    assert_string_equal(seen.why.schedule, "night");
    b.since++; // another ban, of a program that knows no reasons
    b.reason = (struct threshold_reason){.rule = RULE_NONE};
    assert_int_equal(state_put_ban(s, &b, NULL, NULL), 0);
    assert_int_equal(reasons_of(s, 0).n, 0);
    state_close(s);
}

static void what_is_known_and_makes_no_sense_is_left_out(void **state)
{
    struct ban b = some_ban("203.0.113.5", now);
    struct state *s = reopen(NULL);
    char sql[300];
    static const char *const reasons[] = {"'maxretry.country',0,'RU',''", "'maxretry.country',65536,'RU',''", "'nonsense',2,'RU',''",
                                          "'',2,'RU',''", "'maxretry.country',2,'RUS',''", "'maxretry.country',2,'r1',''",
                                          "'maxretry.country',2,'RU','a b'", "'maxretry.country',2,'RU','abcdefghijklmnop'", "x'00',2,'',''"};

    (void)state;
    assert_int_equal(state_put_ban(s, &b, NULL, NULL), 0);
    state_close(s);
    run_sql("INSERT INTO logins VALUES(-1,1,1); INSERT INTO logins VALUES(0,1,1); INSERT INTO logins VALUES(1,2,1);"
            "INSERT INTO logins VALUES(2,0,1); INSERT INTO logins VALUES(3,1,9223372036854775807); INSERT INTO logins VALUES(4,'x','y');"
            "INSERT INTO logins VALUES(5,1,1)");
    s = reopen(NULL);
    assert_int_equal(logins_of(s, 100, 6).n, 1);
    state_close(s);
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO reasons SELECT net,since,%s FROM bans", reasons[i]);
        run_sql(sql);
        s = reopen(NULL);
        assert_int_equal(reasons_of(s, 1).n, 0);
        state_close(s);
    }
    // a database of before gets the tables
    run_sql("DROP TABLE logins; DROP TABLE reasons");
    s = reopen(NULL);
    assert_string_equal(note, "");
    assert_int_equal(logins_of(s, 100, 0).n + reasons_of(s, 0).n, 0);
    state_close(s);
}

static int load(void *userdata, const struct decision *d)
{
    return muting_add(userdata, d);
}

static bool muted(const struct muting *m, const char *jail, const char *address, uint8_t file, uint64_t offset,
                  usec_t time)
{
    struct muting_query q = {.jail = jail, .addr = net(address).addr, .time = time, .settled = time,
                             .decided = {.file = {file}, .offset = offset}};

    return muting_covers(m, &q);
}

static void decisions_mute_what_went_into_them(void **state)
{
    const usec_t second = USEC_SEC;
    struct decision d = {.jail = "pptpd", .net = net("203.0.113.5"), .position = {.file = {7}, .offset = 100},
                         .settled = now, .since = now, .until = now + 60 * second};
    struct decision by_hand = {.net = net("198.51.100.0/24"), .settled = now};
    struct decision whole = {.jail = "pptpd", .net = net("192.0.2.0/24"), .position = {.file = {7}, .offset = 100},
                             .settled = now, .since = now, .until = now + 60 * second};
    struct state *s = reopen(NULL);
    struct muting *m;
    unsigned bad;

    (void)state;
    assert_int_equal(state_put_decision(s, &d), 0);
    assert_int_equal(state_put_decision(s, &by_hand), 0);
    assert_int_equal(state_put_decision(s, &whole), 0);
    s = reopen(s);
    assert_int_equal(muting_new(3, &m), 0);
    assert_int_equal(state_each_decision(s, load, m, &bad), 0);
    assert_int_equal(bad, 0);
    assert_int_equal(muting_add(m, &d), -ENOSPC);
    muting_seal(m);
    assert_int_equal(muting_count(m), 3);
    assert_false(muted(m, "pptpd", "192.0.2.5", 7, 99, now - second)); // a neighbour's failure before the network was banned
    assert_true(muted(m, "pptpd", "192.0.2.5", 7, 101, now + second)); // and while it was
    assert_true(muted(m, "pptpd", "203.0.113.5", 7, 100, now - second)); // the deciding line itself
    assert_false(muted(m, "pptpd", "203.0.113.5", 7, 101, now - second)); // behind it
    assert_true(muted(m, "pptpd", "203.0.113.5", 7, 101, now));          // but while it was banned
    assert_true(muted(m, "pptpd", "203.0.113.5", 7, 101, now + 60 * second - 1));
    assert_false(muted(m, "pptpd", "203.0.113.5", 7, 101, now + 60 * second));
    assert_true(muted(m, "pptpd", "203.0.113.5", 8, 1, now - second)); // another file: the time tells
    assert_false(muted(m, "pptpd", "203.0.113.5", 8, 1, now + 60 * second));
    assert_false(muted(m, "probe", "203.0.113.5", 7, 100, now - second)); // another jail counts for itself
    assert_true(muted(m, "probe", "203.0.113.5", 7, 100, now + second));  // unless nobody counts
    assert_false(muted(m, "pptpd", "203.0.113.6", 7, 100, now));
    assert_true(muted(m, "probe", "198.51.100.77", 8, 1, now)); // unbanned by hand: every jail
    assert_false(muted(m, "probe", "198.51.100.77", 8, 1, now + 1));
    struct muting_query q = {.jail = "pptpd", .observe = true, .addr = d.net.addr, .time = now + second,
                             .settled = now + second, .decided = {.file = {7}, .offset = 101}};
    assert_false(muting_covers(m, &q)); // a jail that observes knows no real bans
    q.observe = false;
    assert_true(muting_covers(m, &q));
    q.settled = now + 60 * second; // under way when the ban ended: known when nobody was banned any more
    assert_false(muting_covers(m, &q));
    muting_free(m);

    assert_int_equal(state_prune(s, &(struct state_horizon){.decisions = now + 1}), 0);
    assert_int_equal(muting_new(2, &m), 0);
    assert_int_equal(state_each_decision(s, load, m, &bad), 0);
    assert_int_equal(muting_count(m), 0);
    muting_free(m);
    state_close(s);
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
    remove_files(state);
    return rmdir(dir);
}

#define IN_DIR(test) cmocka_unit_test_setup(test, remove_files)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(a_ban_comes_back_whole),
        IN_DIR(what_is_not_committed_is_not_there),
        IN_DIR(marks_of_dropped_sources_go),
        IN_DIR(bans_that_ended_go_with_their_evidence),
        IN_DIR(history_decays_and_is_pruned),
        IN_DIR(a_file_that_is_no_database_is_set_aside),
        IN_DIR(newer_and_foreign_databases_are_set_aside),
        IN_DIR(damage_inside_is_found_and_repaired),
        IN_DIR(senseless_rows_are_left_out),
        IN_DIR(no_other_byte_is_believed),
        IN_DIR(a_database_of_version_1_is_taken_over),
        IN_DIR(what_cannot_be_opened_is_kept_in_memory),
        IN_DIR(guests_come_back_at_their_latest),
        IN_DIR(guests_that_make_no_sense_are_left_out_and_an_older_database_gets_their_table),
        IN_DIR(logins_come_back_with_their_key),
        IN_DIR(a_login_key_that_is_none_is_replaced),
        IN_DIR(the_rule_of_a_ban_comes_back),
        IN_DIR(what_is_known_and_makes_no_sense_is_left_out),
        IN_DIR(decisions_mute_what_went_into_them),
    };
    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}

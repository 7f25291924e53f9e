// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: rows of any content in the state database, and any bytes changed in its file. Nothing crashes; what is
// taken over as a ban is a network that may be one, by a jail that can have that name, at a time that a clock can show;
// what makes no sense is left out, and what was written is read again as it was.
#include <errno.h>
#include <glob.h>
#include <sqlite3.h>

#include "daemon/muting.h"
#include "daemon/state.h"
#include "daemon/state_file.h"
#include "fuzz.h"
#include "source/mark.h"

static char path[320];
static void *template;
static size_t template_n;
static struct muting *muting;
static struct state *state;
static const usec_t now = INT64_C(1795000000) * USEC_SEC;

static void write_file(const char *name, const void *p, size_t n)
{
    FILE *f = fopen(name, "w");

    HOLDS(f && fwrite(p, 1, n, f) == n && fclose(f) == 0, "%s", name);
}

// The database, its log, and what was set aside.
static void remove_all(void)
{
    char pattern[340];
    glob_t found;

    snprintf(pattern, sizeof(pattern), "%s*", path);
    if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        remove(found.gl_pathv[i]);
    globfree(&found);
}

static void make_template(void)
{
    char note[STATE_NOTE_MAX];
    struct state *s;

    snprintf(path, sizeof(path), "%s/state.db", fuzz_dir());
    HOLDS(state_open(fuzz_dir(), now, &s, note) == 0 && !note[0], "%s", note);
    state_close(s);
    FILE *f = fopen(path, "r");
    HOLDS(f, "%s", path);
    template = malloc(1 << 20);
    template_n = fread(template, 1, 1 << 20, f);
    fclose(f);
    HOLDS(template && template_n > 4096, "%zu bytes", template_n);
}

static void bind_any(sqlite3_stmt *q, int i, struct fuzz_in *in)
{
    static const char *const words[] = {"maxretry", "country", "unknown", "trust", "none", "DE", "de", "DEU", "", "nights", "nights-of-the-whole-week",
                                        "00112233445566778899aabbccddeeff", "00112233445566778899AABBCCDDEEFF", STATE_LOGIN_KEY};
    uint8_t net[17] = {[10] = 0xff, [11] = 0xff, 203, 0, 113, 7, 128};
    struct str s;

    switch (fuzz_take(in, 1) % 14) {
    case 0:
        sqlite3_bind_null(q, i);
        break;
    case 1:
        sqlite3_bind_int64(q, i, (sqlite3_int64)fuzz_take(in, 8));
        break;
    case 2:
        sqlite3_bind_int64(q, i, (int8_t)fuzz_take(in, 1));
        break;
    case 3:
        s = fuzz_take_text(in, fuzz_take(in, 1));
        sqlite3_bind_text(q, i, s.p, (int)s.n, SQLITE_TRANSIENT);
        break;
    case 4:
        s = fuzz_take_text(in, fuzz_take(in, 1));
        sqlite3_bind_blob(q, i, s.p, (int)s.n, SQLITE_TRANSIENT);
        break;
    case 5:
        sqlite3_bind_double(q, i, (double)(int64_t)fuzz_take(in, 8) / 3);
        break;
    case 6: // an IPv4 address that may be banned
        net[15] = (uint8_t)fuzz_take(in, 1);
        sqlite3_bind_blob(q, i, net, sizeof(net), SQLITE_TRANSIENT);
        break;
    case 7: // any network
        for (size_t k = 0; k < sizeof(net); k++)
            net[k] = (uint8_t)fuzz_take(in, 1);
        sqlite3_bind_blob(q, i, net, sizeof(net), SQLITE_TRANSIENT);
        break;
    case 8:
        sqlite3_bind_text(q, i, "pptpd", -1, SQLITE_STATIC);
        break;
    case 9:
        sqlite3_bind_zeroblob(q, i, 16);
        break;
    case 10:
        sqlite3_bind_int64(q, i, now + (int16_t)fuzz_take(in, 2) * USEC_SEC);
        break;
    case 11:
        sqlite3_bind_int64(q, i, INT64_MAX);
        break;
    case 12: // of a guest, and what else has its length
        sqlite3_bind_blob(q, i, net, 16, SQLITE_TRANSIENT);
        break;
    case 13:
        sqlite3_bind_text(q, i, words[fuzz_take(in, 1) % (sizeof(words) / sizeof(words[0]))], -1, SQLITE_STATIC);
        break;
    }
}

static void fill(struct fuzz_in *in)
{
    static const struct {
        const char *sql;
        int columns;
    } tables[] = {{"INSERT OR REPLACE INTO bans VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)", 9},
                  {"INSERT OR REPLACE INTO decisions VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)", 9},
                  {"INSERT OR REPLACE INTO history VALUES(?1,?2,?3,?4)", 4},
                  {"INSERT OR REPLACE INTO evidence VALUES(?1,?2)", 2},
                  {"INSERT OR REPLACE INTO marks VALUES(?1,?2,?3)", 3},
                  {"INSERT OR REPLACE INTO guests VALUES(?1,?2)", 2},
                  {"INSERT OR REPLACE INTO logins VALUES(?1,?2,?3)", 3},
                  {"INSERT OR REPLACE INTO reasons VALUES(?1,?2,?3,?4,?5,?6)", 6}};
    unsigned rows = (unsigned)fuzz_take(in, 1) % 24;
    sqlite3 *db;

    HOLDS(sqlite3_open(path, &db) == SQLITE_OK, "%s", path);
    sqlite3_exec(db, "PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=DELETE; BEGIN", 0, 0, 0);
    while (rows-- > 0) {
        size_t k = fuzz_take(in, 1) % (sizeof(tables) / sizeof(tables[0]));
        sqlite3_stmt *q;
        HOLDS(sqlite3_prepare_v2(db, tables[k].sql, -1, &q, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
        for (int i = 1; i <= tables[k].columns; i++)
            bind_any(q, i, in);
        (void)sqlite3_step(q); // refused where a column must not be empty
        sqlite3_finalize(q);
    }
    sqlite3_exec(db, "COMMIT", 0, 0, 0);
    sqlite3_close(db);
}

// What is left of the input changes bytes of the file.
static void damage(struct fuzz_in *in)
{
    FILE *f = in->n ? fopen(path, "r+") : NULL;

    while (f && in->n > 0) {
        fseek(f, (long)fuzz_take(in, 2), SEEK_SET);
        fputc((int)fuzz_take(in, 1), f);
    }
    if (f)
        fclose(f);
}

static void check_net(const struct prefix *net)
{
    struct prefix clean = prefix_of(&net->addr, net->len);

    HOLDS(net->len >= 1 && net->len <= 128 && prefix_eq(net, &clean), "a network of length %u", net->len);
    HOLDS(net->len >= 96 || !addr_is_v4(&net->addr), "a network of both families");
}

static void check_name(const char *name, bool empty)
{
    size_t n = strlen(name);

    HOLDS(n <= JAIL_NAME_MAX && (n > 0 || empty), "the name '%s'", name);
    HOLDS(strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n, "the name '%s'", name);
}

static void check_time(usec_t t, bool for_ever)
{
    HOLDS((t >= 0 && t <= INT64_C(1) << 55) || (for_ever && t == USEC_FOREVER), "time %lld", (long long)t);
}

static int on_ban(void *userdata, const struct ban *b)
{
    char *text = NULL;
    unsigned previous;

    (void)userdata;
    check_net(&b->net);
    check_name(b->jail, false);
    check_time(b->since, false);
    check_time(b->until, true);
    HOLDS(b->until >= b->since, "it ends before it begins");
    previous = state_previous(state, &b->net, now, 86400 * USEC_SEC);
    HOLDS(previous <= state_previous(state, &b->net, now, 0), "more of them after decay");
    if (state_evidence(state, &b->net, &text) == 0)
        free(text);
    return 0;
}

static int on_decision(void *userdata, const struct decision *d)
{
    struct muting_query q = {.jail = "pptpd", .addr = d->net.addr, .time = now, .settled = now};

    (void)userdata;
    check_net(&d->net);
    check_name(d->jail, true);
    check_time(d->settled, false);
    check_time(d->since, false);
    check_time(d->until, true);
    int r = muting_add(muting, d);
    (void)muting_covers(muting, &q);
    return r;
}

static int on_guest(void *userdata, const struct addr *a, usec_t when)
{
    (void)userdata, (void)a;
    check_time(when, false);
    return 0;
}

static int on_login(void *userdata, const struct login *l)
{
    ++*(unsigned *)userdata;
    check_time(l->first, false);
    check_time(l->last, false);
    HOLDS(l->id != 0 && l->first > 0 && l->first <= l->last, "a login of nobody, or before the first one");
    return 0;
}

static int on_reason(void *userdata, const struct prefix *net, const struct threshold_reason *why)
{
    char text[REASON_STRLEN];
    size_t n = strnlen(why->country, sizeof(why->country));

    (void)userdata;
    check_net(net);
    HOLDS(why->rule > RULE_NONE && why->rule < RULE_MAX && why->max > 0, "rule %u, %u", why->rule, why->max);
    HOLDS(n == 0 || n == 2, "a country of %zu letters", n);
    HOLDS(strnlen(why->schedule, sizeof(why->schedule)) <= SCHEDULE_NAME_MAX, "a name without an end");
    check_name(why->schedule, true);
    HOLDS(strlen(threshold_format(why, text)) < sizeof(text), "too long");
    return 0;
}

static void read_known(bool damaged)
{
    struct hash_key key = {{0}}, again = {{0}};
    const struct login login = {.id = 7, .first = now, .last = now};
    unsigned bad = 0, logins = 0;
    int r = state_each_guest(state, on_guest, NULL, &bad);

    HOLDS(damaged || r == 0, "guests: %d, %s", r, state_problem(state));
    r = state_each_login(state, 5, on_login, &logins, &bad);
    HOLDS((damaged || r == 0) && logins <= 5, "logins: %d, %u, %s", r, logins, state_problem(state));
    r = state_each_reason(state, on_reason, NULL, &bad);
    HOLDS(damaged || r == 0, "reasons: %d, %s", r, state_problem(state));
    r = state_login_key(state, &key);
    HOLDS(damaged || (r == 0 && state_login_key(state, &again) == 0 && memcmp(&key, &again, sizeof(key)) == 0), "another key");
    r = state_put_login(state, &login);
    HOLDS(damaged || r == 0, "not written: %d, %s", r, state_problem(state));
}

static void read_mark(const char *source)
{
    struct mark_entry entry, entries[4];
    struct str rest, escaped;
    char name[256], *mark = NULL;

    if (state_mark(state, source, &mark) < 0 || !mark)
        return;
    rest = str_of(mark);
    while (mark_next(&rest, &entry, &escaped))
        if (mark_path(escaped, name, sizeof(name)))
            HOLDS(strlen(name) < sizeof(name), "a path without an end");
    HOLDS(mark_read(mark, "pptpd", entries, 4) <= 4, "more entries than asked for");
    free(mark);
}

static void write_and_read(const char *note)
{
    struct ban ban = {.net = {.addr = {{[10] = 0xff, [11] = 0xff, 192, 0, 2, 1}}, .len = 128}, .since = now, .until = now + 1, .jail = "own"};
    const char *const kept[] = {"pptpd"};
    struct state_horizon h = {.sources = kept, .n_sources = 1, .decisions = now, .history = now, .bans = now};
    char again[STATE_NOTE_MAX];

    if (state_put_ban(state, &ban, NULL, "line") < 0 || state_prune(state, &h) < 0 || state_commit(state) < 0 || *note) {
        if (!state_problem(state)[0])
            return;
        HOLDS(state_repair(state, now, again) < 0 || state_put_ban(state, &ban, NULL, "line") == 0, "repaired, and still not written");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    char note[STATE_NOTE_MAX];
    unsigned bad = 0;

    if (!template)
        make_template();
    remove_all();
    write_file(path, template, template_n);
    fill(&in);
    bool damaged = in.n > 0;
    damage(&in);
    HOLDS(state_open(fuzz_dir(), now, &state, note) == 0, "not opened: %s", note);
    HOLDS(damaged || !note[0], "%s", note);
    HOLDS(muting_new(16, &muting) == 0, "no memory");
    int r = state_each_ban(state, on_ban, NULL, &bad);
    HOLDS(damaged || r == 0, "bans: %d, %s", r, state_problem(state));
    r = state_each_decision(state, on_decision, NULL, &bad);
    HOLDS(damaged || r == 0 || r == -ENOSPC, "decisions: %d, %s", r, state_problem(state));
    muting_seal(muting);
    read_known(damaged);
    read_mark("pptpd");
    read_mark("");
    if (size % 2)
        (void)state_verify(state);
    write_and_read(note);
    muting_free(muting);
    state_close(state);
    return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// source: from bytes to records (blocks, gate, long lines, times that hang on other lines) and old log files.
#include "config-build.h" // memmem

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>

#include "base/hash.h"
#include "source/feed.h"
#include "source/impl.h"
#include "source/mark.h"
#include "source/replay.h"
#include "source/rotation.h"

// What came out, as text: "TIME HOST IDENT PID FLAGS OFFSET LENGTH MESSAGE\n".
struct sink {
    char *text;
    size_t n, room;
    uint64_t count;
    struct str only; // keep what holds this; empty: all
    int result;
};

static int keep(void *userdata, const struct record *r)
{
    struct sink *s = userdata;
    char head[512];

    if (s->only.n && !memmem(r->line.p, r->line.n, s->only.p, s->only.n))
        return 0;
    size_t shown = r->message.n < 100 ? r->message.n : 100;
    unsigned flags = r->flags & (RECORD_TRUNCATED | RECORD_NO_TIME);
    int n = snprintf(head, sizeof(head), "%lld %.*s %.*s %u %u %llu %zu ", (long long)r->time / 1000000,
                     STR_FMT(r->host), STR_FMT(r->ident), r->pid, flags, (unsigned long long)r->position.offset,
                     r->line.n);
    if (s->room < s->n + (size_t)n + shown + 2) {
        s->room = 2 * (s->n + (size_t)n + shown + 2);
        s->text = realloc(s->text, s->room);
        assert_non_null(s->text);
    }
    memcpy(s->text + s->n, head, (size_t)n);
    memcpy(s->text + s->n + n, r->message.p, shown);
    s->n += (size_t)n + shown;
    s->text[s->n++] = '\n';
    s->text[s->n] = '\0';
    s->count++;
    return s->result;
}

static char *temporary(const char *content, size_t n)
{
    char *path = strdup("/tmp/pptpban-test-XXXXXX");
    assert_non_null(path);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, n), (ssize_t)n);
    close(fd);
    return path;
}

static struct sink replay_options(const char *content, size_t n, const struct literals *literals, size_t max_line,
                                  usec_t hint, struct replay_counts *counts)
{
    struct sink sink = {0};
    struct source_options o = {.literals = literals, .record = keep, .userdata = &sink, .max_line = max_line};
    char *path = temporary(content, n);

    if (literals)
        sink.only = STR("needle");
    assert_int_equal(replay_file(path, &o, hint, counts), 0);
    unlink(path);
    free(path);
    return sink;
}

#define HINT (INT64_C(1795374812) * USEC_SEC) // 2026-11-22 19:13:32 UTC

static void lines_and_offsets(void **state)
{
    static const char log[] = "Nov 22 19:13:30 lab pppd[1]: one\r\n"
                              "no header\n"
                              "\n"
                              "Nov 22 19:13:31 lab pppd[2]: two\n"
                              "\0\0\0Nov 22 19:13:32 lab pppd[3]: a\0b\n"
                              "Nov 22 19:13:32 lab pppd[4]: last";
    struct replay_counts counts = {0};

    (void)state;
    struct sink s = replay_options(log, sizeof(log) - 1, NULL, 0, HINT, &counts);
    static const char want[] = "1795374810 lab pppd 1 0 0 32 one\n"
                               "1795374810   0 16 34 9 no header\n"
                               "1795374810   0 16 44 0 \n"
                               "1795374811 lab pppd 2 0 45 32 two\n"
                               "1795374812 lab pppd 3 0 78 32 a\0b\n"
                               "1795374812 lab pppd 4 0 114 33 last\n";
    assert_int_equal(s.n, sizeof(want) - 1);
    assert_memory_equal(s.text, want, s.n);
    assert_int_equal(counts.lines, 6);
    assert_int_equal(counts.records, 6);
    assert_int_equal(counts.no_header, 2);
    free(s.text);
}

static void a_handler_can_stop(void **state)
{
    struct replay_counts counts = {0};
    struct sink sink = {.result = -ECANCELED};
    struct source_options o = {.record = keep, .userdata = &sink};
    char *path = temporary("a\nb\n", 4);

    (void)state;
    assert_int_equal(replay_file(path, &o, HINT, &counts), -ECANCELED);
    assert_int_equal(sink.count, 1);
    unlink(path);
    assert_int_equal(replay_file(path, &o, HINT, &counts), -ENOENT);
    free(path);
    free(sink.text);
}

// Lines at, around and far beyond the limit, with what follows them.
static void long_lines(void **state)
{
    static const size_t lengths[] = {99, 100, 101, 65536, 65537, 131072, 200000, 1 << 20};

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        for (int limit = 0; limit < 2; limit++) {
            size_t max = limit ? 100 : WALK_MAX_LINE, n = lengths[i];
            char *log = malloc(n + 64), want[256];
            assert_non_null(log);
            memset(log, 'x', n);
            strcpy(log + n, "\nshort\n");
            struct replay_counts counts = {0};
            struct sink s = replay_options(log, n + 7, NULL, max, HINT, &counts);
            assert_int_equal(s.count, 2);
            assert_int_equal(counts.lines, 2);
            assert_int_equal(counts.truncated, n > max);
            snprintf(want, sizeof(want), "1795374812   0 %d 0 %zu ", n > max ? 20 : 16, n > max ? max : n);
            assert_memory_equal(s.text, want, strlen(want));
            snprintf(want, sizeof(want), "1795374812   0 16 %zu 5 short\n", n + 1);
            assert_string_equal(strchr(s.text, '\n') + 1, want);
            free(s.text);
            // without anything behind it
            counts = (struct replay_counts){0};
            s = replay_options(log, n, NULL, max, HINT, &counts);
            assert_int_equal(s.count, 1);
            assert_int_equal(counts.truncated, n > max);
            free(s.text);
            free(log);
        }
    }
}

// A hole of zero bytes, as truncating under a writer that does not append leaves it, hides no line.
static void holes(void **state)
{
    static const char line[] = "Nov 22 19:13:30 lab pppd[1]: one\n";
    size_t n = 3 << 20;
    char *log = calloc(1, n + sizeof(line));
    struct replay_counts counts = {0};

    (void)state;
    assert_non_null(log);
    memcpy(log + n, line, sizeof(line) - 1);
    struct sink s = replay_options(log, n + sizeof(line) - 1, NULL, 0, HINT, &counts);
    assert_int_equal(s.count, 1);
    assert_int_equal(counts.truncated, 0);
    assert_memory_equal(s.text, "1795374810 lab pppd 1 0 ", 24);
    free(s.text);
    free(log);
}

static char *put(char *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    p += vsprintf(p, fmt, ap);
    va_end(ap);
    return p;
}

// The same records with and without the gate, whatever the lines between are: fuzzed logs of all forms, with lines
// without a stamp, an hour that comes twice, and years that are not written.
static void the_gate_changes_nothing(void **state)
{
    static const char *const zones[] = {"UTC", "CET-1CEST,M3.5.0,M10.5.0/3"};
    const struct str needles[] = {STR("needle")};
    struct literals *literals;
    const size_t size = 600 * 1024;

    (void)state;
    assert_int_equal(literals_new(needles, 1, &literals), 0);
    srandom(20261122);
    for (int round = 0; round < 24; round++) {
        setenv("TZ", zones[round % 2], 1);
        tzset();
        char *log = malloc(size + 2048), *p = log;
        assert_non_null(log);
        // two days around the end of summer time, or weeks around New Year
        int64_t t = round % 3 ? 1792800000 : 1766000000;
        int64_t step = round % 3 ? 40 : 4000;
        while (p < log + size) {
            time_t now = (time_t)(t += random() % step);
            struct tm tm;
            char stamp[64];
            const char *text = random() % 10 ? "hay hay hay hay" : "a needle in it";
            localtime_r(&now, &tm);
            strftime(stamp, sizeof(stamp), random() % 4 ? "%b %e %T" : "%Y-%m-%dT%T", &tm);
            switch (random() % 8) {
            case 0:
                p = put(p, "%s\n", text);
                break;
            case 1:
                memset(p, 'y', 300);
                p = put(p + 300, "%s\n", text);
                break;
            case 2:
                p = put(p, "\n");
                break;
            default:
                p = put(p, "%s lab pppd[%d]: %s\n", stamp, (int)(random() % 1000), text);
            }
            if (random() % 3 == 0)
                p[-2] = (char)random();
        }
        struct replay_counts gated = {0}, whole = {0};
        size_t n = (size_t)(p - log), max_line = round % 4 ? 0 : 200;
        usec_t hint = (t + 100) * USEC_SEC;
        struct sink a = replay_options(log, n, literals, max_line, hint, &gated);
        struct sink b = {.only = STR("needle")};
        struct source_options o = {.record = keep, .userdata = &b, .max_line = max_line};
        char *path = temporary(log, n);
        assert_int_equal(replay_file(path, &o, hint, &whole), 0);
        // one of the filters must see every line: so it does, and the others lose nothing
        struct sink every = {0}, all = {0};
        struct replay_counts ungated = {0}, again = {0};
        o = (struct source_options){.literals = literals, .filters = 6, .ungated = 12, .record = keep,
                                    .userdata = &every, .max_line = max_line};
        assert_int_equal(replay_file(path, &o, hint, &ungated), 0);
        o = (struct source_options){.record = keep, .userdata = &all, .max_line = max_line};
        assert_int_equal(replay_file(path, &o, hint, &again), 0);
        assert_string_equal(every.text, all.text);
        assert_int_equal(ungated.records, whole.records);
        // it is none of this source's
        o = (struct source_options){.literals = literals, .filters = 6, .ungated = 8, .record = keep,
                                    .userdata = &every, .max_line = max_line};
        ungated.records = 0;
        assert_int_equal(replay_file(path, &o, hint, &ungated), 0);
        assert_int_equal(ungated.records, gated.records);
        unlink(path);
        free(path);
        free(every.text);
        free(all.text);
        assert_true(a.count > 100);
        assert_int_equal(a.count, b.count);
        assert_string_equal(a.text, b.text);
        assert_int_equal(gated.lines, whole.lines);
        assert_int_equal(gated.truncated, whole.truncated);
        free(a.text);
        free(b.text);
        free(log);
    }
    literals_free(literals);
    setenv("TZ", "UTC", 1);
    tzset();
}

static usec_t times[8];
static int keep_time(void *userdata, const struct record *r)
{
    size_t *n = userdata;
    assert_true(*n < 8);
    times[(*n)++] = r->time / USEC_SEC;
    return 0;
}

static void times_in_order(void **state)
{
    // clocks are set back at 01:00 UTC on 2026-10-25: half past two comes twice
    static const char log[] = "Oct 25 02:00:00 lab a: x\nOct 25 02:30:00 lab a: x\nOct 25 02:59:59 lab a: x\n"
                              "Oct 25 02:00:00 lab a: x\nOct 25 02:30:00 lab a: x\nOct 25 02:29:59 lab a: x\n"
                              "Oct 25 03:00:00 lab a: x\n";
    static const int64_t want[] = {1792886400, 1792888200, 1792889999, 1792890000, 1792891800, 1792891799, 1792893600};
    static const char new_year[] = "Dec 30 10:00:00 lab a: x\nDec 31 23:59:59 lab a: x\nJan  1 00:00:00 lab a: x\n"
                                   "Dec 31 23:59:59 lab a: x\nJan  1 00:00:01 lab a: x\n";
    static const int64_t want_year[] = {1767088800, 1767225599, 1767225600, 1767225599, 1767225601};
    struct replay_counts counts = {0};
    size_t n = 0;
    struct source_options o = {.record = keep_time, .userdata = &n};

    (void)state;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    char *path = temporary(log, sizeof(log) - 1);
    assert_int_equal(replay_file(path, &o, HINT, &counts), 0);
    assert_int_equal(n, 7);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(times[i], want[i]);
    unlink(path);
    free(path);

    setenv("TZ", "UTC", 1);
    tzset();
    path = temporary(new_year, sizeof(new_year) - 1);
    struct timespec modified[2] = {{.tv_sec = 1767225605}, {.tv_sec = 1767225605}}; // the file tells the year
    assert_int_equal(utimensat(AT_FDCWD, path, modified, 0), 0);
    n = 0;
    assert_int_equal(replay_file(path, &o, 0, &counts), 0);
    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(times[i], want_year[i]);
    unlink(path);
    free(path);
}

// Two and a half years in one file without a year: each day once, in order, up to the hint.
static usec_t day_before;
static int next_day(void *userdata, const struct record *r)
{
    size_t *n = userdata;
    if (*n > 0)
        assert_int_equal(r->time - day_before, 86400 * USEC_SEC);
    day_before = r->time;
    ++*n;
    return 0;
}

static void years_in_one_file(void **state)
{
    const size_t days = 900;
    int64_t t = HINT / USEC_SEC - (int64_t)days * 86400;
    char *log = malloc(days * 120), *p = log;
    size_t n = 0;
    struct source_options o = {.record = next_day, .userdata = &n};
    struct replay_counts counts = {0};

    (void)state;
    assert_non_null(log);
    for (size_t i = 0; i < days; i++) {
        time_t now = (time_t)(t += 86400);
        struct tm tm;
        char stamp[64];
        gmtime_r(&now, &tm);
        strftime(stamp, sizeof(stamp), "%b %e %T", &tm);
        p = put(p, "%s lab pppd[1]: %080zu\n", stamp, i);
    }
    char *path = temporary(log, (size_t)(p - log));
    assert_int_equal(replay_file(path, &o, HINT, &counts), 0);
    assert_int_equal(n, days);
    assert_int_equal(day_before, HINT);
    unlink(path);
    free(path);
    free(log);
}

static void names_of_rotated_files(void **state)
{
    static const struct {
        const char *name;
        size_t stem;
    } cases[] = {
        {"syslog.1", 6}, {"syslog.12.gz", 6}, {"syslog-20261122", 6}, {"syslog-20261122.xz", 6},
        {"syslog-2026-11-22.zst", 6}, {"syslog.2026-11-22T10:00:00.bz2", 6}, {"auth.log.1", 8}, {"a.1.lz4", 1},
        {"syslog", 0}, {"syslog.gz", 0}, {"syslog.old", 0}, {"pptp2", 0}, {"syslog.", 0}, {"syslog.1.bak", 0},
        {"1", 0}, {".1", 0}, {"", 0}, {"syslog-", 0}, {"syslog.1-", 0}, {"debug.log", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (rotation_stem(cases[i].name) != cases[i].stem)
            fail_msg("%s: %zu instead of %zu", cases[i].name, rotation_stem(cases[i].name), cases[i].stem);
}

static char *compressed(const char *content, size_t n, int filter)
{
    char *path = temporary("", 0);
    struct archive *a = archive_write_new();
    struct archive_entry *e = archive_entry_new();

    assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
    assert_int_equal(archive_write_add_filter(a, filter), ARCHIVE_OK);
    assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
    archive_entry_set_filetype(e, AE_IFREG);
    assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
    assert_int_equal(archive_write_data(a, content, n), (la_ssize_t)n);
    archive_write_close(a);
    archive_write_free(a);
    archive_entry_free(e);
    return path;
}

static void compressed_files(void **state)
{
    static const int filters[] = {ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_ZSTD};
    const size_t lines = 20000;
    char *log = malloc(lines * 64), *p = log;

    (void)state;
    assert_non_null(log);
    for (size_t i = 0; i < lines; i++)
        p = put(p, "Nov 22 19:13:%02zu lab pppd[%zu]: line %u\n", i % 60, i, (unsigned)random());
    size_t n = (size_t)(p - log);
    struct replay_counts counts = {0};
    struct sink want = replay_options(log, n, NULL, 0, HINT, &counts);
    for (size_t i = 0; i < 3; i++) {
        struct sink s = {0};
        struct source_options o = {.record = keep, .userdata = &s};
        char *path = compressed(log, n, filters[i]);
        counts = (struct replay_counts){0};
        assert_int_equal(replay_file(path, &o, HINT, &counts), 0);
        assert_int_equal(counts.lines, lines);
        assert_string_equal(s.text, want.text);
        // the same from standard input
        int saved = dup(STDIN_FILENO), fd = open(path, O_RDONLY);
        assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
        free(s.text);
        s = (struct sink){0};
        assert_int_equal(replay_file("-", &o, HINT, &counts), 0);
        assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
        close(saved);
        close(fd);
        assert_string_equal(s.text, want.text);
        // cut short: what is there is read, and it is said
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(truncate(path, st.st_size / 2), 0);
        counts = (struct replay_counts){0};
        assert_int_equal(replay_file(path, &o, HINT, &counts), -EBADMSG);
        assert_true(counts.lines > 0 && counts.lines < lines);
        // damaged from the start
        assert_int_equal(truncate(path, 20), 0);
        assert_int_equal(replay_file(path, &o, HINT, &counts), -EBADMSG);
        unlink(path);
        free(path);
        free(s.text);
    }
    char *path = compressed("", 0, ARCHIVE_FILTER_GZIP);
    struct source_options o = {.record = keep};
    assert_int_equal(replay_file(path, &o, HINT, &counts), 0);
    unlink(path);
    free(path);
    free(want.text);
    free(log);
}

// From the first record on no memory is to be had; all of our own code's allocations come through here.
static bool memory_is_out;
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
    return memory_is_out ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return memory_is_out ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return memory_is_out ? NULL : __real_realloc(p, n);
}

static int count_without_memory(void *userdata, const struct record *r)
{
    size_t *n = userdata;

    (void)r;
    memory_is_out = true;
    ++*n;
    return 0;
}

static void reading_allocates_nothing(void **state)
{
    const size_t lines = 20000;
    char *log = malloc(lines * 64), *p = log;
    size_t n = 0;
    struct source_options o = {.record = count_without_memory, .userdata = &n, .max_line = 100};
    struct replay_counts counts = {0};

    (void)state;
    assert_non_null(log);
    for (size_t i = 0; i < lines; i++)
        p = put(p, i % 50 ? "Nov 22 19:%02d:32 lab pppd[%d]: line\n" : "no header %d %d\n", (int)(i / 400), (int)i);
    char *path = temporary(log, (size_t)(p - log));
    int r = replay_file(path, &o, HINT, &counts);
    memory_is_out = false;
    assert_int_equal(r, 0);
    assert_int_equal(n, lines);
    unlink(path);
    free(path);
    free(log);
}

static void marks(void **state)
{
    static const struct mark_entry one = {.file = {0, 1, 0xff}, .offset = UINT64_MAX, .modified = -5};
    static const struct mark_entry two = {.file = {7}, .offset = 0, .modified = INT64_MAX};
    static const char *const damaged[] = {
        "logfile1", "logfile1 @12", "", "x", "logfile1 ::::", "logfile1 0001ff0000000000000000000000000z:1:2:/a",
        "logfile1 0001ff00000000000000000000000000:1:/a", "logfile1 0001ff00000000000000000000000000:1:2",
        "logfile1 0001ff00000000000000000000000000:x:2:/a", "logfile1 0001ff00000000000000000000000000",
    };
    struct mark_entry got[4];
    char *mark = strdup("logfile1 @12"), path[32];
    size_t n = strlen(mark);
    struct str rest, escaped;

    (void)state;
    assert_int_equal(mark_append(&mark, &n, &one, "/var/log/a b%\n"), 0);
    assert_int_equal(mark_append(&mark, &n, &two, "/var/log/x"), 0);
    assert_int_equal(mark_append(&mark, &n, &two, "/var/log/a b%\n"), 0);
    assert_int_equal(n, strlen(mark));
    assert_null(strchr(mark, '\n'));
    assert_int_equal(mark_read(mark, "/var/log/a b%\n", got, 4), 2);
    assert_memory_equal(got[0].file, one.file, 16);
    assert_true(got[0].offset == one.offset && got[0].modified == -5);
    assert_true(got[1].offset == 0 && got[1].modified == INT64_MAX);
    assert_int_equal(mark_read(mark, "/var/log/a b%\n", got, 1), 1);
    assert_int_equal(mark_read(mark, "/var/log", got, 4), 0);
    assert_true(mark_find(mark, two.file, &got[0]));
    rest = str_of(mark);
    assert_true(mark_next(&rest, &got[0], &escaped));
    assert_true(mark_path(escaped, path, sizeof(path)));
    assert_string_equal(path, "/var/log/a b%\n");
    assert_false(mark_path(escaped, path, 5));
    assert_false(mark_path(str_of("/a%0"), path, sizeof(path)));
    assert_false(mark_path(str_of("/a%00"), path, sizeof(path)));
    assert_false(mark_path(str_of("/a%zz"), path, sizeof(path)));
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
        assert_int_equal(mark_read(damaged[i], "/a", got, 4), 0);
    while (n < SOURCE_MARK_MAX - 200)
        assert_int_equal(mark_append(&mark, &n, &one, "/var/log/syslog"), 0);
    while (mark_append(&mark, &n, &one, "/var/log/syslog") == 0)
        ;
    assert_int_equal(mark_append(&mark, &n, &one, "/var/log/syslog"), -E2BIG);
    assert_true(n <= SOURCE_MARK_MAX);
    free(mark);
}

static void fingerprints(void **state)
{
    uint8_t a[16], b[16];
    char text[3000];

    (void)state;
    assert_false(feed_fingerprint("", 0, a));
    assert_false(feed_fingerprint("no newline", 10, a));
    assert_true(feed_fingerprint("one\n", 4, a));
    assert_true(feed_fingerprint("one\ntwo\n", 8, b)); // the same while the file grows
    assert_memory_equal(a, b, 16);
    assert_true(feed_fingerprint("two\n", 4, b));
    assert_memory_not_equal(a, b, 16);
    memset(text, 'x', sizeof(text));
    assert_false(feed_fingerprint(text, FINGERPRINT_BYTES - 1, a));
    assert_true(feed_fingerprint(text, FINGERPRINT_BYTES, a));
    text[FINGERPRINT_BYTES] = '\n';
    assert_true(feed_fingerprint(text, sizeof(text), b));
    assert_memory_equal(a, b, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_and_offsets), cmocka_unit_test(a_handler_can_stop), cmocka_unit_test(long_lines),
        cmocka_unit_test(holes), cmocka_unit_test(the_gate_changes_nothing), cmocka_unit_test(times_in_order), cmocka_unit_test(years_in_one_file),
        cmocka_unit_test(names_of_rotated_files),
        cmocka_unit_test(compressed_files), cmocka_unit_test(fingerprints), cmocka_unit_test(marks),
        cmocka_unit_test(reading_allocates_nothing),
    };
    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// filter under hostile input: patterns that backtrack for ever, giant lines, NUL, bytes that are no text; and that
// matching allocates nothing.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "filter/filter.h"

#ifndef PR_SET_MDWE // Linux 6.3
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

// These stand before the C library's for the whole process, libpcre2 included; not where the address sanitizer wants
// that place for its own.
static bool forbidden;
static unsigned long allocations;

#ifndef __SANITIZE_ADDRESS__
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
    allocations += forbidden;
    return forbidden ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    allocations += forbidden;
    return forbidden ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    allocations += forbidden;
    return forbidden ? NULL : __libc_realloc(p, n);
}
#endif

static struct filter *load_text(const char *text)
{
    char dir[] = "/tmp/pptpban-test.XXXXXX", path[64];
    const char *const dirs[] = {dir, NULL};
    struct filter_options options = {.dirs = dirs};
    struct filter_error error;
    struct filter *f = NULL;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/f.conf", dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    int r = filter_load("f", &options, &f, &error);
    unlink(path);
    rmdir(dir);
    if (r < 0)
        fail_msg("%s", error.text);
    return f;
}

static struct filter *load_pptpd(void)
{
    static const char *const dirs[] = {FILTERS, NULL};
    struct filter_options options = {.dirs = dirs};
    struct filter_error error;
    struct filter *f = NULL;

    if (filter_load("pptpd", &options, &f, &error) < 0)
        fail_msg("%s", error.text);
    return f;
}

static struct record record_of(const char *ident, struct str message)
{
    return (struct record){.ident = str_of(ident), .message = message, .line = message};
}

static bool match(struct filter *f, const char *ident, struct str message, struct event *e)
{
    struct record r = record_of(ident, message);

    forbidden = true;
    bool hit = filter_match(f, &r, e);
    forbidden = false;
    return hit;
}

static double seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void endless_backtracking_is_cut_and_counted(void **state)
{
    struct filter *f =
        load_text("[Definition]\nfailregex = ^(?:a+)+b <ADDR>$\n            ^(\\w*)*x(\\w*)*y <ADDR>$\n");
    char text[250];
    struct event e;
    double begin = seconds();

    (void)state;
    memset(text, 'a', 200);
    strcpy(text + 200, " x y b 192.0.2.1"); // all that a quick look could miss
    assert_false(match(f, "", str_of(text), &e));
    assert_true(filter_counters(f)->limit_hits >= 1);
    assert_true(seconds() - begin < 5); // without a limit: longer than the sun will shine
    uint64_t before = filter_counters(f)->limit_hits;
    assert_true(match(f, "", STR("aaab 192.0.2.1"), &e));
    assert_int_equal(filter_counters(f)->limit_hits, before);
    filter_free(f);
}

// Recursion that eats the matcher's own stack.
static void deep_recursion_is_cut_and_counted(void **state)
{
    struct filter *f = load_text("[Definition]\nfailregex = ^(\\((?1)*\\)|x)<ADDR>$\n");
    static char text[200001];
    struct event e;

    (void)state;
    memset(text, '(', 200000);
    assert_false(match(f, "", str_of(text), &e));
    assert_true(filter_counters(f)->limit_hits == 1);
    assert_int_equal(allocations, 0);
    filter_free(f);
}

static void giant_lines(void **state)
{
    enum { SIZE = 1 << 20 };
    static const char *const idents[] = {"pppd", "pptpd", "xl2tpd", ""};
    static const char *const begins[] = {"",
                                         "Peer ",
                                         "EAP: unauthenticated peer name \"",
                                         "Plugin ",
                                         "pppd x started by ",
                                         "EAP-TLS: Cannot get secret/password for client \"",
                                         "LCP terminated by peer (",
                                         "PAP peer authentication failed for ",
                                         "Peer x failed CHAP authentication"};
    static const char fills[] = {'A', ' ', '\0', '\n', (char)0xe9, '"', '/', '9'};
    struct filter *f = load_pptpd();
    char *text = malloc(SIZE);
    struct event e;
    double begin = seconds();

    (void)state;
    for (size_t i = 0; i < sizeof(idents) / sizeof(idents[0]); i++)
        for (size_t b = 0; b < sizeof(begins) / sizeof(begins[0]); b++)
            for (size_t c = 0; c < sizeof(fills); c++) {
                memset(text, fills[c], SIZE);
                memcpy(text, begins[b], strlen(begins[b]));
                bool hit = match(f, idents[i], (struct str){text, SIZE}, &e);
                if (hit)
                    assert_true(e.user.n < SIZE && !e.has_addr);
            }
    assert_true(seconds() - begin < 30);
    assert_int_equal(allocations, 0);
    free(text);
    filter_free(f);
}

static void any_bytes_are_a_name(void **state)
{
    static const struct str names[] = {
        {"adm\0in", 6}, {"\xc3\x28", 2}, {"\xff\xfe\xfd", 3}, {"\xed\xa0\x80", 3},     {"\xe9", 1},
        {"\n\n", 2},    {"\r", 1},       {"\0", 1},           {"\xf4\x90\x80\x80", 4},
    };
    struct filter *f = load_pptpd();
    struct event e;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char text[128] = "EAP: MSCHAPv2 failure for peer ";
        size_t n = strlen(text);
        memcpy(text + n, names[i].p, names[i].n);
        assert_true(match(f, "pppd", (struct str){text, n + names[i].n}, &e));
        assert_true(e.role == ROLE_FAILURE && e.has_user && str_eq(e.user, names[i]));
        strcpy(text, "Peer ");
        memcpy(text + 5, names[i].p, names[i].n);
        strcpy(text + 5 + names[i].n, " failed CHAP authentication");
        assert_true(match(f, "pppd", (struct str){text, 5 + names[i].n + 27}, &e));
        assert_true(e.role == ROLE_FAILURE && e.has_user && str_eq(e.user, names[i]));
    }
    assert_int_equal(filter_counters(f)->limit_hits, 0);
    filter_free(f);
}

static void empty_records(void **state)
{
    struct filter *f = load_pptpd();
    struct record r = {0};
    struct event e;
    struct addr a;

    (void)state;
    assert_false(filter_match(f, &r, &e));
    r.ident = STR("pppd");
    assert_false(filter_match(f, &r, &e));
    assert_false(filter_cmdline_address(f, r.ident, r.cmdline, &a));
    filter_free(f);
    filter_free(NULL);
}

// The date is cut out wherever it stands, and a line longer than the buffer for that is cut, not overrun.
static void the_date_is_cut_out(void **state)
{
    static char line[200000];
    struct filter *f =
        load_text("[Definition]\nfailregex = ^<1> from <ADDR>\n            ^ from <ADDR>\nignoreregex = 192.0.2.9\n");
    struct event e;

    (void)state;
    strcpy(line, "<1>DATE from 192.0.2.1");
    struct record r = {.line = str_of(line), .date = {line + 3, 4}};
    forbidden = true;
    assert_true(filter_match(f, &r, &e));
    assert_true(e.has_addr);
    assert_false(e.order == 1);
    r.date = (struct str){line, 7};
    assert_true(filter_match(f, &r, &e));
    assert_int_equal(e.order, 1);
    line[21] = '9'; // 192.0.2.9
    assert_false(filter_match(f, &r, &e));
    line[21] = '1';
    memset(line + 22, '.', sizeof(line) - 22);
    r.line.n = sizeof(line);
    r.date = (struct str){line + 3, 4};
    assert_true(filter_match(f, &r, &e));
    r.date = (struct str){line + 199990, 4}; // behind all that the buffer holds
    assert_false(filter_match(f, &r, &e));
    static const char elsewhere[] = "DATE";
    r.date = STR(elsewhere); // no part of the line: nothing to cut
    assert_false(filter_match(f, &r, &e));
    forbidden = false;
    assert_int_equal(allocations, 0);
    filter_free(f);
}

// Where no memory may become code (a hardened kernel, a lock set too early), patterns are interpreted: slower, the
// same results and bounds.
static void without_jit(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        struct event e;
        char text[250];
        if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) < 0)
            _exit(77);
        struct filter *f = load_pptpd();
        bool good = match(f, "pppd", STR("Peer alice failed CHAP authentication"), &e) && e.role == ROLE_FAILURE &&
                    str_eq(e.user, STR("alice")) && !match(f, "pppd", STR("Peer alice"), &e) &&
                    filter_counters(f)->limit_hits == 0;
        filter_free(f);
        f = load_text("[Definition]\nfailregex = ^(?:a+)+b <ADDR>$\n");
        memset(text, 'a', 200);
        strcpy(text + 200, " b 192.0.2.1");
        good = good && !match(f, "", str_of(text), &e) && filter_counters(f)->limit_hits == 1;
        filter_free(f);
        _exit(good && allocations == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endless_backtracking_is_cut_and_counted),
        cmocka_unit_test(deep_recursion_is_cut_and_counted),
        cmocka_unit_test(giant_lines),
        cmocka_unit_test(any_bytes_are_a_name),
        cmocka_unit_test(empty_records),
        cmocka_unit_test(the_date_is_cut_out),
        cmocka_unit_test(without_jit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

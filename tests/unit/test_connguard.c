// SPDX-License-Identifier: GPL-2.0-or-later
// The guard of silent connections without sockets: who has waited too long, what is remembered, what is logged, what
// is told of itself.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "connguard/report.h"
#include "connguard/silent.h"
#include "enforce/connstats.h"

#define PATIENCE USEC_SEC

static struct silent *table(uint32_t max)
{
    struct silent *s;

    assert_int_equal(silent_new(max, &s), 0);
    return s;
}

// One look at one socket; quiet in milliseconds.
static bool look(struct silent *s, usec_t now, uint64_t cookie, uint32_t quiet, usec_t *age, usec_t *next)
{
    struct sockets_entry e = {.cookie = cookie, .quiet = quiet};

    silent_begin(s, now);
    bool over = silent_see(s, &e, PATIENCE, age);
    *next = silent_end(s, PATIENCE);
    return over;
}

static void test_silent_from_the_first_byte(void **state)
{
    struct silent *s = table(16);
    usec_t now = 100 * USEC_SEC, age = -1, next;

    (void)state;
    assert_false(look(s, now, 7, 300, &age, &next)); // the kernel knows that it is 0.3 s old
    assert_int_equal(next, now + 700 * USEC_MSEC);
    assert_false(look(s, now + 699 * USEC_MSEC, 7, 999, &age, &next));
    assert_int_equal(next, now + 700 * USEC_MSEC);
    assert_int_equal(age, -1);
    assert_true(look(s, now + 700 * USEC_MSEC, 7, 1000, &age, &next));
    assert_int_equal(age, USEC_SEC);
    assert_int_equal(next, USEC_FOREVER);
    assert_true(look(s, now, 8, 5000, &age, &next)); // was there long before we were
    assert_int_equal(age, 5 * USEC_SEC);
    silent_free(s);
}

static void test_pieces(void **state)
{
    struct silent *s = table(16);
    usec_t start = 100 * USEC_SEC, age = -1, next;

    (void)state;
    for (int i = 0; i < 9; i++) { // a byte every 0.9 s: established at start
        usec_t now = start + i * 900 * USEC_MSEC;
        assert_false(look(s, now, 7, 0, &age, &next));
        assert_int_equal(next, now + PATIENCE);
    }
    assert_false(look(s, start + 9900 * USEC_MSEC, 7, 0, &age, &next));
    assert_int_equal(next, start + SILENT_PIECES * PATIENCE); // and no longer than this in all
    assert_true(look(s, start + 10000 * USEC_MSEC, 7, 100, &age, &next));
    assert_int_equal(age, 10 * USEC_SEC);
    silent_free(s);
}

static void test_forgets_who_is_gone(void **state)
{
    struct silent *s = table(16);
    usec_t now = 100 * USEC_SEC, age, next;

    (void)state;
    assert_false(look(s, now, 7, 0, &age, &next));
    assert_int_equal(silent_count(s), 1);
    silent_begin(s, now + 500);
    assert_int_equal(silent_end(s, PATIENCE), USEC_FOREVER);
    assert_int_equal(silent_count(s), 0);
    now += 9 * USEC_SEC; // a byte, nine seconds after it was forgotten: as if it were new
    assert_false(look(s, now, 7, 0, &age, &next));
    assert_int_equal(next, now + PATIENCE);
    silent_free(s);
}

static void test_excused(void **state)
{
    struct silent *s = table(16);
    usec_t now = 100 * USEC_SEC, age, next;

    (void)state;
    assert_true(look(s, now, 7, 1000, &age, &next));
    assert_true(silent_excuse(s, 7));
    for (int i = 1; i < 5; i++) { // said once
        assert_false(look(s, now + i * USEC_SEC, 7, 1000, &age, &next));
        assert_int_equal(next, USEC_FOREVER);
    }
    assert_true(look(s, now, 8, 1000, &age, &next));
    assert_false(silent_excuse(s, 9));
    silent_free(s);
}

static void test_bound(void **state)
{
    enum { MAX = 100 };
    struct silent *s = table(MAX);
    struct sockets_entry e = {.quiet = 10, .received = 1};
    usec_t now = 100 * USEC_SEC, age;

    (void)state;
    silent_begin(s, now);
    for (e.cookie = 1; e.cookie <= MAX; e.cookie++)
        assert_false(silent_see(s, &e, PATIENCE, &age));
    assert_int_equal(silent_overflow(s), 0);
    for (; e.cookie <= MAX + 50; e.cookie++)
        assert_false(silent_see(s, &e, PATIENCE, &age));
    assert_int_equal(silent_count(s), MAX);
    assert_int_equal(silent_overflow(s), 50);
    assert_int_equal(silent_end(s, PATIENCE), now + 990 * USEC_MSEC);
    // those that had no room are ended all the same: the kernel tells how long they have been silent
    silent_begin(s, now + PATIENCE);
    e.quiet = 1010;
    unsigned over = 0;
    for (e.cookie = 1; e.cookie <= MAX + 50; e.cookie++)
        over += silent_see(s, &e, PATIENCE, &age);
    assert_int_equal(over, MAX + 50);
    assert_false(silent_excuse(s, MAX + 50)); // but cannot be marked: nobody shall tell of them again and again
    // a full table seen in another order keeps whom it knows
    silent_begin(s, now + 2 * PATIENCE);
    e.quiet = 0;
    for (e.cookie = MAX; e.cookie >= 1; e.cookie--)
        assert_false(silent_see(s, &e, PATIENCE, &age));
    assert_int_equal(silent_count(s), MAX);
    silent_free(s);
}

static unsigned look_at_crowd(struct silent *s, usec_t now, unsigned n, uint32_t quiet, usec_t *next)
{
    struct sockets_entry e = {.quiet = quiet}, slow = {.quiet = quiet, .received = 100, .cookie = 1000};
    unsigned over = 0;
    usec_t age;

    silent_begin(s, now);
    for (e.cookie = 1; e.cookie <= n; e.cookie++)
        over += silent_see(s, &e, PATIENCE, &age);
    assert_int_equal(silent_see(s, &slow, PATIENCE, &age), quiet >= 1000); // who sends in pieces is no part of it
    *next = silent_end(s, PATIENCE);
    return over;
}

static void test_crowd(void **state)
{
    static const struct {
        unsigned n;
        uint32_t part;
    } crowds[] = {{1, 1000}, {2, 500}, {4, 250}, {10, 100}, {100, 100}};
    usec_t now = 100 * USEC_SEC, next;

    (void)state;
    for (size_t i = 0; i < sizeof(crowds) / sizeof(crowds[0]); i++) {
        struct silent *s = table(200);
        assert_int_equal(look_at_crowd(s, now, crowds[i].n, 50, &next), 0);
        assert_int_equal(next, crowds[i].n > 1 ? now : now + 950 * USEC_MSEC); // there are more than it knew: again
        assert_int_equal(look_at_crowd(s, now, crowds[i].n, 50, &next), 0);
        assert_int_equal(next, now + (crowds[i].part - 50) * USEC_MSEC);
        assert_int_equal(look_at_crowd(s, now + (crowds[i].part - 51) * USEC_MSEC, crowds[i].n, crowds[i].part - 1, &next), 0);
        assert_int_equal(look_at_crowd(s, now + (crowds[i].part - 50) * USEC_MSEC, crowds[i].n, crowds[i].part, &next), crowds[i].n);
        assert_int_equal(look_at_crowd(s, now, 0, 50, &next), 0); // they are gone: the next one has all of it
        assert_int_equal(look_at_crowd(s, now, 1, 900, &next), 0);
        silent_free(s);
    }
}

static struct addr address(uint32_t i)
{
    return (struct addr){.b = {[10] = 0xff, [11] = 0xff, [12] = 203, [13] = (uint8_t)(i >> 16), [14] = (uint8_t)(i >> 8), [15] = (uint8_t)i}};
}

static void test_report_one_address(void **state)
{
    static struct report r;
    struct addr a = address(1), b = address(2);
    usec_t now = 100 * USEC_SEC;
    unsigned said = 0;

    (void)state;
    report_init(&r);
    for (int i = 0; i < 1000; i++)
        said += report_may(&r, &a, now);
    assert_int_equal(said, REPORT_BURST);
    assert_int_equal(r.unsaid, 1000 - REPORT_BURST);
    assert_true(report_knows(&r, &a, now + REPORT_MEMORY * USEC_SEC - 1));
    assert_false(report_knows(&r, &a, now + REPORT_MEMORY * USEC_SEC));
    assert_false(report_knows(&r, &b, now));
    assert_true(report_may(&r, &b, now)); // others are not held back
    assert_false(report_may(&r, &a, now + REPORT_PERIOD * USEC_SEC - 1));
    assert_true(report_may(&r, &a, now + REPORT_PERIOD * USEC_SEC));
    assert_false(report_may(&r, &a, now + REPORT_PERIOD * USEC_SEC));
}

static void test_report_all(void **state)
{
    static struct report r;
    usec_t now = 100 * USEC_SEC;
    unsigned said = 0;

    (void)state;
    report_init(&r);
    for (uint32_t i = 0; i < 100000; i++) { // from as many addresses, far more than there are rows
        struct addr a = address(i);
        said += report_may(&r, &a, now);
    }
    assert_int_equal(said, REPORT_ALL_BURST);
    for (uint32_t i = 0; i < 1000; i++) {
        struct addr a = address(i);
        said += report_may(&r, &a, now + USEC_SEC);
    }
    assert_int_equal(said, REPORT_ALL_BURST + REPORT_ALL_RATE);
    assert_int_equal(r.unsaid, 101000 - said);
}

static void test_stats(void **state)
{
    char path[] = "/tmp/test_connstats.XXXXXX";
    struct connstats s = {.mode = CONNSTATS_ENDS, .ended = 42}, back;
    int fd = mkstemp(path), ready[2], end[2];
    pid_t holder;

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(connstats_read(path, &back, &holder), -EBADMSG);
    assert_true(pipe(ready) == 0 && pipe(end) == 0);
    pid_t child = fork();
    if (child == 0) {
        char c;
        int held = connstats_open(path);
        if (held < 0 || connstats_write(held, &s) < 0 || write(ready[1], "x", 1) != 1)
            _exit(1);
        close(end[1]);
        _exit(read(end[0], &c, 1) < 0);
    }
    char c;
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(connstats_read(path, &back, &holder), 0);
    assert_int_equal(holder, child);
    assert_int_equal(back.ended, 42);
    assert_int_equal(connstats_open(path), -EBUSY);
    close(end[1]);
    waitpid(child, NULL, 0);
    assert_int_equal(connstats_read(path, &back, &holder), 0); // what it did last stays to be read
    assert_int_equal(holder, 0);
    unlink(path);
    assert_int_equal(connstats_read(path, &back, &holder), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silent_from_the_first_byte),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_forgets_who_is_gone),
        cmocka_unit_test(test_excused),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_report_one_address),
        cmocka_unit_test(test_report_all),
        cmocka_unit_test(test_stats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

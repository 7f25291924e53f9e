// SPDX-License-Identifier: GPL-2.0-or-later
// The mind of the guard of the hook: repairs, fights, looks, holds, questions to root. Kernel and clock are the test's own.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "enforce/hold.h"
#include "enforce/keeper.h"
#include "enforce/ruleset_lost.h"

// A kernel of the test's own, and an enforcer that only counts.
static struct {
    int error, puts, retired, check;
    bool resized; // entries are lost on the way
    uint64_t footprint;
} kernel;

static usec_t now;
static struct pair_hook last;
static unsigned told, events, elements;

static usec_t clock_of_test(void)
{
    return now;
}

static void on_tell(void *userdata, const struct pair_hook *m)
{
    (void)userdata;
    last = *m;
    told++;
    events += m->event.what != 0;
    elements += m->elements;
}

static int fake_put(struct hook *h)
{
    kernel.puts++;
    kernel.footprint++;
    h->error[V4] = h->error[V6] = kernel.error;
    return kernel.error ? -kernel.error : kernel.resized;
}

static int fake_footprint(struct hook *h, uint64_t *ret)
{
    (void)h;
    *ret = kernel.footprint;
    return 0;
}

static int fake_check(struct hook *h, const uint32_t expected[FAMILIES])
{
    (void)h, (void)expected;
    return kernel.check;
}

static void fake_retire(struct hook *h)
{
    (void)h;
    kernel.retired++;
}

static void fake_close(struct hook *h)
{
    (void)h;
}

static const struct hook_ops fake = {
    .name = "fake", .silent = true, .put = fake_put, .footprint = fake_footprint, .check = fake_check, .retire = fake_retire, .close = fake_close,
};

static int set_up(void **state)
{
    struct keeper *k = calloc(1, sizeof(*k));

    memset(&kernel, 0, sizeof(kernel));
    memset(&last, 0, sizeof(last));
    now = 1700000000 * USEC_SEC;
    k->hook.ops = k->leftover = &fake;
    k->told.tick_ms = 500;
    k->monotonic = k->realtime = clock_of_test;
    k->tell = on_tell;
    keeper_start(k);
    assert_int_equal(last.state.hooked, 1);
    told = events = elements = 0;
    kernel.puts = 0;
    *state = k;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void test_hook_is_repaired_and_fights_slow_down(void **state)
{
    struct keeper *k = *state;
    struct guard_news news = {.hook = true, .who = {123, "ufw"}};
    int before;

    assert_int_equal(keeper_tick(k), USEC_FOREVER);
    keeper_news(k, &news);
    assert_int_equal(kernel.puts, 1);
    assert_int_equal(last.event.what, WHAT_HOOK_LOST);
    assert_int_equal(last.state.repair_what, WHAT_HOOK_LOST);
    assert_int_equal(last.event.pid, 123);
    assert_string_equal(last.event.program, "ufw");
    for (int i = 0; i < 1000; i++) { // a second of somebody removing it every millisecond
        now += USEC_MSEC;
        keeper_news(k, &news);
        (void)keeper_tick(k);
    }
    assert_in_range(kernel.puts, 5, 10);
    assert_int_equal(k->told.state.problem, PROBLEM_FIGHT);
    assert_int_equal(last.state.hooked, 0);
    assert_true(k->told.state.missing > 0);
    before = kernel.puts;
    now = keeper_tick(k);
    (void)keeper_tick(k);
    assert_int_equal(kernel.puts, before + 1); // it does not give up
    assert_int_equal(last.state.problem, PROBLEM_NONE);
    assert_int_equal(last.state.hooked, 1);
    now += 60 * USEC_SEC; // peace: the next repair is at once again
    keeper_news(k, &news);
    assert_int_equal(kernel.puts, before + 2);
    keeper_news(k, &(struct guard_news){.ruleset = true}); // not ours
    assert_int_equal(kernel.puts, before + 2);
}

// Hook, sets and entries go together (nft flush ruleset, again and again).
static void test_fights_last(void **state)
{
    struct keeper *k = *state;
    struct guard_news news = {.hook = true, .elements = true, .who = {77, "fighter"}};
    unsigned fights = 0, wakes = 0;

    for (int i = 0; i < 120000; i++, now += USEC_MSEC) { // two minutes, every millisecond
        unsigned before = events;
        keeper_news(k, &news);
        fights += events > before && last.event.what == WHAT_FIGHT;
        wakes += keeper_tick(k) <= now;
    }
    assert_in_range(kernel.puts, 120000 / 3200, 120000 / 3200 + 12); // never gives up, never hurries
    assert_int_equal(elements, kernel.puts);
    assert_in_range(fights, 2, 3);
    assert_in_range(told, 80, 120); // most for the status alone
    assert_int_equal(wakes, 0);
    assert_int_equal(k->told.state.problem, PROBLEM_FIGHT);
    assert_true(k->told.state.put_off > 30);
    assert_int_equal(last.event.pid, 77);
    now += 4 * USEC_SEC;
    (void)keeper_tick(k);
    assert_int_equal(last.state.hooked, 1);
    assert_int_equal(last.elements, 1);
    assert_int_equal(last.state.repair_what, WHAT_HOOK_LOST);
    assert_int_equal(last.event.what, WHAT_REPAIRED);
    assert_string_equal(last.event.program, "fighter");
    assert_true(last.event.missing > 3 * USEC_SEC);
}

// Entries alone, which cost a listing each time.
static void test_fights_over_entries_slow_down_too(void **state)
{
    struct keeper *k = *state;
    struct guard_news news = {.elements = true, .who = {77, "fighter"}};

    for (int i = 0; i < 10000; i++, now += USEC_MSEC) {
        keeper_news(k, &news);
        (void)keeper_tick(k);
    }
    assert_in_range(elements, 8, 20);
    assert_int_equal(kernel.puts, 0);
    assert_int_equal(last.state.hooked, 1);
    assert_int_equal(last.event.what, 0);
    unsigned before = elements;
    now += 4 * USEC_SEC;
    (void)keeper_tick(k);
    assert_int_equal(elements, before + 1);
}

// The enforcer says that it has put elements back: a repair of its own, unless the hook was away as well.
static void test_restored(void **state)
{
    struct keeper *k = *state;

    keeper_news(k, &(struct guard_news){.elements = true, .who = {7, "ipset"}});
    assert_int_equal(last.state.repairs, 0); // perhaps nothing is missing
    keeper_restored(k);
    assert_int_equal(last.event.what, WHAT_SET_LOST);
    assert_int_equal(last.event.pid, 7);
    assert_int_equal(last.state.repairs, 1);
    assert_int_equal(last.state.repair_what, WHAT_SET_LOST);
    assert_int_equal(last.state.repair_time, now);
    assert_string_equal(last.state.repair_program, "ipset");
    keeper_news(k, &(struct guard_news){.hook = true, .elements = true, .who = {8, "nft"}});
    keeper_restored(k);
    assert_int_equal(last.event.what, WHAT_SET_LOST);
    assert_int_equal(last.state.repairs, 3);
    assert_int_equal(last.state.repair_what, WHAT_HOOK_LOST); // without it packets passed
    for (unsigned i = 0; i < 5; i++, now = keeper_tick(k) == USEC_FOREVER ? now : keeper_tick(k), (void)keeper_tick(k))
        keeper_news(k, &(struct guard_news){.elements = true, .who = {8, "nft"}});
    keeper_restored(k);
    assert_int_equal(last.event.what, WHAT_REPAIRED); // no line each while somebody fights
}

// What nobody announces.
static void test_check(void **state)
{
    const uint32_t expected[FAMILIES] = {3, 4};
    struct keeper *k = *state;

    k->told.state.culprit_pid = 7;
    keeper_check(k, expected);
    assert_int_equal(told, 0);
    kernel.check = 2;
    keeper_check(k, expected);
    assert_int_equal(kernel.puts, 0);
    assert_int_equal(last.elements, 1);
    assert_int_equal(last.event.pid, 0);
    kernel.check = 1;
    keeper_check(k, expected);
    assert_int_equal(kernel.puts, 1);
    assert_int_equal(last.event.what, WHAT_HOOK_LOST);
    assert_int_equal(last.elements, 1);
    assert_int_equal(last.event.missing, 500 * USEC_MSEC); // at most so long ago
}

// Nobody listened for a while. What stands needs nothing but a comparison of entries; nobody is named.
static void test_look(void **state)
{
    struct keeper *k = *state;

    for (unsigned i = 1; i <= 20; i++) {
        keeper_look(k);
        assert_int_equal(kernel.puts, 0);
        assert_int_equal(elements, i);
    }
    assert_int_equal(events, 0);
    kernel.footprint += 100;
    k->told.state.culprit_pid = 7;
    keeper_look(k);
    assert_int_equal(kernel.puts, 1);
    assert_int_equal(last.event.what, WHAT_HOOK_LOST);
    assert_int_equal(last.elements, 1);
    assert_int_equal(last.event.pid, 0);
}

static void test_start(void **state)
{
    struct keeper *k = *state;

    kernel.error = EEXIST;
    keeper_start(k);
    assert_int_equal(last.event.what, WHAT_FOREIGN_SET);
    assert_int_equal(last.state.problem, PROBLEM_FOREIGN_SET);
    assert_int_equal(last.state.hooked, 0);
    assert_int_equal(last.foreign[V4] + last.foreign[V6], 2);
    for (int i = 0; i < 10; i++)
        now = keeper_tick(k); // tries again
    assert_int_equal(events, 1); // says it once
    kernel.error = 0;
    (void)keeper_tick(k);
    assert_int_equal(last.state.hooked, 1);
    assert_int_equal(last.foreign[V4], 0);
    kernel.resized = true;
    keeper_start(k);
    assert_int_equal(last.elements, 1);
    kernel.error = EOPNOTSUPP;
    keeper_start(k);
    assert_int_equal(last.state.problem, PROBLEM_NO_KERNEL);
    assert_int_equal(last.event.what, WHAT_HOOK_STUCK);
    keeper_retire(k);
    keeper_retire(k);
    assert_int_equal(kernel.retired, 1);
}

// Root may hold (who else asks is sent away), one at a time, and not for ever.
static void test_hold(void **state)
{
    char dir[] = "/tmp/pptpban-hold-XXXXXX", limits[64], path[64], c = 'x';
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    const bool root = geteuid() == 0;
    struct hold h;
    usec_t t = 1000 * USEC_SEC;
    int fd[2];

    (void)state;
    log_setup("test", -1);
    assert_non_null(mkdtemp(dir));
    snprintf(limits, sizeof(limits), "%s/limits", dir);
    snprintf(path, sizeof(path), "%s/%s", dir, HOLD_NAME);
    strcpy(a.sun_path, path);
    assert_int_equal(hold_open(limits, HOLD_NAME, &h), 0);
    assert_int_equal(hold_serve(&h, t), HOLD_SAME);
    for (int i = 0; i < 2; i++) {
        fd[i] = socket(AF_UNIX, SOCK_SEQPACKET, 0);
        assert_int_equal(connect(fd[i], (struct sockaddr *)&a, sizeof(a)), 0);
    }
    assert_int_equal(hold_serve(&h, t), root ? HOLD_BEGUN : HOLD_SAME);
    if (root) {
        hold_confirm(&h);
        assert_int_equal(recv(fd[0], &c, 1, 0), 1);
        assert_int_equal(hold_serve(&h, t), HOLD_SAME);
        assert_int_equal(recv(fd[1], &c, 1, 0), 0); // the second one
        close(fd[0]);
        assert_int_equal(hold_serve(&h, t), HOLD_ENDED);
    } else {
        assert_int_equal(recv(fd[0], &c, 1, 0), 0);
        assert_int_equal(h.strangers, 1);
        close(fd[0]);
    }
    assert_int_equal(h.client, -1);
    close(fd[1]);
    close(h.listener);
    unlink(path);
    rmdir(dir);

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
    h = (struct hold){.listener = -1, .client = fd[0], .until = t + HOLD_MAX};
    assert_int_equal(hold_serve(&h, t + HOLD_MAX - 1), HOLD_SAME);
    assert_int_equal(hold_serve(&h, t + HOLD_MAX), HOLD_ENDED);
    assert_int_equal(recv(fd[1], &c, 1, 0), 0);
    close(fd[1]);
    assert_int_equal(hold_open("/proc/limits", HOLD_NAME, &h) < 0, 1); // nowhere to ask: nobody can hold
    assert_int_equal(hold_serve(&h, t), HOLD_SAME);
}

// Root is asked at once five times, then ever more slowly, never not at all.
static void test_asking_for_the_ruleset(void **state)
{
    char dir[] = "/tmp/pptpban-ruleset-XXXXXX", limits[64], lost[64], text[64] = "";
    const struct guard_culprit who = {77, "nft"};
    struct ruleset_lost r;
    unsigned asked = 0, said = 0;
    usec_t t = 1000 * USEC_SEC;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(limits, sizeof(limits), "%s/limits", dir);
    snprintf(lost, sizeof(lost), "%s/ruleset/lost", dir);
    assert_int_equal(ruleset_lost_open(limits, NULL, &r), 0);
    assert_int_equal(ruleset_lost_tick(&r, t), USEC_FOREVER);
    assert_int_equal(access(lost, F_OK), -1);
    assert_true(ruleset_lost_note(&r, &who, t));
    (void)ruleset_lost_tick(&r, t);
    FILE *f = fopen(lost, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof(text), f));
    fclose(f);
    assert_string_equal(text, "77 nft\n");
    for (int i = 0; i < 120000; i++, t += USEC_MSEC) { // two minutes, every millisecond
        said += ruleset_lost_note(&r, &who, t);
        assert_true(ruleset_lost_tick(&r, t) > t);
        asked += unlink(lost) == 0;
    }
    assert_in_range(asked, 15, 25);
    assert_in_range(said, 2, 120000 / 1000);
    t += 60 * USEC_SEC; // peace: what waited is asked, and the next is asked at once again
    (void)ruleset_lost_tick(&r, t);
    assert_int_equal(unlink(lost), 0);
    t += 31 * USEC_SEC;
    assert_true(ruleset_lost_note(&r, &who, t));
    (void)ruleset_lost_tick(&r, t);
    assert_int_equal(unlink(lost), 0);
    snprintf(lost, sizeof(lost), "%s/ruleset", dir);
    assert_int_equal(rmdir(lost), 0);
    assert_int_equal(ruleset_lost_open("/proc/limits", NULL, &r) < 0, 1); // nowhere to ask: nobody is
    (void)ruleset_lost_note(&r, &who, t);
    assert_int_equal(ruleset_lost_tick(&r, t), USEC_FOREVER);
    rmdir(dir);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_hook_is_repaired_and_fights_slow_down), T(test_fights_last), T(test_fights_over_entries_slow_down_too), T(test_restored), T(test_check),
        T(test_look), T(test_start), T(test_hold), T(test_asking_for_the_ruleset),
    };

    return cmocka_run_group_tests_name("hookguard", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// The enforcer's mind: messages, refusals, the list of what is held. Kernel, guard and clock are the test's own.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "enforce/core.h"
#include "enforce/limits_file.h"

// A kernel and a guard of the test's own: a list of entries, with a switch for each thing that can go wrong.
static struct {
    struct element_state v[4096];
    size_t n, max;
    int requests, adds, dels;
    bool gone; // no sets: adding is ENOENT
    unsigned refuse; // so many of the next requests are ENOMEM
    int list_error;
    unsigned told[PAIR_CUT + 1]; // messages to the guard
    uint32_t expected[FAMILIES];
    struct pair_cut cut;
    bool deaf; // the guard takes none
} kernel;

static usec_t now;
static struct msg_event last_event;
static unsigned events, said; // said: those that stand in the log

static usec_t clock_of_test(void)
{
    return now;
}

static void on_event(void *userdata, const struct msg_event *ev)
{
    (void)userdata;
    last_event = *ev;
    events++;
    said += ev->what != WHAT_REPAIRED;
}

static int on_tell(void *userdata, const void *message, size_t size)
{
    union pair_message m;

    (void)userdata;
    if (kernel.deaf)
        return -1;
    memcpy(&m, message, size);
    kernel.told[m.type]++;
    if (m.type == PAIR_CUT) {
        assert_int_equal(size, PAIR_CUT_SIZE(m.cut.n));
        kernel.cut = m.cut;
    } else {
        assert_int_equal(size, sizeof(m.look));
        memcpy(kernel.expected, m.look.expected, sizeof(kernel.expected));
    }
    return 0;
}

static struct element_state *kernel_find(const struct prefix *p)
{
    for (size_t i = 0; i < kernel.n; i++)
        if (prefix_eq(&kernel.v[i].net, p))
            return &kernel.v[i];
    return NULL;
}

// As the kernel does it: all or nothing.
static int fake_change(struct sets *s, bool adding, const struct element *e, size_t n)
{
    size_t fresh = 0;

    (void)s;
    kernel.requests++;
    for (size_t i = 0; i < n; i++)
        fresh += adding && !kernel_find(&e[i].net);
    if (adding && (kernel.gone || kernel.n + fresh > kernel.max))
        return kernel.gone ? -ENOENT : -ENOSPC;
    if (adding && kernel.refuse > 0) {
        kernel.refuse--;
        return -ENOMEM;
    }
    for (size_t i = 0; !adding && i < n; i++)
        if (!kernel_find(&e[i].net))
            return -ENOENT;
    for (size_t i = 0; i < n; i++) {
        struct element_state *old = kernel_find(&e[i].net);
        *(adding ? &kernel.adds : &kernel.dels) += 1;
        if (adding)
            *(old ? old : &kernel.v[kernel.n++]) = (struct element_state){.net = e[i].net, .left = e[i].timeout, .packets = 7};
        else
            *old = kernel.v[--kernel.n];
    }
    return 0;
}

static int fake_list(void *userdata, const struct prefix *only, list_fn fn, void *fn_userdata)
{
    (void)userdata;
    for (size_t i = 0; i < kernel.n && !kernel.list_error; i++)
        if (!only || prefix_eq(only, &kernel.v[i].net))
            fn(fn_userdata, &kernel.v[i]);
    return kernel.list_error;
}

static const struct sets_ops fake = {.most = 1024, .change = fake_change};

static struct addr address(const char *text)
{
    struct addr a;

    assert_int_equal(addr_parse(str_of(text), &a), 0);
    return a;
}

static struct prefix network(const char *text)
{
    struct prefix p;

    assert_int_equal(prefix_parse(str_of(text), &p), 0);
    return p;
}

static int set_up(void **state)
{
    struct enforcer *e = calloc(1, sizeof(*e));

    memset(&kernel, 0, sizeof(kernel));
    kernel.max = 4096;
    now = 1700000000 * USEC_SEC;
    events = 0;
    limits_defaults(&e->limits);
    e->limits.max_entries = 100;
    e->limits.n_allow = 2;
    e->limits.allow[0] = network("10.0.0.0/8");
    e->limits.allow[1] = network("192.0.2.10");
    e->own.address[e->own.n_address++] = address("198.51.100.1");
    e->own.gateway[e->own.n_gateway++] = address("198.51.100.254");
    assert_int_equal(held_new(100, &e->held), 0);
    e->sets = (struct sets){.ops = &fake, .limits = &e->limits};
    e->realtime = e->monotonic = clock_of_test;
    e->event = on_event;
    e->list = fake_list;
    e->tell = on_tell;
    enforcer_start(e);
    enforcer_hook(e, &(struct pair_hook){.type = PAIR_HOOK, .state.hooked = 1, .tick_ms = 500});
    *state = e;
    return 0;
}

static int tear_down(void **state)
{
    struct enforcer *e = *state;

    held_free(&e->held);
    free(e);
    return 0;
}

// One packet as the watcher would send it; entries and the answer have room for all that is allowed, and one more.
static struct {
    struct msg_header header;
    union {
        struct msg_entry entries[MSG_MAX_ENTRIES + 1];
        struct msg_net nets[MSG_MAX_ENTRIES + 1];
    };
} packet;

static struct {
    struct msg_header header;
    union {
        struct msg_verdict verdicts[MSG_MAX_ENTRIES];
        struct msg_state state;
        struct msg_status status;
        char room[MSG_MAX_SIZE];
    };
} answer;

static struct msg_entry entry(const char *net, usec_t left)
{
    struct prefix p = network(net);
    struct msg_entry m = {.count = 5, .until = left == USEC_FOREVER ? left : now + left, .jail = "test"};

    memcpy(m.net.addr, p.addr.b, 16);
    m.net.len = p.len;
    return m;
}

static int send_packet(struct enforcer *e, uint16_t type, uint32_t n, size_t element)
{
    size_t size = 0;

    packet.header = (struct msg_header){.magic = MSG_MAGIC, .version = MSG_VERSION, .type = type, .seq = 42, .n = n};
    memset(&answer, 0xee, sizeof(answer));
    int r = enforcer_message(e, &packet, sizeof(packet.header) + n * element, &answer, &size);
    if (r == 0 && size > 0)
        assert_int_equal(answer.header.seq, 42);
    return r;
}

static enum msg_reason ban(struct enforcer *e, const char *net, usec_t left)
{
    packet.entries[0] = entry(net, left);
    assert_int_equal(send_packet(e, MSG_BAN, 1, sizeof(struct msg_entry)), 0);
    return answer.header.n ? answer.verdicts[0].reason : REASON_DONE;
}

static void test_bans_and_unbans(void **state)
{
    struct enforcer *e = *state;
    struct prefix net = network("203.0.113.7");

    assert_int_equal(ban(e, "203.0.113.7", 600 * USEC_SEC), REASON_DONE);
    assert_int_equal(kernel_find(&net)->left, 600);
    assert_int_equal(ban(e, "2001:db8::7", 600 * USEC_SEC), REASON_DONE);
    assert_int_equal(ban(e, "203.0.113.0/24", 600 * USEC_SEC), REASON_DONE);
    assert_int_equal(e->held.extent[V4], 257);

    memset(&packet, 0, sizeof(packet));
    memcpy(packet.nets[0].addr, net.addr.b, 16);
    packet.nets[0].len = 128;
    packet.nets[1] = packet.nets[0];
    packet.nets[1].addr[15] = 99; // was never banned
    assert_int_equal(send_packet(e, MSG_UNBAN, 2, sizeof(struct msg_net)), 0);
    assert_int_equal(answer.header.n, 1);
    assert_int_equal(answer.verdicts[0].reason, REASON_NOT_THERE);
    assert_null(kernel_find(&net));
    assert_int_equal(kernel.n, 2);
    assert_int_equal(e->held.extent[V4], 256);
}

static void test_every_refusal(void **state)
{
    static const struct {
        const char *net;
        enum msg_reason reason;
    } cases[] = {
        {"127.0.0.1", REASON_UNBANNABLE},   {"::1", REASON_UNBANNABLE},         {"224.0.0.5", REASON_UNBANNABLE},
        {"ff02::1", REASON_UNBANNABLE},     {"0.0.0.0", REASON_UNBANNABLE},     {"64.0.0.0/2", REASON_UNBANNABLE},
        {"203.0.112.0/23", REASON_TOO_WIDE}, {"2001:db8::/47", REASON_TOO_WIDE}, {"8.0.0.0/8", REASON_TOO_WIDE},
        {"10.1.2.3", REASON_ALLOWLIST},     {"10.255.255.0/24", REASON_ALLOWLIST}, {"192.0.2.0/24", REASON_ALLOWLIST},
        {"192.0.2.10", REASON_ALLOWLIST},   {"198.51.100.1", REASON_OWN},       {"198.51.100.0/25", REASON_OWN},
        {"198.51.100.254", REASON_GATEWAY}, {"198.51.100.128/25", REASON_GATEWAY},
        // and their neighbours
        {"11.0.0.0", REASON_DONE},          {"9.255.255.0/24", REASON_DONE},    {"192.0.2.11", REASON_DONE},
        {"198.51.100.2", REASON_DONE},      {"203.0.113.0/24", REASON_DONE},    {"2001:db8::/48", REASON_DONE},
    };
    struct enforcer *e = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum msg_reason r = ban(e, cases[i].net, 600 * USEC_SEC);
        struct prefix p = network(cases[i].net);
        if (r != cases[i].reason)
            print_error("%s: %d instead of %d\n", cases[i].net, r, cases[i].reason);
        assert_int_equal(r, cases[i].reason);
        assert_int_equal(kernel_find(&p) != NULL, r == REASON_DONE);
    }
    assert_int_equal(e->status.refused, 17);
    assert_int_equal(e->status.reasons[REASON_ALLOWLIST], 4);
    assert_int_equal(e->status.reasons[REASON_OWN], 2);
    // spare = none, as root has it written into the limits
    e->limits.spare_own = 0;
    assert_int_equal(ban(e, "198.51.100.1", 600 * USEC_SEC), REASON_DONE);
    assert_int_equal(ban(e, "198.51.100.254", 600 * USEC_SEC), REASON_GATEWAY);
    e->limits.spare_gateway = 0;
    assert_int_equal(ban(e, "198.51.100.254", 600 * USEC_SEC), REASON_DONE);
}

static void test_bounds(void **state)
{
    struct enforcer *e = *state;
    char text[32];

    for (int i = 1; i <= 101; i++) { // one more than the limits allow
        snprintf(text, sizeof(text), "203.0.113.%d", i);
        assert_int_equal(ban(e, text, 600 * USEC_SEC), i <= 100 ? REASON_DONE : REASON_FULL);
    }
    assert_int_equal(ban(e, "203.0.113.1", 700 * USEC_SEC), REASON_DONE); // one that is there may be longer
    assert_int_equal(ban(e, "2001:db8::1", 600 * USEC_SEC), REASON_DONE); // the other family has its own room

    e->limits.max_extent6 = 1 + 65536;
    assert_int_equal(ban(e, "2001:db8:1::/48", 600 * USEC_SEC), REASON_DONE); // 65536 /64 and the one before
    assert_int_equal(ban(e, "2001:db8:2::", 600 * USEC_SEC), REASON_EXTENT);
    (void)enforcer_tick(e);
    now += 601 * USEC_SEC;
    kernel.n = 0; // as the kernel does by itself
    (void)enforcer_tick(e);
    assert_int_equal(e->held.n, 1); // the longer one: put back, for the kernel of this test forgot it too early
    assert_int_equal(e->held.extent[V6], 0);
    assert_int_equal(ban(e, "2001:db8:2::", 600 * USEC_SEC), REASON_DONE);
}

static void test_malformed(void **state)
{
    struct enforcer *e = *state;
    size_t size;

    packet.entries[0] = entry("203.0.113.7", 600 * USEC_SEC);
    // whatever the length says otherwise than the header
    for (size_t n = 0; n < sizeof(struct msg_header) + sizeof(struct msg_entry) + 8; n++) {
        if (n == sizeof(struct msg_header) + sizeof(struct msg_entry))
            continue;
        packet.header = (struct msg_header){.magic = MSG_MAGIC, .version = MSG_VERSION, .type = MSG_BAN, .n = 1};
        assert_int_equal(enforcer_message(e, &packet, n, &answer, &size), -EBADMSG);
        assert_int_equal(size, 0);
    }
    // counts at and past the bound
    for (size_t i = 0; i <= MSG_MAX_ENTRIES; i++)
        packet.entries[i] = entry("203.0.113.7", 600 * USEC_SEC);
    assert_int_equal(send_packet(e, MSG_BAN, MSG_MAX_ENTRIES, sizeof(struct msg_entry)), 0);
    assert_int_equal(send_packet(e, MSG_BAN, MSG_MAX_ENTRIES + 1, sizeof(struct msg_entry)), -EBADMSG);
    assert_int_equal(send_packet(e, MSG_BAN, UINT32_MAX, sizeof(struct msg_entry)), -EBADMSG);
    // every type that no watcher sends
    for (unsigned type = 0; type < 70000; type++)
        if (type < MSG_HELLO || (type & 0xffff) > MSG_GET_STATUS)
            if ((type & 0xffff) < MSG_HELLO || (type & 0xffff) > MSG_GET_STATUS)
                assert_int_equal(send_packet(e, (uint16_t)type, 0, 0), -EBADMSG);
    // what is no part of a sync, and elements where none belong
    assert_int_equal(send_packet(e, MSG_SYNC_ENTRIES, 1, sizeof(struct msg_entry)), -EBADMSG);
    assert_int_equal(send_packet(e, MSG_SYNC_END, 0, 0), -EBADMSG);
    assert_int_equal(send_packet(e, MSG_HELLO, 1, 0), -EBADMSG);
    assert_int_equal(send_packet(e, MSG_QUERY, 0, 0), -EBADMSG);
    packet.header = (struct msg_header){.magic = MSG_MAGIC + 1, .version = MSG_VERSION, .type = MSG_HELLO};
    assert_int_equal(enforcer_message(e, &packet, sizeof(packet.header), &answer, &size), -EBADMSG);
    packet.header = (struct msg_header){.magic = MSG_MAGIC, .version = MSG_VERSION + 1, .type = MSG_HELLO};
    assert_int_equal(enforcer_message(e, &packet, sizeof(packet.header), &answer, &size), -EBADMSG);
    assert_true(e->status.malformed > 80);
    assert_int_equal(e->held.n, 1);
}

static enum msg_reason send_entry(struct enforcer *e, const struct msg_entry *m)
{
    packet.entries[0] = *m;
    assert_int_equal(send_packet(e, MSG_BAN, 1, sizeof(*m)), 0);
    return answer.header.n ? answer.verdicts[0].reason : REASON_DONE;
}

static void test_malformed_entries(void **state)
{
    static const char *const bad_jails[] = {"", "a b", "a\"b", "a\nb", "\xc3\xa4", "a/b", "x;drop", "a\x7f"};
    struct enforcer *e = *state;
    struct msg_entry good = entry("203.0.113.0/24", 600 * USEC_SEC), m;

    m = good, m.net.addr[15] = 1; // bits behind the length
    assert_int_equal(send_entry(e, &m), REASON_MALFORMED);
    m = good, m.net.len = 129;
    assert_int_equal(send_entry(e, &m), REASON_MALFORMED);
    m = good, m.net.len = 255;
    assert_int_equal(send_entry(e, &m), REASON_MALFORMED);
    m = good, m.net.pad[1] = 1;
    assert_int_equal(send_entry(e, &m), REASON_MALFORMED);
    m = good, memset(m.net.addr, 0, 16), m.net.len = 0; // everything
    assert_int_equal(send_entry(e, &m), REASON_MALFORMED);
    m = good, memset(m.net.addr, 0, 16), m.net.len = 1;
    assert_int_not_equal(send_entry(e, &m), REASON_DONE);
    // ::ffff:0:0/96 and what surrounds it: all of IPv4, in IPv6 clothes
    for (uint8_t len = 1; len <= 96; len++) {
        m = good;
        struct addr a = address("0.0.0.0");
        struct prefix p = prefix_of(&a, len);
        memcpy(m.net.addr, p.addr.b, 16);
        m.net.len = len;
        assert_int_not_equal(send_entry(e, &m), REASON_DONE);
    }
    m = good, memset(m.jail, 'a', 32); // no end
    assert_int_equal(send_entry(e, &m), REASON_MALFORMED);
    m = good, m.jail[31] = 'x'; // something behind the end
    assert_int_equal(send_entry(e, &m), REASON_MALFORMED);
    for (size_t i = 0; i < sizeof(bad_jails) / sizeof(bad_jails[0]); i++) {
        m = good, memset(m.jail, 0, 32), strcpy(m.jail, bad_jails[i]);
        assert_int_equal(send_entry(e, &m), REASON_MALFORMED);
    }
    m = good, memset(m.jail, 0, 32), memset(m.jail, 'z', 31); // the longest
    assert_int_equal(send_entry(e, &m), REASON_DONE);
    m = entry("203.0.113.9", 0), m.until = INT64_MIN; // over long ago: nothing to do
    assert_int_equal(send_entry(e, &m), REASON_DONE);
    assert_int_equal(kernel.n, 1);
}

static void test_never_shorter(void **state)
{
    struct enforcer *e = *state;
    struct prefix net = network("203.0.113.7");

    ban(e, "203.0.113.7", 600 * USEC_SEC);
    ban(e, "203.0.113.7", 60 * USEC_SEC);
    assert_int_equal(kernel_find(&net)->left, 600);
    assert_int_equal(kernel.adds, 1);
    ban(e, "203.0.113.7", 6000 * USEC_SEC);
    assert_int_equal(kernel_find(&net)->left, 6000);
    ban(e, "203.0.113.7", USEC_FOREVER);
    assert_int_equal(kernel_find(&net)->left, LIMITS_MAX_TIMEOUT);
    ban(e, "203.0.113.7", 60 * USEC_SEC);
    assert_int_equal(kernel_find(&net)->left, LIMITS_MAX_TIMEOUT);
}

// Past 24.8 days the kernel cannot count: such bans are renewed in time, and end when they should.
static void test_long_bans_are_renewed(void **state)
{
    struct enforcer *e = *state;
    struct prefix net = network("203.0.113.7"), forever = network("203.0.113.8");
    const usec_t day = 86400 * USEC_SEC;
    usec_t end = now + 60 * day;

    ban(e, "203.0.113.7", 60 * day);
    ban(e, "203.0.113.8", USEC_FOREVER);
    for (; now < end + 40 * day; now += day / 4) {
        (void)enforcer_tick(e);
        struct element_state *s = kernel_find(&net), *f = kernel_find(&forever);
        assert_non_null(f);
        assert_true(f->left > 86400);
        if (now < end)
            assert_non_null(s);
        else
            assert_null(s);
        for (size_t i = kernel.n; i-- > 0;) { // the kernel's own clock
            if (kernel.v[i].left <= 86400 / 4)
                kernel.v[i] = kernel.v[--kernel.n];
            else
                kernel.v[i].left -= 86400 / 4;
        }
    }
    assert_int_equal(e->held.n, 1);
}

static void sync_begin(struct enforcer *e)
{
    assert_int_equal(send_packet(e, MSG_SYNC_BEGIN, 0, 0), 0);
}

static void test_sync(void **state)
{
    struct enforcer *e = *state;
    struct prefix gone = network("203.0.113.1"), kept = network("203.0.113.2"), fresh = network("203.0.113.3");
    struct prefix foreign = network("203.0.113.200"), shorter = network("203.0.113.4");

    ban(e, "203.0.113.1", 600 * USEC_SEC);
    ban(e, "203.0.113.2", 600 * USEC_SEC);
    ban(e, "203.0.113.4", 600 * USEC_SEC);
    kernel.v[kernel.n++] = (struct element_state){.net = foreign, .left = 1000}; // put in by hand
    kernel.adds = 0;
    sync_begin(e);
    assert_non_null(kernel_find(&gone)); // bans stay active meanwhile
    packet.entries[0] = entry("203.0.113.2", 600 * USEC_SEC);
    packet.entries[1] = entry("203.0.113.3", 600 * USEC_SEC);
    packet.entries[2] = entry("203.0.113.4", 60 * USEC_SEC); // the list is the truth: shorter is right here
    packet.entries[3] = entry("10.0.0.1", 60 * USEC_SEC);    // not even in a sync
    assert_int_equal(send_packet(e, MSG_SYNC_ENTRIES, 4, sizeof(struct msg_entry)), 0);
    assert_int_equal(answer.header.n, 1);
    assert_int_equal(answer.verdicts[0].reason, REASON_ALLOWLIST);
    assert_int_equal(kernel.told[PAIR_RETIRE], 0);
    assert_int_equal(send_packet(e, MSG_SYNC_END, 0, 0), 0);
    assert_int_equal(kernel.adds, 2); // what is there already needs no kernel call
    assert_null(kernel_find(&gone));
    assert_null(kernel_find(&foreign));
    assert_non_null(kernel_find(&kept));
    assert_non_null(kernel_find(&fresh));
    assert_int_equal(kernel_find(&shorter)->left, 60);
    assert_int_equal(kernel.told[PAIR_RETIRE], 1);
    assert_int_equal(e->held.n, 3);

    sync_begin(e); // the watcher dies in the middle: half a list removes nothing
    enforcer_disconnected(e);
    assert_int_equal(send_packet(e, MSG_SYNC_END, 0, 0), -EBADMSG);
    assert_int_equal(kernel.n, 3);
}

static void test_takes_over_what_is_there(void **state)
{
    struct enforcer *e = *state;

    kernel.v[kernel.n++] = (struct element_state){.net = network("203.0.113.1"), .left = 1000};
    kernel.v[kernel.n++] = (struct element_state){.net = {network("203.0.113.2").addr, 200}, .left = 1000}; // no network
    enforcer_start(e);
    assert_int_equal(e->held.n, 1);
    assert_int_equal(kernel.n, 2);
    assert_int_equal(kernel.dels, 0);
}

static const struct pair_hook elements_lost = {.type = PAIR_HOOK, .state.hooked = 1, .tick_ms = 500, .elements = 1};

static void test_lost_entries_come_back(void **state)
{
    struct enforcer *e = *state;
    struct prefix net = network("203.0.113.7");

    assert_int_equal(enforcer_tick(e), USEC_FOREVER); // idle: no wake-ups
    ban(e, "203.0.113.7", 600 * USEC_SEC);
    ban(e, "203.0.113.8", 5 * USEC_SEC);
    assert_int_equal(enforcer_tick(e), now + 500 * USEC_MSEC);
    now += 10 * USEC_SEC;
    (void)enforcer_tick(e);
    assert_int_equal(kernel.told[PAIR_LOOK], 1);
    assert_int_equal(kernel.expected[V4], 1); // the other one has ended
    (void)enforcer_tick(e);
    now += 499 * USEC_MSEC;
    (void)enforcer_tick(e);
    assert_int_equal(kernel.told[PAIR_LOOK], 1); // twice a second, however often it is woken
    now += USEC_MSEC;
    (void)enforcer_tick(e);
    assert_int_equal(kernel.told[PAIR_LOOK], 2);
    kernel.n = 0; // flushed
    kernel.adds = events = 0;
    enforcer_hook(e, &elements_lost);
    assert_int_equal(kernel.n, 1);
    assert_in_range(kernel_find(&net)->left, 589, 590);
    assert_int_equal(kernel.told[PAIR_RESTORED], 1);
    enforcer_hook(e, &elements_lost); // nothing is missing: not a word, and no request
    assert_int_equal(kernel.adds, 1);
    assert_int_equal(kernel.told[PAIR_RESTORED], 1);
    assert_int_equal(events, 0); // the guard tells, who knows whose doing it was
}

// Hook, sets and entries go together (nft flush ruleset, again and again); a ban asked for meanwhile is not forgotten.
static void test_fights_cost_no_ban(void **state)
{
    struct enforcer *e = *state;
    struct prefix old = network("203.0.113.1"), fresh = network("203.0.113.2");
    struct pair_hook m = {.type = PAIR_HOOK, .tick_ms = 500, .state = {.problem = PROBLEM_FIGHT, .put_off = 3},
                          .event = {.what = WHAT_FIGHT, .pid = 77, .program = "fighter"}};

    assert_int_equal(ban(e, "203.0.113.1", 6000 * USEC_SEC), REASON_DONE);
    kernel.gone = true;
    kernel.n = 0;
    enforcer_hook(e, &m);
    assert_int_equal(e->status.hook.problem, PROBLEM_FIGHT);
    assert_int_equal(e->status.hook.hooked, 0);
    assert_int_equal(e->status.hook.put_off, 3);
    assert_int_equal(last_event.what, WHAT_FIGHT);
    assert_int_equal(ban(e, "203.0.113.2", 6000 * USEC_SEC), REASON_DONE);
    kernel.gone = false;
    m = (struct pair_hook){.type = PAIR_HOOK, .tick_ms = 500, .state = {.hooked = 1, .repairs = 1, .repair_what = WHAT_HOOK_LOST},
                           .elements = 1, .event = {.what = WHAT_REPAIRED, .pid = 77, .missing = 3200 * USEC_MSEC}};
    events = said = 0;
    enforcer_hook(e, &m);
    assert_int_equal(e->status.hook.hooked, 1);
    assert_non_null(kernel_find(&old));
    assert_non_null(kernel_find(&fresh));
    assert_int_equal(kernel.told[PAIR_RESTORED], 1);
    assert_int_equal(events, 1);
    assert_int_equal(said, 0); // for the status alone
    assert_int_equal(last_event.what, WHAT_REPAIRED);
    assert_int_equal(last_event.missing, 3200 * USEC_MSEC);
    assert_int_equal(e->status.hook.repair_what, WHAT_HOOK_LOST);
    assert_int_equal(e->status.hook.repairs, 1);
}

// One that the kernel refuses costs the others nothing.
static void test_refused_one_of_many(void **state)
{
    struct enforcer *e = *state;
    struct element v[100] = {{.error = 0}};

    for (unsigned i = 0; i < 100; i++) {
        v[i].net = network("203.0.113.0");
        v[i].net.addr.b[15] = (uint8_t)i;
        v[i].timeout = 60;
    }
    kernel.max = 37;
    kernel.requests = 0;
    sets_change(&e->sets, true, v, 100);
    unsigned good = 0;
    for (unsigned i = 0; i < 100; i++) {
        good += v[i].error == 0;
        assert_true(v[i].error == 0 || v[i].error == ENOSPC);
    }
    assert_int_equal(good, 37);
    assert_in_range(kernel.requests, 64, 200);
    kernel.max = 4096;
    kernel.requests = 0;
    sets_change(&e->sets, true, v, 100);
    assert_int_equal(kernel.requests, 1);
    sets_change(&(struct sets){.ops = NULL}, true, v, 100); // who observes is told that all is well
    assert_int_equal(v[99].error, 0);
}

// The open connections of whom a ban meets end, once, after the watcher has its answer; with keep_open they stay.
static void test_cut(void **state)
{
    struct enforcer *e = *state;

    ban(e, "203.0.113.7", 600 * USEC_SEC);
    ban(e, "203.0.113.0/24", 600 * USEC_SEC);
    assert_int_equal(kernel.told[PAIR_CUT], 0);
    kernel.deaf = true;
    (void)enforcer_tick(e);
    kernel.deaf = false; // was not taken: is not forgotten
    (void)enforcer_tick(e);
    assert_int_equal(kernel.told[PAIR_CUT], 1);
    assert_int_equal(kernel.cut.n, 2);
    assert_int_equal(kernel.cut.nets[0].addr[15], 7);
    assert_int_equal(kernel.cut.nets[1].len, 120);
    (void)enforcer_tick(e);
    ban(e, "203.0.113.7", 900 * USEC_SEC); // is longer, was banned before
    (void)enforcer_tick(e);
    assert_int_equal(kernel.told[PAIR_CUT], 1);
    e->limits.keep_open = 1;
    ban(e, "203.0.113.8", 600 * USEC_SEC);
    (void)enforcer_tick(e);
    assert_int_equal(kernel.told[PAIR_CUT], 1);
    e->limits.keep_open = 0;
    kernel.deaf = true; // a guard that is stuck: bounded
    e->limits.max_entries = UINT32_MAX;
    e->held.max = 100;
    for (unsigned i = 0; i < 3 * MSG_MAX_ENTRIES; i++) {
        struct msg_entry m = entry("198.51.0.0", 60 * USEC_SEC);
        m.net.addr[14] = (uint8_t)(i >> 8 & 15);
        m.net.addr[15] = (uint8_t)i;
        packet.entries[0] = m;
        assert_int_equal(send_packet(e, MSG_BAN, 1, sizeof(m)), 0);
    }
    assert_in_range(e->cut.n, 50, MSG_MAX_ENTRIES);
}

// What the kernel refuses first and takes then must not be in the sets without being on the list.
static void test_named_twice(void **state)
{
    struct enforcer *e = *state;

    kernel.refuse = 1;
    packet.entries[0] = entry("203.0.113.7", 10 * USEC_SEC);
    packet.entries[1] = entry("203.0.113.7", 600 * USEC_SEC);
    assert_int_equal(send_packet(e, MSG_BAN, 2, sizeof(struct msg_entry)), 0);
    assert_int_equal(answer.header.n, 1);
    assert_int_equal(kernel.n, e->held.n);
    assert_int_equal(send_packet(e, MSG_BAN, 2, sizeof(struct msg_entry)), 0);
    assert_int_equal(answer.header.n, 0);
    assert_int_equal(kernel.n, 1);
    assert_int_equal(e->held.n, 1);
    enforcer_tick(e);
    now += USEC_SEC;
    enforcer_tick(e); // the longer of the two is what counts
    assert_int_equal(kernel.v[0].left, 599);
}

// An entry whose new time the kernel refuses keeps the old one, and stays on the list as long: in the kernel without being
// on the list it would bind an address of which nobody knows.
static void test_refused_time(void **state)
{
    struct enforcer *e = *state;
    const usec_t day = 86400 * USEC_SEC;

    ban(e, "203.0.113.7", USEC_FOREVER);
    sync_begin(e);
    packet.entries[0] = entry("203.0.113.7", 60 * USEC_SEC);
    kernel.refuse = 1;
    assert_int_equal(send_packet(e, MSG_SYNC_ENTRIES, 1, sizeof(struct msg_entry)), 0);
    assert_int_equal(answer.header.n, 1);
    assert_int_equal(answer.verdicts[0].error, ENOMEM);
    assert_int_equal(send_packet(e, MSG_SYNC_END, 0, 0), 0);
    now += 3600 * USEC_SEC;
    (void)enforcer_tick(e);
    now += 3600 * USEC_SEC;
    (void)enforcer_tick(e);
    assert_int_equal(kernel.v[0].left, LIMITS_MAX_TIMEOUT);
    assert_int_equal(e->held.n, 1); // so the next sync can set it right
    sync_begin(e);
    packet.entries[0] = entry("203.0.113.7", USEC_FOREVER);
    assert_int_equal(send_packet(e, MSG_SYNC_ENTRIES, 1, sizeof(struct msg_entry)), 0);
    assert_int_equal(send_packet(e, MSG_SYNC_END, 0, 0), 0);

    now += 20 * day; // a renewal that is refused comes again
    kernel.v[0].left = 3 * 86400;
    kernel.refuse = 1;
    (void)enforcer_tick(e);
    assert_int_equal(kernel.refuse, 0);
    assert_int_equal(kernel.v[0].left, 3 * 86400);
    (void)enforcer_tick(e);
    now += 60 * USEC_SEC;
    (void)enforcer_tick(e);
    assert_int_equal(kernel.v[0].left, LIMITS_MAX_TIMEOUT);
}

// A sync while the kernel does not say what it has forgets nobody: who is not in the list would stay in the set.
static void test_sync_without_listing(void **state)
{
    struct enforcer *e = *state;

    ban(e, "203.0.113.7", USEC_FOREVER);
    ban(e, "203.0.113.8", USEC_FOREVER);
    kernel.list_error = -EINTR;
    assert_int_equal(send_packet(e, MSG_SYNC_BEGIN, 0, 0), 0);
    kernel.n = 1; // .8 is gone, and nobody knows
    assert_int_equal(e->held.n, 2);
    packet.entries[0] = entry("203.0.113.9", USEC_FOREVER);
    assert_int_equal(send_packet(e, MSG_SYNC_ENTRIES, 1, sizeof(struct msg_entry)), 0);
    assert_int_equal(send_packet(e, MSG_SYNC_END, 0, 0), 0);
    assert_int_equal(e->held.n, 1);
    assert_int_equal(kernel.n, 1);
}

static void test_kernel_set_full(void **state)
{
    struct enforcer *e = *state;

    kernel.max = 2;
    for (int i = 0; i < 4; i++)
        packet.entries[i] = entry((const char *[]){"203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"}[i], USEC_FOREVER);
    assert_int_equal(send_packet(e, MSG_BAN, 4, sizeof(struct msg_entry)), 0);
    assert_int_equal(answer.header.n, 2);
    assert_int_equal(answer.verdicts[0].reason, REASON_KERNEL);
    assert_int_equal(answer.verdicts[0].error, ENOSPC);
    assert_int_equal(e->status.failed, 2);
    assert_int_equal(e->held.n, 2);
    assert_int_equal(last_event.what, WHAT_FULL);
    assert_int_equal(events, 1);
}

static void test_query_and_status(void **state)
{
    struct enforcer *e = *state;
    struct prefix net = network("203.0.113.7");

    ban(e, "203.0.113.7", 600 * USEC_SEC);
    memset(&packet, 0, sizeof(packet));
    memcpy(packet.nets[0].addr, net.addr.b, 16);
    packet.nets[0].len = 128;
    assert_int_equal(send_packet(e, MSG_QUERY, 1, sizeof(struct msg_net)), 0);
    assert_int_equal(answer.header.type, MSG_STATE);
    assert_int_equal(answer.state.present, 1);
    assert_int_equal(answer.state.left, 600 * USEC_SEC);
    assert_int_equal(answer.state.packets, 7);
    packet.nets[0].addr[15] = 8;
    assert_int_equal(send_packet(e, MSG_QUERY, 1, sizeof(struct msg_net)), 0);
    assert_int_equal(answer.state.present, 0);
    packet.nets[0].len = 200;
    assert_int_equal(send_packet(e, MSG_QUERY, 1, sizeof(struct msg_net)), 0);
    assert_int_equal(answer.state.error, EINVAL);
    assert_int_equal(send_packet(e, MSG_HELLO, 0, 0), 0);
    assert_int_equal(answer.header.type, MSG_STATUS);
    assert_int_equal(answer.status.entries, 1);
    assert_int_equal(answer.status.bans, 1);
}

static void test_sweep(void **state)
{
    struct enforcer *e = *state;

    ban(e, "203.0.113.7", 600 * USEC_SEC);
    ban(e, "203.0.113.8", 600 * USEC_SEC);
    e->own.address[e->own.n_address++] = address("203.0.113.8"); // the machine has a new address
    enforcer_sweep(e);
    assert_int_equal(kernel.n, 1);
    e->limits.allow[e->limits.n_allow++] = network("203.0.113.0/24");
    enforcer_sweep(e);
    assert_int_equal(kernel.n, 0);
    assert_int_equal(e->held.n, 0);
}

// Against a plain array, with a table small enough to collide.
static void test_held_like_an_array(void **state)
{
    struct held h;
    bool in[300] = {false};
    uint32_t n = 0, seed = 1;

    (void)state;
    assert_int_equal(held_new(200, &h), 0);
    for (int step = 0; step < 200000; step++) {
        seed = seed * 1664525 + 1013904223;
        uint32_t i = (seed >> 8) % 300;
        struct prefix p = network("203.0.113.0");
        p.addr.b[14] = (uint8_t)(i >> 8);
        p.addr.b[15] = (uint8_t)i;
        struct held_entry *e = held_find(&h, &p);
        assert_int_equal(e != NULL, in[i]);
        if (seed & 0x80000000) {
            e = held_add(&h, &p);
            assert_int_equal(e == NULL, !in[i] && n == 200);
            n += e && !in[i];
            in[i] = in[i] || e;
        } else if (e) {
            held_remove(&h, e);
            in[i] = false;
            n--;
        }
        assert_int_equal(h.n, n);
        assert_int_equal(h.extent[V4], n);
    }
    while (h.n > 0)
        held_remove(&h, &h.v[h.n - 1]);
    assert_int_equal(h.extent[V4], 0);
    held_free(&h);
}

// A launcher that was killed may leave a watcher behind that writes them, while the next one's does.
static void test_limits_written_by_two(void **state)
{
    static struct limits l, back;
    char path[] = "/tmp/test_limits.XXXXXX";
    int status, fd = mkstemp(path);
    pid_t other;

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    limits_defaults(&l);
    assert_true((other = fork()) >= 0);
    int failed = 0;
    for (int i = 0; i < 200; i++)
        failed += limits_write(path, &l) != 0;
    if (other == 0)
        _exit(failed > 0);
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
    assert_int_equal(failed, 0);
    assert_int_equal(limits_read(path, &back), 0);
    unlink(path);
}

static void test_limits_file(void **state)
{
    static struct limits l, back;
    char path[] = "/tmp/test_limits.XXXXXX";
    char buffer[8192];

    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    limits_defaults(&l);
    l.watcher_uid = 1234;
    l.n_allow = 4;
    l.allow[0] = network("192.0.2.0/24");
    l.allow[1] = network("10.0.0.0/8");
    l.allow[2] = network("192.0.2.1"); // in another one
    l.allow[3] = network("2001:db8::/32");
    assert_int_equal(limits_check(&l), 0); // in any order; the file is sorted
    assert_int_equal(limits_write(path, &l), 0);
    assert_int_equal(limits_read(path, &back), 0);
    assert_int_equal(back.watcher_uid, 1234);
    assert_int_equal(back.n_allow, 3);
    assert_string_equal(back.set4, "pptpban4");

    FILE *f = fopen(path, "r+");
    size_t size = fread(buffer, 1, sizeof(buffer), f);
    fclose(f);
    static struct limits_file unsorted;
    memcpy(&unsorted, buffer, size); // a checksum that fits is not yet a list that can be searched
    unsorted.limits.allow[0] = back.allow[1];
    unsorted.limits.allow[1] = back.allow[0];
    unsorted.checksum = limits_checksum(&unsorted.limits, size - offsetof(struct limits_file, limits));
    f = fopen(path, "w");
    fwrite(&unsorted, 1, size, f);
    fclose(f);
    assert_int_equal(limits_read(path, &back), -EINVAL);
    for (size_t i = 0; i < size; i++) { // each byte altered, each length cut
        f = fopen(path, "w");
        buffer[i] ^= 0x10;
        fwrite(buffer, 1, size, f);
        fclose(f);
        assert_int_equal(limits_read(path, &back), -EBADMSG);
        buffer[i] ^= 0x10;
        f = fopen(path, "w");
        fwrite(buffer, 1, i, f);
        fclose(f);
        assert_int_equal(limits_read(path, &back), -EBADMSG);
    }
    assert_int_equal(back.n_allow, 3); // unchanged
    unlink(path);
    assert_int_equal(limits_read(path, &back), -ENOENT);

    for (int i = 0; i < 14; i++) {
        limits_defaults(&l);
        l.spare_own = i == 12 ? 2 : 1;
        l.spare_gateway = i == 13 ? 2 : 1;
        l.ban_new = i == 11 ? 2 : 1;
        l.keep_open = i == 7 ? 2 : 1;
        l.silent_ms = i == 8 ? LIMITS_MAX_SILENT + 1 : LIMITS_MAX_SILENT;
        l.control_port = i == 9 ? 0 : 1;
        l.first_packet = i == 10 ? 0 : 1;
        l.widest4 = i == 0 ? 0 : i == 1 ? 33 : 24;
        l.max_timeout = i == 2 ? LIMITS_MAX_TIMEOUT + 1 : 3600;
        l.max_entries = i == 3 ? LIMITS_MAX_ENTRIES + 1 : 10;
        if (i == 4)
            strcpy(l.set4, "a b");
        if (i == 5)
            strcpy(l.set4, l.set6);
        l.backend = i == 6 ? LIMITS_BACKENDS : 0;
        assert_int_equal(limits_write(path, &l), -EINVAL);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_bans_and_unbans), T(test_every_refusal), T(test_bounds), T(test_malformed), T(test_malformed_entries),
        T(test_never_shorter), T(test_long_bans_are_renewed), T(test_sync), T(test_takes_over_what_is_there),
        T(test_lost_entries_come_back), T(test_fights_cost_no_ban), T(test_refused_one_of_many), T(test_cut),
        T(test_named_twice), T(test_refused_time), T(test_sync_without_listing), T(test_kernel_set_full), T(test_query_and_status), T(test_sweep), cmocka_unit_test(test_held_like_an_array),
        cmocka_unit_test(test_limits_file),
        cmocka_unit_test(test_limits_written_by_two),
    };

    return cmocka_run_group_tests_name("enforce", tests, NULL, NULL);
}

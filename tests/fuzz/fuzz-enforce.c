// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: any packets of a watcher that was taken over, between whatever kernel, clock and administrator do. What
// reaches the kernel is never on the allowlist, ours, the gateway's, too wide, or somebody nobody may ban; entries, their
// share of the address space and their times stay within the limits; the list knows every entry that was put in. The
// rules are said here once more, in the plainest way, instead of asking the enforcer's own.
#include <errno.h>

#include "enforce/core.h"
#include "fuzz.h"

enum { KERNEL_MAX = 4096 };

static struct {
    struct {
        struct prefix net;
        uint32_t until; // seconds
    } v[KERNEL_MAX];
    size_t n;
    uint8_t trouble; // how adding fails now
} kernel;

static usec_t now;
static struct enforcer e;
static uint8_t packet[MSG_MAX_SIZE + 64] __attribute__((aligned(16)));

static usec_t clock_of_test(void)
{
    return now;
}

static void on_event(void *userdata, const struct msg_event *ev)
{
    (void)userdata;
    HOLDS(ev->what > 0 && ev->what < WHAT_MAX && memchr(ev->program, '\0', sizeof(ev->program)), "event %u", ev->what);
}

static struct prefix network(const char *text)
{
    struct prefix p;

    HOLDS(prefix_parse(str_of(text), &p) == 0, "%s", text);
    return p;
}

// --- what must hold ------------------------------------------------------------------------------------------

static bool touches(const struct prefix *p, const char *text)
{
    struct prefix q = network(text);

    return prefix_overlaps(p, &q);
}

static void check_permitted(const struct prefix *p)
{
    static const char *const nobody[] = {"0.0.0.0", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255", "::", "::1", "ff00::/8"};
    char text[PREFIX_STRLEN];
    struct prefix clean = prefix_of(&p->addr, p->len);
    bool v4 = addr_is_v4(&p->addr) && p->len >= 96;

    prefix_format(p, text);
    HOLDS(p->len >= 1 && p->len <= 128 && prefix_eq(p, &clean), "%s: bits behind the length", text);
    HOLDS(prefix_family_len(p) >= (v4 ? e.limits.widest4 : e.limits.widest6), "%s is too wide", text);
    for (uint32_t i = 0; i < e.limits.n_allow; i++)
        HOLDS(!prefix_overlaps(&e.limits.allow[i], p), "%s touches the allowlist", text);
    for (uint32_t i = 0; i < e.own.n_address; i++)
        HOLDS(!prefix_contains(p, &e.own.address[i]), "%s is ours", text);
    for (uint32_t i = 0; i < e.own.n_gateway; i++)
        HOLDS(!prefix_contains(p, &e.own.gateway[i]), "%s is the gateway's", text);
    for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++)
        HOLDS(!touches(p, nobody[i]), "%s touches %s", text, nobody[i]);
}

static uint64_t extent_of(const struct prefix *p)
{
    unsigned len = prefix_family_len(p);

    return addr_is_v4(&p->addr) && p->len >= 96 ? UINT64_C(1) << (32 - len) : len >= 64 ? 1 : UINT64_C(1) << (64 - len);
}

static void drop_expired(void)
{
    for (size_t i = kernel.n; i-- > 0;)
        if (kernel.v[i].until <= now / USEC_SEC)
            kernel.v[i] = kernel.v[--kernel.n];
}

static void check_all(void)
{
    uint64_t extent[2] = {0}, held_extent[2] = {0};
    uint32_t n[2] = {0}, held_n[2] = {0};

    drop_expired();
    for (size_t i = 0; i < kernel.n; i++) {
        bool v6 = family_of(&kernel.v[i].net) == V6;
        n[v6]++;
        extent[v6] += extent_of(&kernel.v[i].net);
        HOLDS(held_find(&e.held, &kernel.v[i].net), "an entry that the list does not know");
    }
    for (uint32_t i = 0; i < e.held.n; i++) {
        bool v6 = family_of(&e.held.v[i].net) == V6;
        held_n[v6]++;
        held_extent[v6] += extent_of(&e.held.v[i].net);
        HOLDS(held_find(&e.held, &e.held.v[i].net) == &e.held.v[i], "entry %u is not found", i);
    }
    for (int f = 0; f < 2; f++) {
        HOLDS(n[f] <= e.limits.max_entries, "%u entries of family %d", n[f], f);
        HOLDS(extent[f] <= (f ? e.limits.max_extent6 : e.limits.max_extent4), "%llu of family %d", (unsigned long long)extent[f], f);
        HOLDS(held_n[f] == e.held.entries[f] && held_extent[f] == e.held.extent[f], "family %d is counted wrongly", f);
    }
    HOLDS(e.n_batch == 0, "%u entries were left in the batch", e.n_batch);
}

// --- the kernel ----------------------------------------------------------------------------------------------

static size_t find(const struct prefix *p)
{
    size_t i = 0;

    while (i < kernel.n && !prefix_eq(&kernel.v[i].net, p))
        i++;
    return i;
}

// All or nothing.
static int fake_change(struct sets *s, bool adding, const struct element *v, size_t n)
{
    HOLDS(n > 0 && n <= s->ops->most, "%zu elements", n);
    drop_expired();
    for (size_t i = 0; i < n; i++) {
        size_t k = find(&v[i].net);
        if (!adding) {
            if (k == kernel.n && kernel.trouble == 1)
                return -ENOENT;
            continue;
        }
        check_permitted(&v[i].net);
        HOLDS(v[i].timeout >= 1 && v[i].timeout <= e.limits.max_timeout, "for %u s", v[i].timeout);
        HOLDS(v[i].jail[0] && strlen(v[i].jail) < 32 && !strpbrk(v[i].jail, "\" \n\\"), "jail '%s'", v[i].jail);
        if (kernel.trouble == 2 || kernel.trouble == 3 || k == KERNEL_MAX)
            return kernel.trouble == 2 ? -EEXIST : -ENOSPC;
        if (kernel.trouble == 4) { // the set is gone, with all that was in it
            kernel.n = 0;
            return -ENOENT;
        }
        if (kernel.trouble == 5 && v[i].net.addr.b[15] % 2 == 0)
            return -EIO;
        if (kernel.trouble == 7)
            return -ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        size_t k = find(&v[i].net);
        if (!adding && k < kernel.n) {
            kernel.v[k] = kernel.v[--kernel.n];
        } else if (adding) {
            HOLDS(k < KERNEL_MAX, "full");
            kernel.v[k].net = v[i].net;
            kernel.v[k].until = (uint32_t)(now / USEC_SEC) + v[i].timeout;
            kernel.n += k == kernel.n;
        }
    }
    return 0;
}

static int fake_list(void *userdata, const struct prefix *only, list_fn fn, void *fn_userdata)
{
    (void)userdata;
    drop_expired();
    if (kernel.trouble == 6)
        return -EINTR;
    for (size_t i = 0; i < kernel.n; i++)
        if (!only || prefix_eq(only, &kernel.v[i].net))
            fn(fn_userdata, &(struct element_state){.net = kernel.v[i].net, .left = kernel.v[i].until - (uint32_t)(now / USEC_SEC)});
    return 0;
}

// --- the guard -----------------------------------------------------------------------------------------------

static int fake_tell(void *userdata, const void *message, size_t size)
{
    static union pair_message copy; // a message need not stand where the union could
    const union pair_message *m = &copy;

    (void)userdata;
    HOLDS(size <= sizeof(copy), "%zu bytes", size);
    memcpy(&copy, message, size);
    HOLDS(m->type == PAIR_LOOK || m->type == PAIR_RESTORED || m->type == PAIR_RETIRE || m->type == PAIR_CUT, "type %u", m->type);
    HOLDS(size == (m->type == PAIR_CUT ? PAIR_CUT_SIZE(m->cut.n) : sizeof(m->look)), "%zu bytes", size);
    HOLDS(m->type != PAIR_CUT || (m->cut.n > 0 && m->cut.n <= MSG_MAX_ENTRIES), "cuts %u", m->cut.n);
    HOLDS(m->type != PAIR_LOOK || (m->look.expected[V4] <= e.limits.max_entries && m->look.expected[V6] <= e.limits.max_entries), "too many");
    return kernel.trouble == 7 ? -1 : 0;
}

// --- the watcher ---------------------------------------------------------------------------------------------

static void send_packet(size_t size)
{
    static uint8_t reply[MSG_MAX_SIZE] __attribute__((aligned(16)));
    struct msg_header *h = (struct msg_header *)reply;
    size_t answer = 0;
    int r = enforcer_message(&e, packet, size, reply, &answer);

    HOLDS(r == 0 || r == -EBADMSG, "answered with %d", r);
    HOLDS(r == 0 || answer == 0, "%zu bytes for a bad packet", answer);
    if (answer == 0)
        return;
    size_t each = h->type == MSG_RESULT ? sizeof(struct msg_verdict) : h->type == MSG_STATE ? sizeof(struct msg_state) : sizeof(struct msg_status);
    HOLDS(answer == sizeof(*h) + h->n * each && answer <= MSG_MAX_SIZE, "%zu bytes with %u elements", answer, h->n);
    HOLDS(h->seq == ((struct msg_header *)packet)->seq, "the answer to another question");
    for (uint32_t i = 0; h->type == MSG_RESULT && i < h->n; i++)
        HOLDS(((struct msg_verdict *)(h + 1))[i].reason > REASON_DONE && ((struct msg_verdict *)(h + 1))[i].reason < REASON_MAX, "no reason");
}

// Near everything that is forbidden, and some that are not.
static struct msg_net take_net(struct fuzz_in *in)
{
    static const char *const near[] = {"192.0.2.10", "10.0.0.0/24", "9.255.255.0/24", "198.51.100.1", "198.51.100.254", "127.0.0.1",
        "128.0.0.0/24", "223.255.255.0/24", "224.0.0.1", "0.0.0.0", "203.0.113.0/24", "203.0.113.7", "203.0.113.8", "8.0.0.0/7",
        "2001:db8::/48", "2001:db8::1", "2001:db8:1::/32", "::1", "::", "fe80::1", "ff02::1", "0.0.0.0/0", "255.255.255.255"};
    uint8_t which = (uint8_t)fuzz_take(in, 1), change = (uint8_t)fuzz_take(in, 1);
    struct prefix p = network(near[which % (sizeof(near) / sizeof(near[0]))]);
    struct msg_net m = {.len = p.len};

    if (change & 0x40)
        p.addr.b[15 - change % 4] = (uint8_t)fuzz_take(in, 1);
    if (change & 0x80)
        m.len = (uint8_t)fuzz_take(in, 1);
    if (!(change & 0x10) && m.len <= 128) // mostly clean
        p = prefix_of(&p.addr, m.len);
    m.pad[1] = change & 0x20 && change & 1;
    memcpy(m.addr, p.addr.b, 16);
    return m;
}

static void send_made(struct fuzz_in *in, uint16_t type)
{
    struct msg_header *h = (struct msg_header *)packet;
    struct msg_entry *entry = (struct msg_entry *)(h + 1);
    struct msg_net *net = (struct msg_net *)(h + 1);
    bool entries = type == MSG_BAN || type == MSG_SYNC_ENTRIES, nets = type == MSG_UNBAN || type == MSG_QUERY;
    uint32_t n = type == MSG_QUERY ? 1 : entries || nets ? (uint32_t)fuzz_take(in, 1) % 40 : 0;

    *h = (struct msg_header){.magic = MSG_MAGIC, .version = MSG_VERSION, .type = type, .seq = 7, .n = n};
    for (uint32_t i = 0; i < n; i++)
        if (entries) {
            uint8_t left = (uint8_t)fuzz_take(in, 1);
            entry[i] = (struct msg_entry){.net = take_net(in), .count = left, .until = left == 255 ? INT64_MAX : left == 254 ? INT64_MIN
                                          : now + (left & 0x80 ? 86400 : 1) * USEC_SEC * (left & 0x7f), .jail = "pptpd"};
            if (left == 253)
                entry[i].jail[fuzz_take(in, 1) % 32] = (char)fuzz_take(in, 1);
        } else {
            net[i] = take_net(in);
        }
    send_packet(sizeof(*h) + n * (entries ? sizeof(*entry) : nets ? sizeof(*net) : 0));
}

static void send_raw(struct fuzz_in *in)
{
    struct str s = fuzz_take_text(in, fuzz_take(in, 2) % sizeof(packet));
    uint32_t magic = MSG_MAGIC;

    memset(packet, 0, sizeof(packet));
    if (s.n)
        memcpy(packet, s.p, s.n);
    memcpy(packet, &magic, sizeof(magic));
    send_packet(s.n);
}

static void one_step(struct fuzz_in *in)
{
    static const usec_t steps[] = {1, USEC_SEC / 2, 5 * USEC_SEC, 60 * USEC_SEC, 3600 * USEC_SEC, 3000000 * USEC_SEC};
    uint8_t what = (uint8_t)fuzz_take(in, 1), more = what >> 4;
    struct pair_hook news = {.type = PAIR_HOOK, .state.hooked = more & 1, .elements = more >> 1 & 1, .tick_ms = more & 8 ? 500 : 60000,
                             .event = {.what = more & 1 ? WHAT_HOOK_LOST : 0, .pid = 7, .program = "nft"}};

    switch (what % 16) {
    case 0:
        send_raw(in);
        break;
    case 1: case 2: case 3: case 4: case 5: case 6: case 7: case 8:
        send_made(in, (uint16_t)(what % 16));
        break;
    case 9:
    case 10:
        now += steps[more % (sizeof(steps) / sizeof(steps[0]))];
        enforcer_tick(&e);
        break;
    case 11:
        kernel.trouble = more & 7;
        break;
    case 12: // somebody else takes entries out, and is announced or not
        kernel.n = more & 4 ? 0 : kernel.n / 2;
        enforcer_hook(&e, &news);
        break;
    case 13:
        enforcer_disconnected(&e);
        break;
    case 14: // the administrator allows another one
        if (e.limits.n_allow < 3)
            e.limits.allow[e.limits.n_allow++] = network("203.0.113.7");
        else
            e.own.address[1] = network("203.0.113.8").addr, e.own.n_address = 2;
        kernel.trouble = 0;
        enforcer_sweep(&e);
        for (size_t i = 0; i < kernel.n; i++)
            check_permitted(&kernel.v[i].net);
        break;
    case 15:
        news.foreign[more & 1] = more >> 2 & 1;
        enforcer_hook(&e, &news);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sets_ops fake = {.change = fake_change};
    struct fuzz_in in = {data, size};
    uint8_t form = (uint8_t)fuzz_take(&in, 1);

    memset(&e, 0, sizeof(e));
    memset(&kernel, 0, sizeof(kernel));
    now = INT64_C(1795000000) * USEC_SEC;
    fake.announced = form & 1;
    fake.most = form & 16 ? 3 : 1024;
    limits_defaults(&e.limits);
    e.limits.max_entries = form & 2 ? 4 : 16;
    e.limits.max_extent4 = form & 4 ? 300 : 4096;
    e.limits.max_extent6 = form & 4 ? 1 : 1 << 17;
    e.limits.max_timeout = form & 8 ? 60 : LIMITS_MAX_TIMEOUT;
    e.limits.allow[e.limits.n_allow++] = network("10.0.0.0/8");
    e.limits.allow[e.limits.n_allow++] = network("192.0.2.10");
    e.own.address[e.own.n_address++] = network("198.51.100.1").addr;
    e.own.gateway[e.own.n_gateway++] = network("198.51.100.254").addr;
    HOLDS(held_new(e.limits.max_entries, &e.held) == 0, "no memory");
    e.sets = (struct sets){.ops = form & 32 ? NULL : &fake, .limits = &e.limits};
    e.period = USEC_SEC / 2;
    e.realtime = e.monotonic = clock_of_test;
    e.event = on_event;
    e.list = fake_list;
    e.tell = fake_tell;
    enforcer_start(&e);
    while (in.n > 0) {
        one_step(&in);
        check_all();
    }
    held_free(&e.held);
    return 0;
}

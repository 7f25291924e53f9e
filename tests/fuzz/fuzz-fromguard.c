// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: what the enforcer hears from its guard, on both pairs, true or not, while a watcher bans. What is no message
// of the protocol ends the enforcer; whatever the guard says, no ban is put in that limits and own addresses forbid, and
// what guard and watcher hear is within bounds.
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "enforce/pair.h"

static int give_time(clockid_t id, struct timespec *ret);
static int list_fd;

#define main enforcer_main
#define clock_gettime give_time
#define PAIR_LIST_FD list_fd
#include "enforce/enforcer.c"
#undef main
#undef clock_gettime

#include "fuzz.h"

static struct program p;
static int guard, lister, watcher, trouble;
static uint32_t asked;
static usec_t now;

static int give_time(clockid_t id, struct timespec *ret)
{
    (void)id;
    *ret = (struct timespec){.tv_sec = now / USEC_SEC, .tv_nsec = now % USEC_SEC * 1000};
    return 0;
}

// --- the kernel ----------------------------------------------------------------------------------------------

static int fake_change(struct sets *s, bool adding, const struct element *v, size_t n)
{
    char text[PREFIX_STRLEN];

    HOLDS(n > 0 && n <= s->ops->most && s->limits == &p.e.limits, "%zu elements", n);
    for (size_t i = 0; adding && i < n; i++) {
        HOLDS(v[i].net.len <= 128, "a network of length %u", v[i].net.len);
        HOLDS(!judge_forbidden(&p.e.limits, &p.e.own, &v[i].net) || held_find(&p.e.held, &v[i].net), "%s", prefix_format(&v[i].net, text));
        HOLDS(v[i].timeout <= p.e.limits.max_timeout || v[i].timeout == 1, "for %u s", v[i].timeout);
    }
    return trouble;
}

const struct sets_ops sets_ipset = {.most = 1024, .change = fake_change};
const struct sets_ops sets_nftables = {.announced = true, .most = 3, .change = fake_change};

int nfnl_open(struct nfnl *n) { (void)n; return -ENOTSUP; }
int sandbox_apply(const struct sandbox_options *o, struct sandbox_report *r) { (void)o, (void)r; return -ENOTSUP; }

// --- who hears the enforcer ----------------------------------------------------------------------------------

static void hear_all(void)
{
    static union pair_message m;
    static union {
        struct msg_header h;
        char room[MSG_MAX_SIZE + 1];
    } answer;
    struct pair_list ask;
    ssize_t n;

    while ((n = recv(guard, &m, sizeof(m), MSG_DONTWAIT)) > 0) {
        if (m.type == PAIR_CUT)
            HOLDS(m.cut.n > 0 && m.cut.n <= MSG_MAX_ENTRIES && (size_t)n == PAIR_CUT_SIZE(m.cut.n), "cuts %u", m.cut.n);
        else
            HOLDS(n == sizeof(m.look) && m.type >= PAIR_PING && m.type < PAIR_CUT, "type %u of %zd bytes", m.type, n);
    }
    for (; (n = recv(lister, &ask, sizeof(ask), MSG_DONTWAIT)) > 0; asked = ask.seq)
        HOLDS(n == sizeof(ask) && ask.seq == asked + 1 && ask.one <= 1 && ask.net.len <= 128, "asked with %zd bytes", n);
    HOLDS(asked == p.list_seq, "question %u was not asked", p.list_seq);
    while (watcher >= 0 && (n = recv(watcher, &answer, sizeof(answer), MSG_DONTWAIT)) > 0) {
        static const size_t sizes[] = {[MSG_RESULT] = sizeof(struct msg_verdict), [MSG_STATE] = sizeof(struct msg_state),
                                       [MSG_STATUS] = sizeof(struct msg_status), [MSG_EVENT] = sizeof(struct msg_event), [MSG_REPLACED] = 0};
        HOLDS(n >= (ssize_t)sizeof(answer.h) && answer.h.magic == MSG_MAGIC && answer.h.type >= MSG_RESULT && answer.h.type <= MSG_REPLACED &&
                  (size_t)n == sizeof(answer.h) + answer.h.n * sizes[answer.h.type], "type %u of %zd bytes", answer.h.type, n);
    }
    // an answer that nobody waits for any more
    while (recv(list_fd, &m, sizeof(m), MSG_DONTWAIT) > 0)
        ;
}

// --- the guard -----------------------------------------------------------------------------------------------

static void say(const void *message, size_t size, bool good)
{
    HOLDS(send(guard, message, size, 0) == (ssize_t)size, "not sent");
    serve_guard(&p);
    HOLDS(good || p.guard_gone, "goes on after %zu bytes of type %u", size, *(const uint32_t *)message);
    hear_all();
}

static struct prefix take_net(struct fuzz_in *in)
{
    struct prefix net = {.addr = {{[10] = 0xff, [11] = 0xff, 203, 0, 113, (uint8_t)fuzz_take(in, 1)}}, .len = 128};
    uint8_t how = (uint8_t)fuzz_take(in, 1);

    if (how & 1)
        net.len = (uint8_t)fuzz_take(in, 1);
    if (how & 2)
        net.addr.b[fuzz_take(in, 1) % 16] = (uint8_t)fuzz_take(in, 1);
    return how & 4 && net.len <= 128 ? prefix_of(&net.addr, net.len) : net;
}

static void say_limits(struct fuzz_in *in)
{
    static struct pair_limits m;
    uint8_t what = (uint8_t)fuzz_take(in, 1);

    m = (struct pair_limits){.type = PAIR_LIMITS, .other_sets = what == 255};
    limits_defaults(&m.limits);
    m.limits.max_entries = 16;
    m.limits.max_extent4 = what & 1 ? 300 : 1 << 24;
    m.limits.max_timeout = what & 2 ? (uint32_t)fuzz_take(in, 4) : m.limits.max_timeout;
    m.limits.n_allow = what & 4 ? (uint32_t)fuzz_take(in, 4) : what & 8 ? 1 : 0;
    m.limits.allow[0] = take_net(in);
    m.limits.keep_open = what >> 4 & 1;
    say(&m, sizeof(m), true);
    stop_asked = 0;
}

static void say_own(struct fuzz_in *in)
{
    static struct pair_own m;
    uint8_t what = (uint8_t)fuzz_take(in, 1);

    m = (struct pair_own){.type = PAIR_OWN, .own = {.n_address = what & 1, .n_gateway = what & 2 ? (uint32_t)fuzz_take(in, 4) : 0}};
    m.own.address[0] = take_net(in).addr;
    say(&m, sizeof(m), m.own.n_gateway <= OWN_MAX);
}

static void say_hook(struct fuzz_in *in, enum pair_type type)
{
    struct pair_hook m = {.type = type, .backend = (uint32_t)fuzz_take(in, 1)};
    uint8_t what = (uint8_t)fuzz_take(in, 1);

    if (m.backend < 250)
        m.backend = 1 + m.backend % 3;
    m.tick_ms = what & 1 ? 500 : (uint32_t)fuzz_take(in, 4);
    m.elements = what >> 1 & 1;
    m.foreign[V4] = what >> 2 & 1;
    m.state.hooked = what >> 3 & 1;
    m.event.what = what & 16 ? (uint32_t)fuzz_take(in, 1) : 0;
    memset(m.event.program, what & 32 ? 'x' : 0, sizeof(m.event.program));
    say(&m, sizeof(m), true);
}

static void say_raw(struct fuzz_in *in)
{
    static union pair_message m;
    static const size_t sizes[] = {sizeof(m.look), sizeof(m.hook), sizeof(m.limits), sizeof(m.own), sizeof(m), 1, 4, sizeof(m.hook) - 1};
    size_t size = sizes[fuzz_take(in, 1) % 8];
    struct str s = fuzz_take_text(in, fuzz_take(in, 1));

    memset(&m, 0, sizeof(m));
    if (s.n)
        memcpy(&m, s.p, s.n);
    if (m.type == PAIR_LIMITS && size == sizeof(m.limits) && m.limits.limits.max_entries > 64)
        m.limits.limits.max_entries = 64; // or there is no memory
    say(&m, size, (m.type == PAIR_LIMITS && size == sizeof(m.limits)) || (m.type == PAIR_OWN && size == sizeof(m.own)) ||
                      ((m.type == PAIR_BACKEND || m.type == PAIR_HOOK) && size == sizeof(m.hook)) || (m.type == PAIR_PING && size == sizeof(m.look)));
    stop_asked = 0;
}

// Waits for the next question.
static void answer_list(struct fuzz_in *in)
{
    static struct pair_entries a;
    uint8_t what = (uint8_t)fuzz_take(in, 1);

    a = (struct pair_entries){.seq = p.list_seq + (what & 1 ? (uint32_t)fuzz_take(in, 1) : 1), .last = !(what & 2), .error = what & 4 ? -EINTR : 0};
    a.n = (what >> 3) % 8;
    for (uint32_t i = 0; i < a.n; i++)
        a.v[i] = (struct element_state){.net = take_net(in), .left = fuzz_take(in, 1) & 1 ? UINT32_MAX : (uint32_t)fuzz_take(in, 4)};
    size_t size = PAIR_ENTRIES_SIZE(a.n);
    if (what & 128) { // another length, or another number of entries
        size = fuzz_take(in, 1);
        a.n = (uint32_t)fuzz_take(in, 4);
    }
    (void)send(lister, &a, size, MSG_DONTWAIT);
}

// --- the watcher ---------------------------------------------------------------------------------------------

static void ask(struct fuzz_in *in)
{
    static struct {
        struct msg_header h;
        union {
            struct msg_entry entry[16];
            struct msg_net net[16];
        };
    } m;
    uint16_t type = (uint16_t)(1 + fuzz_take(in, 1) % 8);
    bool entries = type == MSG_BAN || type == MSG_SYNC_ENTRIES, nets = type == MSG_UNBAN || type == MSG_QUERY;
    uint32_t n = type == MSG_QUERY ? 1 : entries || nets ? (uint32_t)fuzz_take(in, 1) % 16 : 0;

    memset(&m, 0, sizeof(m));
    m.h = (struct msg_header){.magic = MSG_MAGIC, .version = MSG_VERSION, .type = type, .seq = 7, .n = n};
    for (uint32_t i = 0; i < n; i++) {
        struct prefix net = take_net(in);
        struct msg_net to = {.len = net.len};
        memcpy(to.addr, net.addr.b, sizeof(to.addr));
        if (entries)
            m.entry[i] = (struct msg_entry){.net = to, .until = now + (usec_t)fuzz_take(in, 2) * USEC_SEC, .jail = "pptpd"};
        else
            m.net[i] = to;
    }
    if (p.fds[FD_WATCHER].fd < 0 || !p.e.held.v)
        return; // it was closed, or let in by nobody yet
    HOLDS(send(watcher, &m, sizeof(m.h) + n * (entries ? sizeof(m.entry[0]) : nets ? sizeof(m.net[0]) : 0), MSG_NOSIGNAL) > 0, "not sent");
    serve_watcher(&p);
    hear_all();
}

static void one_step(struct fuzz_in *in)
{
    static const usec_t steps[] = {1, USEC_SEC / 2, 5 * USEC_SEC, 60 * USEC_SEC, 3600 * USEC_SEC, 3000000 * USEC_SEC};
    static const int troubles[] = {0, 0, -ENOENT, -ENOSPC, -ENOMEM, -EEXIST, -EIO, 0};
    uint8_t what = (uint8_t)fuzz_take(in, 1), more = what >> 4;

    switch (what % 16) {
    case 0:
        say_raw(in);
        break;
    case 1:
        say_limits(in);
        break;
    case 2:
        say_own(in);
        break;
    case 3: case 4: case 5:
        say_hook(in, PAIR_HOOK);
        break;
    case 6:
        say_hook(in, PAIR_BACKEND);
        break;
    case 7: case 8: case 9:
        answer_list(in);
        break;
    case 10: case 11:
        now += steps[more % (sizeof(steps) / sizeof(steps[0]))];
        (void)enforcer_tick(&p.e);
        hear_all();
        break;
    case 12:
        trouble = troubles[more & 7];
        break;
    default:
        ask(in);
        break;
    }
    HOLDS(p.e.held.n <= 2 * p.e.held.max, "%u entries", p.e.held.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size}, first = {(const uint8_t *)"\0\0\0", 3};
    int pair[2], lists[2], watchers[2];

    log_setup("fuzz", LOG_EMERG);
    memset(&p, 0, sizeof(p));
    stop_asked = trouble = 0;
    asked = 0;
    now = INT64_C(1795000000) * USEC_SEC;
    HOLDS(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, lists) == 0 &&
              socketpair(AF_UNIX, SOCK_SEQPACKET, 0, watchers) == 0, "no sockets");
    guard = pair[0], lister = lists[0], list_fd = lists[1], watcher = watchers[0];
    p.fds[FD_LISTEN].fd = -1, p.fds[FD_WATCHER].fd = watchers[1], p.fds[FD_GUARD].fd = pair[1];
    p.e.realtime = realtime;
    p.e.monotonic = monotonic;
    p.e.event = on_event;
    p.e.list = list;
    p.e.tell = tell_guard;
    p.e.userdata = &p;
    p.e.sets = (struct sets){.nfnl = &p.nfnl, .limits = &p.e.limits};
    if (fuzz_take(&in, 1) & 1) // as it begins; else out of order
        say_limits(&first);
    while (in.n > 0 && !p.guard_gone)
        one_step(&in);
    held_free(&p.e.held);
    close(guard), close(lister), close(list_fd), close(watcher), close(p.fds[FD_GUARD].fd);
    if (p.fds[FD_WATCHER].fd >= 0)
        close(p.fds[FD_WATCHER].fd);
    return 0;
}

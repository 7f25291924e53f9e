// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: what the guard of the hook hears from the enforcer, on both pairs, while hook and sets come and go in a kernel
// of the target's own. What is no message of the protocol ends the guard; all that it says itself is within bounds, each
// question about the sets has one whole answer, and the connections that are ended are of those who were named, and all of them.
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

static void end_program(int code) __attribute__((noreturn));
static int give_time(clockid_t id, struct timespec *ret);

#define main hookguard_main
#define exit end_program
#define clock_gettime give_time
#include "enforce/hookguard.c"
#undef main
#undef exit
#undef clock_gettime

#include "fuzz.h"

enum { PEERS = 200 };

static struct {
    int put_error[FAMILIES], put, check, list_error;
    uint64_t footprint;
    unsigned retired, n_elements, given;
    bool list_one;
    struct addr peers[PEERS];
    bool ended[PEERS], stubborn;
} kernel;

static struct prefix named[16 * MSG_MAX_ENTRIES];
static size_t n_named;
static struct program p;
static int enforcer, lister;
static usec_t now;
static jmp_buf end;
static int end_code;
static bool ended;

static const struct prefix an_element = {.addr = {{[10] = 0xff, [11] = 0xff, 203, 0, 113, 7}}, .len = 128};

// --- the kernel ----------------------------------------------------------------------------------------------

static void end_program(int code)
{
    end_code = code;
    longjmp(end, 1);
}

static int give_time(clockid_t id, struct timespec *ret)
{
    (void)id;
    *ret = (struct timespec){.tv_sec = now / USEC_SEC, .tv_nsec = now % USEC_SEC * 1000};
    return 0;
}

static int fake_put(struct hook *h)
{
    memcpy(h->error, kernel.put_error, sizeof(h->error));
    return kernel.put_error[V4] && kernel.put_error[V6] ? -kernel.put_error[V4] : kernel.put;
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
    HOLDS(h->ops == &hook_ipset, "the sets that are in use");
    kernel.retired++;
}

static void fake_close(struct hook *h)
{
    (void)h;
}

const struct hook_ops hook_nftables = {"nftables", false, fake_put, fake_footprint, fake_check, fake_retire, fake_close};
const struct hook_ops hook_ipset = {"ipset", true, fake_put, fake_footprint, fake_check, fake_retire, fake_close};
const struct hook_ops hook_none = {"none", false, fake_put, fake_footprint, fake_check, fake_retire, fake_close};

int hook_nft_in_use(struct nfnl *n, const char *our_table)
{
    (void)n, (void)our_table;
    return 1;
}

int list_nft(struct nfnl *n, const struct limits *l, const struct prefix *only, list_fn fn, void *userdata)
{
    struct element_state e = {.net = an_element, .left = 60};

    (void)n, (void)l;
    kernel.list_one = only != NULL;
    for (kernel.given = 0; kernel.given < kernel.n_elements; kernel.given++) {
        e.packets = kernel.given;
        fn(userdata, &e);
    }
    return kernel.list_error;
}

int list_ipset(struct nfnl *n, const struct limits *l, const struct prefix *only, list_fn fn, void *userdata)
{
    return list_nft(n, l, only, fn, userdata);
}

int sockets_open(struct sockets *ret)
{
    ret->nl = (struct mnl_socket *)&kernel;
    return 0;
}

int sockets_walk(struct sockets *s, uint16_t port, enum sockets_which which,
                 void (*fn)(void *userdata, const struct sockets_entry *), void *userdata)
{
    (void)s;
    HOLDS(port == p.limits.limits.control_port && which == SOCKETS_LIVING, "port %u, %d", port, which);
    for (unsigned i = 0; i < PEERS; i++)
        if (!kernel.ended[i])
            fn(userdata, &(struct sockets_entry){.peer = kernel.peers[i], .cookie = i});
    return 0;
}

static bool is_named(const struct addr *a)
{
    for (size_t i = 0; i < n_named; i++)
        if (family_of(&named[i]) == (addr_is_v4(a) ? V4 : V6) && prefix_contains(&named[i], a))
            return true;
    return false;
}

int sockets_end(struct sockets *s, const struct sockets_entry *e)
{
    char text[ADDR_STRLEN];

    (void)s;
    HOLDS(e->cookie < PEERS && is_named(&e->peer), "%s was not named", addr_format(&e->peer, text));
    if (kernel.stubborn)
        return -ENOENT;
    kernel.ended[e->cookie] = true;
    return 0;
}

// --- what is never asked here

int confine_to_net_admin(const char *user, bool for_program) { (void)user, (void)for_program; return -ENOTSUP; }
int start_enforcer(const char *path, const char *user) { (void)path, (void)user; return -ENOTSUP; }
int confine_lock_in(const char *r, const char *w, const char *const *c, const int *f) { (void)r, (void)w, (void)c, (void)f; return -ENOTSUP; }
int nfnl_open(struct nfnl *n) { (void)n; return -ENOTSUP; }
int guard_open(struct guard *g) { (void)g; return -ENOTSUP; }
int guard_leave(struct guard *g) { (void)g; return 0; }
int guard_join(struct guard *g) { (void)g; return 0; }
void guard_read(struct guard *g, const uint32_t o[GUARD_PORTS], const char *t, struct guard_news *n) { (void)g, (void)o, (void)t, (void)n; }
int own_open(struct mnl_socket **e, struct own *o) { (void)e, (void)o; return -ENOTSUP; }
int own_refresh(struct mnl_socket *e, struct own *o) { (void)e, (void)o; return 0; }

// --- the enforcer --------------------------------------------------------------------------------------------

static void check_told(const union pair_message *m, size_t size)
{
    const struct pair_hook *h = &m->hook;
    const struct msg_hook *state = &h->state;

    switch (m->type) {
    case PAIR_HOOK:
        HOLDS(size == sizeof(*h), "%zu bytes", size);
        HOLDS(h->backend > LIMITS_AUTO && h->backend < LIMITS_BACKENDS && state->hooked <= 1 && state->problem < PROBLEM_MAX, "%u %u %u",
              h->backend, state->hooked, state->problem);
        HOLDS(h->foreign[V4] <= 1 && h->foreign[V6] <= 1 && h->elements <= 1, "no truth");
        HOLDS(h->event.what < WHAT_MAX && state->repair_what < WHAT_MAX, "what %u, %u", h->event.what, state->repair_what);
        HOLDS(memchr(h->event.program, '\0', sizeof(h->event.program)) && memchr(state->culprit, '\0', sizeof(state->culprit)) &&
                  memchr(state->repair_program, '\0', sizeof(state->repair_program)), "a name without an end");
        HOLDS(h->event.missing >= 0 && h->event.missing <= now && state->missing >= 0 && state->missing <= now && state->repair_missing >= 0,
              "missing for %lld, %lld in all", (long long)h->event.missing, (long long)state->missing);
        HOLDS(h->tick_ms == 500 || h->tick_ms == 60000, "every %u ms", h->tick_ms);
        HOLDS(!state->hooked || (!h->foreign[V4] && !h->foreign[V6]), "hooked, and not");
        break;
    case PAIR_LIMITS:
        HOLDS(size == sizeof(m->limits) && limits_check(&m->limits.limits) == 0 && m->limits.other_sets <= 1, "limits of %zu bytes", size);
        break;
    default:
        HOLDS(false, "type %u", m->type);
    }
}

static void hear(void)
{
    static union pair_message m;
    ssize_t n;

    while ((n = recv(enforcer, &m, sizeof(m), MSG_DONTWAIT)) > 0)
        check_told(&m, (size_t)n);
}

static void hear_list(uint32_t seq, bool any)
{
    static struct pair_entries a;
    unsigned count = 0;
    ssize_t n;

    do {
        n = recv(lister, &a, sizeof(a), MSG_DONTWAIT);
        HOLDS(n >= (ssize_t)PAIR_ENTRIES_SIZE(0) && (size_t)n == PAIR_ENTRIES_SIZE(a.n) && a.seq == seq && a.last <= 1, "%zd bytes", n);
        for (uint32_t i = 0; i < a.n; i++)
            HOLDS(a.v[i].packets == count + i, "another order");
        count += a.n;
    } while (!a.last);
    HOLDS(count == (any ? kernel.given : 0) && a.error == (p.list ? kernel.list_error : 0), "%u of %u", count, kernel.given);
    HOLDS(recv(lister, &a, sizeof(a), MSG_DONTWAIT) < 0, "more after the end");
}

// The networks of a message that the guard takes.
static void note_named(const struct pair_cut *m)
{
    struct prefix net;

    for (uint32_t i = 0; i < m->n; i++)
        if (judge_net(&m->nets[i], &net) == 0 && prefix_family_len(&net) > 0 && n_named < sizeof(named) / sizeof(named[0]))
            named[n_named++] = net;
}

static void check_cut(void)
{
    for (unsigned i = 0; !kernel.stubborn && p.cut.due.n == 0 && i < PEERS; i++)
        HOLDS(kernel.ended[i] || !is_named(&kernel.peers[i]), "connection %u goes on", i);
}

static void tell_guard(const void *message, size_t size)
{
    static union pair_message m;

    memset(&m, 0, sizeof(m));
    memcpy(&m, message, size < sizeof(m) ? size : sizeof(m));
    bool cut = m.type == PAIR_CUT && size <= sizeof(m) && size >= PAIR_CUT_SIZE(0) && m.cut.n <= MSG_MAX_ENTRIES && size == PAIR_CUT_SIZE(m.cut.n);
    bool look = size == sizeof(m.look) && (m.type == PAIR_GO || m.type == PAIR_LOOK || m.type == PAIR_RESTORED || m.type == PAIR_RETIRE || m.type == PAIR_RELOAD ||
                                           m.type == PAIR_READY || m.type == PAIR_PING);
    if (cut)
        note_named(&m.cut);
    HOLDS(send(enforcer, message, size, 0) == (ssize_t)size, "not sent");
    if (setjmp(end) == 0) {
        serve_enforcer(&p);
        HOLDS(cut || look, "goes on after %zu bytes of type %u", size, m.type);
        return;
    }
    HOLDS(!cut && !look, "ended by %zu bytes of type %u", size, m.type);
    HOLDS(end_code == (size > 0), "code %d", end_code);
    ended = true;
}

static struct msg_net take_net(struct fuzz_in *in)
{
    struct msg_net m = {.addr = {[10] = 0xff, [11] = 0xff, 203, 0, 113, (uint8_t)fuzz_take(in, 1)}, .len = 128};
    uint8_t how = (uint8_t)fuzz_take(in, 1);

    if (how & 1)
        m.len = (uint8_t)fuzz_take(in, 1);
    if (how & 2)
        m.addr[fuzz_take(in, 1) % 16] = (uint8_t)fuzz_take(in, 1);
    if (how & 4 && m.len <= 128) {
        struct addr a;
        memcpy(a.b, m.addr, sizeof(a.b));
        memcpy(m.addr, prefix_of(&a, m.len).addr.b, sizeof(m.addr));
    }
    m.pad[how % 3] = how >> 7;
    return m;
}

static void tell_cut(struct fuzz_in *in)
{
    static struct pair_cut m;
    uint8_t n = (uint8_t)fuzz_take(in, 1);

    m = (struct pair_cut){.type = PAIR_CUT, .n = n == 255 ? MSG_MAX_ENTRIES : n % 32};
    for (uint32_t i = 0; i < m.n; i++)
        m.nets[i] = take_net(in);
    tell_guard(&m, n >= 250 && n < 255 ? PAIR_CUT_SIZE(m.n) - 1 + 2 * (n & 1u) : PAIR_CUT_SIZE(m.n)); // or is not as long as it says
}

static void tell_raw(struct fuzz_in *in)
{
    static union pair_message m;
    static const size_t sizes[] = {sizeof(m.look), sizeof(m.hook), sizeof(m.limits), PAIR_CUT_SIZE(0), PAIR_CUT_SIZE(1), sizeof(m), 1, 4};
    size_t size = fuzz_take(in, 1);
    struct str s;

    size = size < 8 ? sizes[size] : size < 200 ? size : PAIR_CUT_SIZE(MSG_MAX_ENTRIES);
    s = fuzz_take_text(in, size);
    memset(&m, 0, sizeof(m));
    if (s.n)
        memcpy(&m, s.p, s.n);
    tell_guard(&m, size);
}

static void ask_list(struct fuzz_in *in)
{
    struct pair_list ask = {.seq = (uint32_t)fuzz_take(in, 1), .one = (uint32_t)fuzz_take(in, 1) & 1};
    size_t size = fuzz_take(in, 1);

    size = size < 2 * sizeof(ask) ? size : sizeof(ask);
    if (ask.seq & 1)
        ask.net = an_element;
    char packet[2 * sizeof(ask)] = {0};
    memcpy(packet, &ask, sizeof(ask));
    HOLDS(send(lister, packet, size, 0) == (ssize_t)size, "not sent");
    kernel.given = 0;
    serve_list(&p);
    if (size < sizeof(ask)) {
        HOLDS(recv(lister, packet, 1, MSG_DONTWAIT) < 0, "an answer to no question");
        return;
    }
    hear_list(ask.seq, !ask.one || (ask.seq & 1));
    HOLDS(!p.list || kernel.list_one == (ask.one != 0), "not what was asked");
}

// What the limits file says when they are read again.
static void write_limits(struct fuzz_in *in)
{
    static struct limits l;
    uint8_t what = (uint8_t)fuzz_take(in, 1);

    if (what & 1) {
        FILE *f = fopen(p.limits_path, "w");
        HOLDS(f && fputs("no limits", f) >= 0 && fclose(f) == 0, "%s", p.limits_path);
        return;
    }
    limits_defaults(&l);
    l.max_entries = what & 2 ? 7 : l.max_entries;
    l.backend = what & 4 ? LIMITS_NONE : l.backend;
    l.control_port = what & 8 ? 1724 : 1723;
    l.n_allow = what >> 6;
    l.allow[0] = l.allow[1] = l.allow[2] = (struct prefix){.addr = {{[10] = 0xff, [11] = 0xff, 10}}, .len = 104};
    HOLDS(limits_write(p.limits_path, &l) == 0, "%s", p.limits_path);
}

static void one_step(struct fuzz_in *in)
{
    static const usec_t steps[] = {1, 10 * USEC_MSEC, 50 * USEC_MSEC, USEC_SEC, 5 * USEC_SEC, 60 * USEC_SEC};
    static const int errors[] = {0, 0, 0, EEXIST, EPROTONOSUPPORT, EBUSY, ENOMEM, EINVAL};
    uint8_t what = (uint8_t)fuzz_take(in, 1), more = what >> 4;
    struct pair_look look = {.type = PAIR_GO + more % 6, .port = 7, .expected = {more, 0}};

    switch (what % 16) {
    case 0:
        tell_raw(in);
        break;
    case 1: case 2: case 3:
        look.type = more == 15 ? PAIR_PING : look.type;
        tell_guard(&look, sizeof(look));
        break;
    case 4: case 5:
        tell_cut(in);
        break;
    case 6: case 7:
        now += steps[more % (sizeof(steps) / sizeof(steps[0]))];
        (void)keeper_tick(&p.keeper);
        (void)cut_tick(&p.cut, p.limits.limits.control_port, now);
        check_cut();
        break;
    case 8:
        ask_list(in);
        break;
    case 9:
        kernel.n_elements = more == 15 ? 0 : more * 103;
        kernel.list_error = more & 4 ? -EINTR : 0;
        break;
    case 10:
        kernel.put_error[more & 1] = errors[more >> 1];
        break;
    case 11:
        kernel.check = more % 4 == 3 ? -EIO : more % 4;
        kernel.put = more >> 2 & 1;
        kernel.footprint += more >> 3;
        break;
    case 12: case 13: {
        const struct guard_news news = {.hook = more & 1, .elements = more & 2, .missed = more & 4, .who = {.pid = 7, .program = "nft"}};
        if (news.missed)
            keeper_look(&p.keeper);
        keeper_news(&p.keeper, &news);
        break;
    }
    case 14:
        write_limits(in);
        break;
    case 15: // those who were named are gone, and come again, by and by
        kernel.stubborn = more & 1;
        now += USEC_SEC;
        (void)cut_tick(&p.cut, p.limits.limits.control_port, now);
        HOLDS(p.cut.due.n == 0, "%u wait", p.cut.due.n);
        memset(kernel.ended, 0, sizeof(kernel.ended));
        n_named = 0;
        break;
    }
    hear();
    HOLDS(kernel.retired <= 1, "retired %u times", kernel.retired);
}

static void begin(uint8_t form)
{
    static char path[300];
    struct held due;
    int pair[2], lists[2];

    if (!*path) {
        log_setup("fuzz", LOG_EMERG);
        snprintf(path, sizeof(path), "%s/limits", fuzz_dir());
        HOLDS(cut_open(&p.cut) == 0, "no memory");
    }
    due = p.cut.due;
    while (due.n > 0)
        held_remove(&due, &due.v[due.n - 1]);
    memset(&p, 0, sizeof(p));
    memset(&kernel, 0, sizeof(kernel));
    n_named = 0;
    now = 1000 * USEC_SEC;
    HOLDS(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, lists) == 0, "no sockets");
    enforcer = pair[0], lister = lists[0];
    for (int i = 0; i < FDS; i++)
        p.fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    p.fds[FD_PAIR].fd = pair[1], p.fds[FD_LIST].fd = lists[1];
    p.hold = (struct hold){.listener = -1, .client = form & 1 ? 0 : -1};
    p.notify = -1;
    p.limits_path = path;
    limits_defaults(&p.limits.limits);
    p.limits.limits.backend = form & 2 ? LIMITS_IPSET : form & 4 ? LIMITS_NONE : LIMITS_AUTO;
    p.cut.due = due;
    (void)sockets_open(&p.cut.sockets);
    for (unsigned i = 0; i < PEERS; i++)
        kernel.peers[i] = (struct addr){{[10] = 0xff, [11] = 0xff, 203, 0, 113, (uint8_t)(i / 2)}};
    p.keeper.monotonic = monotonic;
    p.keeper.realtime = realtime;
    p.keeper.tell = tell;
    p.keeper.userdata = &p;
    choose_back_end(&p);
    p.keeper.leftover = &hook_ipset;
    p.keeper.told.type = PAIR_HOOK;
    p.keeper.told.tick_ms = tick_ms(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};

    begin((uint8_t)fuzz_take(&in, 1));
    ended = false;
    while (in.n > 0 && !ended)
        one_step(&in);
    close(enforcer), close(lister), close(p.fds[FD_PAIR].fd), close(p.fds[FD_LIST].fd);
    return 0;
}

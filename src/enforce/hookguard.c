// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban-hookguard: becomes two processes (start.h), pptpban-enforcer and itself, its eyes. Makes sets and hook, listens to the kernel, puts back
// what others take away, asks root for the base ruleset, reads the limits, knows this machine's addresses, and speaks to the
// service manager for both. Hears neither the watcher nor anybody else but root, who may ask for a pause. What is decided
// is in keeper.c; here are sockets and time.
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/notify.h"
#include "base/paths.h"
#include "enforce/confine.h"
#include "enforce/cut.h"
#include "enforce/guard.h"
#include "enforce/hold.h"
#include "enforce/keeper.h"
#include "enforce/legacy.h"
#include "enforce/list.h"
#include "enforce/own.h"
#include "enforce/ruleset_lost.h"
#include "enforce/start.h"

#include <libmnl/libmnl.h>

enum { FD_PAIR, FD_LIST, FD_GUARD, FD_OWN, FD_HOLD, FD_HOLDER, FDS };

#define TICK_LOOKING (500 * USEC_MSEC) // something may change without a word
#define TICK_HEARING (60 * USEC_SEC)   // everything is announced

struct program {
    struct keeper keeper;
    struct pair_limits limits; // as the enforcer has them
    struct nfnl nfnl;
    struct guard guard;
    struct hold hold;
    struct cut cut;
    struct legacy legacy;
    struct ruleset_lost ruleset;
    struct mnl_socket *own_events;
    struct pair_own own;
    struct pair_entries entries;
    const struct prefix *asked; // NULL: all
    int (*list)(struct nfnl *, const struct limits *, const struct prefix *, list_fn, void *);
    uint32_t enforcer_port;
    bool ready;
    int notify;
    usec_t watchdog, watchdog_next; // half of what is wanted, 0: nothing is; monotonic
    const char *limits_path, *user;
    struct pollfd fds[FDS];
    union pair_message message;
};

static usec_t now_of(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (usec_t)ts.tv_sec * USEC_SEC + ts.tv_nsec / 1000;
}

static usec_t monotonic(void)
{
    return now_of(CLOCK_BOOTTIME);
}

static usec_t realtime(void)
{
    return now_of(CLOCK_REALTIME);
}

// Waits for room: what the enforcer does not hear of is lost. When it is gone, so are we with the next look at the socket.
static void send_pair(const struct program *p, const void *message, size_t size)
{
    while (send(p->fds[FD_PAIR].fd, message, size, MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

static void tell(void *userdata, const struct pair_hook *m)
{
    static const char *const texts[WHAT_MAX] = {
        [WHAT_HOOK_LOST] = "the hook was taken away and is back",
        [WHAT_HOOK_STUCK] = "the hook is not in the kernel",
        [WHAT_SET_LOST] = "sets had lost entries, which are back",
        [WHAT_FOREIGN_SET] = "a set of another type has the name of ours: nothing is banned there; rename or destroy it",
        [WHAT_FIGHT] = "hook or entries are taken away again and again: repairs are slowed down, and go on",
        [WHAT_RULESET] = "rules were taken out of the base ruleset; pptpban-firewall.service is asked to restore it",
    };
    const struct msg_event *e = &m->event;

    if (texts[e->what])
        log_warning("%s (by %s, pid %u; missing for %lld ms)", texts[e->what], e->program[0] ? e->program : "an unknown program",
                    e->pid, (long long)(e->missing / USEC_MSEC));
    send_pair(userdata, m, sizeof(*m));
}

static uint32_t tick_ms(const struct program *p)
{
    return (uint32_t)((p->keeper.hook.ops->silent || p->legacy.tables ? TICK_LOOKING : TICK_HEARING) / USEC_MSEC);
}

static void tell_state(struct program *p)
{
    p->keeper.told.tick_ms = tick_ms(p);
    tell(p, &p->keeper.told);
}

static void ruleset_lost(struct program *p, const struct guard_culprit *who)
{
    struct pair_hook m;

    p->keeper.told.state.ruleset_lost++;
    m = p->keeper.told;
    m.event = (struct msg_event){.what = ruleset_lost_note(&p->ruleset, who, monotonic()) ? WHAT_RULESET : 0, .pid = who->pid};
    memcpy(m.event.program, who->program, sizeof(m.event.program));
    tell(p, &m);
}

// What raises no event: asked for while there are bans.
static void look(struct program *p, const struct pair_look *m)
{
    const struct guard_culprit nobody = {.pid = 0};

    if (p->hold.client < 0) {
        keeper_check(&p->keeper, m->expected);
        enum legacy_change change = legacy_look(&p->legacy, p->ruleset.dir);
        if (change == LEGACY_SHRANK)
            ruleset_lost(p, &nobody);
        else if (change == LEGACY_GREW) // most likely rules of somebody else: root finds out
            ruleset_lost_look(&p->ruleset, &nobody, monotonic());
        if (p->keeper.told.tick_ms != tick_ms(p))
            tell_state(p);
    }
}

static void send_entries(struct program *p, bool last, int error)
{
    struct pair_entries *a = &p->entries;

    a->last = last;
    a->error = error;
    while (send(p->fds[FD_LIST].fd, a, PAIR_ENTRIES_SIZE(a->n), MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
    a->n = 0;
}

static void take_entry(void *userdata, const struct element_state *s)
{
    struct program *p = userdata;

    if (p->asked && !prefix_eq(p->asked, &s->net)) // whoever lists one may find others
        return;
    if (p->entries.n == PAIR_ENTRIES)
        send_entries(p, false, 0);
    p->entries.v[p->entries.n++] = *s;
}

static void serve_list(struct program *p)
{
    struct pair_list ask;

    if (recv(p->fds[FD_LIST].fd, &ask, sizeof(ask), MSG_DONTWAIT) != sizeof(ask))
        return; // when the enforcer is gone, the other line says so
    p->entries = (struct pair_entries){.seq = ask.seq};
    p->asked = ask.one ? &ask.net : NULL;
    int r = p->list ? p->list(&p->nfnl, &p->limits.limits, p->asked, take_entry, p) : 0;
    send_entries(p, true, r);
}

// Limits of other sets make us both begin anew: the keeper's are made as it is told at the start.
static void reload(struct program *p)
{
    struct pair_limits *fresh = malloc(sizeof(*fresh));
    const struct limits *now = &p->limits.limits, *l = &fresh->limits;
    int r = fresh ? limits_read(p->limits_path, &fresh->limits) : -ENOMEM;

    if (r < 0) {
        log_error("%s: %s; the limits stay as they are", p->limits_path, strerror(-r));
    } else {
        fresh->type = PAIR_LIMITS;
        fresh->other_sets = strcmp(l->set4, now->set4) != 0 || strcmp(l->set6, now->set6) != 0 || strcmp(l->table, now->table) != 0 ||
                            l->backend != now->backend || l->max_entries != now->max_entries || l->ban_new != now->ban_new;
        send_pair(p, fresh, sizeof(*fresh));
        if (!fresh->other_sets) // else the enforcer ends, and we with it
            p->limits = *fresh;
    }
    free(fresh);
}

static void serve_enforcer(struct program *p)
{
    union pair_message *m = &p->message;
    ssize_t n = recv(p->fds[FD_PAIR].fd, m, sizeof(*m), MSG_DONTWAIT | MSG_TRUNC);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n >= (ssize_t)PAIR_CUT_SIZE(0) && m->type == PAIR_CUT && m->cut.n <= MSG_MAX_ENTRIES && (size_t)n == PAIR_CUT_SIZE(m->cut.n)) {
        cut_add(&p->cut, &m->cut, p->limits.limits.control_port, monotonic());
    } else if (n == sizeof(m->look) && m->type == PAIR_GO) {
        p->enforcer_port = m->look.port;
        keeper_start(&p->keeper);
    } else if (n == sizeof(m->look) && m->type == PAIR_LOOK) {
        look(p, &m->look);
    } else if (n == sizeof(m->look) && m->type == PAIR_RESTORED) {
        keeper_restored(&p->keeper);
    } else if (n == sizeof(m->look) && m->type == PAIR_RETIRE) {
        keeper_retire(&p->keeper);
    } else if (n == sizeof(m->look) && m->type == PAIR_RELOAD) {
        reload(p);
    } else if (n == sizeof(m->look) && m->type == PAIR_READY) {
        p->ready = true;
        notify_send(p->notify, "READY=1");
        p->watchdog_next = p->watchdog ? monotonic() : 0;
    } else if (n == sizeof(m->look) && m->type == PAIR_PING) {
        notify_send(p->notify, "WATCHDOG=1"); // both are well
    } else {
        if (n > 0)
            log_error("the enforcer sent what nobody understands: ending");
        else if (p->ready)
            notify_send(p->notify, "STOPPING=1");
        exit(n > 0); // it is gone; its successor brings a guard of its own
    }
}

static void serve_hold(struct program *p)
{
    enum hold_change change = hold_serve(&p->hold, monotonic());

    if (change == HOLD_BEGUN && guard_leave(&p->guard) == 0)
        hold_confirm(&p->hold);
    if (change == HOLD_ENDED) {
        int r = guard_join(&p->guard);
        if (r < 0)
            log_error("the kernel's announcements cannot be listened to any more: %s", strerror(-r));
        legacy_begin(&p->legacy, p->ruleset.dir);
        tell_state(p);
        keeper_look(&p->keeper);
        ruleset_lost_look(&p->ruleset, &(struct guard_culprit){.pid = 0}, monotonic());
    }
    p->fds[FD_HOLDER].fd = p->hold.client;
}

static void serve_guard(struct program *p)
{
    const uint32_t ours[GUARD_PORTS] = {p->nfnl.portid, p->enforcer_port};
    struct guard_news news;

    guard_read(&p->guard, ours, p->limits.limits.table, &news);
    if (news.missed)
        keeper_look(&p->keeper);
    keeper_news(&p->keeper, &news);
    if (news.ruleset)
        ruleset_lost(p, &news.ruleset_who);
    else if (news.missed)
        ruleset_lost_look(&p->ruleset, &(struct guard_culprit){.pid = 0}, monotonic());
}

static usec_t earlier(usec_t a, usec_t b)
{
    return a < b ? a : b;
}

static void run(struct program *p)
{
    for (;;) {
        usec_t now = monotonic(), next = keeper_tick(&p->keeper);
        next = earlier(next, ruleset_lost_tick(&p->ruleset, now));
        next = earlier(next, cut_tick(&p->cut, p->limits.limits.control_port, now));
        if (p->watchdog_next && now >= p->watchdog_next) {
            const struct pair_look ping = {.type = PAIR_PING};
            send_pair(p, &ping, sizeof(ping));
            p->watchdog_next = now + p->watchdog;
        }
        next = earlier(next, p->watchdog_next ? p->watchdog_next : USEC_FOREVER);
        next = earlier(next, hold_next(&p->hold));
        p->fds[FD_HOLD].fd = hold_listener(&p->hold, now);
        usec_t left = next > now ? next - now : 0;
        struct timespec wait = {.tv_sec = left / USEC_SEC, .tv_nsec = left % USEC_SEC * 1000};
        if (ppoll(p->fds, FDS, next == USEC_FOREVER ? NULL : &wait, NULL) < 0 && errno != EINTR)
            break;
        if (p->fds[FD_GUARD].revents)
            serve_guard(p);
        if (p->fds[FD_HOLD].revents || p->fds[FD_HOLDER].revents || monotonic() >= hold_next(&p->hold))
            serve_hold(p);
        if (p->fds[FD_OWN].revents && own_refresh(p->own_events, &p->own.own) > 0)
            send_pair(p, &p->own, sizeof(p->own));
        if (p->fds[FD_LIST].revents)
            serve_list(p);
        if (p->fds[FD_PAIR].revents)
            serve_enforcer(p);
    }
}

static void choose_back_end(struct program *p)
{
    struct keeper *k = &p->keeper;
    uint32_t wanted = p->limits.limits.backend;

    if (wanted == LIMITS_AUTO) // trap: an ipset rule makes a native ruleset's dump unloadable, so keep them apart
        wanted = hook_nft_in_use(&p->nfnl, p->limits.limits.table) == 1 ? LIMITS_NFTABLES : LIMITS_IPSET;
    k->hook = (struct hook){.nfnl = &p->nfnl, .limits = &p->limits.limits};
    k->hook.ops = wanted == LIMITS_IPSET ? &hook_ipset : wanted == LIMITS_NFTABLES ? &hook_nftables : &hook_none;
    k->leftover = wanted == LIMITS_IPSET ? &hook_nftables : wanted == LIMITS_NFTABLES ? &hook_ipset : NULL;
    k->told.backend = wanted;
    p->list = wanted == LIMITS_IPSET ? list_ipset : wanted == LIMITS_NFTABLES ? list_nft : NULL;
}

static int lock_in(const struct program *p)
{
    static const char *const calls[] = {
        "read", "write", "close", "openat", "open", "fstat", "newfstatat", "lseek", "fcntl", "poll", "ppoll", "accept4",
        "socket", "connect", "bind", "sendto", "sendmsg", "recvfrom", "recvmsg", "getsockopt", "setsockopt", "getsockname",
        "brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "futex", "clock_gettime", "getpid", "gettid", "getrandom",
        "rename", "renameat", "renameat2", "rt_sigreturn", "rt_sigprocmask", "restart_syscall", "tgkill", "exit", "exit_group", NULL,
    };
    static const int families[] = {AF_NETLINK, AF_UNSPEC};

    return confine_lock_in(p->limits_path, *p->ruleset.dir ? p->ruleset.dir : NULL, calls, families);
}

static int set_up(struct program *p)
{
    struct stat netns;
    int r = limits_read(p->limits_path, &p->limits.limits);

    if (r < 0) {
        log_error("%s: %s; `pptpban compile-limits` writes it", p->limits_path,
                  r == -EBADMSG ? "cut off, altered or of another version" : strerror(-r));
        return r;
    }
    p->notify = notify_open();
    (void)unsetenv("WATCHDOG_PID"); // the enforcer's: we speak for it
    p->watchdog = (usec_t)notify_watchdog() / 2;
    if (ruleset_lost_open(p->limits_path, p->user, &p->ruleset) < 0)
        log_notice("%s: no directory ruleset can be made beside it: nobody is asked to restore the base ruleset", p->limits_path);
    if (hold_open(p->limits_path, HOLD_NAME, &p->hold) < 0)
        log_notice("%s: no socket %s can be made beside it: large rulesets load more slowly", p->limits_path, HOLD_NAME);
    if ((r = confine_to_net_admin(p->user, false)) < 0)
        log_error("cannot become user %s with CAP_NET_ADMIN alone: %s", p->user ? p->user : "(the present one)", strerror(-r));
    else if ((r = nfnl_open(&p->nfnl)) < 0 || (r = guard_open(&p->guard)) < 0)
        log_error("no netfilter netlink: %s; CAP_NET_ADMIN is needed", strerror(-r));
    else if ((r = own_open(&p->own_events, &p->own.own)) < 0)
        log_error("own addresses cannot be read: %s", strerror(-r));
    if (r < 0)
        return r;
    if (cut_open(&p->cut) < 0)
        log_notice("no sock_diag in this kernel: open connections of banned addresses are dropped, not ended");
    legacy_open(&p->legacy);
    legacy_begin(&p->legacy, p->ruleset.dir);
    p->fds[FD_HOLD].fd = p->hold.listener;
    p->fds[FD_GUARD].fd = mnl_socket_get_fd(p->guard.nl);
    p->fds[FD_OWN].fd = mnl_socket_get_fd(p->own_events);
    p->keeper.told.state.netns = stat("/proc/self/ns/net", &netns) == 0 ? netns.st_ino : 0;
    p->keeper.monotonic = monotonic;
    p->keeper.realtime = realtime;
    p->keeper.tell = tell;
    p->keeper.userdata = p;
    choose_back_end(p);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"limits", required_argument, NULL, 'l'}, {"socket", required_argument, NULL, 's'},
        {"user", required_argument, NULL, 'u'},   {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    static const int signals[] = {SIGHUP, SIGTERM, SIGINT, SIGPIPE};
    static struct program p = {.limits_path = PB_LIMITS_FILE};
    const char *socket_path = PB_ENFORCER_SOCKET;
    int c;

    log_setup("pptpban-enforcer", LOG_INFO);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'l')
            p.limits_path = optarg;
        else if (c == 's')
            socket_path = optarg;
        else if (c == 'u')
            p.user = optarg;
        if (c == 'h' || c == '?') {
            fputs("usage: pptpban-hookguard [--limits FILE] [--socket PATH] [--user NAME]\n", c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
    }
    if (start_enforcer(socket_path, p.user) < 0)
        return 1;
    log_setup("pptpban-hookguard", LOG_INFO);
    // ends when the enforcer does, not before it: who stops a service signals all of its processes
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        (void)signal(signals[i], SIG_IGN);
    for (int i = 0; i < FDS; i++)
        p.fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    p.fds[FD_PAIR].fd = PAIR_FD;
    p.fds[FD_LIST].fd = PAIR_LIST_FD;
    if (set_up(&p) < 0)
        return 1;
    p.limits.type = PAIR_LIMITS;
    send_pair(&p, &p.limits, sizeof(p.limits));
    p.own.type = PAIR_OWN;
    send_pair(&p, &p.own, sizeof(p.own));
    p.keeper.told.type = PAIR_BACKEND;
    tell_state(&p);
    p.keeper.told.type = PAIR_HOOK;
    // the sets are made by a library that loads what it needs when it is first used: locked in afterwards
    while (!p.enforcer_port && poll(p.fds, FD_LIST + 1, -1) >= 0) {
        if (p.fds[FD_LIST].revents)
            serve_list(&p);
        if (p.fds[FD_PAIR].revents)
            serve_enforcer(&p);
    }
    if (lock_in(&p) < 0)
        return 1;
    run(&p);
    return 1;
}

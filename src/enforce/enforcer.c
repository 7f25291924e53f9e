// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban-enforcer: writes bans into the kernel's sets. Begins where start.c leaves it, with three open sockets and no more
// than CAP_NET_ADMIN; locks itself in, then serves one watcher. What is decided is in core.c; here are sockets, signals and
// time. Opens no file, reads no option and starts nothing.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "enforce/core.h"
#include "enforce/sandbox.h"

enum { START_MS = 20000, LIST_SECONDS = 10, DEAF_MS = 100 }; // how long the guard may take; whoever cannot be let in

enum { FD_LISTEN, FD_WATCHER, FD_GUARD, FDS };

struct program {
    struct enforcer e;
    struct nfnl nfnl;
    struct pollfd fds[FDS];
    union pair_message message; // of the guard
    struct pair_entries entries;
    uint32_t list_seq;
    bool hook_told, guard_gone;
    size_t reply_size;              // of an answer that did not fit: nothing is read until it is away
    uint64_t packet[MSG_MAX_SIZE / 8 + 1], reply[MSG_MAX_SIZE / 8];
};

static volatile sig_atomic_t stop_asked, reload_asked;

static void on_signal(int number)
{
    *(number == SIGHUP ? &reload_asked : &stop_asked) = 1;
}

static usec_t now_of(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (usec_t)ts.tv_sec * USEC_SEC + ts.tv_nsec / 1000;
}

static usec_t realtime(void)
{
    return now_of(CLOCK_REALTIME);
}

static usec_t monotonic(void)
{
    return now_of(CLOCK_MONOTONIC); // as the kernel's timeouts, which stand still while the machine sleeps
}

static int lock_in(void)
{
    static const char *const calls[] = {
        "read", "write", "close", "poll", "ppoll", "accept4", "sendto", "sendmsg", "recvfrom", "recvmsg", "getsockopt", "brk",
        "mmap", "munmap", "mremap", "mprotect", "madvise", "futex", "clock_gettime", "getpid", "gettid", "getrandom",
        "rt_sigreturn", "rt_sigprocmask", "restart_syscall", "tgkill", "exit", "exit_group", NULL,
    };

    struct sandbox_report report; // no file, and no socket that it has not got already
    int r = sandbox_apply(&(struct sandbox_options){.calls = calls}, &report);

    log_line(r < 0 ? LOG_ERR : LOG_INFO, "locked in: Landlock %s, system calls %s, no writable code: %s", report.landlock,
             report.seccomp, report.mdwe);
    return r;
}

static void close_watcher(struct program *p)
{
    if (p->fds[FD_WATCHER].fd >= 0)
        close(p->fds[FD_WATCHER].fd);
    p->fds[FD_WATCHER].fd = -1;
    p->reply_size = 0;
    enforcer_disconnected(&p->e);
}

static int send_unasked(struct program *p, uint16_t type, const void *body, size_t size)
{
    char packet[sizeof(struct msg_header) + sizeof(struct msg_event)];
    struct msg_header h = {.magic = MSG_MAGIC, .version = MSG_VERSION, .type = type, .n = size > 0};

    memcpy(packet, &h, sizeof(h));
    if (size > 0)
        memcpy(packet + sizeof(h), body, size);
    return p->fds[FD_WATCHER].fd < 0 ? 0
           : (int)send(p->fds[FD_WATCHER].fd, packet, sizeof(h) + size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void on_event(void *userdata, const struct msg_event *ev)
{
    if (ev->what == WHAT_FULL) // what else happens the guard has logged
        log_warning("a set is full: new bans fail");
    (void)send_unasked(userdata, MSG_EVENT, ev, sizeof(*ev)); // one that a slow watcher misses is in the status
}

// --- the guard

static int tell_guard(void *userdata, const void *message, size_t size)
{
    const struct program *p = userdata;

    return (int)send(p->fds[FD_GUARD].fd, message, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void tell_guard_type(struct program *p, enum pair_type type)
{
    const struct pair_look m = {.type = type, .port = p->nfnl.portid};

    (void)tell_guard(p, &m, sizeof(m));
}

// Waits: nobody is served on half a list.
static int list(void *userdata, const struct prefix *only, list_fn fn, void *fn_userdata)
{
    struct program *p = userdata;
    struct pair_list ask = {.seq = ++p->list_seq, .one = only != NULL};
    struct pair_entries *a = &p->entries;

    if (only)
        ask.net = *only;
    if (send(PAIR_LIST_FD, &ask, sizeof(ask), MSG_NOSIGNAL) < 0)
        return -errno;
    for (;;) {
        ssize_t n = recv(PAIR_LIST_FD, a, sizeof(*a), 0);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n < 0 || (n >= (ssize_t)PAIR_ENTRIES_SIZE(0) && a->seq != ask.seq)) // of one that was given up
            continue;
        if (n < (ssize_t)PAIR_ENTRIES_SIZE(0) || a->n > PAIR_ENTRIES || (size_t)n != PAIR_ENTRIES_SIZE(a->n))
            return -EBADMSG;
        for (uint32_t i = 0; i < a->n; i++)
            fn(fn_userdata, &a->v[i]);
        if (a->last)
            return a->error;
    }
}

static void take_limits(struct program *p, const struct pair_limits *m)
{
    stop_asked |= m->other_sets; // begin anew; the service manager starts us, the bans stay in the kernel
    p->e.limits = m->limits;
    if (p->e.held.v) {
        enforcer_sweep(&p->e);
        log_info("read the limits again");
    } else if (held_new(p->e.limits.max_entries, &p->e.held) < 0) {
        log_error("no memory for %u entries", p->e.limits.max_entries);
        stop_asked = p->guard_gone = true;
    }
}

static void serve_guard(struct program *p)
{
    const union pair_message *m = &p->message;
    ssize_t n = recv(p->fds[FD_GUARD].fd, &p->message, sizeof(p->message), MSG_DONTWAIT | MSG_TRUNC);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n == sizeof(m->limits) && m->type == PAIR_LIMITS && m->limits.limits.n_allow <= LIMITS_MAX_ALLOW) {
        take_limits(p, &m->limits);
    } else if (!p->e.held.v) { // they come first
        p->guard_gone = true;
    } else if (n == sizeof(m->own) && m->type == PAIR_OWN && m->own.own.n_address <= OWN_MAX && m->own.own.n_gateway <= OWN_MAX) {
        p->e.own = m->own.own;
        enforcer_sweep(&p->e);
    } else if (n == sizeof(m->hook) && m->type == PAIR_BACKEND && m->hook.backend > LIMITS_AUTO && m->hook.backend < LIMITS_BACKENDS) {
        p->e.status.backend = m->hook.backend;
        p->e.sets.ops = m->hook.backend == LIMITS_IPSET ? &sets_ipset : m->hook.backend == LIMITS_NFTABLES ? &sets_nftables : NULL;
        enforcer_start(&p->e);
        tell_guard_type(p, PAIR_GO);
    } else if (n == sizeof(m->hook) && m->type == PAIR_HOOK) {
        enforcer_hook(&p->e, &m->hook);
        p->hook_told = true;
    } else if (n == sizeof(m->look) && m->type == PAIR_PING) {
        tell_guard_type(p, PAIR_PING);
    } else {
        p->guard_gone = true;
    }
}

// True when sets and hook are as well as they can be.
static bool await_guard(struct program *p)
{
    usec_t end = monotonic() + START_MS * USEC_MSEC;

    while (!p->hook_told && !p->guard_gone && monotonic() < end)
        if (poll(&p->fds[FD_GUARD], 1, START_MS) > 0)
            serve_guard(p);
    return p->hook_told;
}

// --- the watcher

static void accept_watcher(struct program *p)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof(peer);
    int fd = accept4(p->fds[FD_LISTEN].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0) { // no descriptors, most likely: whoever knocks goes on knocking; others are heard meanwhile
        (void)poll(&p->fds[FD_WATCHER], FDS - FD_WATCHER, DEAF_MS);
        return;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
        (peer.uid != 0 && peer.uid != p->e.limits.watcher_uid)) {
        if (p->e.status.strangers++ < 10) // whoever it is shall not fill the log
            log_warning("refused a connection of user %u (pid %d): only the watcher's user %u may connect", peer.uid,
                        peer.pid, p->e.limits.watcher_uid);
        close(fd);
        return;
    }
    // The newest wins: on reload the new watcher is ready before the old one ends, and a stuck one blocks nobody.
    (void)send_unasked(p, MSG_REPLACED, NULL, 0);
    close_watcher(p);
    p->fds[FD_WATCHER].fd = fd;
}

static void serve_watcher(struct program *p)
{
    int fd = p->fds[FD_WATCHER].fd;

    if (p->reply_size == 0) {
        ssize_t n = recv(fd, p->packet, sizeof(p->packet), MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n > MSG_MAX_SIZE)
            n = 1; // too long: as malformed as too short
        int r = n > 0 ? enforcer_message(&p->e, p->packet, (size_t)n, p->reply, &p->reply_size) : -ENOTCONN;
        if (r < 0) {
            if (r == -EBADMSG)
                log_error("malformed message: closing the connection");
            close_watcher(p);
            return;
        }
    }
    if (p->reply_size > 0 && send(fd, p->reply, p->reply_size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        if (errno != EAGAIN)
            close_watcher(p);
        return; // read on only when it has taken this answer
    }
    p->reply_size = 0;
}

static void run(struct program *p)
{
    sigset_t none;

    sigemptyset(&none);
    while (!stop_asked && !p->guard_gone) {
        usec_t next = enforcer_tick(&p->e), now = monotonic(), left = next > now ? next - now : 0;
        struct timespec wait = {.tv_sec = left / USEC_SEC, .tv_nsec = left % USEC_SEC * 1000};
        p->fds[FD_WATCHER].events = p->reply_size ? POLLOUT : POLLIN;
        if (ppoll(p->fds, FDS, next == USEC_FOREVER ? NULL : &wait, &none) < 0 && errno != EINTR)
            break;
        if (reload_asked)
            tell_guard_type(p, PAIR_RELOAD);
        reload_asked = 0;
        if (p->fds[FD_GUARD].revents)
            serve_guard(p);
        if (p->fds[FD_WATCHER].fd >= 0 && p->fds[FD_WATCHER].revents)
            serve_watcher(p);
        if (p->fds[FD_LISTEN].revents)
            accept_watcher(p);
    }
}

static int set_up(struct program *p)
{
    static const char *const back_ends[LIMITS_BACKENDS] = {[LIMITS_IPSET] = "ipset", [LIMITS_NFTABLES] = "nftables", [LIMITS_NONE] = "none"};
    const struct timeval patience = {.tv_sec = LIST_SECONDS};
    struct enforcer *e = &p->e;

    p->fds[FD_LISTEN] = (struct pollfd){.fd = PAIR_LISTEN_FD, .events = POLLIN};
    p->fds[FD_WATCHER] = (struct pollfd){.fd = -1};
    p->fds[FD_GUARD] = (struct pollfd){.fd = PAIR_FD, .events = POLLIN};
    (void)setsockopt(PAIR_LIST_FD, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    e->realtime = realtime;
    e->monotonic = monotonic;
    e->event = on_event;
    e->list = list;
    e->tell = tell_guard;
    e->userdata = p;
    e->sets = (struct sets){.nfnl = &p->nfnl, .limits = &e->limits};
    int r = nfnl_open(&p->nfnl);
    if (r < 0) {
        log_error("no netfilter netlink: %s", strerror(-r));
        return r;
    }
    if (!await_guard(p)) {
        log_error("pptpban-hookguard %s", p->guard_gone ? "has ended" : "does not come to an end with its start");
        return -ESRCH;
    }
    log_info("back end %s: %s; took over %u entries", back_ends[e->status.backend],
             e->status.hook.hooked ? "hook is in" : e->status.hook.problem == PROBLEM_OBSERVING ? "observing" : "not working yet", e->held.n);
    return lock_in();
}

int main(void)
{
    static struct program p;
    static const int signals[] = {SIGHUP, SIGTERM, SIGINT}; // blocked: they arrive while waiting only
    struct stat st;

    log_setup("pptpban-enforcer", LOG_INFO);
    if (fstat(PAIR_LISTEN_FD, &st) < 0 || !S_ISSOCK(st.st_mode)) {
        log_error("started by pptpban-hookguard, which takes the options --limits FILE, --socket PATH and --user NAME");
        return 2;
    }
    (void)prctl(PR_SET_NAME, program_invocation_short_name, 0, 0, 0); // a program that was started by its number has that as its name
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        (void)sigaction(signals[i], &(struct sigaction){.sa_handler = on_signal}, NULL);
    if (set_up(&p) < 0)
        return 1;
    tell_guard_type(&p, PAIR_READY);
    run(&p);
    if (p.guard_gone && !stop_asked)
        log_error("pptpban-hookguard has ended: ending, to be started anew with another one");
    return p.guard_gone && !stop_asked; // the kernel keeps sets and hook: stopping bans nobody less
}

// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban-enforcer: writes bans into the kernel's sets. Starts its guard of the hook (hookguard.c), gives up everything but
// CAP_NET_ADMIN, locks itself in, then serves one watcher. What is decided is in core.c; here are sockets, signals and time.
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "enforce/confine.h"
#include "enforce/core.h"

enum { START_MS = 20000, LIST_SECONDS = 10, DEAF_MS = 100 }; // how long the guard may take; whoever cannot be let in

enum { FD_LISTEN, FD_WATCHER, FD_GUARD, FDS };

struct program {
    struct enforcer e;
    struct nfnl nfnl;
    struct pollfd fds[FDS];
    union pair_message message; // of the guard
    int list_fd;
    struct pair_entries entries;
    uint32_t list_seq;
    bool hook_told, guard_gone;
    const char *user;
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
    return now_of(CLOCK_BOOTTIME);
}

static int open_listener(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (path[0] != '@'));

    if (getenv("LISTEN_FDS")) // made by systemd
        return 3;
    if (n >= sizeof(a.sun_path))
        return -ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    memcpy(a.sun_path, path, n);
    if (path[0] == '@') // abstract
        a.sun_path[0] = '\0';
    (void)unlink(path); // of an earlier run; the directory is ours alone
    // anyone may knock: who it is says the kernel, and only one user is let in
    if (bind(fd, (const struct sockaddr *)&a, size) < 0 || (path[0] != '@' && chmod(path, 0666) < 0) || listen(fd, 8) < 0) {
        int r = -errno;
        close(fd);
        return r;
    }
    return fd;
}

static int lock_in(void)
{
    static const char *const calls[] = {
        "read", "write", "close", "poll", "ppoll", "accept4", "sendto", "sendmsg", "recvfrom", "recvmsg", "getsockopt", "brk",
        "mmap", "munmap", "mremap", "mprotect", "madvise", "futex", "clock_gettime", "getpid", "gettid", "getrandom",
        "rt_sigreturn", "rt_sigprocmask", "restart_syscall", "tgkill", "exit", "exit_group", NULL,
    };

    return confine_lock_in(NULL, NULL, calls, NULL); // no file, and no socket that it has not got already
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
    static const char *const texts[WHAT_MAX] = {
        [WHAT_HOOK_LOST] = "the hook was taken away and is back",
        [WHAT_HOOK_STUCK] = "the hook is not in the kernel",
        [WHAT_SET_LOST] = "sets had lost entries, which are back",
        [WHAT_FULL] = "a set is full: new bans fail",
        [WHAT_FOREIGN_SET] = "a set of another type has the name of ours: nothing is banned there; rename or destroy it",
        [WHAT_FIGHT] = "hook or entries are taken away again and again: repairs are slowed down, and go on",
        [WHAT_RULESET] = "rules were taken out of the base ruleset; pptpban-firewall.service is asked to restore it",
    };
    struct program *p = userdata;

    if (ev->what != WHAT_REPAIRED)
        log_warning("%s (by %s, pid %u; missing for %lld ms)", texts[ev->what], ev->program[0] ? ev->program : "an unknown program",
                ev->pid, (long long)(ev->missing / USEC_MSEC));
    (void)send_unasked(p, MSG_EVENT, ev, sizeof(*ev)); // one that a slow watcher misses is in the status
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
    if (send(p->list_fd, &ask, sizeof(ask), MSG_NOSIGNAL) < 0)
        return -errno;
    for (;;) {
        ssize_t n = recv(p->list_fd, a, sizeof(*a), 0);
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

// Before we are confined: the guard gives up by itself what it does not need.
static int start_guard(struct program *p, const char *program, const char *limits)
{
    char path[4096];
    const char *slash = strrchr(program, '/');
    const char *argv[] = {path, "--limits", limits, p->user ? "--user" : NULL, p->user, NULL};
    const struct timeval patience = {.tv_sec = LIST_SECONDS};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    int news[2], lists[2];
    pid_t pid;

    snprintf(path, sizeof(path), "%.*s" PAIR_GUARD, slash ? (int)(slash + 1 - program) : 0, program);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, news) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, lists) < 0)
        return -errno;
    p->fds[FD_GUARD].fd = news[0];
    p->list_fd = lists[0];
    (void)setsockopt(p->list_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, news[1], PAIR_FD);
    posix_spawn_file_actions_adddup2(&files, lists[1], PAIR_LIST_FD);
    int r = -posix_spawnp(&pid, path, &files, &attributes, (char *const *)argv, environ);
    close(news[1]);
    close(lists[1]);
    return r;
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
    if (n == sizeof(m->limits) && m->type == PAIR_LIMITS) {
        take_limits(p, &m->limits);
    } else if (n == sizeof(m->own) && m->type == PAIR_OWN && m->own.own.n_address <= OWN_MAX && m->own.own.n_gateway <= OWN_MAX) {
        p->e.own = m->own.own;
        enforcer_sweep(&p->e);
    } else if (n == sizeof(m->hook) && m->type == PAIR_BACKEND) {
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

static int set_up(struct program *p, const char *program, const char *limits, const char *socket_path, int fd)
{
    struct enforcer *e = &p->e;
    struct stat netns;
    int r = 0;

    for (int i = 0; i < FDS; i++)
        p->fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    e->status.netns = stat("/proc/self/ns/net", &netns) == 0 ? netns.st_ino : 0;
    e->realtime = realtime;
    e->monotonic = monotonic;
    e->event = on_event;
    e->list = list;
    e->tell = tell_guard;
    e->userdata = p;
    e->sets = (struct sets){.nfnl = &p->nfnl, .limits = &e->limits};
    if (fd < 0 && (r = open_listener(socket_path)) < 0)
        log_error("%s: cannot listen: %s", socket_path, strerror(-r));
    else if (fd < 0)
        p->fds[FD_LISTEN].fd = r;
    else
        p->fds[FD_WATCHER].fd = fd;
    if (r >= 0 && (r = start_guard(p, program, limits)) < 0)
        log_error(PAIR_GUARD " cannot be started: %s", strerror(-r));
    else if (r >= 0 && (r = confine_to_net_admin(p->user)) < 0)
        log_error("cannot become user %s with CAP_NET_ADMIN alone: %s", p->user ? p->user : "(the present one)", strerror(-r));
    else if (r >= 0 && (r = nfnl_open(&p->nfnl)) < 0)
        log_error("no netfilter netlink: %s", strerror(-r));
    if (r < 0)
        return r;
    if (!await_guard(p)) {
        log_error(PAIR_GUARD " %s", p->guard_gone ? "has ended" : "does not come to an end with its start");
        return -ESRCH;
    }
    static const char *const back_ends[] = {[LIMITS_IPSET] = "ipset", [LIMITS_NFTABLES] = "nftables", [LIMITS_NONE] = "none"};
    log_info("back end %s: %s; took over %u entries", back_ends[e->status.backend],
             e->status.hooked ? "hook is in" : e->status.problem == PROBLEM_OBSERVING ? "observing" : "not working yet", e->held.n);
    return lock_in();
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"limits", required_argument, NULL, 'l'}, {"socket", required_argument, NULL, 's'},
        {"fd", required_argument, NULL, 'f'},     {"user", required_argument, NULL, 'u'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    static struct program p;
    const char *socket_path = PB_ENFORCER_SOCKET, *limits = PB_LIMITS_FILE;
    const int signals[] = {SIGHUP, SIGTERM, SIGINT};
    int c, fd = -1;
    sigset_t blocked;

    log_setup("pptpban-enforcer", LOG_INFO);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'l')
            limits = optarg;
        else if (c == 's')
            socket_path = optarg;
        else if (c == 'f')
            fd = atoi(optarg);
        else if (c == 'u')
            p.user = optarg;
        else {
            fputs("usage: pptpban-enforcer [--limits FILE] [--socket PATH | --fd N] [--user NAME]\n", c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
    }
    sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void)sigaction(signals[i], &(struct sigaction){.sa_handler = on_signal}, NULL);
        sigaddset(&blocked, signals[i]); // arrive while waiting only
    }
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    if (set_up(&p, argv[0], limits, socket_path, fd) < 0)
        return 1;
    tell_guard_type(&p, PAIR_READY);
    run(&p);
    if (p.guard_gone && !stop_asked)
        log_error(PAIR_GUARD " has ended: ending, to be started anew with another one");
    return p.guard_gone && !stop_asked; // the kernel keeps sets and hook: stopping bans nobody less
}

// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban-enforcer: the only process with a capability. Sets up, gives up everything but CAP_NET_ADMIN, locks itself
// in, then serves one watcher. What is decided is in core.c; here are sockets, signals and time.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "enforce/confine.h"
#include "enforce/core.h"
#include "enforce/hold.h"
#include "enforce/own.h"
#include "enforce/ruleset_lost.h"
#include "enforce/sockets.h"

#include <libmnl/libmnl.h>

enum { FD_LISTEN, FD_WATCHER, FD_GUARD, FD_OWN, FD_HOLD, FD_HOLDER, FDS };

struct program {
    struct enforcer e;
    struct nfnl nfnl;
    struct guard guard;
    struct hold hold;
    struct mnl_socket *own;
    struct sockets sockets;
    struct ruleset_lost ruleset;
    struct sockets_entry victims[64];
    unsigned n_victims;
    struct pollfd fds[FDS];
    const char *limits_path, *user;
    int notify;                     // systemd's socket, or -1
    usec_t watchdog, watchdog_next; // monotonic; 0: none
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

static int unix_address(const char *path, struct sockaddr_un *ret, socklen_t *ret_size)
{
    size_t n = strlen(path);

    if (n >= sizeof(ret->sun_path))
        return -ENAMETOOLONG;
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret->sun_path, path, n);
    *ret_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    if (path[0] == '@') // abstract
        ret->sun_path[0] = '\0';
    else
        (*ret_size)++;
    return 0;
}

static void notify(const struct program *p, const char *state)
{
    if (p->notify >= 0)
        (void)send(p->notify, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void open_notify(struct program *p)
{
    const char *path = getenv("NOTIFY_SOCKET"), *usec = getenv("WATCHDOG_USEC");
    struct sockaddr_un a;
    socklen_t size;

    p->notify = -1;
    if (!path || unix_address(path, &a, &size) < 0)
        return;
    p->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (p->notify >= 0 && connect(p->notify, (const struct sockaddr *)&a, size) < 0) {
        close(p->notify);
        p->notify = -1;
    }
    p->watchdog = usec ? (usec_t)strtoll(usec, NULL, 10) / 2 : 0;
}

static int open_listener(const char *path)
{
    struct sockaddr_un a;
    socklen_t size;
    int r = unix_address(path, &a, &size), fd;

    if (getenv("LISTEN_FDS")) // made by systemd
        return 3;
    fd = r == 0 ? socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
    if (fd < 0)
        return r < 0 ? r : -errno;
    (void)unlink(path); // of an earlier run; the directory is ours alone
    // anyone may knock: who it is says the kernel, and only one user is let in
    if (bind(fd, (const struct sockaddr *)&a, size) < 0 || chmod(path, 0666) < 0 || listen(fd, 8) < 0) {
        r = -errno;
        close(fd);
        return r;
    }
    return fd;
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

static void ruleset_lost(struct program *p, const struct guard_culprit *who)
{
    struct msg_event ev = {.what = WHAT_RULESET, .pid = who->pid};

    memcpy(ev.program, who->program, sizeof(ev.program));
    p->e.status.ruleset_lost++;
    if (ruleset_lost_note(&p->ruleset, who, monotonic()))
        on_event(p, &ev);
}

static void collect(void *userdata, const struct sockets_entry *s)
{
    struct program *p = userdata;

    if (p->n_victims < sizeof(p->victims) / sizeof(p->victims[0]) && enforcer_holds(&p->e, &s->peer))
        p->victims[p->n_victims++] = *s;
}

// The hook drops what a banned address sends, and the server would go on waiting for it: its place is free at once.
static void cut(void *userdata)
{
    struct program *p = userdata;
    unsigned ended = 0;

    p->n_victims = 0;
    if (p->e.limits.keep_open || p->e.backend.ops == &backend_none ||
        sockets_walk(&p->sockets, p->e.limits.control_port, SOCKETS_LIVING, collect, p) < 0)
        return;
    for (unsigned i = 0; i < p->n_victims; i++)
        ended += sockets_end(&p->sockets, &p->victims[i]) == 0;
    if (ended > 0)
        log_info("ended %u open control connection%s of banned addresses", ended, ended == 1 ? "" : "s");
    p->e.cut_due = ended == sizeof(p->victims) / sizeof(p->victims[0]); // there may be more
}

static void accept_watcher(struct program *p)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof(peer);
    int fd = accept4(p->fds[FD_LISTEN].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
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

static void reload(struct program *p)
{
    struct limits *fresh = malloc(sizeof(*fresh));
    int r = fresh ? limits_read(p->limits_path, fresh) : -ENOMEM;
    const struct limits *old = &p->e.limits;

    reload_asked = 0;
    if (r < 0)
        log_error("%s: %s; the limits stay as they are", p->limits_path, strerror(-r));
    else if (strcmp(fresh->set4, old->set4) != 0 || strcmp(fresh->set6, old->set6) != 0 ||
             strcmp(fresh->table, old->table) != 0 || fresh->backend != old->backend || fresh->max_entries != old->max_entries ||
             fresh->ban_new != old->ban_new)
        stop_asked = 1; // other sets or hook: begin anew; the service manager starts us, the bans stay in the kernel
    else {
        p->e.limits = *fresh;
        enforcer_sweep(&p->e);
        log_info("read the limits again");
    }
    free(fresh);
}

static void choose_backend(struct enforcer *e, struct nfnl *n)
{
    uint32_t wanted = e->limits.backend;

    if (wanted == LIMITS_AUTO) // trap: an ipset rule makes a native ruleset's dump unloadable, so keep them apart
        wanted = backend_nft_in_use(n, e->limits.table) == 1 ? LIMITS_NFTABLES : LIMITS_IPSET;
    e->backend = (struct backend){.nfnl = n, .limits = &e->limits};
    e->backend.ops = wanted == LIMITS_IPSET ? &backend_ipset : wanted == LIMITS_NFTABLES ? &backend_nftables : &backend_none;
    e->leftover = wanted == LIMITS_IPSET ? &backend_nftables : wanted == LIMITS_NFTABLES ? &backend_ipset : NULL;
    e->status.backend = wanted;
}

// Somebody changes a large ruleset: deaf meanwhile, and everything is looked at afterwards.
static void serve_hold(struct program *p)
{
    enum hold_change change = hold_serve(&p->hold, monotonic());

    if (change == HOLD_BEGUN && guard_leave(&p->guard) == 0)
        hold_confirm(&p->hold);
    if (change == HOLD_ENDED) {
        int r = guard_join(&p->guard);
        if (r < 0)
            log_error("the kernel's announcements cannot be listened to any more: %s", strerror(-r));
        enforcer_look(&p->e);
        ruleset_lost_look(&p->ruleset, monotonic());
    }
    p->fds[FD_HOLDER].fd = p->hold.client;
}

static void run(struct program *p)
{
    sigset_t none;

    sigemptyset(&none);
    while (!stop_asked) {
        usec_t next = enforcer_tick(&p->e), now = monotonic(), ask = ruleset_lost_tick(&p->ruleset, now);
        next = ask < next ? ask : next;
        next = p->hold.client >= 0 && p->hold.until < next ? p->hold.until : next;
        if (p->watchdog && now >= p->watchdog_next) {
            notify(p, "WATCHDOG=1");
            p->watchdog_next = now + p->watchdog;
        }
        if (p->watchdog && p->watchdog_next < next)
            next = p->watchdog_next;
        usec_t left = next > now ? next - now : 0;
        struct timespec wait = {.tv_sec = left / USEC_SEC, .tv_nsec = left % USEC_SEC * 1000};
        p->fds[FD_WATCHER].events = p->reply_size ? POLLOUT : POLLIN;
        if (ppoll(p->fds, FDS, next == USEC_FOREVER ? NULL : &wait, &none) < 0 && errno != EINTR)
            break;
        if (reload_asked)
            reload(p);
        if (p->fds[FD_GUARD].revents) {
            struct guard_news news;
            guard_read(&p->guard, p->nfnl.portid, p->e.limits.table, &news);
            enforcer_news(&p->e, &news);
            if (news.ruleset)
                ruleset_lost(p, &news.ruleset_who);
        }
        if (p->fds[FD_HOLD].revents || p->fds[FD_HOLDER].revents || (p->hold.client >= 0 && monotonic() >= p->hold.until))
            serve_hold(p);
        if (p->fds[FD_OWN].revents && own_refresh(p->own, &p->e.own) > 0)
            enforcer_sweep(&p->e);
        if (p->fds[FD_WATCHER].fd >= 0 && p->fds[FD_WATCHER].revents)
            serve_watcher(p);
        if (p->fds[FD_LISTEN].revents)
            accept_watcher(p);
    }
}

static int set_up(struct program *p, const char *socket_path, int fd)
{
    struct enforcer *e = &p->e;
    int r;

    if ((r = limits_read(p->limits_path, &e->limits)) < 0) {
        log_error("%s: %s; `pptpban compile-limits` writes it", p->limits_path,
                  r == -EBADMSG ? "cut off, altered or of another version" : strerror(-r));
        return r;
    }
    for (int i = 0; i < FDS; i++)
        p->fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    open_notify(p);
    if (fd < 0 && (r = open_listener(socket_path)) < 0)
        log_error("%s: cannot listen: %s", socket_path, strerror(-r));
    else if (fd < 0)
        p->fds[FD_LISTEN].fd = r;
    else
        p->fds[FD_WATCHER].fd = fd;
    if (r >= 0 && ruleset_lost_open(p->limits_path, p->user, &p->ruleset) < 0)
        log_notice("%s: no directory ruleset can be made beside it: nobody is asked to restore the base ruleset", p->limits_path);
    if (r >= 0 && hold_open(p->limits_path, HOLD_NAME, &p->hold) < 0)
        log_notice("%s: no socket %s can be made beside it: large rulesets load more slowly", p->limits_path, HOLD_NAME);
    if (r >= 0 && (r = confine_to_net_admin(p->user)) < 0)
        log_error("cannot become user %s with CAP_NET_ADMIN alone: %s", p->user ? p->user : "(the present one)",
                  strerror(-r));
    else if (r >= 0 && ((r = nfnl_open(&p->nfnl)) < 0 || (r = guard_open(&p->guard)) < 0))
        log_error("no netfilter netlink: %s; CAP_NET_ADMIN is needed", strerror(-r));
    else if (r >= 0 && (r = own_open(&p->own, &e->own)) < 0)
        log_error("own addresses cannot be read: %s", strerror(-r));
    else if (r >= 0 && (r = held_new(e->limits.max_entries, &e->held)) < 0)
        log_error("no memory for %u entries", e->limits.max_entries);
    if (r < 0)
        return r;
    if (sockets_open(&p->sockets) == 0)
        e->cut = cut;
    else
        log_notice("no sock_diag in this kernel: open connections of banned addresses are dropped, not ended");
    p->fds[FD_HOLD].fd = p->hold.listener;
    p->fds[FD_GUARD].fd = mnl_socket_get_fd(p->guard.nl);
    p->fds[FD_OWN].fd = mnl_socket_get_fd(p->own);
    struct stat netns;
    e->status.netns = stat("/proc/self/ns/net", &netns) == 0 ? netns.st_ino : 0;
    e->realtime = realtime;
    e->monotonic = monotonic;
    e->event = on_event;
    e->userdata = p;
    choose_backend(e, &p->nfnl);
    enforcer_start(e);
    log_info("back end %s: %s; took over %u entries", e->backend.ops->name,
             e->status.hooked ? "hook is in" : e->status.problem == PROBLEM_OBSERVING ? "observing" : "not working yet", e->held.n);
    return lock_in(p);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"limits", required_argument, NULL, 'l'}, {"socket", required_argument, NULL, 's'},
        {"fd", required_argument, NULL, 'f'},     {"user", required_argument, NULL, 'u'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    static struct program p = {.limits_path = PB_LIMITS_FILE};
    const char *socket_path = PB_ENFORCER_SOCKET;
    const int signals[] = {SIGHUP, SIGTERM, SIGINT};
    int c, fd = -1;
    sigset_t blocked;

    log_setup("pptpban-enforcer", LOG_INFO);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'l')
            p.limits_path = optarg;
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
    if (set_up(&p, socket_path, fd) < 0)
        return 1;
    notify(&p, "READY=1");
    run(&p);
    notify(&p, "STOPPING=1");
    p.e.backend.ops->close(&p.e.backend); // the kernel keeps sets and hook: stopping bans nobody less
    return 0;
}

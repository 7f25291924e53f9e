// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban-connguard: ends control connections that send no first packet, for pptpd serves nobody else while it waits
// for one. Reads no log, no configuration and not a byte of what clients send.
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/notify.h"
#include "base/paths.h"
#include "connguard/report.h"
#include "connguard/silent.h"
#include "connguard/tripwire.h"
#include "enforce/confine.h"
#include "enforce/connstats.h"
#include "enforce/hold.h"
#include "enforce/judge.h"
#include "enforce/limits.h"

enum { FD_PACKETS, FD_CHANGES, FD_HOLD, FD_HOLDER, FDS, VICTIMS = 256 };

// Without a rule that wakes us: how often to look.
#define LOOK_PERIOD (500 * USEC_MSEC)
// The kernel's clock of a socket has a step of up to 10 ms.
#define CLOCK_STEP (10 * USEC_MSEC)

struct victim {
    struct sockets_entry socket;
    usec_t age;
};

struct guard_program {
    struct limits limits;
    struct tripwire tripwire;
    struct hold hold;
    struct sockets sockets, endings; // a walk and what ends in the middle of it must not mix
    struct silent *silent;
    struct report report;
    struct connstats stats;
    struct victim victims[VICTIMS];
    unsigned n_victims;
    bool more_victims, cannot_end, to_syslog;
    usec_t now, look_at, woken, last_end; // monotonic; USEC_FOREVER never
    const char *limits_path, *stats_path, *user;
    int notify, stats_fd;
    usec_t watchdog, watchdog_next;
};

static volatile sig_atomic_t stop_asked, reload_asked;

static void on_signal(int number)
{
    *(number == SIGHUP ? &reload_asked : &stop_asked) = 1;
}

static usec_t sooner(usec_t a, usec_t b)
{
    return a < b ? a : b;
}

// --- looking -------------------------------------------------------------------------------------------------

static bool is_allowed(const struct guard_program *p, const struct addr *a)
{
    struct prefix net = prefix_of(a, 128);

    return judge_allowed(&p->limits, &net);
}

static void see(void *userdata, const struct sockets_entry *e)
{
    struct guard_program *p = userdata;
    usec_t age;

    if (e->received >= p->limits.first_packet || is_allowed(p, &e->peer))
        return;
    bool known = e->received == 0 && report_knows(&p->report, &e->peer, p->now); // and comes again
    if (!silent_see(p->silent, e, known ? SILENT_LEAST : p->limits.silent_ms * USEC_MSEC, &age))
        return;
    if (p->n_victims < VICTIMS)
        p->victims[p->n_victims++] = (struct victim){.socket = *e, .age = age};
    else
        p->more_victims = true;
}

static void tell(struct guard_program *p, const struct victim *v, bool ended, usec_t now)
{
    char address[ADDR_STRLEN], text[128];

    if (!report_may(&p->report, &v->socket.peer, now))
        return;
    snprintf(text, sizeof(text), "silent connection from %s %s after %.1f s", addr_format(&v->socket.peer, address),
             ended ? "ended" : "not ended", (double)v->age / (double)USEC_SEC);
    log_notice("%s", text);
    if (p->to_syslog)
        syslog(LOG_NOTICE, "%s", text);
    p->stats.told++;
}

static void end(struct guard_program *p, const struct victim *v, usec_t now)
{
    bool only_tell = p->cannot_end || p->limits.backend == LIMITS_NONE;
    int r = only_tell ? -EOPNOTSUPP : sockets_end(&p->endings, &v->socket);

    if (r == -ENOENT) // it went by itself
        return;
    if (r == 0) {
        p->stats.ended++;
        p->last_end = now;
        tell(p, v, true, now);
        return;
    }
    if (!only_tell) { // whatever the reason is, it will be the same next time
        p->cannot_end = true;
        p->stats.mode = CONNSTATS_REPORTS;
        log_warning("this kernel does not end connections (%s): silent ones are reported, and end when their address is banned",
                    r == -EOPNOTSUPP ? "it lacks CONFIG_INET_DIAG_DESTROY" : strerror(-r));
    }
    if (silent_excuse(p->silent, v->socket.cookie))
        tell(p, v, false, now);
}

static void look(struct guard_program *p)
{
    usec_t now = clock_monotonic();

    p->now = now;
    p->n_victims = 0;
    p->more_victims = false;
    silent_begin(p->silent, now);
    int r = sockets_walk(&p->sockets, p->limits.control_port, SOCKETS_ESTABLISHED, see, p);
    usec_t due = silent_end(p->silent, p->limits.silent_ms * USEC_MSEC);
    for (unsigned i = 0; i < p->n_victims; i++)
        end(p, &p->victims[i], now);
    p->stats.looks++;
    p->stats.unfinished = silent_count(p->silent);
    p->look_at = due == USEC_FOREVER ? USEC_FOREVER : due > now ? due + CLOCK_STEP : now;
    if (p->more_victims)
        p->look_at = now;
    else if (now < p->last_end + USEC_SEC) // who waited for their places is there now, or they again
        p->look_at = sooner(p->look_at, now + SILENT_LEAST / 2);
    else if (r < 0) // an answer was lost
        p->look_at = sooner(p->look_at, now + 100 * USEC_MSEC);
    if (p->woken != USEC_FOREVER && p->woken + TRIPWIRE_PERIOD >= now) // what the rule held back meanwhile
        p->look_at = sooner(p->look_at, p->woken + TRIPWIRE_PERIOD + CLOCK_STEP);
    if (p->tripwire.error)
        p->look_at = sooner(p->look_at, now + LOOK_PERIOD);
}

// --- the rest ------------------------------------------------------------------------------------------------

static void write_stats(struct guard_program *p)
{
    struct connstats s = p->stats;

    s.silent_ms = p->limits.silent_ms;
    s.woken_error = p->tripwire.error;
    s.unsaid = p->report.unsaid;
    s.overflow = silent_overflow(p->silent);
    s.mended = p->tripwire.mended;
    if (p->stats_fd >= 0)
        (void)connstats_write(p->stats_fd, &s);
}

// As the limits want it now.
static void set_to_work(struct guard_program *p)
{
    bool off = p->limits.silent_ms == 0;

    p->stats.mode = off ? CONNSTATS_OFF
                    : p->limits.backend == LIMITS_NONE ? CONNSTATS_OBSERVES
                    : p->cannot_end ? CONNSTATS_REPORTS : CONNSTATS_ENDS;
    p->look_at = p->woken = USEC_FOREVER;
    p->last_end = clock_monotonic() - USEC_SEC;
    if (p->tripwire.packets && tripwire_set(&p->tripwire, off ? 0 : p->limits.control_port) < 0 && !off)
        p->tripwire.check_at = clock_monotonic() + 5 * USEC_SEC;
    if (off) {
        log_info("silent_timeout = 0: silent connections may stay");
        return;
    }
    if (p->tripwire.error)
        log_warning("nothing wakes it when somebody connects (%s): looking twice a second", strerror(p->tripwire.error));
    log_info("watching port %u: %s silent for %.0f s", p->limits.control_port,
             p->stats.mode == CONNSTATS_ENDS ? "ends whoever is" : "reports whoever is", p->limits.silent_ms / 1000.0);
    look(p);
}

static void reload(struct guard_program *p)
{
    struct limits *fresh = malloc(sizeof(*fresh));
    int r = fresh ? limits_read(p->limits_path, fresh) : -ENOMEM;

    reload_asked = 0;
    if (r < 0) {
        log_error("%s: %s; the limits stay as they are", p->limits_path, strerror(-r));
    } else {
        p->limits = *fresh;
        set_to_work(p);
        write_stats(p);
    }
    free(fresh);
}

static int lock_in(const struct guard_program *p)
{
    static const char *const calls[] = {
        "read", "write", "pwrite64", "close", "openat", "open", "fstat", "newfstatat", "lseek", "fcntl", "poll", "ppoll",
        "socket", "connect", "sendto", "sendmsg", "recvfrom", "recvmsg", "getsockopt", "setsockopt", "brk", "mmap", "munmap",
        "mremap", "mprotect", "accept4", "madvise", "futex", "clock_gettime", "getpid", "gettid", "getrandom", "rt_sigreturn",
        "rt_sigprocmask", "rt_sigaction", "restart_syscall", "tgkill", "exit", "exit_group", NULL,
    };
    static const int families[] = {AF_NETLINK, AF_UNIX, AF_UNSPEC}; // AF_UNIX: a system log that was started anew

    return confine_lock_in(p->limits_path, NULL, calls, families);
}

static void wake(struct guard_program *p)
{
    usec_t now = clock_monotonic();

    p->woken = now;
    // not at once: a packet wakes us before it has established anything, and more may follow
    p->look_at = sooner(p->look_at, now + TRIPWIRE_PERIOD + CLOCK_STEP);
}

// Somebody changes a large ruleset: deaf meanwhile.
static void serve_hold(struct guard_program *p)
{
    enum hold_change change = hold_serve(&p->hold, clock_monotonic());
    int r = 0;

    if (change == HOLD_BEGUN && tripwire_leave(&p->tripwire) == 0)
        hold_confirm(&p->hold);
    if (change == HOLD_ENDED && (r = tripwire_join(&p->tripwire, clock_monotonic())) < 0)
        log_error("the kernel's announcements cannot be listened to any more: %s", strerror(-r));
}

static void run(struct guard_program *p)
{
    struct pollfd fds[FDS] = {{.fd = tripwire_packets_fd(&p->tripwire), .events = POLLIN},
                              {.fd = tripwire_changes_fd(&p->tripwire), .events = POLLIN},
                              {.fd = p->hold.listener, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
    sigset_t none;

    sigemptyset(&none);
    while (!stop_asked) {
        usec_t now = clock_monotonic(), mended = (usec_t)p->tripwire.mended;
        usec_t next = tripwire_tick(&p->tripwire, now);
        if ((usec_t)p->tripwire.mended != mended) {
            log_notice("the rule that wakes us was taken away and is back (by %s, pid %u)",
                       p->tripwire.culprit[0] ? p->tripwire.culprit : "an unknown program", p->tripwire.culprit_pid);
            p->look_at = now; // who came meanwhile woke nobody
        }
        if (now >= p->look_at) {
            look(p);
            write_stats(p);
        }
        next = sooner(next, p->look_at);
        next = sooner(next, hold_next(&p->hold));
        fds[FD_HOLD].fd = hold_listener(&p->hold, now);
        fds[FD_HOLDER].fd = p->hold.client;
        if (p->watchdog && now >= p->watchdog_next) {
            notify_send(p->notify, "WATCHDOG=1");
            p->watchdog_next = now + p->watchdog;
        }
        if (p->watchdog)
            next = sooner(next, p->watchdog_next);
        usec_t left = next > now ? next - now : 0;
        struct timespec wait = {.tv_sec = left / USEC_SEC, .tv_nsec = left % USEC_SEC * 1000};
        if (ppoll(fds, FDS, next == USEC_FOREVER ? NULL : &wait, &none) < 0 && errno != EINTR)
            break;
        if (reload_asked)
            reload(p);
        if (fds[FD_PACKETS].revents && tripwire_read_packets(&p->tripwire) && p->limits.silent_ms)
            wake(p);
        if (fds[FD_CHANGES].revents)
            tripwire_read_changes(&p->tripwire, clock_monotonic());
        if (fds[FD_HOLD].revents || fds[FD_HOLDER].revents || clock_monotonic() >= hold_next(&p->hold))
            serve_hold(p);
    }
}

static int set_up(struct guard_program *p)
{
    int r;

    if ((r = limits_read(p->limits_path, &p->limits)) < 0) {
        log_error("%s: %s; `pptpban compile-limits` writes it", p->limits_path,
                  r == -EBADMSG ? "cut off, altered or of another version" : strerror(-r));
        return r;
    }
    p->stats_fd = connstats_open(p->stats_path);
    if (p->stats_fd == -EBUSY) {
        log_error("%s: another pptpban-connguard has it", p->stats_path);
        return p->stats_fd;
    }
    if (p->stats_fd < 0)
        log_warning("%s: %s; pptpban status will not know of it", p->stats_path, strerror(-p->stats_fd));
    if (hold_open(p->limits_path, HOLD_CONNGUARD_NAME, &p->hold) < 0)
        log_notice("%s: no socket %s can be made beside it: large rulesets load more slowly", p->limits_path, HOLD_CONNGUARD_NAME);
    p->notify = notify_open();
    p->watchdog = (usec_t)notify_watchdog() / 2;
    p->to_syslog = !getenv("JOURNAL_STREAM");
    if (p->to_syslog)
        openlog("pptpban-connguard", LOG_PID | LOG_NDELAY, LOG_DAEMON);
    tzset();
    report_init(&p->report);
    if ((r = confine_to_net_admin(p->user, false)) < 0)
        log_error("cannot become user %s with CAP_NET_ADMIN alone: %s", p->user ? p->user : "(the present one)", strerror(-r));
    else if ((r = sockets_open(&p->sockets)) < 0 || (r = sockets_open(&p->endings)) < 0)
        log_error("no sock_diag: %s", strerror(-r));
    else if ((r = silent_new(SILENT_MAX, &p->silent)) < 0)
        log_error("no memory for %d connections", SILENT_MAX);
    if (r < 0)
        return r;
    (void)tripwire_open(&p->tripwire);
    set_to_work(p);
    write_stats(p);
    return lock_in(p);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"limits", required_argument, NULL, 'l'}, {"stats", required_argument, NULL, 's'},
        {"user", required_argument, NULL, 'u'},   {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    static struct guard_program p = {.limits_path = PB_LIMITS_FILE, .stats_path = PB_ENFORCER_DIR "/" CONNSTATS_NAME};
    const int signals[] = {SIGHUP, SIGTERM, SIGINT};
    sigset_t blocked;
    int c;

    log_setup("pptpban-connguard", LOG_INFO);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'l')
            p.limits_path = optarg;
        else if (c == 's')
            p.stats_path = optarg;
        else if (c == 'u')
            p.user = optarg;
        else {
            fputs("usage: pptpban-connguard [--limits FILE] [--stats FILE] [--user NAME]\n", c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
    }
    sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void)sigaction(signals[i], &(struct sigaction){.sa_handler = on_signal}, NULL);
        sigaddset(&blocked, signals[i]); // arrive while waiting only
    }
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    if (set_up(&p) < 0)
        return 1;
    notify_send(p.notify, "READY=1");
    run(&p);
    notify_send(p.notify, "STOPPING=1");
    tripwire_close(&p.tripwire);
    return 0;
}

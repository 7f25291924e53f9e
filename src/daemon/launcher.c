// SPDX-License-Identifier: GPL-2.0-or-later
// Signals, children and the service manager, in a plain poll loop.
#include "daemon/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/journal.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/text.h"
#include "daemon/channel.h"
#include "daemon/helper.h"

// A watcher that was asked to end and does not is killed after this.
#define STOP_PATIENCE (15 * USEC_SEC)
// A reload that is not through after this is given up.
#define RELOAD_PATIENCE (60 * USEC_SEC)
// A watcher that ran for so long has not failed at once.
#define HEALTHY_AFTER (60 * USEC_SEC)

struct child {
    pid_t pid; // 0: none
    int fd;    // -1: none
    bool prepared, ready, paused;
    usec_t started, kill_at; // monotonic; kill_at: USEC_FOREVER never
};

struct launcher {
    const struct daemon_options *options;
    int signals, manager; // signalfd; the service manager's socket, -1 without
    uint64_t watchdog;
    struct child current, fresh, old; // serving; being prepared in a reload; ending
    struct helper helpers[HELPER_KINDS];
    bool stopping, was_ready, reload_again;
    unsigned failures;  // of watchers in a row
    usec_t again;       // when to start a watcher, USEC_FOREVER never
    char reason[CHANNEL_TEXT_MAX]; // why the last watcher failed, "" unknown
    struct journal *journal;
    bool watcher_died; // and nobody was told yet that another one works
    int code;
};

// One of our parts does not work, or does again.
static void say_watcher(struct launcher *l, enum news_kind kind, int level, const char *text)
{
    const struct journal_field part = {"PPTPBAN_PART", "watcher"};

    journal_say(l->journal, level, kind, &part, 1, text);
}

// What goes to the service manager is one line of printable text, whoever wrote it.
static void notify(const struct launcher *l, const char *state, const char *text)
{
    char shown[256], message[512];

    text_show(str_of(text), 0, shown, sizeof(shown));
    snprintf(message, sizeof(message), "%s%s%s%s", state, *state && *text ? "\n" : "", *text ? "STATUS=" : "", shown);
    notify_send(l->manager, message);
}

// A watcher says so itself, twice in the time that the service manager waits. Where it cannot, since one has ended or
// makes way for another, its wait begins anew: our loop lives, and the longest pause between two of them is shorter.
static void alive(const struct launcher *l)
{
    if (l->watchdog)
        notify_send(l->manager, "WATCHDOG=1");
}

static void forget(struct child *c)
{
    if (c->fd >= 0)
        close(c->fd);
    *c = (struct child){.fd = -1, .kill_at = USEC_FOREVER};
}

// In the child: a new program, so that it shares neither memory nor its layout with us or its predecessors.
static void run_watcher(const struct launcher *l, int channel, bool is_reload)
{
    const struct daemon_options *o = l->options;
    char number[16], usec[24], reload_option[] = OPTION_RELOAD;
    char **argv = calloc((size_t)o->argc + 6, sizeof(*argv));
    size_t n = (size_t)o->argc;

    snprintf(number, sizeof(number), "%d", channel);
    snprintf(usec, sizeof(usec), "%llu", (unsigned long long)l->watchdog);
    if (argv) {
        memcpy(argv, o->argv, n * sizeof(*argv));
        argv[n++] = (char[]){OPTION_CHANNEL};
        argv[n++] = number;
        argv[n++] = (char[]){OPTION_WATCHDOG};
        argv[n++] = usec;
        argv[n++] = is_reload ? reload_option : NULL;
        fcntl(channel, F_SETFD, 0);
        execv(o->watcher, argv);
        log_error("%s: %s", o->watcher, strerror(errno));
    }
    _exit(127);
}

static int start_watcher(struct launcher *l, struct child *c)
{
    int pair[2], r = channel_pair(pair);

    forget(c);
    if (r < 0)
        return r;
    l->reason[0] = '\0';
    c->pid = fork();
    if (c->pid == 0)
        run_watcher(l, pair[1], c == &l->fresh);
    r = c->pid < 0 ? -errno : 0;
    close(pair[1]);
    if (r < 0) {
        close(pair[0]);
        c->pid = 0;
        return r;
    }
    c->fd = pair[0];
    c->started = clock_monotonic();
    return 0;
}

static void ask_to_end(struct child *c, const char *why)
{
    if (c->pid == 0)
        return;
    if (channel_send(c->fd, CHANNEL_STOP, why) < 0)
        kill(c->pid, SIGTERM);
    c->kill_at = clock_monotonic() + STOP_PATIENCE;
}

static void start_current(struct launcher *l)
{
    l->again = USEC_FOREVER;
    int r = start_watcher(l, &l->current);
    if (r < 0) {
        log_error("cannot start a watcher: %s", strerror(-r));
        l->again = clock_monotonic() + helper_backoff(++l->failures);
    }
}

// --- reload --------------------------------------------------------------------------------------------------

static void reload(struct launcher *l)
{
    char state[64];

    if (l->stopping)
        return;
    if (l->fresh.pid || l->old.pid || !l->current.ready) { // one at a time
        l->reload_again = true;
        return;
    }
    l->reload_again = false;
    snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_monotonic());
    notify(l, state, "reloading");
    log_info("reloading");
    int r = start_watcher(l, &l->fresh);
    if (r < 0) {
        log_error("cannot start a new watcher: %s", strerror(-r));
        notify(l, "READY=1", "");
        (void)channel_send(l->current.fd, CHANNEL_RESUME, strerror(-r));
        return;
    }
    l->fresh.kill_at = l->fresh.started + RELOAD_PATIENCE;
}

static void reload_failed(struct launcher *l, const char *why)
{
    char status[CHANNEL_TEXT_MAX + 32];

    snprintf(status, sizeof(status), "reload failed: %s", why);
    notify(l, "READY=1", status);
    alive(l);
    if (l->current.pid)
        (void)channel_send(l->current.fd, CHANNEL_RESUME, why);
    l->current.paused = false;
}

static void reload_done(struct launcher *l, const char *status)
{
    ask_to_end(&l->current, "reloaded");
    l->old = l->current;
    l->current = l->fresh;
    l->fresh = (struct child){.fd = -1, .kill_at = USEC_FOREVER};
    l->current.kill_at = USEC_FOREVER;
    notify(l, "READY=1", status);
    log_info("reloaded");
}

// --- messages ------------------------------------------------------------------------------------------------

static void prepared(struct launcher *l, struct child *c, const char *text)
{
    const char *end = text + strcspn(text, "\n");
    char dir[CHANNEL_TEXT_MAX];

    snprintf(dir, sizeof(dir), "%.*s", (int)(end - text), text);
    // only as root, and only before it has read a line: it may name the place of the enforcer
    if (geteuid() == 0 && dir[0] == '/')
        for (size_t i = 0; i < HELPER_KINDS; i++) {
            helper_want(&l->helpers[i], dir, *end ? end + 1 : end);
            // at once: a watcher must not speak to an enforcer that was left behind and is about to be ended
            (void)helper_tick(&l->helpers[i]);
        }
    if (c == &l->fresh && l->current.pid)
        (void)channel_send(l->current.fd, CHANNEL_PAUSE, NULL);
    else
        (void)channel_send(c->fd, CHANNEL_GO, NULL);
}

static void take_message(struct launcher *l, struct child *c, const struct channel_message *m)
{
    switch (m->type) {
    case CHANNEL_PREPARED: // once: what comes after it has been let go may be somebody else's word
        if (!c->prepared)
            prepared(l, c, m->text);
        c->prepared = true;
        break;
    case CHANNEL_PAUSED:
        if (c == &l->current && l->fresh.pid) {
            c->paused = true;
            (void)channel_send(l->fresh.fd, CHANNEL_GO, NULL);
        }
        break;
    case CHANNEL_READY:
        if (c->ready)
            break;
        c->ready = l->was_ready = true;
        if (l->watcher_died)
            say_watcher(l, NEWS_DEGRADED_OVER, LOG_NOTICE, "the new watcher reads on where the old one was");
        l->watcher_died = false;
        alive(l);
        if (c == &l->fresh)
            reload_done(l, m->text);
        else
            notify(l, "READY=1", m->text);
        break;
    case CHANNEL_FAILED:
        snprintf(l->reason, sizeof(l->reason), "%s", m->text);
        break;
    case CHANNEL_STATUS:
        if (c == &l->current)
            notify(l, "", m->text);
        break;
    case CHANNEL_ALIVE:
        if (c == &l->current)
            alive(l);
        break;
    case CHANNEL_RELOAD:
        if (c == &l->current)
            reload(l);
        break;
    default:
        break;
    }
}

static void read_channel(struct launcher *l, struct child *c)
{
    struct channel_message m;
    int fd = c->fd;

    for (int i = 0; i < 16 && c->fd == fd; i++) { // a flood from one must not starve the rest
        int r = channel_receive(c->fd, 0, &m);
        if (r == -EAGAIN)
            return;
        if (r < 0) { // its end shows as SIGCHLD
            if (r == -EBADMSG)
                kill(c->pid, SIGKILL);
            close(c->fd);
            c->fd = -1;
            return;
        }
        take_message(l, c, &m);
    }
}

// --- ends ----------------------------------------------------------------------------------------------------

static void current_ended(struct launcher *l, int status)
{
    char how[HELPER_END_MAX], text[CHANNEL_TEXT_MAX + 160];
    bool was_ready = l->current.ready, long_lived = clock_monotonic() - l->current.started > HEALTHY_AFTER;

    forget(&l->current);
    if (l->stopping)
        return;
    if (l->fresh.pid) { // its successor need not wait any longer
        l->current = l->fresh;
        l->current.kill_at = USEC_FOREVER;
        l->fresh = (struct child){.fd = -1, .kill_at = USEC_FOREVER};
        (void)channel_send(l->current.fd, CHANNEL_GO, NULL);
        return;
    }
    if (!l->was_ready) { // a start that never worked is the administrator's to mend
        log_error("cannot start: %s", l->reason[0] ? l->reason : helper_describe_end(status, how));
        l->code = 1;
        l->stopping = true;
        return;
    }
    l->failures = was_ready && long_lived ? 1 : l->failures + 1;
    usec_t wait = helper_backoff(l->failures);
    l->again = clock_monotonic() + wait;
    snprintf(text, sizeof(text), "the watcher %s%s%s; bans stay in the kernel; starting a new one in %.1f s",
             helper_describe_end(status, how), l->reason[0] ? ": " : "", l->reason, (double)wait / (double)USEC_SEC);
    say_watcher(l, NEWS_DEGRADED, LOG_ERR, text);
    l->watcher_died = true;
    notify(l, "", "the watcher died, starting a new one");
    alive(l);
}

static void fresh_ended(struct launcher *l, int status)
{
    char how[HELPER_END_MAX], text[HELPER_END_MAX + 32];

    forget(&l->fresh);
    snprintf(text, sizeof(text), "the new watcher %s", helper_describe_end(status, how));
    if (!l->stopping)
        reload_failed(l, l->reason[0] ? l->reason : text);
}

static void reap(struct launcher *l)
{
    struct child *const children[] = {&l->current, &l->fresh, &l->old};
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < 3; i++) // its last words
            if (children[i]->pid == pid && children[i]->fd >= 0)
                read_channel(l, children[i]);
        if (pid == l->current.pid)
            current_ended(l, status);
        else if (pid == l->fresh.pid)
            fresh_ended(l, status);
        else if (pid == l->old.pid)
            forget(&l->old);
        for (size_t i = 0; i < HELPER_KINDS; i++)
            if (pid == l->helpers[i].pid)
                helper_ended(&l->helpers[i], status);
    }
}

static void stop(struct launcher *l)
{
    if (l->stopping)
        return;
    l->stopping = true;
    l->again = USEC_FOREVER;
    notify(l, "STOPPING=1", "stopping; bans stay in the kernel");
    ask_to_end(&l->fresh, "");
    // a watcher that has paused only waits for a word
    ask_to_end(&l->current, "");
}

static void read_signals(struct launcher *l)
{
    struct signalfd_siginfo info;
    bool hup = false, child = false;

    while (read(l->signals, &info, sizeof(info)) == sizeof(info)) {
        hup |= info.ssi_signo == SIGHUP;
        child |= info.ssi_signo == SIGCHLD;
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
            stop(l); // before looking at children: the terminal's Ctrl-C ends them too
    }
    if (child)
        reap(l);
    if (hup)
        reload(l);
}

// --- loop ----------------------------------------------------------------------------------------------------

static usec_t sooner(usec_t a, usec_t b)
{
    return a < b ? a : b;
}

// What is due by the clock. Returns when to look again, USEC_FOREVER: only when something happens.
static usec_t tick(struct launcher *l)
{
    struct child *const children[] = {&l->current, &l->fresh, &l->old};
    usec_t now = clock_monotonic(), next = USEC_FOREVER;

    for (size_t i = 0; i < 3; i++) {
        if (children[i]->pid && now >= children[i]->kill_at) {
            log_error("watcher %d does not %s: killing it", (int)children[i]->pid,
                      i == 1 && !l->stopping ? "get ready" : "end");
            kill(children[i]->pid, SIGKILL);
            children[i]->kill_at = USEC_FOREVER;
        }
        next = sooner(next, children[i]->kill_at);
    }
    if (now >= l->again)
        start_current(l);
    if (l->reload_again && !l->fresh.pid && !l->old.pid && l->current.ready)
        reload(l);
    for (size_t i = 0; i < HELPER_KINDS; i++)
        next = sooner(next, helper_tick(&l->helpers[i]));
    return sooner(next, l->again);
}

static bool done(struct launcher *l)
{
    if (!l->stopping || l->current.pid || l->fresh.pid || l->old.pid)
        return false;
    bool over = true;
    for (size_t i = 0; i < HELPER_KINDS; i++) {
        if (l->helpers[i].dir[0])
            helper_stop(&l->helpers[i]);
        over = over && l->helpers[i].pid == 0;
    }
    return over;
}

static void loop(struct launcher *l)
{
    struct child *const children[] = {&l->current, &l->fresh, &l->old};

    while (!done(l)) {
        usec_t next = tick(l), now = clock_monotonic();
        struct pollfd fds[4] = {{.fd = l->signals, .events = POLLIN}};
        int wait = next == USEC_FOREVER ? -1 : next <= now ? 0 : (int)sooner((next - now) / USEC_MSEC + 1, 3600000);
        for (size_t i = 0; i < 3; i++)
            fds[i + 1] = (struct pollfd){.fd = children[i]->fd, .events = POLLIN};
        if (poll(fds, 4, wait) < 0 && errno != EINTR)
            break;
        for (size_t i = 0; i < 3; i++)
            if (children[i]->fd >= 0 && children[i]->fd == fds[i + 1].fd && fds[i + 1].revents)
                read_channel(l, children[i]);
        if (fds[0].revents)
            read_signals(l);
    }
}

int launcher_run(const struct daemon_options *options)
{
    struct launcher l = {.options = options, .again = USEC_FOREVER};
    sigset_t mask;

    forget(&l.current);
    forget(&l.fresh);
    forget(&l.old);
    helper_init(&l.helpers[HELPER_ENFORCER], HELPER_ENFORCER, options->enforcer);
    helper_init(&l.helpers[HELPER_CONNGUARD], HELPER_CONNGUARD, options->connguard);
    helper_init(&l.helpers[HELPER_NOTIFY], HELPER_NOTIFY, options->with_notify ? options->notify : NULL);
    l.manager = notify_open();
    if (journal_open("pptpband", &l.journal) < 0)
        l.journal = NULL; // the text alone, then
    l.watchdog = notify_watchdog();
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGHUP);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    signal(SIGPIPE, SIG_IGN);
    l.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (l.signals < 0) {
        log_error("signals: %s", strerror(errno));
        return 1;
    }
    start_current(&l);
    loop(&l);
    close(l.signals);
    journal_close(l.journal);
    return l.code;
}

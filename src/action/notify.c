// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban-notify: hears from the service what happened and tells whom the actions name. Has no privilege and no part in
// banning: when it hangs or dies, nobody is banned later. Each delivery is a process of its own with a time limit.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "action/deliver.h"
#include "action/feed.h"
#include "action/queue.h"
#include "base/log.h"
#include "config-build.h"

enum { WORKERS_MAX = 8, DIRS_MAX = 8, FDS = 2 + WORKERS_MAX, SAID_MAX = 400 };

struct worker {
    pid_t pid; // 0: free
    int said;  // what it writes on standard error
    usec_t deadline;
    struct queue *queue;
};

struct program {
    const char *dirs[DIRS_MAX];
    size_t n_dirs;
    struct action_set *actions;
    struct queue queues[ACTIONS_MAX];
    struct feed *feeds[ACTIONS_MAX]; // of those of type feed
    struct worker workers[WORKERS_MAX];
    char host[65];
    int socket, signals;
    uint64_t events, refused;
    bool stop, reload;
};

static void on_problem(void *userdata, const char *text)
{
    (*(unsigned *)userdata)++;
    log_error("%s", text);
}

// --- deliveries ----------------------------------------------------------------------------------------------

static _Noreturn void be_worker(struct program *p, const struct queue *q, int said)
{
    struct message m = {.action = q->action, .host = p->host, .v = q->v, .n = q->n_sending, .more = q->more_sending,
                        .feed = p->feeds[q - p->queues]};
    const struct rlimit core = {0};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid(); // what it starts is killed with it
    setrlimit(RLIMIT_CORE, &core);
    dup2(said, STDERR_FILENO);
    dup2(said, STDOUT_FILENO);
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    deliver(&m);
}

static void start_worker(struct program *p, struct queue *q, usec_t now)
{
    struct worker *w = p->workers;
    int pipes[2];

    while (w < p->workers + WORKERS_MAX && w->pid)
        w++;
    if (w == p->workers + WORKERS_MAX || pipe2(pipes, O_CLOEXEC | O_NONBLOCK) < 0)
        return; // later
    queue_begin(q, now);
    pid_t pid = fork();
    if (pid == 0)
        be_worker(p, q, pipes[1]);
    close(pipes[1]);
    if (pid < 0) {
        close(pipes[0]);
        queue_end(q, false, now);
        return;
    }
    *w = (struct worker){.pid = pid, .said = pipes[0], .deadline = now + q->action->timeout, .queue = q};
}

// The first line of what it said, fit to be shown.
static void read_said(int fd, char buf[static SAID_MAX + 1])
{
    ssize_t n = read(fd, buf, SAID_MAX);

    buf[n > 0 ? n : 0] = '\0';
    buf[strcspn(buf, "\n")] = '\0';
    for (char *s = buf; *s; s++)
        if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e)
            *s = '?';
}

static void end_worker(struct worker *w, int status, usec_t now)
{
    bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    struct queue *q = w->queue;
    char said[SAID_MAX + 1];

    read_said(w->said, said);
    close(w->said);
    (void)kill(-w->pid, SIGKILL); // what it left behind
    w->pid = 0;
    size_t n = q->n_sending;
    bool given_up = queue_end(q, good, now);
    if (!good)
        log_warning("action %s: %s%s%s%s", q->action->name, WIFSIGNALED(status) ? "took longer than its timeout" : "not delivered",
                    *said ? ": " : "", said, given_up ? "; given up" : "; tried again later");
    else
        log_info("action %s: told of %zu event%s", q->action->name, n, n == 1 ? "" : "s");
}

static void reap(struct program *p, usec_t now)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (struct worker *w = p->workers; w < p->workers + WORKERS_MAX; w++)
            if (w->pid == pid)
                end_worker(w, status, now);
}

// --- what is due ---------------------------------------------------------------------------------------------

// Starts what is due and kills what took too long; when to look again.
static usec_t look(struct program *p, usec_t now)
{
    usec_t next = USEC_FOREVER;

    for (struct worker *w = p->workers; w < p->workers + WORKERS_MAX; w++) {
        if (w->pid && now >= w->deadline)
            (void)kill(-w->pid, SIGKILL);
        if (w->pid && w->deadline < next)
            next = w->deadline > now ? w->deadline : now + 100 * USEC_MSEC;
    }
    for (size_t i = 0; i < p->actions->n && !p->reload; i++) {
        usec_t due = queue_due(&p->queues[i], now);
        if (due <= now) {
            start_worker(p, &p->queues[i], now);
            due = now + 100 * USEC_MSEC; // no room for it, or it is under way and the end of it wakes us
        }
        next = due < next ? due : next;
    }
    return next;
}

static void hear(struct program *p, usec_t now)
{
    char packet[EVENT_MAX + 1];
    struct action_event e;
    ssize_t n;

    for (int i = 0; i < 256 && (n = recv(p->socket, packet, sizeof(packet), MSG_DONTWAIT | MSG_TRUNC)) >= 0; i++) {
        if (n > EVENT_MAX || action_event_parse(packet, (size_t)n, &e) < 0) {
            if (p->refused++ < 10)
                log_warning("an event that the service does not send was refused");
            continue;
        }
        p->events++;
        for (size_t k = 0; k < p->actions->n; k++)
            if (action_wants(&p->actions->v[k], &e) && (!p->feeds[k] || feed_event(p->feeds[k], &e)))
                queue_add(&p->queues[k], &e, now);
    }
}

static void hear_signal(struct program *p, usec_t now)
{
    struct signalfd_siginfo info;

    while (read(p->signals, &info, sizeof(info)) == sizeof(info)) {
        p->stop |= info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
        p->reload |= info.ssi_signo == SIGHUP;
    }
    reap(p, now);
}

// --- beginning and end ---------------------------------------------------------------------------------------

// Of one that cannot be read, each delivery says why.
static int open_feed(const struct action *a, struct feed **ret)
{
    int r = feed_new(a->file, ret);

    if (r < 0 && r != -ENOMEM) {
        log_warning("action %s: %s: %s", a->name, a->file, strerror(-r));
        r = 0;
    }
    return r;
}

// What waits is told by the action of the same name as it is now.
static void hand_over(struct program *p, const struct action_set *old, struct queue *queues, struct feed **feeds)
{
    for (size_t i = 0; i < old->n; i++) {
        size_t k = 0;
        while (k < p->actions->n && strcmp(p->actions->v[k].name, old->v[i].name) != 0)
            k++;
        if (k < p->actions->n && p->actions->v[k].enabled)
            queue_take_over(&p->queues[k], &queues[i]);
        else if (queues[i].n > 0)
            log_notice("action %s is gone: %zu event%s that waited for it %s not told", old->v[i].name, queues[i].n,
                       queues[i].n == 1 ? "" : "s", queues[i].n == 1 ? "is" : "are");
        queue_clear(&queues[i]);
        if (k < p->actions->n && p->feeds[k] && feeds[i] && strcmp(p->actions->v[k].file, old->v[i].file) == 0) {
            struct feed *fresh = p->feeds[k]; // read from a file that may not hold all of it yet
            p->feeds[k] = feeds[i];
            feeds[i] = fresh;
        }
        feed_free(feeds[i]);
    }
}

static int load(struct program *p)
{
    struct action_set *fresh, *old = p->actions;
    struct queue queues[ACTIONS_MAX];
    struct feed *feeds[ACTIONS_MAX];
    unsigned problems = 0;
    size_t enabled = 0;
    int r = action_set_load(p->dirs, p->n_dirs, on_problem, &problems, &fresh);

    if (r < 0)
        return r;
    memcpy(queues, p->queues, sizeof(queues));
    memcpy(feeds, p->feeds, sizeof(feeds));
    memset(p->feeds, 0, sizeof(p->feeds));
    p->actions = fresh;
    for (size_t i = 0; r == 0 && i < fresh->n; i++) {
        r = queue_init(&p->queues[i], &fresh->v[i], clock_monotonic());
        if (r == 0 && fresh->v[i].enabled && fresh->v[i].type == ACTION_FEED)
            r = open_feed(&fresh->v[i], &p->feeds[i]);
        enabled += fresh->v[i].enabled;
    }
    if (r == 0 && old)
        hand_over(p, old, queues, feeds);
    action_set_free(old);
    log_info("%zu action%s enabled", enabled, enabled == 1 ? "" : "s");
    return r;
}

// A reload waits for deliveries that are under way, and their timeouts end those; none is begun meanwhile. It does not wait
// for what waits itself, which a rate that is used up may hold back for hours.
static bool is_idle(const struct program *p)
{
    for (size_t i = 0; i < WORKERS_MAX; i++)
        if (p->workers[i].pid)
            return false;
    return true;
}

static int open_socket(const char *path, const char *sender)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    const struct passwd *pw = sender ? getpwnam(sender) : NULL;

    if (sd_listen_fds(0) == 1)
        return SD_LISTEN_FDS_START;
    if (strlen(path) >= sizeof(sun.sun_path))
        return -ENAMETOOLONG;
    memcpy(sun.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(path);
    mode_t mask = umask(0177); // its owner alone may send
    int r = fd < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 || (pw && chown(path, pw->pw_uid, (gid_t)-1) < 0) ? -errno : fd;
    umask(mask);
    if (r < 0 && fd >= 0)
        close(fd);
    return r;
}

static int become(const char *user)
{
    const struct passwd *pw = getpwnam(user);

    if (!pw)
        return -ESRCH;
    if (initgroups(pw->pw_name, pw->pw_gid) < 0 || setgid(pw->pw_gid) < 0 || setuid(pw->pw_uid) < 0)
        return -errno;
    return 0;
}

static int open_signals(struct program *p)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    p->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return p->signals < 0 ? -errno : 0;
}

static void run(struct program *p)
{
    while (!p->stop) {
        usec_t now = clock_monotonic(), next = look(p, now);
        struct pollfd fds[2] = {{.fd = p->socket, .events = POLLIN}, {.fd = p->signals, .events = POLLIN}};
        usec_t left = next == USEC_FOREVER ? -USEC_MSEC : (next - now + USEC_MSEC - 1) / USEC_MSEC * USEC_MSEC;
        if (p->reload && is_idle(p)) {
            p->reload = false;
            if (load(p) < 0)
                return;
            continue; // what waits may be due by another rate
        }
        if (poll(fds, 2, left > INT32_MAX ? INT32_MAX : (int)(left / USEC_MSEC)) < 0 && errno != EINTR)
            return;
        now = clock_monotonic();
        if (fds[1].revents)
            hear_signal(p, now);
        if (fds[0].revents)
            hear(p, now);
    }
}

// One delivery of a made-up event, here and now, whatever the action wants to be told of.
static int test_action(struct program *p, const char *name)
{
    struct action_event e = {.kind = NEWS_TEST, .time = clock_realtime(), .until = clock_realtime() + 3600 * USEC_SEC, .count = 5,
                             .has_net = true, .jail = "test", .user = "alice",
                             .text = "this is a test of pptpban's action; nobody was banned"};

    (void)prefix_parse(STR("192.0.2.1"), &e.net);
    for (size_t i = 0; i < p->actions->n; i++) {
        const struct action *a = &p->actions->v[i];
        struct message m = {.action = a, .host = p->host, .v = &e, .n = 1};
        if (strcmp(a->name, name) != 0)
            continue;
        fprintf(stderr, "action %s, of type %s%s\n", a->name, action_type_names[a->type], a->enabled ? "" : ", which is not enabled");
        if (action_lacks(a)) {
            fprintf(stderr, "it needs %s; pptpban-notify(8) tells all keys\n", action_lacks(a));
            return 1;
        }
        alarm((unsigned)(a->timeout / USEC_SEC));
        deliver(&m);
    }
    fprintf(stderr, "there is no action %s%s", name, p->actions->n ? "; there are" : ", nor any other");
    for (size_t i = 0; i < p->actions->n; i++)
        fprintf(stderr, " %s", p->actions->v[i].name);
    fputc('\n', stderr);
    return 1;
}

static void list_actions(const struct program *p)
{
    for (size_t i = 0; i < p->actions->n; i++) {
        const struct action *a = &p->actions->v[i];
        printf("%s\t%s\t%s\t", a->name, action_type_names[a->type], a->enabled ? "enabled" : "disabled");
        for (unsigned k = 0, n = 0; k < NEWS_KINDS; k++)
            if (a->events >> k & 1)
                printf("%s%s", n++ ? "," : "", news_table[k].name);
        putchar('\n');
    }
}

static const char usage[] =
    "usage: pptpban-notify [--socket PATH] [--sender USER] [--user USER] [--with-parent] [--actions DIR]...\n"
    "       pptpban-notify --list | --test NAME | --keywords [--actions DIR]...\n";

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"socket", required_argument, NULL, 's'}, {"sender", required_argument, NULL, 'o'}, {"user", required_argument, NULL, 'u'},
        {"actions", required_argument, NULL, 'a'}, {"list", no_argument, NULL, 'l'}, {"test", required_argument, NULL, 't'},
        {"keywords", no_argument, NULL, 'k'}, {"with-parent", no_argument, NULL, 'p'}, {"help", no_argument, NULL, 'h'}, {0},
    };
    static struct program p;
    const char *path = RUNDIR "-notify/events.sock", *sender = NULL, *user = NULL, *test = NULL;
    bool list = false, with_parent = false;
    int c, r;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 's')
            path = optarg;
        else if (c == 'o')
            sender = optarg;
        else if (c == 'u')
            user = optarg;
        else if (c == 'a' && p.n_dirs < DIRS_MAX)
            p.dirs[p.n_dirs++] = optarg;
        else if (c == 'l')
            list = true;
        else if (c == 't')
            test = optarg;
        else if (c == 'p')
            with_parent = true;
        else if (c == 'k') {
            action_print_keywords(stdout);
            return 0;
        } else {
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
    }
    log_setup("pptpban-notify", list || test ? LOG_WARNING : LOG_INFO);
    if (p.n_dirs == 0) {
        p.dirs[p.n_dirs++] = PKGDATADIR "/actions";
        p.dirs[p.n_dirs++] = PKGSYSCONFDIR "/actions.d";
    }
    if (gethostname(p.host, sizeof(p.host) - 1) < 0)
        strcpy(p.host, "this machine");
    if (!list && !test && (p.socket = open_socket(path, sender)) < 0) {
        log_error("%s: cannot listen: %s", path, strerror(-p.socket));
        return 1;
    }
    if (user && geteuid() == 0 && (r = become(user)) < 0) {
        log_error("cannot become user %s: %s", user, strerror(-r));
        return 1;
    }
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (with_parent)
        prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (load(&p) < 0)
        return 1;
    if (list || test) {
        if (list)
            list_actions(&p);
        return test ? test_action(&p, test) : 0;
    }
    if (open_signals(&p) < 0)
        return 1;
    (void)sd_notify(0, "READY=1");
    run(&p);
    return 0;
}

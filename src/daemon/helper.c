// SPDX-License-Identifier: GPL-2.0-or-later
// Starts and restarts pptpban-enforcer, pptpban-connguard and pptpban-notify.
#include "daemon/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "daemon/limits_compile.h"
#include "enforce/connstats.h"

// One that ran for so long has not failed at once.
#define HEALTHY_AFTER (60 * USEC_SEC)

static const struct {
    const char *name, *place; // place: the option that says where it is found, and the file's name
    const char *file;
    const char *user;
    const char *meanwhile;
} kinds[HELPER_KINDS] = {
    [HELPER_ENFORCER] = {"the enforcer", "--socket", ENFORCER_SOCKET_NAME, PB_ENFORCER_USER, "bans stay in the kernel"},
    [HELPER_CONNGUARD] = {"the guard of silent connections", "--stats", CONNSTATS_NAME, PB_ENFORCER_USER,
                          "one of them can hold up all logins"},
    [HELPER_NOTIFY] = {"the runner of notify actions", "--socket", NOTIFY_SOCKET_NAME, PB_NOTIFY_USER, "nobody is told of bans"},
};

void helper_init(struct helper *h, enum helper_kind kind, const char *program)
{
    *h = (struct helper){.kind = kind, .program = program, .again = USEC_FOREVER};
}

usec_t helper_backoff(unsigned failures)
{
    usec_t wait = 100 * USEC_MSEC;

    while (failures-- > 1 && wait < 60 * USEC_SEC)
        wait *= 2;
    return wait < 60 * USEC_SEC ? wait : 60 * USEC_SEC;
}

const char *helper_describe_end(int status, char buf[static HELPER_END_MAX])
{
    if (WIFSIGNALED(status))
        snprintf(buf, HELPER_END_MAX, "was killed by signal %d", WTERMSIG(status));
    else
        snprintf(buf, HELPER_END_MAX, "ended with code %d", WEXITSTATUS(status));
    return buf;
}

// Who listens there; 0: nobody.
static pid_t listener_at(const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    struct ucred peer = {.pid = 0};
    socklen_t size = sizeof(peer);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return 0;
    if (strlen(path) < sizeof(sun.sun_path))
        strcpy(sun.sun_path, path);
    if (!sun.sun_path[0] || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        peer.pid = 0;
    close(fd);
    return peer.pid;
}

// A launcher that was killed leaves them behind; two would fight over the sets. Whoever is at our place, as root's
// directory proves, is ours.
static void end_leftover(const struct helper *h, const char *place)
{
    struct connstats stats;
    pid_t pid = 0;

    if (h->kind == HELPER_NOTIFY)
        return; // it ends with us
    if (h->kind == HELPER_ENFORCER)
        pid = listener_at(place);
    else if (connstats_read(place, &stats, &pid) < 0)
        pid = 0;
    int fd = pid > 1 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (fd < 0)
        return;
    if (kill(pid, SIGTERM) == 0) {
        struct pollfd ended = {.fd = fd, .events = POLLIN}; // also while nobody has reaped it
        log_notice("%s was left behind (pid %d): ended it; %s", kinds[h->kind].name, (int)pid, kinds[h->kind].meanwhile);
        (void)poll(&ended, 1, 1000);
    }
    close(fd);
}

// Where the PPTP server is; entering it takes root, which the helper itself never has again.
static bool enter(const char *netns)
{
    char path[128];

    if (!*netns)
        return true;
    snprintf(path, sizeof(path), "/run/netns/%s", netns);
    int fd = strchr(netns, '/') ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
    if (!good)
        log_error("netns = %s: %s cannot be entered: %s", netns, path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return good;
}

static void run(const struct helper *h, const char *limits, const char *place)
{
    bool notify = h->kind == HELPER_NOTIFY;
    const char *argv[] = {h->program, kinds[h->kind].place, place, "--limits", limits, NULL, NULL, NULL, NULL};
    sigset_t none;

    if (notify) {
        argv[3] = "--sender";
        argv[4] = getpwnam(PB_WATCHER_USER) ? PB_WATCHER_USER : "nobody"; // as the watcher itself does
        argv[7] = "--with-parent";
    }

    if (notify || getpwnam(kinds[h->kind].user)) { // it runs programs and reads hostile text: never as root
        argv[5] = "--user";
        argv[6] = getpwnam(kinds[h->kind].user) ? kinds[h->kind].user : "nobody";
    }
    unsetenv("NOTIFY_SOCKET"); // the service is us
    unsetenv("WATCHDOG_USEC");
    unsetenv("LISTEN_FDS");
    if (!notify && !enter(h->netns)) // mail servers are to be found where we are
        _exit(1);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0); // Ctrl-C is for the launcher, who ends us when the watcher has ended
    execv(h->program, (char *const *)argv);
    log_error("%s: %s", h->program, strerror(errno));
    _exit(127);
}

// Beside the enforcer's directory there is the runner's.
static void find_place(const struct helper *h, char *buf, size_t size)
{
    size_t n = strlen(h->dir), suffix = strlen("-enforcer");
    int at = (int)(n > suffix ? n - suffix : 0);

    snprintf(buf, size, "%s/%s", h->dir, kinds[h->kind].file);
    if (h->kind != HELPER_NOTIFY)
        return;
    snprintf(buf, size, "%.*s" PB_NOTIFY_SUFFIX, at, h->dir);
    if (mkdir(buf, 0755) < 0 && errno != EEXIST)
        log_error("%s: %s", buf, strerror(errno));
    snprintf(buf, size, "%.*s" PB_NOTIFY_SUFFIX "/%s", at, h->dir, kinds[h->kind].file);
}

static void start(struct helper *h)
{
    char limits[PATH_MAX + 32], place[PATH_MAX + 32];

    snprintf(limits, sizeof(limits), "%s/%s", h->dir, ENFORCER_LIMITS_NAME);
    find_place(h, place, sizeof(place));
    end_leftover(h, place);
    h->again = USEC_FOREVER;
    h->started = clock_monotonic();
    h->pid = fork();
    if (h->pid == 0)
        run(h, limits, place);
    if (h->pid < 0) {
        log_error("cannot start %s: %s", kinds[h->kind].name, strerror(errno));
        h->pid = 0;
        h->again = h->started + helper_backoff(++h->failures);
    }
}

void helper_want(struct helper *h, const char *dir, const char *netns)
{
    if (!h->program)
        return;
    bool same = strcmp(h->dir, dir) == 0 && strcmp(h->netns, netns) == 0;

    snprintf(h->netns, sizeof(h->netns), "%s", netns);
    if (h->pid > 0 && same) {
        kill(h->pid, SIGHUP);
        return;
    }
    if (h->pid > 0) { // it starts on the new directory when it has ended
        kill(h->pid, SIGTERM);
    } else {
        h->again = 0;
    }
    snprintf(h->dir, sizeof(h->dir), "%s", dir);
}

usec_t helper_tick(struct helper *h)
{
    if (h->pid == 0 && h->dir[0] && clock_monotonic() >= h->again)
        start(h);
    return h->again;
}

void helper_ended(struct helper *h, int status)
{
    char how[HELPER_END_MAX];
    usec_t now = clock_monotonic();

    h->pid = 0;
    if (!h->dir[0])
        return;
    if (now - h->started > HEALTHY_AFTER)
        h->failures = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) { // the limits ask for other sets, or somebody ended it
        h->again = now;
        return;
    }
    usec_t wait = helper_backoff(++h->failures);
    h->again = now + wait;
    log_error("%s %s; %s; starting it again in %.1f s", kinds[h->kind].name, helper_describe_end(status, how),
              kinds[h->kind].meanwhile, (double)wait / (double)USEC_SEC);
}

void helper_stop(struct helper *h)
{
    h->dir[0] = '\0';
    h->again = USEC_FOREVER;
    if (h->pid > 0)
        kill(h->pid, SIGTERM);
}

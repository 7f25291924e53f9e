// SPDX-License-Identifier: GPL-2.0-or-later
// Starts and restarts pptpban-enforcer.
#include "daemon/helper.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "daemon/limits_compile.h"

// One that ran for so long has not failed at once.
#define HEALTHY_AFTER (60 * USEC_SEC)

void helper_init(struct helper *h, const char *program)
{
    *h = (struct helper){.program = program, .again = USEC_FOREVER};
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

// A launcher that was killed leaves its enforcer behind; two would fight over the sets. Whoever listens at our
// place, as root's directory proves, is ours.
static void end_leftover(const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    struct ucred peer;
    socklen_t size = sizeof(peer);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof(sun.sun_path))
        return;
    strcpy(sun.sun_path, path);
    if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 &&
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid > 1 && kill(peer.pid, SIGTERM) == 0) {
        log_notice("an enforcer was left behind (pid %d): ended it; bans stay in the kernel", (int)peer.pid);
        for (int i = 0; i < 100 && kill(peer.pid, 0) == 0; i++)
            usleep(10000);
    }
    close(fd);
}

static void run_enforcer(const struct helper *h, const char *limits, const char *socket_path)
{
    const char *argv[] = {h->program, "--limits", limits, "--socket", socket_path, NULL, NULL, NULL};
    sigset_t none;

    if (getpwnam(PB_ENFORCER_USER)) {
        argv[5] = "--user";
        argv[6] = PB_ENFORCER_USER;
    }
    unsetenv("NOTIFY_SOCKET"); // the service is us
    unsetenv("WATCHDOG_USEC");
    unsetenv("LISTEN_FDS");
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0); // Ctrl-C is for the launcher, who ends us when the watcher has ended
    execv(h->program, (char *const *)argv);
    log_error("%s: %s", h->program, strerror(errno));
    _exit(127);
}

static void start(struct helper *h)
{
    char limits[PATH_MAX + 32], socket_path[PATH_MAX + 32];

    snprintf(limits, sizeof(limits), "%s/%s", h->dir, ENFORCER_LIMITS_NAME);
    snprintf(socket_path, sizeof(socket_path), "%s/%s", h->dir, ENFORCER_SOCKET_NAME);
    end_leftover(socket_path);
    h->again = USEC_FOREVER;
    h->started = clock_monotonic();
    h->pid = fork();
    if (h->pid == 0)
        run_enforcer(h, limits, socket_path);
    if (h->pid < 0) {
        log_error("cannot start the enforcer: %s", strerror(errno));
        h->pid = 0;
        h->again = h->started + helper_backoff(++h->failures);
    }
}

void helper_want(struct helper *h, const char *dir)
{
    if (h->pid > 0 && strcmp(h->dir, dir) == 0) {
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
    log_error("the enforcer %s; bans stay in the kernel; starting it again in %.1f s", helper_describe_end(status, how),
              (double)wait / (double)USEC_SEC);
}

void helper_stop(struct helper *h)
{
    h->dir[0] = '\0';
    h->again = USEC_FOREVER;
    if (h->pid > 0)
        kill(h->pid, SIGTERM);
}

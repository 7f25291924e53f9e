// SPDX-License-Identifier: GPL-2.0-or-later
// The rollback, and its guard, who looks at a file and at a clock and at nothing that could be cut off.
#include "firewall/rollback.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "firewall/kernel.h"
#include "firewall/peers.h"

enum { TUNNEL_SECONDS = 600 };

int fw_bring_back(enum fw_tool tool, const struct fw_before *before, struct fw_error *error)
{
    const struct fw_kernel *k = fw_kernel_of(tool);
    struct fw_networks tunnels = {NULL, 0};

    if (before->snapshot)
        return k->restore(tool, before->snapshot, error);
    fw_peers_tunnels(&tunnels);
    const struct fw_fill fill = {FW_SET_TUNNELS, tunnels.v, tunnels.n, TUNNEL_SECONDS};
    int r = k->apply(&before->ruleset, &fill, 1, error);
    free(tunnels.v);
    return r;
}

int fw_roll_back(const struct fw_places *p, const char *why, struct fw_error *error)
{
    struct fw_before before;
    struct fw_pending pending;
    char outcome[256], path[FW_PATH_MAX];
    int r = fw_pending_read(p, &pending);

    if (r == 0)
        r = fw_pending_before(p, &before);
    if (r < 0) {
        snprintf(error->text, sizeof(error->text), r == -ENOENT ? "no change waits" : "what was there before: %s", strerror(-r));
        return r;
    }
    r = fw_bring_back(pending.tool, &before, error);
    if (r == 0) {
        fw_place(p, FW_INSTALLED, path);
        if (before.snapshot)
            unlink(path);
        else
            fw_ruleset_save(&before.ruleset, path);
        snprintf(outcome, sizeof(outcome), "rolled back: %s", why);
        fw_pending_clear(p, outcome);
    }
    fw_before_free(&before);
    return r;
}

int fw_roll_back_overdue(const struct fw_places *p, struct fw_error *error)
{
    struct fw_pending pending;
    int r = fw_pending_read(p, &pending);

    if (r < 0)
        return r;
    return fw_boottime() < pending.deadline ? -EAGAIN : fw_roll_back(p, "nobody confirmed it in time", error);
}

// --- the guard

static bool still_waits(const struct fw_places *p, const struct fw_pending *mine)
{
    struct fw_pending now;

    return fw_pending_read(p, &now) == 0 && now.since == mine->since && strcmp(now.revision, mine->revision) == 0;
}

static void watch(const struct fw_places *p, const struct fw_pending *mine)
{
    int notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    struct pollfd fd = {.fd = notify, .events = POLLIN};

    if (notify >= 0 && inotify_add_watch(notify, p->run, IN_DELETE | IN_MOVED_TO) < 0)
        fd.fd = -1;
    while (still_waits(p, mine)) {
        long long left = mine->deadline - fw_boottime();
        char events[4096];
        if (left <= 0)
            break;
        // poll's clock stands still while the machine sleeps: not longer than a second at a time near the end
        poll(&fd, 1, left > 10 ? 5000 : 1000);
        while (fd.fd >= 0 && read(notify, events, sizeof(events)) > 0)
            ;
    }
    if (notify >= 0)
        close(notify);
}

__attribute__((noreturn)) static void guard(struct fw_places places, struct fw_pending mine)
{
    struct fw_error error = {""};
    char path[FW_PATH_MAX + 8];

    for (int *s = (int[]){SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, 0}; *s; s++)
        signal(*s, SIG_IGN);
    openlog("pptpban-firewall", LOG_PID, LOG_DAEMON);
    fw_places_close(&places); // the lock is the caller's
    watch(&places, &mine);
    snprintf(path, sizeof(path), "%s/lock", places.run);
    int lock = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    for (int tries = 0; still_waits(&places, &mine); tries++) {
        if (lock >= 0)
            flock(lock, LOCK_EX);
        int r = still_waits(&places, &mine) ? fw_roll_back_overdue(&places, &error) : 0;
        if (lock >= 0)
            flock(lock, LOCK_UN);
        if (r == 0 && !still_waits(&places, &mine))
            syslog(LOG_WARNING, "ruleset %s rolled back: nobody confirmed it in time", mine.revision);
        else if (r < 0 && tries % 60 == 0)
            syslog(LOG_ERR, "ruleset %s could not be rolled back: %s; trying on", mine.revision, error.text);
        if (r < 0)
            sleep(1);
    }
    _exit(0);
}

static int arm_systemd(const struct fw_pending *pending, const char *config, struct fw_error *error)
{
    char when[48], self[FW_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (n < 0)
        return -errno;
    self[n] = '\0';
    long long left = pending->deadline - fw_boottime();
    snprintf(when, sizeof(when), "--on-active=%llds", left > 0 ? left : 0);
    const char *args[] = {"systemd-run", "--quiet", "--collect", "--timer-property=AccuracySec=100ms",
                          "--description=take an unconfirmed firewall back", when, self, "firewall", "rollback", "--overdue",
                          config ? "--config" : NULL, config, NULL};
    return fw_program(args, NULL, NULL, error);
}

int fw_guard_arm(const struct fw_places *p, const struct fw_pending *pending, const char *config, struct fw_error *error)
{
    if (sd_booted() > 0 && arm_systemd(pending, config, error) == 0)
        return 0;
    int pid = fw_detach();
    if (pid == 0)
        guard(*p, *pending);
    if (pid < 0)
        snprintf(error->text, sizeof(error->text), "nobody could be started who would take the change back: %s", strerror(-pid));
    return pid < 0 ? pid : 0;
}

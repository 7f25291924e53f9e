// SPDX-License-Identifier: GPL-2.0-or-later
// The rollback, and its guard, who looks at a file and at a clock and at nothing that could be cut off. Whatever happens to
// the files, the guard has what was there before in memory.
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
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "firewall/kernel.h"
#include "firewall/marker.h"
#include "firewall/peers.h"
#include "firewall/quiet.h"

enum {
    TUNNEL_SECONDS = 600,
    PATIENCE = 15, // seconds with somebody who holds the lock, and may be stopped or stuck
};

static int bring_back(enum fw_tool tool, const struct fw_before *before, struct fw_error *error)
{
    const struct fw_kernel *k = fw_kernel_of(tool);
    struct fw_networks tunnels = {NULL, 0};

    if (before->snapshot)
        return k->restore(tool, before->snapshot, error);
    fw_peers_tunnels(&tunnels);
    // whoever was spared while it waited is spared no longer
    const struct fw_fill fills[] = {{FW_SET_TUNNELS, tunnels.v, tunnels.n, TUNNEL_SECONDS}, {.set = FW_SET_ADMIN}};
    int r = k->apply(&before->ruleset, fills, sizeof(fills) / sizeof(fills[0]), error);
    free(tunnels.v);
    return r;
}

int fw_take_back(const struct fw_places *p, enum fw_tool tool, const struct fw_before *before, const char *why,
                 struct fw_error *error)
{
    char outcome[256], path[FW_PATH_MAX];
    const char *script = before->snapshot ? before->snapshot : before->ruleset.part[FW_PART_NFT];
    struct fw_quiet quiet;

    fw_marker_remove(p->guards);
    fw_quiet_begin(p->guards, tool == FW_TOOL_NFT ? script : NULL, &quiet);
    int r = bring_back(tool, before, error);
    fw_quiet_end(&quiet);
    if (r < 0)
        return r;
    if (!before->snapshot || *before->snapshot)
        (void)fw_marker_write(p->guards, tool, false);
    fw_place(p, FW_INSTALLED, path);
    if (before->snapshot)
        unlink(path);
    else
        fw_ruleset_save(&before->ruleset, path);
    snprintf(outcome, sizeof(outcome), "rolled back: %s", why);
    fw_pending_clear(p, outcome);
    return 0;
}

// Of a change whose own file is damaged: as the others tell.
static int guess_tool(const struct fw_places *p, const struct fw_before *before, enum fw_tool *ret)
{
    struct fw_ruleset candidate;
    char path[FW_PATH_MAX];

    if (fw_ruleset_load(fw_place(p, FW_CANDIDATE, path), &candidate) == 0) {
        *ret = candidate.tool;
        fw_ruleset_free(&candidate);
    } else if (!before->snapshot) {
        *ret = before->ruleset.tool;
    } else if (strstr(before->snapshot, "table inet ")) {
        *ret = FW_TOOL_NFT;
    } else {
        return -EBADMSG;
    }
    return 0;
}

int fw_roll_back(const struct fw_places *p, const char *why, struct fw_error *error)
{
    struct fw_before before = {.snapshot = NULL};
    struct fw_pending pending = {.tool = 0};
    int r = fw_pending_read(p, &pending);

    if (r == -ENOENT) {
        snprintf(error->text, sizeof(error->text), "no change waits");
        return r;
    }
    int known = fw_pending_before(p, &before);
    if (known == 0 && r == -EBADMSG)
        r = guess_tool(p, &before, &pending.tool);
    if (known < 0 || r < 0) {
        snprintf(error->text, sizeof(error->text), "%.800s: what was there before the change cannot be read (%s); pptpban "
                 "firewall remove takes all of ours out", p->run, strerror(known < 0 ? -known : -r));
        r = -EBADMSG; // also when it is gone: a change does wait
    } else {
        r = fw_take_back(p, pending.tool, &before, why, error);
    }
    fw_before_free(&before);
    return r;
}

int fw_roll_back_overdue(const struct fw_places *p, struct fw_error *error)
{
    struct fw_pending pending;
    int r = fw_pending_read(p, &pending);

    if (r == -EBADMSG)
        return fw_roll_back(p, "the file that says until when it waits is damaged", error);
    if (r < 0)
        return r;
    return fw_boottime() < pending.deadline ? -EAGAIN : fw_roll_back(p, "nobody confirmed it in time", error);
}

// --- the guard

struct guard {
    struct fw_places places;
    const struct fw_pending *pending;
    const struct fw_before *before;
    int file; // of the change that waits
};

// Whoever ends the wait empties the file; that somebody deleted or overwrote it is no end.
static bool still_waits(const struct guard *g)
{
    struct stat st;

    return fstat(g->file, &st) < 0 || st.st_size > 0;
}

static void watch(const struct guard *g)
{
    int notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    struct pollfd fd = {.fd = notify, .events = POLLIN};

    if (notify >= 0 && inotify_add_watch(notify, g->places.run, IN_DELETE | IN_MODIFY | IN_MOVED_TO) < 0)
        fd.fd = -1;
    while (still_waits(g)) {
        long long left = g->pending->deadline - fw_boottime();
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

// The lock, or -1: nobody may hold up the way back for ever.
static int lock_patiently(const struct fw_places *p)
{
    char path[FW_PATH_MAX + 8];

    snprintf(path, sizeof(path), "%s/lock", p->run);
    int lock = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    for (int tries = 0; lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0; tries++) {
        if (tries == 10 * PATIENCE) {
            syslog(LOG_WARNING, "%s is held for %d s; going on without it", path, PATIENCE);
            close(lock);
            return -1;
        }
        usleep(100000);
    }
    return lock;
}

__attribute__((noreturn)) static void guard(struct guard g)
{
    struct fw_error error = {""};
    int r = -EAGAIN;

    for (int *s = (int[]){SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, 0}; *s; s++)
        signal(*s, SIG_IGN);
    openlog("pptpban-firewall", LOG_PID, LOG_DAEMON);
    fw_places_close(&g.places); // the lock is the caller's
    watch(&g);
    for (int tries = 0; r < 0 && still_waits(&g); tries++) {
        int lock = lock_patiently(&g.places);
        bool waits = still_waits(&g);
        r = waits ? fw_take_back(&g.places, g.pending->tool, g.before, "nobody confirmed it in time", &error) : 0;
        if (lock >= 0)
            close(lock);
        if (waits && r == 0)
            syslog(LOG_WARNING, "ruleset %s rolled back: nobody confirmed it in time", g.pending->revision);
        else if (r < 0 && tries % 60 == 0)
            syslog(LOG_ERR, "ruleset %s could not be rolled back: %s; trying on", g.pending->revision, error.text);
        if (r < 0)
            sleep(1);
    }
    int lock = lock_patiently(&g.places); // it was confirmed: by somebody who may have died of it
    if (lock >= 0 && fw_pending_finish(&g.places) > 0)
        syslog(LOG_WARNING, "ruleset %s was confirmed by somebody who died: it is what the next start applies", g.pending->revision);
    _exit(0);
}

// The timer's command has a configuration of its own: the administrator's may be half edited by then.
static int write_config(const struct fw_places *p, const struct config *config, char path[static FW_PATH_MAX])
{
    snprintf(path, FW_PATH_MAX, "%.*s/rollback.conf", FW_PATH_MAX - 40, p->run);
    FILE *f = fopen(path, "we");
    if (!f)
        return -errno;
    fprintf(f, "[pptpban]\nstate_dir = %s\nruntime_dir = %s\n", config->state_dir, config->runtime_dir);
    if (*config->netns)
        fprintf(f, "netns = %s\n", config->netns);
    return fclose(f) != 0 ? -errno : 0;
}

// Whether a service of systemd's would be in this network namespace, by itself or by the configuration.
static bool services_are_here(const struct config *config)
{
    struct stat own, first;

    return *config->netns || (stat("/proc/self/ns/net", &own) == 0 && stat("/proc/1/ns/net", &first) == 0 &&
                              own.st_dev == first.st_dev && own.st_ino == first.st_ino);
}

static int arm_systemd(const struct fw_places *p, const struct fw_pending *pending, const struct config *config,
                       struct fw_error *error)
{
    char when[48], self[FW_PATH_MAX], path[FW_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    int r = n < 0 ? -errno : write_config(p, config, path);

    if (r < 0)
        return r;
    self[n] = '\0';
    long long left = pending->deadline - fw_boottime();
    snprintf(when, sizeof(when), "--on-active=%llds", left > 0 ? left : 0);
    // again until it is done: somebody may hold the lock; 3: nothing waits
    const char *args[] = {"systemd-run", "--quiet", "--collect", "--timer-property=AccuracySec=100ms",
                          "--property=Restart=on-failure", "--property=RestartSec=3s", "--property=SuccessExitStatus=3",
                          "--description=take an unconfirmed firewall back", when, self, "firewall", "rollback", "--overdue",
                          "--config", path, NULL};
    return fw_program(args, NULL, NULL, error);
}

int fw_guard_arm(const struct fw_places *p, const struct fw_pending *pending, const struct fw_before *before, bool timer,
                 const struct config *config, struct fw_error *error)
{
    struct fw_error ignored;
    char path[FW_PATH_MAX];
    struct guard g = {*p, pending, before, open(fw_place(p, FW_PENDING, path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    int pid = g.file < 0 ? -errno : fw_detach();

    if (pid == 0)
        guard(g);
    if (g.file >= 0)
        close(g.file);
    if (pid < 0) {
        snprintf(error->text, sizeof(error->text), "nobody could be started who would take the change back: %s", strerror(-pid));
        return pid;
    }
    if (timer && sd_booted() > 0 && services_are_here(config))
        arm_systemd(p, pending, config, &ignored); // for whoever ends all processes of a session
    return 0;
}

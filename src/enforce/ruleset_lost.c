// SPDX-License-Identifier: GPL-2.0-or-later
// One small file, renamed into place so that nobody reads half of it.
#include "enforce/ruleset_lost.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AT_ONCE   5
#define QUIET     (30 * USEC_SEC)
#define SAY_AGAIN (60 * USEC_SEC)

int ruleset_lost_open(const char *limits_path, const char *user, struct ruleset_lost *ret)
{
    const char *slash = strrchr(limits_path, '/');
    struct ruleset_lost r = {.due = 0};
    struct stat st;

    if (snprintf(r.dir, sizeof(r.dir), "%.*sruleset", slash ? (int)(slash + 1 - limits_path) : 0, limits_path) >= (int)sizeof(r.dir))
        return -ENAMETOOLONG;
    *ret = (struct ruleset_lost){.due = 0};
    if (mkdir(r.dir, 0755) < 0 && errno != EEXIST)
        return -errno;
    const struct passwd *pw = geteuid() == 0 && user ? getpwnam(user) : NULL;
    if (lstat(r.dir, &st) < 0 || !S_ISDIR(st.st_mode))
        return -ENOTDIR;
    if (pw && lchown(r.dir, pw->pw_uid, pw->pw_gid) < 0)
        return -errno;
    if (!pw && access(r.dir, W_OK) < 0)
        return -errno;
    *ret = r;
    return 0;
}

void ruleset_lost_look(struct ruleset_lost *r, const struct guard_culprit *who, usec_t now)
{
    usec_t delay = 0;

    r->who = *who;
    if (r->due)
        return;
    if (r->last && now - r->last > QUIET)
        r->streak = 0;
    if (r->streak >= AT_ONCE)
        delay = (100 * USEC_MSEC) << (r->streak < AT_ONCE + 7 ? r->streak - AT_ONCE + 1 : 7);
    r->due = now + delay;
}

bool ruleset_lost_note(struct ruleset_lost *r, const struct guard_culprit *who, usec_t now)
{
    ruleset_lost_look(r, who, now);
    if (r->streak >= AT_ONCE && r->said && now - r->said < SAY_AGAIN)
        return false;
    r->said = now;
    return true;
}

usec_t ruleset_lost_tick(struct ruleset_lost *r, usec_t now)
{
    char fresh[sizeof(r->dir) + 16], path[sizeof(r->dir) + 16], text[64];

    if (!r->due || !*r->dir)
        return USEC_FOREVER;
    if (now < r->due)
        return r->due;
    r->due = 0;
    r->last = now;
    r->streak++;
    snprintf(path, sizeof(path), "%s/lost", r->dir);
    snprintf(fresh, sizeof(fresh), "%s/lost.new", r->dir);
    int n = snprintf(text, sizeof(text), "%u %.31s\n", r->who.pid, r->who.program);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return USEC_FOREVER;
    bool good = write(fd, text, (size_t)n) == n;
    close(fd);
    if (good)
        (void)rename(fresh, path);
    return USEC_FOREVER;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Looks users up, prepares directories, drops root.
#include "daemon/privilege.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cap-ng.h>

// The files first: NSS would load libraries into a process that reads hostile text, for nothing most of the time.
static const struct group *group_named(const char *name)
{
    FILE *f = fopen("/etc/group", "re");
    const struct group *g = NULL;

    while (f && (g = fgetgrent(f)) && strcmp(g->gr_name, name) != 0)
        ;
    if (f)
        fclose(f);
    return g ? g : getgrnam(name);
}

static const struct passwd *user_named(const char *name)
{
    FILE *f = fopen("/etc/passwd", "re");
    const struct passwd *p = NULL;

    while (f && (p = fgetpwent(f)) && strcmp(p->pw_name, name) != 0)
        ;
    if (f)
        fclose(f);
    return p ? p : getpwnam(name);
}

int privilege_group(const char *name, gid_t *ret)
{
    const struct group *g = group_named(name);

    if (!g)
        return -ENOENT;
    *ret = g->gr_gid;
    return 0;
}

static void add_group(struct privilege_user *u, gid_t gid)
{
    for (size_t i = 0; i < u->n_groups; i++)
        if (u->groups[i] == gid)
            return;
    if (u->n_groups < PRIVILEGE_GROUPS_MAX)
        u->groups[u->n_groups++] = gid;
}

// The groups of /etc/group that name it as a member; that of another source a service needs not.
static void add_memberships(struct privilege_user *u)
{
    FILE *f = fopen("/etc/group", "re");
    const struct group *g;

    while (f && (g = fgetgrent(f)))
        for (char **member = g->gr_mem; *member; member++)
            if (strcmp(*member, u->name) == 0)
                add_group(u, g->gr_gid);
    if (f)
        fclose(f);
}

int privilege_find(const char *name, struct privilege_user *ret)
{
    static const char *const readers[] = {"adm", "systemd-journal"};
    const struct passwd *p = user_named(name);
    struct privilege_user u = {.substitute = !p};
    gid_t gid;

    if (!p)
        p = user_named("nobody");
    if (!p)
        return -ENOENT;
    snprintf(u.name, sizeof(u.name), "%s", p->pw_name);
    u.uid = p->pw_uid;
    u.gid = p->pw_gid;
    add_group(&u, u.gid);
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
        if (privilege_group(readers[i], &gid) == 0)
            add_group(&u, gid);
    add_memberships(&u);
    *ret = u;
    return 0;
}

// Others than root have to get through them, whatever our umask is.
static int make_parents(const char *dir)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof(path), "%s", dir) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    for (char *p = path + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(path, 0755) < 0 ? errno != EEXIST : chmod(path, 0755) < 0)
            return -errno;
        *p = '/';
    }
    return 0;
}

// A file with a second name may be somebody else's that the directory's owner has linked here.
static int give_file(int dir, const char *name, uid_t uid, gid_t gid)
{
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), r = 0;
    struct stat st;

    if (fd < 0)
        return 0; // sockets, links: made anew by whoever needs them
    if (fstat(fd, &st) < 0)
        r = -errno;
    else if (S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid != uid && fchown(fd, uid, gid) < 0)
        r = -errno;
    close(fd);
    return r;
}

// The directory may have belonged to another user before (nobody, before pptpban was made).
static int give(int fd, uid_t uid, gid_t gid)
{
    int copy = dup(fd), r = fchown(fd, uid, gid) < 0 ? -errno : 0;
    DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
    struct dirent *e;

    while (r == 0 && d && (e = readdir(d)))
        r = give_file(fd, e->d_name, uid, gid);
    if (d)
        closedir(d);
    else if (copy >= 0)
        close(copy);
    return r;
}

int privilege_make_dir(const char *dir, mode_t mode, const struct privilege_user *owner, gid_t group,
                       char error[static PRIVILEGE_ERROR_MAX])
{
    int r = make_parents(dir);

    if (r == 0 && mkdir(dir, mode) < 0 && errno != EEXIST)
        r = -errno;
    int fd = r == 0 ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (r == 0 && fd < 0)
        r = -errno;
    if (r == 0 && geteuid() == 0) {
        r = give(fd, owner->uid, group);
        if (r == 0 && fchmod(fd, mode) < 0)
            r = -errno;
    }
    if (r == 0 && faccessat(AT_FDCWD, dir, R_OK | W_OK | X_OK, AT_EACCESS) < 0)
        r = -errno;
    if (fd >= 0)
        close(fd);
    if (r < 0)
        snprintf(error, PRIVILEGE_ERROR_MAX, "directory %.180s: %s", dir, strerror(-r));
    return r;
}

int privilege_drop(const struct privilege_user *user)
{
    // the bounding set while we still may: no_new_privs alone would do, and this is seen from outside
    capng_clear(CAPNG_SELECT_BOTH);
    if (capng_apply(CAPNG_SELECT_BOUNDS) != 0)
        return -EPERM;
    if (setgroups(user->n_groups, user->groups) < 0 || setresgid(user->gid, user->gid, user->gid) < 0 ||
        setresuid(user->uid, user->uid, user->uid) < 0)
        return -errno;
    if (capng_apply(CAPNG_SELECT_CAPS) != 0)
        return -EPERM;
    if (setuid(0) == 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -EPERM;
    return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Users, groups, directories, and giving up root for good. Called before the first log line is read.
#ifndef PB_DAEMON_PRIVILEGE_H
#define PB_DAEMON_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { PRIVILEGE_GROUPS_MAX = 16, PRIVILEGE_ERROR_MAX = 256 };

struct privilege_user {
    char name[64];
    uid_t uid;
    gid_t gid;
    gid_t groups[PRIVILEGE_GROUPS_MAX]; // its own, and adm and systemd-journal where they exist: they may read logs
    size_t n_groups;
    bool substitute; // not the user that was asked for: that one does not exist
};

// Looks up name, or nobody when there is no such user. -ENOENT when neither is there.
int privilege_find(const char *name, struct privilege_user *ret);

// The group's id; -ENOENT.
int privilege_group(const char *name, gid_t *ret);

// Makes dir (and what is above it) if needed, and gives it and its files to the user, if we are root. error says
// what did not work.
int privilege_make_dir(const char *dir, mode_t mode, const struct privilege_user *owner, gid_t group,
                       char error[static PRIVILEGE_ERROR_MAX]);

// From root to user, with no way back and no capability. -errno, and the caller must end.
int privilege_drop(const struct privilege_user *user);

#endif

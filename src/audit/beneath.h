// SPDX-License-Identifier: GPL-2.0-or-later
// Opens files beneath a directory that somebody else may have filled: no link leads out of it. Reads nothing.
#ifndef PB_AUDIT_BENEATH_H
#define PB_AUDIT_BENEATH_H

enum {
    BENEATH_LINKS_MAX = 40, // followed for one path: as many as the kernel follows
    BENEATH_DEPTH_MAX = 64, // directories below root; of beneath_walk alone
};

// Opens path as for somebody for whom root is the root directory: absolute links and ".." end there. flags are open()'s,
// without O_CREAT. A descriptor, or -errno: -ENOENT, -EACCES, -ELOOP, -ENAMETOOLONG, ...
int beneath_open(int root, const char *path, int flags);

// The same name by name, which is slower: what beneath_open does where openat2 is missing or gives up.
int beneath_walk(int root, const char *path, int flags);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// The machine as the audit sees it: files beneath a directory, read whole and within bounds, and what only the
// kernel knows, asked through hooks. Tests give it a directory of their own. Changes nothing, follows no link out of
// the directory.
#ifndef PB_AUDIT_VIEW_H
#define PB_AUDIT_VIEW_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/str.h"

enum {
    VIEW_FILE_MAX = 1 << 20,    // bytes of a configuration file
    VIEW_SECRETS_MAX = 8 << 20, // of a file of secrets
    VIEW_STATUS_MAX = 64 << 20, // of dpkg's list of packages
    VIEW_NAMES_MAX = 512,       // files of a directory
    VIEW_NAME_MAX = 255,
};

enum view_tables { VIEW_NFT_SAVE4, VIEW_NFT_SAVE6, VIEW_LEGACY_SAVE4, VIEW_LEGACY_SAVE6 };

struct audit_root {
    int fd;      // the directory, O_PATH
    bool whole;  // it is "/": links need no watching
    uid_t owner; // to whom files of secrets have to belong: 0
    void *userdata;
    // The kernel's ruleset as "nft -j list ruleset" prints it. -EPERM: only root may. The caller frees it.
    int (*nft)(void *userdata, char **ret);
    // One program of iptables: its "save" listing; "" where it has no tables.
    int (*iptables)(void *userdata, enum view_tables which, char **ret);
    // Whether the kernel's clock follows another one.
    int (*clock)(void *userdata, bool *ret_follows);
};

struct text {
    char *p; // n bytes and a NUL behind them
    size_t n;
    struct stat st;
};

// Reads an absolute path. -ENOENT, -EACCES, -ELOOP, ...; -EFBIG beyond max, -EBADMSG when it holds NUL bytes,
// -ESPIPE when it is no regular file. Freed with view_free, which wipes it: it may hold secrets.
int view_read(const struct audit_root *root, const char *path, size_t max, struct text *ret);
void view_free(struct text *t);

// Cuts the first line off *left, without its end; false at the end.
bool view_cut_line(struct str *left, struct str *ret);

// What such an error means, in words.
const char *view_error(int r);

bool view_exists(const struct audit_root *root, const char *path);

// A small file of /proc or /sys: its first line, cut at size. Errors as above.
int view_line(const struct audit_root *root, const char *path, char *buf, size_t size);

// The number in such a file; -EINVAL when it is none.
int view_number(const struct audit_root *root, const char *path, long long *ret);

struct names {
    char (*v)[VIEW_NAME_MAX + 1]; // sorted
    size_t n;
};

// The names in a directory that match a shell pattern ("*.conf"), without those that begin with a dot. -E2BIG
// beyond VIEW_NAMES_MAX.
int view_list(const struct audit_root *root, const char *dir, const char *pattern, struct names *ret);
void names_free(struct names *n);

#endif

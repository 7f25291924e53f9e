// SPDX-License-Identifier: GPL-2.0-or-later
// Versions of Debian packages, and which of them have holes that are known. Runs no program.
#ifndef PB_AUDIT_VERSIONS_H
#define PB_AUDIT_VERSIONS_H

#include "audit/view.h"

enum { VERSION_MAX = 95 };

// The installed version of a package; -ENOENT when it is not installed or there is no list of packages, -errno.
int versions_installed(const struct audit_root *root, const char *package, char ret[static VERSION_MAX + 1]);

// As dpkg compares: <0, 0, >0.
int version_compare(const char *a, const char *b);

struct hole {
    const char *package, *name;
    const char *fixed;        // the first version without it
    const char *backports[2]; // versions of older branches that were mended, too: those that begin alike, up to "+deb"
    bool serious;             // the server itself can be attacked by it
    const char *what;
    const char *source; // where that is written
};

extern const struct hole holes[]; // ends with a NULL package

// Whether this version has it.
bool hole_applies(const struct hole *h, const char *version);

#endif

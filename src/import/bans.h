// SPDX-License-Identifier: GPL-2.0-or-later
// The bans of fail2ban's database, read without changing a byte of it, also while fail2ban-server runs.
#ifndef PB_IMPORT_BANS_H
#define PB_IMPORT_BANS_H

#include "base/addr.h"
#include "base/clock.h"

enum {
    IMPORT_BANS_MAX = 1 << 20,  // rows that are taken; the rest are counted
    IMPORT_COPY_MAX = 1 << 30,  // bytes of a database that must be copied to be read
    IMPORT_BANS_ERROR_MAX = 512,
};

struct import_ban {
    struct prefix net;
    usec_t since, until; // until: USEC_FOREVER for one without end
    unsigned count;      // which ban of this address it is, says fail2ban
    char *jail;          // the one whose ban lasts longest
};

struct import_bans {
    struct import_ban *v; // each network once, oldest first
    size_t n;
    size_t over;    // bans whose time is over
    size_t strange; // of names, users and the like, which nobody can put into a kernel set
    size_t beyond;  // IMPORT_BANS_MAX
};

// The bans that hold at now, of these jails only (n_jails 0: of all). -ENOENT, -EACCES, -EINVAL, ... with *error.
int import_bans_read(const char *path, usec_t now, char *const *jails, int n_jails, struct import_bans *ret,
                     char error[static IMPORT_BANS_ERROR_MAX]);
void import_bans_clear(struct import_bans *b);

#endif

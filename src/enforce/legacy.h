// SPDX-License-Identifier: GPL-2.0-or-later
// Sees changes of iptables-legacy's tables, which the kernel announces to nobody: by number and size of a table's rules,
// which is no text. Looks only where the firewall says that its ruleset stands there, for looking makes a table.
#ifndef PB_ENFORCE_LEGACY_H
#define PB_ENFORCE_LEGACY_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum { LEGACY_FAMILIES = 2, LEGACY_TABLES = 4 };

struct legacy {
    int fd[LEGACY_FAMILIES]; // any socket of the family; -1: none
    uint8_t tables;          // enum ruleset_table; 0: nothing to look at
    ino_t marker;            // the file that says so, and when it was written; 0: none
    struct timespec written;
    struct legacy_seen {
        uint32_t rules, size;
    } seen[LEGACY_FAMILIES][LEGACY_TABLES];
};

enum legacy_change { LEGACY_SAME, LEGACY_GREW, LEGACY_SHRANK };

void legacy_open(struct legacy *l);

// Reads in dir whether and where to look, and compares with what there was; LEGACY_SAME when the file was written anew.
enum legacy_change legacy_look(struct legacy *l, const char *dir);

// The same, and forgets what there was.
void legacy_begin(struct legacy *l, const char *dir);

#endif

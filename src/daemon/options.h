// SPDX-License-Identifier: GPL-2.0-or-later
// The command line that launcher and watcher share: the launcher hands its own on.
#ifndef PB_DAEMON_OPTIONS_H
#define PB_DAEMON_OPTIONS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct daemon_options {
    const char *config;          // NULL: the installed one
    const char *state, *runtime; // NULL: as configured
    char enforcer[PATH_MAX];     // the program to start when root without systemd
    char connguard[PATH_MAX];    // likewise
    char watcher[PATH_MAX];      // the program that watches
    char notify[PATH_MAX];       // likewise, where wanted
    bool observe, show_bans;
    bool with_notify;            // start pptpban-notify, too
    bool reload;                 // watcher: there is a predecessor, who goes on if this one cannot do all it is told
    int channel;                 // watcher: to the launcher, -1: none
    uint64_t watchdog;           // watcher: microseconds within which a sign of life is wanted, 0: none
    char **argv;                 // as given
    int argc;
};

// 0: go on. Else the exit code is *ret_exit (help and version were printed, or what is wrong was said).
int options_parse(int argc, char **argv, struct daemon_options *ret, int *ret_exit);

// For the watcher: what options_parse() understands and pptpband does not tell of.
#define OPTION_CHANNEL "--channel"
#define OPTION_WATCHDOG "--watchdog"
#define OPTION_RELOAD "--reload"

// A program of ours: beside ourselves where we were built, else where it is installed.
void options_find_program(const char *name, char path[static PATH_MAX]);

#endif

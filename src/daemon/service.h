// SPDX-License-Identifier: GPL-2.0-or-later
// What the parts of the watcher share: one of each, made in order by watcher.c. Holds no behaviour.
#ifndef PB_DAEMON_SERVICE_H
#define PB_DAEMON_SERVICE_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "config/config.h"
#include "daemon/control.h"
#include "daemon/options.h"
#include "enforce/link.h"
#include "enforce/sandbox.h"
#include "engine/engine.h"

enum { SERVICE_RELOADING_MAX = 8 };

struct service {
    const struct daemon_options *options;
    sd_event *event;
    struct config *config;
    struct engine *engine;
    struct state *state;
    struct own *own;
    struct clock_watch *clock;
    struct spare *spare;
    struct tell *tell; // NULL: nobody is told
    struct journal *journal; // NULL: the log is no journal
    struct health *health;
    struct surges *surges; // NULL: nobody looks
    struct enforce_link *link; // NULL: only observing
    struct inputs *inputs;
    struct enact *enact;
    struct control *control;
    struct control_client reloading[SERVICE_RELOADING_MAX]; // who waits for the outcome of a reload
    size_t n_reloading;
    int channel;            // to the launcher
    bool observe;           // nothing is enforced
    const char *observe_why; // in words, "" when it is not
    uint64_t netns;         // inode of the network namespace that bans belong in, 0 unknown
    usec_t started;
    struct sandbox_report locks;
};

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// The watcher's end of the line to the enforcer: queues bans and unbans as fixed-size messages, never blocks, and
// sends the whole list again when the enforcer is new. Holds no ban list of its own and has no capability.
#ifndef PB_ENFORCE_LINK_H
#define PB_ENFORCE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/addr.h"
#include "base/clock.h"

struct enforce_link;

struct enforce_entry {
    struct prefix net;
    usec_t until;  // realtime; USEC_FOREVER: until unbanned (renewed by the enforcer's longest timeout)
    uint32_t count;
    char jail[32]; // for the set's comment
};

struct enforce_status { // what the enforcer last said of itself
    bool connected;
    char backend[16]; // "ipset", "nftables", "none"
    bool hooked;      // the hook is in the kernel now
    uint32_t entries; // in the sets
    uint64_t bans, unbans, refused, failed; // since it started
    uint64_t repairs;        // hook or set put back
    usec_t hook_missing;     // for how long in all
    char last_culprit[64];   // "ufw (pid 123)", "" unknown
    uint64_t put_off;        // repairs that came later because somebody fights
    uint64_t ruleset_lost;   // how often others took something out of the base ruleset
    uint64_t netns;          // inode of its network namespace, 0 unknown
    usec_t repair_time;      // of the last repair, realtime; 0: none
    usec_t repair_missing;   // for how long packets passed before it
    bool repair_hook;        // of the hook; else of entries
    char repair_culprit[64]; // as above
    char problem[128];       // "" or what does not work
};

enum enforce_event {
    ENFORCE_HOOK,    // others took hook or entries away; they are back, or not
    ENFORCE_RULESET, // others took rules out of the base ruleset
    ENFORCE_FULL,    // a set is full
};

struct enforce_callbacks {
    // Connected, or the enforcer lost its sets: answer with enforce_link_sync().
    void (*need_sync)(void *userdata);
    // One entry was refused (allowlist, own address, too wide, too much) or failed; reason in words.
    void (*refused)(void *userdata, const struct prefix *net, const char *reason);
    // The enforcer, to which we were connected, is not any more. NULL: nobody asks.
    void (*lost)(void *userdata);
    // Hook or sets were lost and put back, in words, for the log.
    void (*event)(void *userdata, enum enforce_event what, int level, const char *text);
    void *userdata;
};

// Either fd (a connected SOCK_SEQPACKET socket, taken over) or, with fd -1, path to connect and reconnect to.
int enforce_link_new(sd_event *event, int fd, const char *path, const struct enforce_callbacks *callbacks,
                     struct enforce_link **ret);
void enforce_link_free(struct enforce_link *l);

// Several at once go as one batch. While the enforcer is away they are dropped: the sync tells it all.
int enforce_link_ban(struct enforce_link *l, const struct enforce_entry *entries, size_t n);
int enforce_link_unban(struct enforce_link *l, const struct prefix *nets, size_t n);

// The complete list; whatever else is in the sets is removed, unless keep. next fills *ret and returns true, or false at
// the end.
int enforce_link_sync(struct enforce_link *l, bool (*next)(void *userdata, struct enforce_entry *ret), void *userdata,
                      bool keep);

struct enforce_kernel_state {
    bool present;
    usec_t left; // until the kernel's timeout; USEC_FOREVER for none
    uint64_t packets, bytes;
};

// Asks the kernel for one entry; done is called once, with -errno when it cannot be told.
int enforce_link_query(struct enforce_link *l, const struct prefix *net,
                       void (*done)(void *userdata, int error, const struct enforce_kernel_state *state), void *userdata);

const struct enforce_status *enforce_link_status(const struct enforce_link *l);

#endif

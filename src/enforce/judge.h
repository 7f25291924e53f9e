// SPDX-License-Identifier: GPL-2.0-or-later
// Whether one network may be banned at all, whoever asks: the enforcer's own mind, so that a taken-over watcher can
// neither lock the administrator out nor cover the Internet. Pure: looks only at what it is given.
#ifndef PB_ENFORCE_JUDGE_H
#define PB_ENFORCE_JUDGE_H

#include "enforce/held.h"
#include "enforce/limits.h"
#include "enforce/protocol.h"

enum { OWN_MAX = 1024 };

struct own { // this machine's addresses and default gateways
    struct addr address[OWN_MAX], gateway[OWN_MAX];
    uint32_t n_address, n_gateway;
    bool overflow; // there are more: said once
};

// The network in a message, or -EINVAL: bits behind the length or padding not zero, /0, longer than 128.
int judge_net(const struct msg_net *m, struct prefix *ret);

// The jail's name is what a set's comment accepts.
bool judge_jail(const char jail[static 32]);

// REASON_DONE when it may be banned. What is held already counts as covered.
enum msg_reason judge_ban(const struct limits *l, const struct own *own, const struct held *h, const struct prefix *net);

// True when the allowlist touches net.
bool judge_allowed(const struct limits *l, const struct prefix *net);

// True when a ban of net must go although it was allowed once: the limits or this machine's addresses have changed.
bool judge_forbidden(const struct limits *l, const struct own *own, const struct prefix *net);

#endif

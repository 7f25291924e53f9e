// SPDX-License-Identifier: GPL-2.0-or-later
// This machine's own addresses, its default gateways and the far ends of its point-to-point links, kept up to date by the
// kernel's announcements. Reads rtnetlink, changes nothing.
#ifndef PB_DAEMON_OWN_H
#define PB_DAEMON_OWN_H

#include <stddef.h>
#include <systemd/sd-event.h>

#include "base/addr.h"

struct own;

enum { OWN_MAX = 4096 }; // addresses; further ones are not seen

typedef void (*own_fn)(void *userdata, const struct prefix *own, size_t n);

// Opens its socket and reads what there is now. -errno.
int own_new(struct own **ret);
void own_free(struct own *o);

// Valid until the loop runs again.
const struct prefix *own_list(const struct own *o, size_t *ret_n);
const struct prefix *own_gateways(const struct own *o, size_t *ret_n); // of both families, in any routing table
const struct prefix *own_far_ends(const struct own *o, size_t *ret_n); // clients of tunnels, inside

// Calls changed whenever its own addresses have changed.
int own_watch(struct own *o, sd_event *event, own_fn changed, void *userdata);

#endif

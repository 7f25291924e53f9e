// SPDX-License-Identifier: GPL-2.0-or-later
// This machine's own addresses, kept up to date by the kernel's announcements. Reads rtnetlink, changes nothing.
#ifndef PB_DAEMON_OWN_H
#define PB_DAEMON_OWN_H

#include <stddef.h>
#include <systemd/sd-event.h>

#include "base/addr.h"

struct own;

enum { OWN_MAX = 4096 }; // addresses; further ones are not seen

typedef void (*own_fn)(void *userdata, const struct prefix *own, size_t n);

// Opens its socket and reads the addresses there are now. -errno.
int own_new(struct own **ret);
void own_free(struct own *o);

const struct prefix *own_list(const struct own *o, size_t *ret_n);

// Calls changed whenever the addresses have changed.
int own_watch(struct own *o, sd_event *event, own_fn changed, void *userdata);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// The DNS servers that a resolv.conf names. Understands its text, opens nothing.
#ifndef PB_HOST_NAMESERVERS_H
#define PB_HOST_NAMESERVERS_H

#include <stddef.h>

#include "base/addr.h"
#include "base/str.h"

// Behind systemd-resolved's stub in the first, the real servers are in the second.
#define HOST_RESOLV_CONF "/etc/resolv.conf"
#define HOST_RESOLVED_DIR "/run/systemd/resolve"
#define HOST_RESOLVED_CONF HOST_RESOLVED_DIR "/resolv.conf"

enum { HOST_NAMESERVERS_MAX = 32 };

// Appends to v what is not there yet and can be banned at all, up to HOST_NAMESERVERS_MAX in all; returns how many v has.
size_t host_nameservers(struct str text, struct addr v[static HOST_NAMESERVERS_MAX], size_t n);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// Looks whether every log can be read and the enforcer is there, and says when that stops and when it is right again. Looks
// only while something is wrong, or somebody says that it may be.
#ifndef PB_DAEMON_HEALTH_H
#define PB_DAEMON_HEALTH_H

#include "daemon/service.h"

struct health;

// -ENOMEM, -errno.
int health_new(struct service *s, struct health **ret);
void health_free(struct health *h);

// Something may be wrong: looked at soon, and said if it still is then. NULL is fine.
void health_soon(struct health *h);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// Counts each minute what began, failed and came in, and says when that is far more than this server is used to. Bans nobody.
#ifndef PB_DAEMON_SURGES_H
#define PB_DAEMON_SURGES_H

#include <jansson.h>

#include "daemon/service.h"

struct surges;

// Takes the history over that is in the directory of the state. *ret is NULL when nobody wants to know. -ENOMEM, -errno.
int surges_new(struct service *s, struct surges **ret);
void surges_free(struct surges *g);

// Writes the history down for a successor. NULL is fine.
void surges_save(struct surges *g);

// What is known of each series: an array. NULL is fine.
json_t *surges_array(const struct surges *g);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// Carries out what the engine decides: tells the enforcer, the state and the log, and ends bans in time. Decides
// nothing; the ban list stays the engine's.
#ifndef PB_DAEMON_ENACT_H
#define PB_DAEMON_ENACT_H

#include "daemon/service.h"

struct enact;

int enact_new(struct service *s, struct enact **ret);
void enact_free(struct enact *a);

// The engine's callbacks, with userdata = struct service.
void enact_on_event(void *userdata, const struct engine_event *e);
void enact_on_ban(void *userdata, const struct ban *ban, const struct position *decided, bool observe);
bool enact_spare(void *userdata, const struct ban *would, const struct outcome *o);
void enact_login(void *userdata, const struct logins_change *change);
bool enact_decided(void *userdata, const char *jail, const struct outcome *o);
unsigned enact_previous(void *userdata, const struct prefix *net, usec_t t, usec_t decay);

// The enforcer's callbacks, with userdata = struct service.
void enact_need_sync(void *userdata);
void enact_refused(void *userdata, const struct prefix *net, const char *reason);
// The enforcer is away.
void enact_lost(void *userdata);
void enact_event(void *userdata, enum enforce_event what, int level, const char *text);

// Before the first record: takes bans and decisions over from the state.
int enact_restore(struct enact *a);

// The wall clock was set (clock_watch.h), userdata = struct service: bans last as long as they were to last.
void enact_clock_jumped(void *userdata, usec_t delta);
// The machine slept, and the kernel's timeouts with it: they are set anew, or bans would last longer there.
void enact_slept(void *userdata, usec_t duration);

// Records have been fed: what they led to goes out before the loop waits again.
void enact_soon(struct enact *a);

// All that was there at the start has been read: from now on time passes by the clock.
void enact_caught_up(struct enact *a);
bool enact_is_caught_up(const struct enact *a);

// Sends and commits what is under way, at once.
void enact_flush(struct enact *a);

// Writes where each source is to be read from after a restart, and commits.
void enact_save_marks(struct enact *a);

// By hand. jail: whose ban it is; reason: kept with it, "" for none. *ret is the ban as it is in the list then.
// -ENOSPC: the list is full.
int enact_ban(struct enact *a, const struct prefix *net, usec_t duration, const char *jail, const char *reason,
              struct ban *ret);

// Ends every ban inside net (NULL: all). Returns how many.
size_t enact_unban(struct enact *a, const struct prefix *net);

// One that is in no list, and may still be banned in the kernel since the state was lost: lets go of it there. False
// when nothing was lost.
bool enact_let_go(struct enact *a, const struct prefix *net);

// "" or what is wrong with writing the state now.
const char *enact_state_problem(const struct enact *a);

#endif

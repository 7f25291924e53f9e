// SPDX-License-Identifier: GPL-2.0-or-later
// Who is not to be banned besides the allowlist: this machine, its gateways, its DNS servers, and administrators who are
// logged in. Asked when a ban is decided, never for a line; says in the log who was spared. Decides nothing else.
#ifndef PB_DAEMON_SPARE_H
#define PB_DAEMON_SPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "daemon/own.h"
#include "policy/bans.h"

enum { SPARE_ADMINS_MAX = 256, SPARE_SAID_MAX = 64 };

struct spare;

// Both are borrowed; own may be NULL: then neither addresses nor gateways are known. Reads the rest, and has everything
// ready that it needs behind the locks.
int spare_new(const struct config *config, const struct own *own, struct spare **ret);
void spare_free(struct spare *s);

// What may be read behind the locks, NULL-terminated.
const char *const *spare_paths(const struct spare *s);

// Why net is to be spared, or SPARE_MAX. Looks at what has changed since the last time: some calls of stat(), and files
// only when they are others.
enum spare_kind spare_find(struct spare *s, const struct prefix *net);

// The same, and the address of net that is to be spared.
enum spare_kind spare_find_within(struct spare *s, const struct prefix *net, struct addr *ret);

// In words that go on after "it is spared: " or "it is not banned: ".
const char *spare_reason(enum spare_kind why);

// resolv.conf was put in the place of the one that may be read: only a fresh start can read it.
bool spare_is_blind(const struct spare *s);

// Says in the log, once an hour for an address, that it was spared, or that the allowlist of jail has it.
void spare_say(struct spare *s, const struct ban *would, enum spare_kind why);
void spare_say_ignored(struct spare *s, const struct addr *a, const char *jail);

// The addresses that are spared for this reason now, up to max of them; returns how many there are.
size_t spare_list(struct spare *s, enum spare_kind why, struct addr *ret, size_t max);

// True when the configuration wants it.
bool spare_wants(const struct spare *s, enum spare_kind why);

// Whether so much was said of so many addresses in an hour that some were left out: how often.
uint64_t spare_unsaid(const struct spare *s);

#endif

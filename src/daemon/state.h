// SPDX-License-Identifier: GPL-2.0-or-later
// What survives a restart: active bans with their evidence, how often each network was banned, decisions already
// made, and where each source is to be read from. One SQLite database; a commit holds bans, decisions and marks of
// the same moment, so that reading on from the marks gives again exactly what the commit does not hold yet. Decides
// nothing and never stops the service: what cannot be written is reported and tried again.
#ifndef PB_DAEMON_STATE_H
#define PB_DAEMON_STATE_H

#include <stdbool.h>

#include "policy/bans.h"
#include "policy/logins.h"
#include "source/record.h"

// WAL with synchronous=NORMAL: a commit survives the death of the process; a power cut may take the commits since
// the last checkpoint, and as they go as a whole, the logs are then read again from the older marks.

struct state;

enum { STATE_SCHEMA = 2, STATE_NOTE_MAX = 512 };

// A decision that a restart must not make again: what settled at or before it counts no more for this jail ("":
// every jail) and network, and what happened while it was banned counts for no jail.
struct decision {
    char jail[JAIL_NAME_MAX + 1];
    struct prefix net;
    struct position position; // of the line that settled it; file all zero: only the time counts
    usec_t settled;
    usec_t since, until; // of the ban; both 0: none
    bool observe;        // no real ban: only jails that observe too know of it
};

// Before the process locks itself in, which then can no longer rename it: sets aside what has the name and is no file.
// 0: nothing. 1, or -errno when it could not be done: note says so.
int state_make_way(const char *dir, usec_t now, char note[static STATE_NOTE_MAX]);

// Opens DIR/state.db (dir NULL: in memory, lost at the end). A database that is damaged, foreign or of a newer
// version is kept under another name and a new one begun; one that cannot be opened or written leaves the state in
// memory and state_problem() says so. note: "" or what the administrator should know. -EBUSY: another process works on
// it and went on doing so for five seconds. -ENOMEM.
int state_open(const char *dir, usec_t now, struct state **ret, char note[static STATE_NOTE_MAX]);

// Commits and closes. NULL is fine.
void state_close(struct state *s);

// "" or why nothing is written now.
const char *state_problem(const struct state *s);

// Whether bans of the last horizon may be unknown here: the database was begun anew, or is in memory.
bool state_may_lack(struct state *s, usec_t now, usec_t horizon);

// Once, after state_open(): whether all rows are there, as they were written. -EBADMSG: state_repair() sets it aside.
int state_verify(struct state *s);

// It is damaged, though it can be read: state_repair() sets it aside.
void state_condemn(struct state *s);

// Reading, once, after state_open(). Rows that make no sense are left out and counted in *ret_bad. -EBADMSG: the
// database is damaged further on; state_repair() then begins a new one. fn's first non-zero result ends it.
int state_each_ban(struct state *s, int (*fn)(void *userdata, const struct ban *), void *userdata, unsigned *ret_bad);
int state_each_decision(struct state *s, int (*fn)(void *userdata, const struct decision *), void *userdata,
                        unsigned *ret_bad);
// From which addresses somebody logged in well, and when last.
int state_each_guest(struct state *s, int (*fn)(void *userdata, const struct addr *a, usec_t when), void *userdata,
                     unsigned *ret_bad);
// The thresholds that bans reached, of those that each_ban gives; the jail's own maxretry has none.
int state_each_reason(struct state *s, int (*fn)(void *userdata, const struct prefix *net, const struct threshold_reason *why),
                      void *userdata, unsigned *ret_bad);
// Up to max accounts that somebody has logged in as, the latest first.
int state_each_login(struct state *s, unsigned max, int (*fn)(void *userdata, const struct login *), void *userdata, unsigned *ret_bad);
// The key that their hashes were made with, into *key; when there is none, that of *key is kept from now on.
int state_login_key(struct state *s, struct hash_key *key);
int state_set_login_key(struct state *s, const struct hash_key *key); // those that were made with another one go
// -ENOENT when this source has none. Caller frees.
int state_mark(struct state *s, const char *source, char **ret);
// The stored evidence lines of a ban, as they were given; -ENOENT. Caller frees.
int state_evidence(struct state *s, const struct prefix *net, char **ret);

// Calls fn with the network of each ban whose evidence has a failure as this user, as it is shown; fn's first non-zero
// result ends it. Reads the whole table.
int state_each_banned_user(struct state *s, const char *user, int (*fn)(void *userdata, const struct prefix *net), void *userdata);

// How many bans this network had before t: one is forgotten for each decay (0: never) since the last one ended.
unsigned state_previous(struct state *s, const struct prefix *net, usec_t t, usec_t decay);

// Writing goes into one transaction that state_commit() ends. All return 0 or -errno; after the first failure the
// transaction is undone and nothing is written (the calls return 0) until state_repair().
int state_put_ban(struct state *s, const struct ban *ban, const struct position *decided, const char *evidence);
int state_put_history(struct state *s, const struct ban *ban);
int state_put_decision(struct state *s, const struct decision *d);
// Their bans were over at t: what happened since counts.
int state_end_decisions(struct state *s, const struct prefix *net, usec_t t);
int state_remove_ban(struct state *s, const struct prefix *net);
int state_put_mark(struct state *s, const char *source, const char *mark);
int state_put_login(struct state *s, const struct login *login);
int state_remove_login(struct state *s, uint64_t id);
int state_put_guest(struct state *s, const struct addr *a, usec_t when); // an older time than what is there changes nothing
// What is no longer needed: marks of sources not in the list, decisions that settled before, bans of the history
// that ended before, good logins before, active bans that ended then or before. Reads whole tables: not for every second.
struct state_horizon {
    const char *const *sources;
    size_t n_sources;
    usec_t decisions, history, guests, logins, bans;
};
int state_prune(struct state *s, const struct state_horizon *h);
int state_commit(struct state *s);
// After state_commit(): not even a power cut or a damaged log of changes takes it back. Waits for the disk.
void state_settle(struct state *s);
bool state_dirty(const struct state *s); // something waits for state_commit()

// After a failure: opens the database anew (a damaged one is set aside) and empties its ban list; the caller then
// puts every ban again, with a decision for each, and commits. note as above. -errno: not yet, try again later.
int state_repair(struct state *s, usec_t now, char note[static STATE_NOTE_MAX]);

// Gives memory back that is not needed while idle.
void state_trim(struct state *s);

#endif

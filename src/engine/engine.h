// SPDX-License-Identifier: GPL-2.0-or-later
// The pipeline from record to verdict: filters, sessions, jails, ban list, in the record's own time. The service
// and replay run this same code; neither kernel, database nor clock is reached from here.
#ifndef PB_ENGINE_ENGINE_H
#define PB_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "engine/evidence.h"
#include "filter/filter.h"
#include "policy/accounts.h"
#include "policy/bans.h"
#include "policy/guests.h"
#include "policy/jail.h"
#include "policy/logins.h"
#include "policy/networks.h"
#include "policy/spray.h"
#include "policy/tally.h"
#include "session/session.h"

struct engine;

// A failure (or success) that is of interest to a jail, with the jail's name and what the jail made of it.
struct engine_event {
    const struct outcome *outcome;
    const char *jail;
    const struct verdict *verdict; // NULL for success and unattributed
};

struct engine_callbacks {
    // Once for each jail that gives the failure weight; once a filter for success and unattributed, with the name of
    // the first jail that uses it.
    void (*event)(void *userdata, const struct engine_event *e);
    // A decision to ban; decided is the position of the line that settled it. It is in the ban list already, unless
    // observe. until may be past when an old line is read late: engine_expire() gives it back at once.
    void (*ban)(void *userdata, const struct ban *ban, const struct position *decided, bool observe);
    // True when this outcome went into a decision that was made before a restart (jail, address, position of the
    // settling line): it is told as an event and counted nowhere. NULL: never.
    bool (*decided)(void *userdata, const char *jail, const struct outcome *o);
    // Before each decision to ban: true when the address is to be spared, whatever it did. Its failures go on counting, so
    // that the next one bans once it is spared no more. decided and settled are those of ban() and the outcome. NULL: never.
    bool (*spare)(void *userdata, const struct ban *would, const struct outcome *o);
    // Somebody got in as an account that the same address had failed as before: perhaps he guessed. NULL: never.
    void (*guessed)(void *userdata, const struct account *a);
    // Before a network is banned as a whole: why it is not to be, in words that live as long as the program, and for the
    // sake of which address; NULL when nothing speaks against it. Allowlists and good logins are known here. NULL: never asked.
    const char *(*keep)(void *userdata, const struct ban *would, struct addr *ret);
    // It was not banned as a whole for that reason; its single addresses are. NULL: not told.
    void (*kept)(void *userdata, const struct ban *would, const struct addr *for_whom, const char *reason);
    // Somebody logged in well as an account, and that is to be written down. NULL: nothing is.
    void (*login)(void *userdata, const struct logins_change *change);
    // An account is tried from so many addresses that a jail by account takes it for sprayed; once in its findtime. NULL: not
    // told.
    void (*sprayed)(void *userdata, const struct jail_config *jail, const struct account *a, unsigned addresses);
    // How many bans this network had before, after decay, at time t. NULL: the engine's own virtual history.
    unsigned (*previous)(void *userdata, const struct prefix *net, usec_t t, usec_t decay);
    void *userdata;
};

enum engine_mode {
    ENGINE_LIVE,           // /proc may be asked; bans end when engine_expire() says so
    ENGINE_REPLAY_FILES,   // every jail reads what is fed, as from files; bans end in record time
    ENGINE_REPLAY_JOURNAL, // the same, as from the journal
};

struct engine_options {
    const struct config *config;
    const struct prefix *own; // own addresses (ignoreself), borrowed for the call
    size_t n_own;
    bool journal_available; // "auto" means the journal, else the usual files
    enum engine_mode mode;
    bool no_gate; // look at every line
    struct engine_callbacks callbacks;
};

// Loads the filters of all enabled jails. A jail whose filter is bad is reported (config_report) and left out, the
// others go on; -EINVAL only when none is left.
int engine_new(const struct engine_options *options, struct config_report *report, struct engine **ret);
void engine_free(struct engine *e);

// What the sources need: the literals (NULL: every line must be seen), and for each jail source the filter mask.
const struct literals *engine_literals(const struct engine *e);

// The filters that must see every line, whatever literals it has.
uint64_t engine_ungated(const struct engine *e);

// Filter i, for those who want to know how fast it can be. False when there are no more.
struct engine_filter {
    const char *spec; // as the jails name it
    bool journal;     // as for lines of the journal
    unsigned literals; // that its lines are looked for by
    const char *ungated; // why it must see every line, with file:line; NULL: it need not
    unsigned interpreted; // of its patterns, for want of JIT
    const struct filter_counters *counters;
};

bool engine_filter(const struct engine *e, unsigned i, struct engine_filter *ret);

// Why jail k of the configuration is not watched, with file:line; NULL when it is, or is not enabled.
const char *engine_left_out(const struct engine *e, size_t k);

// Filters are numbered by distinct (filter with parameters, source kind). The mask of those that the jails reading
// this source use: "journal", or one entry of jail.source ("auto" where there is no journal). Replay: all of them.
uint64_t engine_filters_for(const struct engine *e, const char *source);

// journalmatch of filter i, "" for none.
const char *engine_journalmatch(const struct engine *e, unsigned i);

int engine_feed(struct engine *e, const struct record *r);

// Live: no record came, but time went on to now. engine_deadline: when that would matter next.
void engine_advance(struct engine *e, usec_t now);
usec_t engine_deadline(const struct engine *e);

// Live: it is now; a line that claims to be from later makes no other line old.
void engine_set_bound(struct engine *e, usec_t now);

// Live: the clock was set to now; calls that have begun are settled as they stand.
void engine_clock_set(struct engine *e, usec_t now);

// Replay: the log is over.
void engine_finish(struct engine *e);

// This machine's addresses have changed (ignoreself).
int engine_set_own(struct engine *e, const struct prefix *own, size_t n);

// A ban by hand or one restored from the state; goes into the ban list without a decision.
int engine_ban(struct engine *e, const struct ban *ban, bool replace);
bool engine_unban(struct engine *e, const struct prefix *net, struct ban *ret_old); // forgets the windows too
bool engine_expire(struct engine *e, usec_t t, struct ban *ret);

struct bans *engine_bans(struct engine *e);
const struct bans *engine_observed(const struct engine *e); // that only observing jails would have made; over ones too
struct evidence *engine_evidence(struct engine *e);

struct engine_window { // for why
    const char *jail;
    struct jail_window seen;
    struct threshold holds; // for a failure now, as an account that is known
    char country[3];        // "" when no rule asks, or nobody knows
    bool learning;          // maxretry.unknown does not hold yet, for want of good logins
    usec_t findtime;
    bool ignored;  // on this jail's allowlist
    bool by_account; // it counts failures as accounts that are sprayed
    unsigned more;               // failures that would ban, by the threshold that is nearest
    enum threshold_rule nearest; // RULE_UNKNOWN: failures as unknown accounts
    usec_t leaves;               // until then, as the oldest that it counts leaves the window; 0: there is none in it
};

// Fills up to max windows of a at time t; returns how many jails there are.
size_t engine_why(const struct engine *e, const struct addr *a, usec_t t, struct engine_window *ret, size_t max);

// What jail knows of the network of a, when it bans networks as a whole: *ret_count offenders count at time t. NULL when
// there is none. Valid until the next change.
const struct network *engine_network(const struct engine *e, const char *jail, const struct addr *a, usec_t t, unsigned *ret_count);

// As which accounts a failed lately, for a jail that goes by account, and from how many addresses each was tried. Returns
// how many.
unsigned engine_spray(const struct engine *e, const char *jail, const struct addr *a, usec_t t,
                      struct spray_look ret[static SPRAY_TRIES_MAX]);

// After a restart: a ban of before that the log led to, of an address or of a network as a whole; whom somebody forgave by
// hand then, and who had logged in well.
void engine_restore_offender(struct engine *e, const struct ban *ban);
void engine_forget_offenders(struct engine *e, const struct prefix *net, usec_t until);
void engine_restore_guest(struct engine *e, const struct addr *a, usec_t when);

// What was decided could not be carried out: this network is banned no more, its addresses are one by one, and it is not
// tried again for an hour. False when it is not banned as a whole.
bool engine_refuse_network(struct engine *e, const struct prefix *net, usec_t t, struct ban *ret_old);

// Whoever logged in well, and from where.
const struct guests *engine_guests(const struct engine *e);
// Why maxretry.country does not hold though it is wanted; "" when it does, or is not.
const char *engine_country_problem(const struct engine *e);

// Whether a jail would only observe at time t.
bool engine_observes(const struct engine *e, const char *jail, usec_t t);

// The accounts that somebody has logged in as; those that were written down are put back before the first record, with
// the key that they were written with.
struct logins *engine_logins(struct engine *e);
const struct hash_key *engine_login_key(const struct engine *e);
void engine_set_login_key(struct engine *e, const struct hash_key *key);

// The accounts that are tried; the bits of engine_jails() are those of account.jails.
const struct accounts *engine_accounts(const struct engine *e);

struct engine_place { // in the lists of all filters; zero at first
    unsigned filter;
    uint32_t life;
};

// Who is logged in, one after the other, as sessions_next() has it; *ret_here: on this machine, so that pid and interface
// are ours. False behind the last.
bool engine_session(const struct engine *e, struct engine_place *place, struct session_view *ret, bool *ret_here);

// Which jails use this filter: bit k for jail k of the configuration.
uint64_t engine_jails(const struct engine *e, unsigned filter);

// What a did that no jail gives weight to (the server's own trouble, refused calls ...); NULL when nothing.
const struct tally_entry *engine_uncounted(const struct engine *e, const struct addr *a);

struct engine_counters {
    uint64_t begun; // sessions, by lines that name their address
    uint64_t records, matches, failures, successes, unattributed, faulted, ignored, spared, bans, muted, limit_hits;
    uint64_t sessions_dropped; // of filters without [Session], for want of room
    uint64_t networks, networks_kept; // banned as a whole, and not banned for somebody's sake
    // bounds reached
    uint64_t session_overflow, window_overflow, bans_refused, network_overflow, guest_overflow, known_overflow, account_overflow,
        spray_overflow;
    uint64_t lives, waiting, addresses, known; // now; known: accounts that somebody has logged in as
    uint64_t by_origin[ORIGIN_MAX];
    usec_t oldest, newest; // record times of what matched; 0 when nothing has
};

void engine_read_counters(const struct engine *e, struct engine_counters *ret);

// The oldest record time that open windows (with the sessions behind them) and living or waiting sessions need at
// now, to be read again after a restart; sessions are followed back for at most max_age.
usec_t engine_oldest_needed(const struct engine *e, usec_t now, usec_t max_age);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// The bounded table of lives: one life is one process from its first line to its last, found by host, identifier
// and pid, or by what stands for the pid. Keeps order and room; what lines mean is session.c's matter.
#ifndef PB_SESSION_LIVES_H
#define PB_SESSION_LIVES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "session/session.h"

enum { LIFE_NONE = UINT32_MAX, LIFE_SLOTS = 16, LIFE_HOST_MAX = 64, LIFE_INTERFACE_MAX = 15, HOSTS_MAX = 128 };

// The lists that lives are in, each oldest first, so that no question needs a walk through the whole table.
enum life_list {
    LIFE_BY_LINE,  // all, by their last line
    LIFE_ENDED,    // ended, by their end
    LIFE_OPEN,     // with calls whose child is not known
    LIFE_NAMELESS, // without an address and a caller, and not another service's
    LIFE_LISTS,
};

struct life_key {
    uint64_t host, ident; // keyed hashes of the names
    uint64_t pid;         // or the keyed hash of what stands for it
};

enum failure_state { // of its failure
    FAILURE_NONE,
    FAILURE_ATTEMPT, // will be one if the life ends without success
    FAILURE_WAITS,   // for an address
    FAILURE_TOLD,
};

struct life {
    struct life_key key;
    uint32_t chain;           // next in the hash bucket; of one key, the youngest comes first
    struct life_link {
        uint32_t prev, next;
    } links[LIFE_LISTS];
    uint8_t lists; // bit k: it is in list k
    uint64_t begin_seq, end_seq; // place in the order of lines; end_seq 0: has not ended
    usec_t begin, last;
    bool used, begun, begun_last, other, faulted, success, success_told, has_addr, bound, announced;
    bool uncertain; // a caller that it may have had is forgotten: no elimination
    bool end_told; // by its own last line, not by a reused pid or a restart
    uint8_t stale_ends; // last lines of older lives of this key that are still to come
    uint8_t begin_order;
    uint8_t origin;
    struct addr addr;
    // the side that calls and links
    struct life_slot { // a call whose child is not known yet, oldest first
        uint64_t seq;
        usec_t time;
    } slot[LIFE_SLOTS];
    uint8_t n_slots;
    uint64_t lent;          // a call that a child took who may have been of another caller with that address; or 0
    bool slots_lost;        // more calls without a known child than there is room for
    uint64_t last_call_seq; // 0: never called
    struct life_key link;   // named by a link line before it said anything itself
    bool link_waits;
    // the side that fails
    uint32_t owner;      // the life that is bound to this one and may still tell its address
    uint64_t owner_seq;  // its begin_seq, to know it again
    uint8_t failure;     // enum failure_state
    uint8_t class;
    usec_t failure_time;
    struct position failure_position;
    uint16_t evidence_len, user_len;
    char evidence[SESSION_EVIDENCE_MAX];
    char user[SESSION_USER_MAX];
    char host[LIFE_HOST_MAX];
    uint8_t host_len;
    // for people to see
    usec_t login; // of its first sign of success
    struct addr inner;
    bool has_inner;
    char interface[LIFE_INTERFACE_MAX + 1];
};

// A host that logs, with its own clock: hosts of one central file may be hours apart, so how long a life has waited
// is told by its host's records alone. When more than HOSTS_MAX hosts log, they share entries (and wait longer).
struct life_host {
    uint64_t host;
    usec_t newest; // record time
    usec_t distrusted; // the last line that shows that clients can write lines
    usec_t forgotten; // the last call of a caller that is forgotten, and its child not known
    uint32_t next;    // the life that said that its child begins next
    uint64_t next_seq; // its begin_seq, to know it again; 0: none
    usec_t next_time;
    usec_t behind; // the real clock minus newest, when last compared
    bool compared;
};

struct lives {
    struct life *v; // max of them; memory is touched on use only
    uint32_t *bucket;
    uint32_t max, mask, active, free, never_used;
    struct life_ends {
        uint32_t first, last;
    } lists[LIFE_LISTS];
    struct hash_key hash;
    uint64_t seq;
    struct life_host hosts[HOSTS_MAX];
};

int lives_init(struct lives *t, unsigned max);
void lives_done(struct lives *t);

struct life_key lives_key(const struct lives *t, struct str host, struct str ident, uint32_t pid);

static inline bool life_key_eq(const struct life_key *a, const struct life_key *b)
{
    return a->host == b->host && a->ident == b->ident && a->pid == b->pid;
}

// The youngest life of this key, or NULL.
struct life *lives_find(const struct lives *t, const struct life_key *key);

// A new youngest life of this key, or NULL when the table is full: lives_remove() the oldest first.
struct life *lives_add(struct lives *t, const struct life_key *key);
void lives_remove(struct lives *t, struct life *l);

// Puts l at the end of the list, also when it is in it already; takes it out (if it is in it).
void lives_list(struct lives *t, enum life_list k, struct life *l);
void lives_unlist(struct lives *t, enum life_list k, struct life *l);

// The clock of this host (its entry in the table of hosts).
struct life_host *lives_host(struct lives *t, uint64_t host);

static inline struct life *lives_at(const struct lives *t, uint32_t i)
{
    return i == LIFE_NONE ? NULL : &t->v[i];
}

static inline struct life *lives_first(const struct lives *t, enum life_list k)
{
    return lives_at(t, t->lists[k].first);
}

static inline struct life *lives_next(const struct lives *t, enum life_list k, const struct life *l)
{
    return lives_at(t, l->links[k].next);
}

static inline uint32_t lives_index(const struct lives *t, const struct life *l)
{
    return (uint32_t)(l - t->v);
}

#endif

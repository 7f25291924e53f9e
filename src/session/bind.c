// SPDX-License-Identifier: GPL-2.0-or-later
// Which life is whose child, by the order of lines alone. Never guesses: what is not certain stays open.
#include "session/bind.h"

enum { CLAIMANTS_MAX = 64 };

void bind_call(struct lives *t, struct life *caller, usec_t now)
{
    if (caller->n_slots == LIFE_SLOTS) {
        memmove(caller->slot, caller->slot + 1, (LIFE_SLOTS - 1) * sizeof(caller->slot[0]));
        caller->n_slots--;
        caller->slots_lost = true;
    }
    caller->last_call_seq = ++t->seq;
    caller->slot[caller->n_slots++] = (struct life_slot){caller->last_call_seq, now};
    lives_list(t, LIFE_OPEN, caller);
}

static unsigned slots_before(const struct life *caller, uint64_t seq)
{
    unsigned n = 0;

    while (n < caller->n_slots && caller->slot[n].seq < seq)
        n++;
    return n;
}

// How long child was silent after the youngest of these calls.
static usec_t silence(const struct life *caller, const struct life *child)
{
    unsigned n = slots_before(caller, child->begin_seq);

    return n ? child->begin - caller->slot[n - 1].time : USEC_FOREVER;
}

static void take_slot(struct life *caller, uint64_t begin_seq)
{
    unsigned n = slots_before(caller, begin_seq);

    if (n == 0)
        return;
    caller->n_slots--;
    memmove(caller->slot + n - 1, caller->slot + n, (caller->n_slots - (n - 1)) * sizeof(caller->slot[0]));
}

bool bind_is_open(const struct life *caller)
{
    return caller->n_slots || caller->slots_lost || caller->lent;
}

void bind_child(struct lives *t, struct life *child, struct life *caller)
{
    // A child that was announced (or whose first lines are lost) is not older than the call that it belongs to.
    take_slot(caller, child->begun ? child->begin_seq : UINT64_MAX);
    if (!bind_is_open(caller))
        lives_unlist(t, LIFE_OPEN, caller);
    lives_unlist(t, LIFE_NAMELESS, child);
    child->bound = true;
    child->owner = lives_index(t, caller);
    child->owner_seq = caller->begin_seq;
}

// A caller waits for its last child before its own last line: where it ended while the child still lived, the child is
// not its last one. It does not wait for the children of earlier calls; those may even speak after it has ended.
static bool left_before(const struct life *caller, const struct life *child)
{
    return caller->end_told && (caller->end_seq < child->begin_seq ||
                                (child->end_told && caller->end_seq < child->end_seq));
}

// A call of caller from before the child's begin that may have been the one: taking its last, or (where it left before)
// one before its last.
static bool has_slot(const struct life *caller, const struct life *child)
{
    bool left = left_before(caller, child), gone = caller->end_seq && caller->end_seq < child->begin_seq;

    for (unsigned k = 0; k < caller->n_slots && caller->slot[k].seq < child->begin_seq; k++)
        if ((!left || caller->slot[k].seq < caller->last_call_seq) &&
            (!gone || child->begin - caller->slot[k].time <= BIND_SOON))
            return true;
    return (!gone || child->begin - caller->last <= BIND_SOON) &&
           (caller->slots_lost || (caller->lent && caller->lent < child->begin_seq));
}

bool bind_possible(const struct life *caller, const struct life *child)
{
    // Another connection from the same address is no child of the first: children are another program.
    return caller->key.host == child->key.host && caller->key.ident != child->key.ident &&
           caller->begin_seq < child->begin_seq && has_slot(caller, child);
}

// Behind one NAT: whose call it was is not sure, so this caller stays possible for its other children.
static void lend(struct life *caller)
{
    if (caller->n_slots && (!caller->lent || caller->slot[0].seq < caller->lent))
        caller->lent = caller->slot[0].seq;
}

void bind_by_address(struct lives *t, struct life *child)
{
    struct life *best = NULL;
    bool several = false;

    if (child->bound)
        return;
    for (struct life *c = lives_first(t, LIFE_OPEN); c; c = lives_next(t, LIFE_OPEN, c)) {
        if (c == child || !c->has_addr || !addr_eq(&c->addr, &child->addr) || !bind_possible(c, child))
            continue;
        several = several || best;
        if (!best || c->last_call_seq > best->last_call_seq)
            best = c;
    }
    if (!best)
        return;
    if (several)
        lend(best);
    bind_child(t, child, best);
}

// A nameless child of the same program, whom somebody can have called: it competes for slots.
static bool is_claimant(const struct lives *t, const struct life *l, const struct life *child)
{
    if (l->key.host != child->key.host || l->key.ident != child->key.ident)
        return false;
    for (const struct life *c = lives_first(t, LIFE_OPEN); c; c = lives_next(t, LIFE_OPEN, c))
        if (bind_possible(c, l))
            return true;
    return false;
}

// No more nameless children than free slots, at every moment at which one of them began (Hall's condition for
// children that each need a slot from before their begin).
static bool slots_suffice(const struct lives *t, const struct life *child, const struct addr *a)
{
    uint64_t begin[CLAIMANTS_MAX];
    unsigned n = 0;

    for (const struct life *l = lives_first(t, LIFE_NAMELESS); l; l = lives_next(t, LIFE_NAMELESS, l)) {
        if (!is_claimant(t, l, child))
            continue;
        if (n == CLAIMANTS_MAX)
            return false;
        begin[n++] = l->begin_seq;
    }
    for (unsigned k = 0; k < n; k++) {
        unsigned claims = 0, free = 0;
        bool concerned = false; // only those that could be meant by a caller of this address
        for (unsigned j = 0; j < n; j++)
            claims += begin[j] <= begin[k];
        for (const struct life *c = lives_first(t, LIFE_OPEN); c; c = lives_next(t, LIFE_OPEN, c)) {
            if (c->key.host != child->key.host)
                continue;
            free += slots_before(c, begin[k]);
            concerned = concerned || (c->has_addr && addr_eq(&c->addr, a) && slots_before(c, begin[k]));
        }
        if (concerned && claims > free)
            return false;
    }
    return true;
}

enum elimination bind_eliminate(struct lives *t, struct life *child, bool force, struct life **ret_caller)
{
    struct life *found = NULL;
    bool all_ended = true, several = false, silent = true, neighbours = false;

    if (!child->begun || child->other || child->bound)
        return ELIMINATION_OPEN;
    for (struct life *c = lives_first(t, LIFE_OPEN); c; c = lives_next(t, LIFE_OPEN, c)) {
        if (!bind_possible(c, child))
            continue;
        if (!c->end_seq) {
            all_ended = false;
            // it may still name its last child; this one is not its last when it has called again since
            if (c->last_call_seq < child->begin_seq)
                silent = false;
        }
        neighbours = neighbours || found;
        if (!c->has_addr || (found && !addr_eq(&found->addr, &c->addr)))
            several = true;
        else if (!found || silence(c, child) < silence(found, child))
            found = c;
        if (several && !all_ended) // the rest of a crowd changes nothing
            return ELIMINATION_OPEN;
    }
    several = several || child->uncertain;
    if (!found && !several)
        return ELIMINATION_OPEN;
    if (several)
        return all_ended ? ELIMINATION_HOPELESS : ELIMINATION_OPEN;
    if ((!silent && !force) || found->slots_lost || silence(found, child) > BIND_SOON ||
        !slots_suffice(t, child, &found->addr))
        return ELIMINATION_OPEN;
    if (neighbours)
        lend(found);
    *ret_caller = found;
    return ELIMINATION_FOUND;
}

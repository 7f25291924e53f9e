// SPDX-License-Identifier: GPL-2.0-or-later
// Repairs at once, ever more slowly against somebody who fights, and for ever.
#include "enforce/keeper.h"

#include <errno.h>
#include <string.h>

#define QUIET     (10 * USEC_SEC) // after so long without a repair nobody fights over the hook
#define RETRY     (5 * USEC_SEC)
#define SAY_AGAIN (60 * USEC_SEC)
#define PATIENCE  5 // repairs in a row that come at once

static void set_problem(struct keeper *k)
{
    const int *error = k->hook.error;
    int worst = error[V4] ? error[V4] : error[V6];

    k->told.state.problem = k->hook.ops == &hook_none ? PROBLEM_OBSERVING
                       : worst == 0              ? PROBLEM_NONE
                       : worst == EEXIST         ? PROBLEM_FOREIGN_SET
                       : worst == EPROTONOSUPPORT || worst == EOPNOTSUPP ? PROBLEM_NO_KERNEL : PROBLEM_HOOK;
    k->told.state.problem_error = worst;
    k->told.state.hooked = k->told.state.problem == PROBLEM_NONE;
    for (enum family f = V4; f < FAMILIES; f++)
        k->told.foreign[f] = error[f] == EEXIST;
}

static void set_culprit(struct keeper *k, const struct guard_culprit *who)
{
    k->told.state.culprit_pid = who->pid;
    memcpy(k->told.state.culprit, who->program, sizeof(k->told.state.culprit));
}

static void note_repair(struct keeper *k, enum msg_what what, usec_t missing)
{
    struct msg_hook *s = &k->told.state;

    s->repairs++;
    s->repair_time = k->realtime();
    s->repair_missing = missing;
    s->repair_what = what;
    s->repair_pid = s->culprit_pid;
    memcpy(s->repair_program, s->culprit, sizeof(s->repair_program));
}

static void tell(struct keeper *k, enum msg_what what, usec_t missing, bool elements)
{
    struct pair_hook m = k->told;

    m.event = (struct msg_event){.what = what, .pid = m.state.culprit_pid, .missing = missing};
    memcpy(m.event.program, m.state.culprit, sizeof(m.event.program));
    m.elements = elements;
    k->tell(k->userdata, &m);
}

static int put_hook(struct keeper *k)
{
    int r = k->hook.ops->put(&k->hook);

    if (r < 0 || k->hook.ops->footprint(&k->hook, &k->footprint) < 0)
        k->footprint = 0;
    return r;
}

// In a fight repairs are not worth a line each.
static enum msg_what in_fight(const struct keeper *k, enum msg_what what)
{
    return k->streak > PATIENCE ? WHAT_REPAIRED : what;
}

// The hook first: bans count for nothing without it.
static void repair(struct keeper *k)
{
    usec_t now = k->monotonic(), missing = 0;
    uint32_t before = k->told.state.problem;
    bool hook = k->hook_lost;

    k->repair_at = 0;
    k->streak = now - k->last_repair > QUIET ? 1 : k->streak + 1;
    k->last_repair = now;
    k->elements_lost |= hook && put_hook(k) > 0;
    set_problem(k);
    if (k->told.state.hooked && k->lost_since) {
        missing = k->monotonic() - k->lost_since;
        k->lost_since = 0;
        k->told.state.missing += missing;
    }
    bool elements = k->elements_lost && (k->told.state.hooked || k->told.state.problem == PROBLEM_FOREIGN_SET); // of the other family
    k->elements_lost = k->elements_lost && !elements;
    if (k->told.state.hooked) {
        k->hook_lost = false;
        k->elements_only = !hook;
        if (hook)
            note_repair(k, WHAT_HOOK_LOST, missing);
        tell(k, !hook ? 0 : in_fight(k, WHAT_HOOK_LOST), missing, elements);
        return;
    }
    k->repair_at = now + RETRY;
    bool news = k->told.state.problem != before; // said once, tried for ever
    tell(k, !news ? 0 : k->told.state.problem == PROBLEM_FOREIGN_SET ? WHAT_FOREIGN_SET : WHAT_HOOK_STUCK,
         news ? now - k->lost_since : 0, elements);
}

// Somebody fights: ever slower, up to 3.2 s, and for ever.
static usec_t patience(const struct keeper *k, usec_t now)
{
    if (k->streak < PATIENCE || now - k->last_repair > QUIET)
        return 0;
    return (100 * USEC_MSEC) << (k->streak < PATIENCE + 5 ? k->streak - PATIENCE : 5);
}

static void lost(struct keeper *k, usec_t since, bool hook, bool elements)
{
    usec_t now = k->monotonic(), delay = patience(k, now);

    if (k->hook.ops == &hook_none)
        return; // nothing to lose
    k->hook_lost |= hook;
    k->elements_lost |= elements;
    if (hook && !k->lost_since)
        k->lost_since = since;
    if (!k->repair_at && delay == 0) {
        repair(k);
        return;
    }
    bool first = !k->repair_at, say = !k->fight_said || now - k->fight_said > SAY_AGAIN;
    if (first) {
        k->repair_at = now + delay;
        k->told.state.problem = PROBLEM_FIGHT;
        k->told.state.put_off++;
    }
    if (k->told.state.problem != PROBLEM_FIGHT)
        return; // it is tried again for another reason
    bool hooked = k->told.state.hooked;
    k->told.state.hooked = !k->hook_lost;
    if (say)
        k->fight_said = now;
    if (say || first || hooked != k->told.state.hooked)
        tell(k, say ? WHAT_FIGHT : 0, say && k->lost_since ? now - k->lost_since : 0, false);
}

void keeper_news(struct keeper *k, const struct guard_news *news)
{
    if (!news->hook && !news->elements)
        return;
    set_culprit(k, &news->who);
    lost(k, k->monotonic(), news->hook, news->elements);
}

void keeper_check(struct keeper *k, const uint32_t expected[FAMILIES])
{
    int r = k->repair_at ? 0 : k->hook.ops->check(&k->hook, expected);

    if (r > 0) { // nobody announced it, so nobody can be named
        set_culprit(k, &(struct guard_culprit){.pid = 0});
        lost(k, k->monotonic() - k->told.tick_ms * USEC_MSEC, r == 1, true);
    }
}

void keeper_look(struct keeper *k)
{
    uint64_t footprint;

    if (k->repair_at || k->hook.ops == &hook_none)
        return; // somebody fights, or something does not work: it is tried again by itself
    set_culprit(k, &(struct guard_culprit){.pid = 0});
    k->elements_only = true;
    if (k->hook.ops->footprint(&k->hook, &footprint) == 0 && footprint == k->footprint)
        tell(k, 0, 0, true);
    else
        lost(k, k->monotonic(), true, true);
}

void keeper_start(struct keeper *k)
{
    int r = put_hook(k);

    set_problem(k);
    if (k->told.state.hooked || k->told.state.problem == PROBLEM_OBSERVING) {
        tell(k, 0, 0, r > 0);
        return;
    }
    k->lost_since = k->monotonic();
    k->repair_at = k->lost_since + RETRY;
    k->hook_lost = k->elements_lost = true;
    tell(k, k->told.state.problem == PROBLEM_FOREIGN_SET ? WHAT_FOREIGN_SET : WHAT_HOOK_STUCK, 0, r > 0);
}

void keeper_restored(struct keeper *k)
{
    if (k->elements_only)
        note_repair(k, WHAT_SET_LOST, 0);
    else
        k->told.state.repairs++; // the last one stays the hook's, which packets passed without
    tell(k, in_fight(k, WHAT_SET_LOST), 0, false);
}

usec_t keeper_tick(struct keeper *k)
{
    if (k->repair_at && k->monotonic() >= k->repair_at)
        repair(k);
    return k->repair_at ? k->repair_at : USEC_FOREVER;
}

void keeper_retire(struct keeper *k)
{
    struct hook old = {.nfnl = k->hook.nfnl, .limits = k->hook.limits, .ops = k->leftover};

    if (!old.ops)
        return;
    old.ops->retire(&old);
    old.ops->close(&old);
    k->leftover = NULL;
}

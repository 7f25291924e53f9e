// SPDX-License-Identifier: GPL-2.0-or-later
// Two hash tables that take turns: each look fills one from the other, so nothing need ever be removed. The key is the
// kernel's own count of sockets, which nobody outside chooses.
#include "connguard/silent.h"

#include <errno.h>
#include <stdlib.h>

struct slot {
    uint64_t cookie;
    usec_t since;
    uint32_t turn; // of the look that filled it; another one's is empty
    bool excused;
};

struct silent {
    struct slot *table[2];
    uint32_t max, mask, n;
    uint32_t turn;
    uint64_t overflow;
    uint32_t mute, sharers; // who said nothing yet: in this look, in the last
    usec_t now, next;
};

int silent_new(uint32_t max, struct silent **ret)
{
    struct silent *s = calloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->max = max;
    for (s->mask = 1; s->mask < 2 * max;)
        s->mask = s->mask * 2 + 1;
    s->turn = 1; // what calloc gives is of turn 0
    for (int i = 0; i < 2; i++)
        if (!(s->table[i] = calloc((size_t)s->mask + 1, sizeof(struct slot)))) {
            silent_free(s);
            return -ENOMEM;
        }
    *ret = s;
    return 0;
}

void silent_free(struct silent *s)
{
    if (!s)
        return;
    free(s->table[0]);
    free(s->table[1]);
    free(s);
}

// The slot of cookie in the look's table, or the empty one where it would go; at most half of them are taken.
static struct slot *slot_of(const struct silent *s, uint32_t turn, uint64_t cookie)
{
    struct slot *table = s->table[turn & 1];
    uint32_t i = (uint32_t)(cookie * UINT64_C(0x9e3779b97f4a7c15) >> 32) & s->mask;

    while (table[i].turn == turn && table[i].cookie != cookie)
        i = (i + 1) & s->mask;
    return &table[i];
}

static usec_t part_of(usec_t patience, uint32_t sharers)
{
    usec_t part = sharers > 1 ? patience / sharers : patience;

    return part > SILENT_LEAST ? part : patience < SILENT_LEAST ? patience : SILENT_LEAST;
}

void silent_begin(struct silent *s, usec_t now)
{
    s->sharers = s->mute;
    s->mute = 0;
    s->turn++;
    s->n = 0;
    s->now = now;
    s->next = USEC_FOREVER;
}

bool silent_see(struct silent *s, const struct sockets_entry *e, usec_t patience, usec_t *ret_age)
{
    const struct slot *before = slot_of(s, s->turn - 1, e->cookie);
    struct slot *slot = slot_of(s, s->turn, e->cookie);
    usec_t last = s->now - e->quiet * USEC_MSEC; // of its last byte; when it was established, if there was none
    bool known = before->turn == s->turn - 1, excused = known && before->excused;
    usec_t since = known ? before->since : last;

    if (slot->turn != s->turn && s->n < s->max) {
        *slot = (struct slot){.cookie = e->cookie, .since = since, .turn = s->turn, .excused = excused};
        s->n++;
    } else if (slot->turn != s->turn) {
        s->overflow++;
    }
    if (excused)
        return false;
    s->mute += e->received == 0;
    usec_t due = last + (e->received == 0 ? part_of(patience, s->sharers) : patience), latest = since + SILENT_PIECES * patience;
    due = latest < due ? latest : due;
    if (due > s->now) {
        s->next = due < s->next ? due : s->next;
        return false;
    }
    *ret_age = s->now - since;
    return true;
}

usec_t silent_end(struct silent *s, usec_t patience)
{
    return part_of(patience, s->mute) < part_of(patience, s->sharers) ? s->now : s->next;
}

bool silent_excuse(struct silent *s, uint64_t cookie)
{
    struct slot *slot = slot_of(s, s->turn, cookie);

    if (slot->turn != s->turn)
        return false;
    slot->excused = true;
    return true;
}

uint32_t silent_count(const struct silent *s)
{
    return s->n;
}

uint64_t silent_overflow(const struct silent *s)
{
    return s->overflow;
}

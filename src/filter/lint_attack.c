// SPDX-License-Identifier: GPL-2.0-or-later
// Attacks on a pattern, tried on the pattern itself: a second address slipped into what a client
// may write, and texts that make it give up.
#include <stdlib.h>

#include "filter/lint_private.h"

struct line {
    char *p;
    size_t n;
    bool full;
};

static void put(struct line *l, struct str s)
{
    if (s.n > LINT_LINE - l->n) {
        l->full = true;
        return;
    }
    memcpy(l->p + l->n, s.p, s.n);
    l->n += s.n;
}

static bool names_victim(struct lint *l, const struct pattern *p, struct str line)
{
    struct addr a, victim;

    return addr_parse(STR(LINT_VICTIM), &victim) == 0 && pattern_match(p, &l->matcher, line) &&
           pattern_address(p, &l->matcher, line, &a) && addr_eq(&a, &victim);
}

static bool is_present(const struct sample *s, unsigned i)
{
    return s->from[i] != UINT_MAX && s->to[i] != UINT_MAX;
}

// What a client may write where piece w stands: a false address in the context of the true one, and
// perhaps what follows that. how: 0 to 2, with less and less behind it; 3: not there but behind the
// whole text.
enum { FORGERIES = 4 };

static struct str forge(struct lint *l, unsigned w, unsigned address, unsigned how)
{
    const struct sample *s = l->sample;
    struct str all = {s->text, s->n};
    struct str before = {s->text, s->from[w]}, behind = str_skip(all, s->to[w]);
    struct str context = {s->text + s->to[w], s->from[address] - s->to[w]},
               rest = str_skip(all, s->to[address]);
    struct line out = {.p = l->line};

    put(&out, how == 3 ? all : before);
    put(&out, how == 3 ? STR(" x") : STR("x"));
    put(&out, context);
    put(&out, STR(LINT_VICTIM));
    if (how == 0 || how == 3)
        put(&out, rest);
    if (how == 1)
        put(&out, STR(" "));
    if (how != 3)
        put(&out, behind);
    return (struct str){out.p, out.full ? 0 : out.n};
}

// Is the true address still taken when something stands behind the text, or between the address and
// its end?
static bool may_go_on(struct lint *l, const struct pattern *p, unsigned address)
{
    const struct sample *s = l->sample;
    struct str all = {s->text, s->n};
    struct addr a, real;

    for (int twice = 0; twice < 2; twice++) {
        struct line out = {.p = l->line};
        put(&out, all);
        put(&out, STR(" x"));
        if (twice)
            put(&out, str_skip(all, s->to[address]));
        struct str line = {out.p, out.n};
        if (!out.full && addr_parse(STR(LINT_REAL), &real) == 0 &&
            pattern_match(p, &l->matcher, line) && pattern_address(p, &l->matcher, line, &a) &&
            addr_eq(&a, &real))
            return true;
    }
    return false;
}

static bool forge_at(struct lint *l, const struct lint_subject *s, unsigned w, unsigned address)
{
    for (unsigned how = 0; how < FORGERIES; how++) {
        if (how == 3 && !may_go_on(l, s->p, address))
            continue;
        struct str line = forge(l, w, address, how);
        if (!line.n || !names_victim(l, s->p, line))
            continue;
        lint_tell(
            l, s, LINT_FORGED, w, w, line,
            how == 3 ? "'$' (or a fixed end) behind the address, so that nothing can follow it"
                     : "a greedy '.*' between a fixed beginning and, behind the address, '$' or a "
                       "fixed end",
            how == 3
                ? "it reaches beyond the true address (" LINT_REAL
                  " here) to a second one behind it: whoever can write there chooses whom to ban"
                : "whoever can write what stands here can put an address there, which is taken for "
                  "his "
                  "own (" LINT_REAL " here): he chooses whom to ban");
        return true;
    }
    return false;
}

// Once a pattern: the first piece that can be used.
void lint_forged(struct lint *l, const struct lint_subject *s)
{
    const struct outline *o = &s->outline;

    for (unsigned v = 0; v < SAMPLE_VARIANTS; v++) {
        struct addr a, real;
        if (!lint_sample(l, s, v, LINT_REAL) || addr_parse(STR(LINT_REAL), &real) < 0 ||
            !pattern_address(s->p, &l->matcher, (struct str){l->sample->text, l->sample->n}, &a) ||
            !addr_eq(&a, &real))
            continue;
        for (unsigned address = 0; address < o->n; address++) {
            bool is = o->v[address].kind == ELEMENT_TAG &&
                      (o->v[address].tag == TAG_ADDRESS || o->v[address].tag == TAG_ID);
            if (!is || !is_present(l->sample, address))
                continue;
            for (unsigned w = 0; w < address; w++)
                if (is_present(l->sample, w) && l->sample->to[w] <= l->sample->from[address] &&
                    lint_is_written(o, w) && forge_at(l, s, w, address))
                    return;
        }
    }
}

// ---- backtracking

static const char accepted[] =
    "pieces that cannot match the same text next to each other or inside each other, and '^'";

static bool gives_up(struct lint *l, const struct pattern *p, struct str line)
{
    uint64_t hits = l->matcher.limit_hits;

    pattern_match(p, &l->matcher, line);
    return l->matcher.limit_hits > hits;
}

// The sample with count times unit where piece w stands, and perhaps something at its end that
// cannot match.
static struct str pump(struct lint *l, unsigned w, struct str unit, unsigned count, bool spoil)
{
    const struct sample *s = l->sample;
    struct line out = {.p = l->line};

    put(&out, (struct str){s->text, s->from[w]});
    for (unsigned i = 0; i < count; i++)
        put(&out, unit);
    put(&out, str_skip((struct str){s->text, s->n}, s->to[w]));
    if (spoil)
        put(&out, STR("\001"));
    return (struct str){out.p, out.full ? 0 : out.n};
}

// Fewer and fewer, as long as it still gives up.
static unsigned least_count(struct lint *l, const struct pattern *p, unsigned w, struct str unit,
                            unsigned count, bool spoil)
{
    unsigned low = 0;

    while (count - low > 1) {
        unsigned middle = low + (count - low) / 2;
        struct str line = pump(l, w, unit, middle, spoil);
        if (line.n && gives_up(l, p, line))
            count = middle;
        else
            low = middle;
    }
    return count;
}

// Given all the steps it wants, would it match?
static bool matches_in_the_end(struct lint *l, const struct pattern *p, struct str line)
{
    return pcre2_match(p->code, (PCRE2_SPTR)line.p, line.n, 0, PCRE2_NO_JIT, l->matcher.data,
                       l->patient) > 0;
}

// A text that it should match and gives up on: who writes it is not seen. A text that it cannot
// match anyway costs time alone, and only where it grows faster than with the square of its length
// is it worth a word: then a short one is enough.
static bool pump_at(struct lint *l, const struct lint_subject *s, unsigned w, struct str unit)
{
    enum { LENGTH = 1024, SHORT = 64 }; // bytes: names that clients send have up to 1023

    for (int spoil = 0; spoil < 2; spoil++) {
        unsigned count = (spoil ? SHORT : LENGTH) / (unsigned)unit.n;
        struct str line = pump(l, w, unit, count, spoil);
        if (!line.n || !gives_up(l, s->p, line))
            continue;
        count = least_count(l, s->p, w, unit, count, spoil);
        line = pump(l, w, unit, count, spoil);
        bool evades = !spoil && matches_in_the_end(l, s->p, line);
        if (!evades && count * unit.n > SHORT)
            continue;
        lint_tell(
            l, s, LINT_BACKTRACKS, w, w, line, accepted,
            evades
                ? "with %zu bytes here it gives up at the limit of %d steps on a line that it "
                  "should match: "
                  "who writes them is not seen"
                : "%zu bytes here, and a line that does not match after all costs all of %d steps",
            count * unit.n, PATTERN_MATCH_LIMIT);
        return true;
    }
    return false;
}

// Inside a group that may repeat without end.
static bool is_nested(const struct outline *o, unsigned w)
{
    for (unsigned i = 0; i < w; i++)
        if (o->v[i].kind == ELEMENT_OPEN && o->v[i].partner > w && o->v[i].max == UINT_MAX)
            return true;
    return false;
}

void lint_backtracks(struct lint *l, const struct lint_subject *s)
{
    const struct outline *o = &s->outline;
    static const char bytes[] = "u 1.:-/\"[";

    for (unsigned v = 0; v < 4; v++) { // more variants of the rest teach nothing about time
        uint64_t hits = l->matcher.limit_hits;
        if (!lint_sample(l, s, v, LINT_REAL)) {
            if (l->matcher.limit_hits == hits)
                continue;
            lint_tell(l, s, LINT_BACKTRACKS, 1, 0, (struct str){l->sample->text, l->sample->n},
                      accepted,
                      "it gives up at the limit of %d steps even on a short line made for it",
                      PATTERN_MATCH_LIMIT);
            return;
        }
        for (unsigned w = 0; w < o->n; w++) {
            if (!is_present(l->sample, w) || o->v[w].kind != ELEMENT_BYTE ||
                o->v[w].max != UINT_MAX || !(lint_is_written(o, w) || is_nested(o, w)))
                continue;
            for (const char *c = bytes; *c; c++)
                if (element_has(&o->v[w], (unsigned char)*c) &&
                    pump_at(l, s, w, (struct str){c, 1}))
                    return;
            struct str behind =
                str_skip((struct str){l->sample->text, l->sample->n}, l->sample->to[w]);
            char unit[64];
            size_t n = behind.n < sizeof(unit) ? behind.n : sizeof(unit);
            memcpy(unit, behind.p, n);
            for (size_t k = 1; k <= n; k = k < 8 ? k + 1 : k * 2)
                if (pump_at(l, s, w, (struct str){unit, k}))
                    return;
        }
    }
}

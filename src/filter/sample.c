// SPDX-License-Identifier: GPL-2.0-or-later
// Walks an outline and writes what each piece may match.
#include "filter/sample.h"

struct maker {
    const struct sample_plan *plan;
    struct sample *s;
    unsigned choices; // taken so far: each looks at another bit of the variant
    unsigned wide;    // pieces so far
    bool full;
};

static void put(struct maker *m, const char *p, size_t n)
{
    if (n > SAMPLE_MAX - m->s->n) {
        m->full = true;
        return;
    }
    memcpy(m->s->text + m->s->n, p, n);
    m->s->n += n;
}

char sample_byte(const struct element *e)
{
    static const char liked[] = "u1x /-.:_=\"[](),";

    if (element_width(e) == 0)
        return 0;
    for (const char *c = liked; *c; c++)
        if (element_has(e, (unsigned char)*c))
            return *c;
    for (unsigned c = 0x21; c < 0x7f; c++)
        if (element_has(e, (unsigned char)c))
            return (char)c;
    for (unsigned c = 1; c < 256; c++)
        if (element_has(e, (unsigned char)c))
            return (char)c;
    return 0;
}

static void put_bytes(struct maker *m, const struct element *e)
{
    static const char *const names[] = {"u", "root", " u 1", "x-y"};
    unsigned count = e->min;
    // in the later variants no two wide pieces are alike: "(.*) and \1" must not take them all
    unsigned other = m->plan->variant & 8 ? m->wide++ : 0;
    const char *name = names[(m->plan->variant + other) % 4];
    bool fits = e->max == UINT_MAX && element_width(e) > 1;

    for (const char *c = name; *c && fits; c++)
        fits = element_has(e, (unsigned char)*c);
    if (fits && strlen(name) >= e->min) {
        put(m, name, strlen(name));
        return;
    }
    if (count == 0 && (element_width(e) > 30 || (m->plan->variant & 4)))
        count = 1;
    char c = sample_byte(e);
    for (unsigned i = 0; i < count && i < 64; i++)
        put(m, &c, 1);
}

static void put_tag(struct maker *m, enum element_tag tag)
{
    static const char *const texts[] = {
        [TAG_NONE] = "", [TAG_ADDRESS] = "",  [TAG_IP6] = "2001:db8::7", [TAG_NAME] = "u.example",
        [TAG_ID] = "",   [TAG_NUMBER] = "24", [TAG_LINK] = "4711",       [TAG_LINES] = "\n",
    };
    const char *text = tag == TAG_ADDRESS || tag == TAG_ID ? m->plan->address : texts[tag];

    put(m, text, strlen(text));
}

static void put_alternatives(struct maker *m, unsigned from, unsigned to);

static void put_sequence(struct maker *m, unsigned from, unsigned to)
{
    const struct outline *o = m->plan->outline;

    for (unsigned i = from; i < to && !m->full; i++) {
        const struct element *e = &o->v[i];
        unsigned last = e->kind == ELEMENT_OPEN ? e->partner : i;
        if (last >= to)
            last = to - 1;
        m->s->from[i] = (unsigned)m->s->n;
        if (e->kind == ELEMENT_BYTE) {
            put_bytes(m, e);
        } else if (e->kind == ELEMENT_TAG) {
            bool optional = e->min == 0 && !(m->plan->variant & 1);
            if (!optional)
                put_tag(m, e->tag);
        } else if (e->refers && m->s->from[e->partner] != UINT_MAX &&
                   m->s->to[e->partner] != UINT_MAX) {
            put(m, m->s->text + m->s->from[e->partner],
                m->s->to[e->partner] - m->s->from[e->partner]);
        } else if (e->kind == ELEMENT_OPEN) {
            unsigned count = e->min;
            if (count == 0 && (m->plan->variant >> (m->choices++ % 4) & 1))
                count = 1;
            for (unsigned k = 0; k < count && k < 8; k++)
                put_alternatives(m, i + 1, last);
            if (count == 0)
                m->s->from[i] = UINT_MAX;
        }
        m->s->to[i] = m->s->to[last] = (unsigned)m->s->n;
        i = last;
    }
}

// One of the branches between two pieces.
static void put_alternatives(struct maker *m, unsigned from, unsigned to)
{
    const struct outline *o = m->plan->outline;
    unsigned depth = from < to ? o->v[from].depth : 0, branches = 1;

    for (unsigned i = from; i < to; i++)
        branches += o->v[i].kind == ELEMENT_OR && o->v[i].depth == depth;
    unsigned wanted = branches > 1 ? (m->plan->variant >> (m->choices++ % 3)) % branches : 0;
    for (unsigned i = from, begin = from; i <= to; i++) {
        bool ends = i == to || (o->v[i].kind == ELEMENT_OR && o->v[i].depth == depth);
        if (ends && wanted-- == 0) {
            put_sequence(m, begin, i);
            return;
        }
        if (ends)
            begin = i + 1;
    }
}

bool sample_make(const struct sample_plan *plan, struct sample *ret)
{
    struct maker m = {.plan = plan, .s = ret};

    ret->n = 0;
    memset(ret->from, 0xff, plan->outline->n * sizeof(ret->from[0]));
    memset(ret->to, 0xff, plan->outline->n * sizeof(ret->to[0]));
    put_alternatives(&m, 0, (unsigned)plan->outline->n);
    return !m.full;
}

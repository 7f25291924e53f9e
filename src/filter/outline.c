// SPDX-License-Identifier: GPL-2.0-or-later
// Reads a pattern from left to right into a flat list of pieces.
#include "filter/outline.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct reader {
    struct outline *o;
    const char *begin, *p, *end;
    unsigned open[64]; // groups that are not closed yet
    unsigned depth, groups;
    bool lines, full;
    struct element spare; // where there is no room: written to, never read
};

static struct element *add(struct reader *r, enum element_kind kind, const char *from)
{
    if (r->o->n == OUTLINE_MAX) {
        r->full = true;
        return &r->spare;
    }
    struct element *e = &r->o->v[r->o->n++];
    *e = (struct element){
        .kind = kind, .from = (unsigned)(from - r->begin), .min = 1, .max = 1, .depth = r->depth};
    for (unsigned i = 0; i < r->depth; i++) {
        e->user |= r->o->v[r->open[i]].user;
        e->content |= r->o->v[r->open[i]].content;
    }
    return e;
}

static void set_byte(struct element *e, unsigned char c)
{
    e->set[c / 8] |= (uint8_t)(1 << c % 8);
}

static void set_by(struct element *e, int (*is)(int), bool wanted)
{
    for (int c = 0; c < 256; c++)
        if ((c < 128 && is(c) != 0) == wanted)
            set_byte(e, (unsigned char)c);
}

static int is_word(int c)
{
    return isalnum(c) || c == '_';
}

// "\x": a set, or a byte. False: something else.
static bool set_escape(struct reader *r, struct element *e, char c)
{
    static const char letters[] = "tnrfea", values[] = "\t\n\r\f\033\a";
    const char *letter = strchr(letters, c);

    switch (c) {
    case 'd':
    case 'D':
        set_by(e, isdigit, c == 'd');
        return true;
    case 'w':
    case 'W':
        set_by(e, is_word, c == 'w');
        return true;
    case 's':
    case 'S':
        set_by(e, isspace, c == 's');
        return true;
    case 'h':
        set_byte(e, ' ');
        set_byte(e, '\t');
        return true;
    case 'N':
        set_by(e, isspace, false);
        for (const char *s = " \t\r\f\v"; *s; s++)
            set_byte(e, (unsigned char)*s);
        return true;
    case 'x': {
        char digits[3] = "";
        for (int i = 0; i < 2 && r->p < r->end && isxdigit((unsigned char)*r->p); i++)
            digits[i] = *r->p++;
        set_byte(e, (unsigned char)strtoul(digits, NULL, 16));
        return digits[0] != '\0';
    }
    default:
        if (c && letter)
            set_byte(e, (unsigned char)values[letter - letters]);
        else if (isalnum((unsigned char)c))
            return false;
        else
            set_byte(e, (unsigned char)c);
        return true;
    }
}

// e stands for what the group number n, or of this name, has captured.
static void refer(struct reader *r, struct element *e, unsigned n, struct str name)
{
    for (unsigned i = 0; i < r->o->n; i++) {
        const struct element *open = &r->o->v[i];
        struct str text = str_skip(r->o->text, open->from);
        bool named = name.n && str_starts(text, STR("(?P<")) &&
                     str_starts(str_skip(text, 4), name) && text.n > 4 + name.n &&
                     text.p[4 + name.n] == '>';
        if (open->kind != ELEMENT_OPEN || !(named || (n && open->number == n)))
            continue;
        e->refers = true;
        e->partner = i;
    }
}

static void read_escape(struct reader *r)
{
    const char *from = r->p++;

    if (r->p == r->end) {
        r->o->understood = false;
        return;
    }
    char c = *r->p++;
    if (strchr("bBAzZG", c)) {
        add(r, ELEMENT_ASSERT, from);
        return;
    }
    struct element *e = add(r, ELEMENT_BYTE, from);
    if (set_escape(r, e, c))
        return;
    e->kind = ELEMENT_OTHER;
    if (isdigit((unsigned char)c)) {
        char *end;
        refer(r, e, (unsigned)strtoul(r->p - 1, &end, 10), STR(""));
        r->p = end;
    } else if (c != 'K')
        r->o->understood = false;
}

// [:xdigit:] and its kin at r->p. False when there is none.
static bool read_posix(struct reader *r, struct element *e)
{
    static const struct {
        const char *name;
        int (*is)(int);
    } classes[] = {{"alpha", isalpha}, {"digit", isdigit}, {"alnum", isalnum}, {"xdigit", isxdigit},
                   {"space", isspace}, {"upper", isupper}, {"lower", islower}, {"punct", ispunct},
                   {"print", isprint}, {"word", is_word}};
    struct str s = {r->p, (size_t)(r->end - r->p)};

    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        char name[16];
        snprintf(name, sizeof(name), "[:%s:]", classes[i].name);
        if (str_starts(s, str_of(name))) {
            set_by(e, classes[i].is, true);
            r->p += strlen(name);
            return true;
        }
    }
    return false;
}

static void read_class(struct reader *r)
{
    struct element *e = add(r, ELEMENT_BYTE, r->p);
    bool negated, first = true;
    int previous = -1; // a plain byte that may begin a range

    r->p++;
    negated = r->p < r->end && *r->p == '^';
    r->p += negated;
    for (; r->p < r->end && (*r->p != ']' || first); first = false) {
        if (*r->p == '[' && read_posix(r, e)) {
            previous = -1;
            continue;
        }
        if (*r->p == '-' && previous >= 0 && r->p + 1 < r->end && r->p[1] != ']') {
            unsigned char to = (unsigned char)*++r->p;
            if (to == '\\' && r->p + 1 < r->end)
                to = (unsigned char)*++r->p;
            for (int c = previous; c <= to; c++)
                set_byte(e, (unsigned char)c);
            r->p++;
            previous = -1;
            continue;
        }
        char c = *r->p++;
        previous = (unsigned char)c;
        if (c != '\\') {
            set_byte(e, (unsigned char)c);
        } else if (r->p < r->end) {
            c = *r->p++;
            previous = isalnum((unsigned char)c) ? -1 : (unsigned char)c;
            if (c == 'b')
                set_byte(e, '\b');
            else if (!set_escape(r, e, c))
                r->o->understood = false;
        }
    }
    if (r->p == r->end)
        r->o->understood = false;
    else
        r->p++;
    for (size_t i = 0; negated && i < sizeof(e->set); i++)
        e->set[i] = (uint8_t)~e->set[i];
}

// To the ')' that closes the group r->p is in, which is passed too.
static void skip_group(struct reader *r)
{
    unsigned depth = 1;
    bool class = false;

    for (; r->p < r->end && depth > 0; r->p++) {
        if (*r->p == '\\' && r->p + 1 < r->end)
            r->p++;
        else if (class)
            class = *r->p != ']';
        else if (*r->p == '[')
            class = true;
        else if (*r->p == '(')
            depth++;
        else if (*r->p == ')')
            depth--;
    }
    if (depth > 0)
        r->o->understood = false;
}

static void open_group(struct reader *r, const char *from, struct str name, bool captures)
{
    struct element *e = add(r, ELEMENT_OPEN, from);

    e->number = captures ? ++r->groups : 0;
    struct str alt = STR("alt_");
    struct str plain = str_starts(name, alt) ? str_skip(name, alt.n) : name;

    e->user |= str_starts(plain, STR("user")) || str_eq(plain, STR("login"));
    e->content |= str_eq(name, STR("content"));
    if (r->depth == sizeof(r->open) / sizeof(r->open[0])) {
        r->full = true;
        return;
    }
    r->open[r->depth++] = (unsigned)(e - r->o->v);
}

static void close_group(struct reader *r, const char *from)
{
    if (r->depth == 0) {
        r->o->understood = false;
        return;
    }
    unsigned open = r->open[--r->depth];
    struct element *e = add(r, ELEMENT_CLOSE, from);
    e->partner = open;
    e->user = r->o->v[open].user;
    e->content = r->o->v[open].content;
    r->o->v[open].partner = (unsigned)(e - r->o->v);
}

// "(?...": r->p is behind the question mark.
static void read_special(struct reader *r, const char *from)
{
    struct str s = {r->p, (size_t)(r->end - r->p)};
    struct str name = {"", 0};

    if (str_starts(s, STR("=")) || str_starts(s, STR("!")) || str_starts(s, STR("<=")) ||
        str_starts(s, STR("<!"))) {
        skip_group(r);
        add(r, ELEMENT_LOOK, from);
    } else if (str_starts(s, STR("#")) || str_starts(s, STR("P="))) {
        skip_group(r);
        struct element *e = add(r, ELEMENT_OTHER, from);
        if (s.p[0] == 'P')
            refer(r, e, 0, (struct str){s.p + 2, (size_t)(r->p - s.p) - 3});
    } else if (str_starts(s, STR("P<")) || str_starts(s, STR("<"))) {
        name.p = r->p += s.p[0] == 'P' ? 2 : 1;
        while (r->p < r->end && *r->p != '>')
            r->p++;
        name.n = (size_t)(r->p - name.p);
        r->p += r->p < r->end;
        open_group(r, from, name, true);
    } else if (str_starts(s, STR("("))) { // a condition: its branches are those of a group
        r->p++;
        skip_group(r);
        open_group(r, from, name, false);
    } else {
        while (r->p < r->end && strchr("imsxnaLuJU^-|>", *r->p))
            r->p++;
        if (r->p < r->end && *r->p == ')') {
            r->p++;
            add(r, ELEMENT_OTHER, from);
            return;
        }
        bool atomic = r->p[-1] == '>' || r->p[-1] == '|';
        if (!atomic && (r->p == r->end || *r->p++ != ':'))
            r->o->understood = false;
        open_group(r, from, name, false);
    }
}

static const struct {
    struct str text;
    enum element_tag tag;
    unsigned groups; // that it has inside (translate.c)
} tags[] = {
    {{"<ADDR>", 6}, TAG_ADDRESS, 2},   {{"<HOST>", 6}, TAG_ADDRESS, 3},
    {{"<IP4>", 5}, TAG_ADDRESS, 1},    {{"<SUBNET>", 8}, TAG_ADDRESS, 3},
    {{"<IP6>", 5}, TAG_IP6, 1},        {{"<DNS>", 5}, TAG_NAME, 1},
    {{"<F-ID/>", 7}, TAG_ID, 1},       {{"<CIDR>", 6}, TAG_NUMBER, 1},
    {{"<F-PORT/>", 9}, TAG_NUMBER, 1}, {{"<SKIPLINES>", 11}, TAG_LINES, 1},
};

// A tag at r->p, or false.
static bool read_tag(struct reader *r)
{
    const char *from = r->p;
    struct str s = {r->p, (size_t)(r->end - r->p)};
    char name[40];
    size_t n = 0;

    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
        if (str_starts(s, tags[i].text)) {
            r->p += tags[i].text.n;
            add(r, ELEMENT_TAG, from)->tag = tags[i].tag;
            r->groups += tags[i].groups;
            return true;
        }
    const char *close = memchr(s.p, '>', s.n);
    if (str_starts(s, STR("<LINK ")) && close) {
        r->p = close + 1;
        add(r, ELEMENT_TAG, from)->tag = TAG_LINK;
        r->groups++;
        return true;
    }
    bool ends = str_starts(s, STR("</F-"));
    if (!close || !(ends || str_starts(s, STR("<F-"))))
        return false;
    for (const char *p = s.p + (ends ? 4 : 3); p < close && n < sizeof(name); p++) {
        if (!isupper((unsigned char)*p) && !isdigit((unsigned char)*p) && !strchr("-_", *p))
            return false;
        name[n++] = (char)tolower((unsigned char)*p);
    }
    r->p = close + 1;
    if (ends)
        close_group(r, from);
    else
        open_group(r, from, (struct str){name, n}, true);
    return true;
}

// What stands behind a piece.
static void read_quantifier(struct reader *r, struct element *e)
{
    if (r->p == r->end || (e->kind == ELEMENT_OPEN || e->kind == ELEMENT_OR))
        return;
    if (*r->p == '*' || *r->p == '+' || *r->p == '?') {
        e->min = *r->p == '+';
        e->max = *r->p == '?' ? 1 : UINT_MAX;
        r->p++;
    } else if (*r->p == '{') {
        char *p;
        if (r->p + 1 == r->end || !(isdigit((unsigned char)r->p[1]) || r->p[1] == ','))
            return;
        unsigned min = (unsigned)strtoul(r->p + 1, &p, 10), max = min;
        if (*p == ',') {
            p++;
            max = isdigit((unsigned char)*p) ? (unsigned)strtoul(p, &p, 10) : UINT_MAX;
        }
        if (p >= r->end || *p != '}')
            return;
        e->min = min;
        e->max = max;
        r->p = p + 1;
    } else {
        return;
    }
    if (r->p < r->end && (*r->p == '?' || *r->p == '+')) {
        e->lazy = *r->p == '?';
        e->possessive = *r->p == '+';
        r->p++;
    }
}

static void read_piece(struct reader *r)
{
    const char *from = r->p;

    switch (*r->p) {
    case '\\':
        read_escape(r);
        return;
    case '[':
        read_class(r);
        return;
    case '(':
        r->p++;
        if (r->p < r->end && *r->p == '?') {
            r->p++;
            read_special(r, from);
        } else {
            open_group(r, from, (struct str){"", 0}, true);
        }
        return;
    case ')':
        r->p++;
        close_group(r, from);
        return;
    case '|':
        r->p++;
        add(r, ELEMENT_OR, from);
        return;
    case '^':
    case '$':
        r->p++;
        add(r, ELEMENT_ASSERT, from);
        return;
    case '<':
        if (read_tag(r))
            return;
        break;
    case '.': {
        struct element *e = add(r, ELEMENT_BYTE, r->p++);
        memset(e->set, 0xff, sizeof(e->set));
        if (r->lines)
            e->set['\n' / 8] &= (uint8_t) ~(1 << '\n' % 8);
        return;
    }
    default:
        break;
    }
    set_byte(add(r, ELEMENT_BYTE, r->p), (unsigned char)*r->p);
    r->p++;
}

int outline_new(struct str text, bool lines, struct outline *ret)
{
    struct outline o = {.text = text, .understood = true};
    struct reader r = {
        .o = &o, .begin = text.p, .p = text.p, .end = text.p + text.n, .lines = lines};

    o.v = calloc(OUTLINE_MAX, sizeof(*o.v)); // touched as used
    if (!o.v)
        return -ENOMEM;
    while (r.p < r.end && !r.full) {
        size_t n = o.n;
        read_piece(&r);
        if (o.n == n)
            continue;
        struct element *e = &o.v[o.n - 1];
        e->body = (unsigned)(r.p - r.begin);
        read_quantifier(&r, e);
        e->to = (unsigned)(r.p - r.begin);
        if (e->kind == ELEMENT_CLOSE) {
            struct element *open = &o.v[e->partner];
            open->min = e->min;
            open->max = e->max;
            open->lazy = e->lazy;
            open->possessive = e->possessive;
        }
    }
    o.understood &= !r.full && r.depth == 0;
    *ret = o;
    return 0;
}

void outline_clear(struct outline *o)
{
    free(o->v);
    *o = (struct outline){.v = NULL};
}

unsigned element_width(const struct element *e)
{
    unsigned n = 0;

    for (size_t i = 0; i < sizeof(e->set); i++)
        n += (unsigned)__builtin_popcount(e->set[i]);
    return n;
}

struct str outline_text(const char *pattern)
{
    struct str s = str_of(pattern);
    const char *close = str_starts(s, STR("<@")) ? memchr(s.p, '>', s.n) : NULL;

    return close ? str_skip(s, (size_t)(close - s.p) + 1) : s;
}

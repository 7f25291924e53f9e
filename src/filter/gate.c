// SPDX-License-Identifier: GPL-2.0-or-later
// A small walker over regular expressions. Of each piece it knows either all texts that it can match (exact, a few
// short ones), or a set of strings one of which it must contain (need), or nothing. A sequence of exact pieces is
// multiplied out; whatever interrupts it ends a run, and the best run wins.
#include "filter/gate.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>

#include "base/literals.h"

enum { WALK_DEPTH = 40 };

struct node {
    bool exact;
    struct gate_set text; // exact: all it can match
    struct gate_set need; // else: one of these is in it
};

struct walk {
    const char *p, *end;
    bool icase, split, bad;
    unsigned depth;
};

static struct node walk_alternatives(struct walk *w);

static const struct node gap; // anything at all

static struct node nothing(void) // matches between bytes
{
    return (struct node){.exact = true, .text = {.n = 1}};
}

static struct node one_byte(const struct walk *w, char c)
{
    struct node node = nothing();

    if (c < 0x20 || c > 0x7e || (w->icase && isalpha((unsigned char)c)))
        return gap; // what is not printable may be written differently in a file
    node.text.length[0] = 1;
    node.text.string[0][0] = c;
    return node;
}

static bool add_string(struct gate_set *g, struct str s)
{
    for (unsigned i = 0; i < g->n; i++)
        if (str_eq(gate_string(g, i), s))
            return true;
    if (g->n == GATE_SET_MAX || s.n > GATE_STRING_MAX)
        return false;
    memcpy(g->string[g->n], s.p, s.n);
    g->length[g->n++] = (unsigned char)s.n;
    return true;
}

static bool add_all(struct gate_set *g, const struct gate_set *more)
{
    for (unsigned i = 0; i < more->n; i++)
        if (!add_string(g, gate_string(more, i)))
            return false;
    return true;
}

// Every string of a followed by every one of b. False when there are too many or too long ones.
static bool multiply(const struct gate_set *a, const struct gate_set *b, struct gate_set *ret)
{
    struct gate_set product = {0};

    for (unsigned i = 0; i < a->n; i++)
        for (unsigned j = 0; j < b->n; j++) {
            char s[2 * GATE_STRING_MAX];
            memcpy(s, a->string[i], a->length[i]);
            memcpy(s + a->length[i], b->string[j], b->length[j]);
            if (!add_string(&product, (struct str){s, (size_t)a->length[i] + b->length[j]}))
                return false;
        }
    *ret = product;
    return true;
}

// Words that stand in many lines of most logs, each between two blanks.
static const char common_words[] = " a and by client closed connection error for from in is not of on port server session "
                                   "the to user with ";

// The length of the word at s, if it is one of these.
static size_t common_word(struct str s)
{
    char word[16] = " ";
    size_t n = 0;

    while (n < s.n && isalpha((unsigned char)s.p[n]))
        n++;
    if (n == 0 || n + 2 >= sizeof(word))
        return 0;
    memcpy(word + 1, s.p, n);
    strcpy(word + 1 + n, " ");
    return strstr(common_words, word) ? n : 0;
}

// Bits of information, roughly: how much a string tells a line from others. More than 60 is as good as 60.
static int string_score(struct str s)
{
    enum { COMMON = 3 }; // a byte of a common word, at most
    size_t common = 0;
    int score = 0;

    for (size_t i = 0; i < s.n; i++) {
        int bits = 12 - (31 - __builtin_clz(literals_frequency((unsigned char)s.p[i])));
        if (common == 0 && (i == 0 || !isalpha((unsigned char)s.p[i - 1])))
            common = common_word(str_skip(s, i));
        score += common && bits > COMMON ? COMMON : bits;
        common -= common > 0;
    }
    return s.n < 3 ? 0 : score > 60 ? 60 + (int)s.n / 8 : score;
}

int gate_score(const struct gate_set *g)
{
    int worst = g->n ? INT_MAX : 0;

    for (unsigned i = 0; i < g->n; i++) {
        int score = string_score(gate_string(g, i));
        if (score < worst)
            worst = score;
    }
    return worst > 0 ? worst - 4 * (int)(g->n - 1) : 0;
}

static bool contains(struct str s, struct str part)
{
    return s.n >= part.n && memmem(s.p, s.n, part.p, part.n) != NULL;
}

// The same promise with fewer strings: one that contains another of the set is not needed.
static struct gate_set simplified(const struct gate_set *g)
{
    struct gate_set less = {0};

    for (unsigned i = 0; i < g->n; i++) {
        bool needed = true;
        for (unsigned j = 0; j < g->n && needed; j++)
            needed = i == j || !contains(gate_string(g, i), gate_string(g, j));
        if (needed)
            add_string(&less, gate_string(g, i));
    }
    return less;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

// The part of s that tells most among those that a date cannot have been cut out of: there, the bytes on both sides
// are no word's.
static struct str best_piece(struct str s)
{
    struct str best = {s.p, 0};
    size_t from = 0;

    for (size_t i = 1; i <= s.n; i++) {
        if (i < s.n && (is_word(s.p[i - 1]) || is_word(s.p[i])))
            continue;
        struct str piece = {s.p + from, i - from};
        if (string_score(piece) > string_score(best))
            best = piece;
        from = i;
    }
    return best;
}

static struct gate_set pieces(const struct gate_set *g)
{
    struct gate_set best = {0};

    for (unsigned i = 0; i < g->n; i++)
        add_string(&best, best_piece(gate_string(g, i)));
    return best;
}

// Takes the set for *best when it tells more.
static void offer(const struct walk *w, struct gate_set *best, const struct gate_set *g, bool whole)
{
    struct gate_set candidate = w->split && whole ? pieces(g) : *g;

    candidate = simplified(&candidate);
    if (gate_score(&candidate) > gate_score(best))
        *best = candidate;
}

static void skip_to(struct walk *w, char close)
{
    while (w->p < w->end && *w->p != close)
        w->p++;
    if (w->p == w->end)
        w->bad = true;
    else
        w->p++;
}

static struct node walk_escape(struct walk *w)
{
    if (++w->p >= w->end) {
        w->bad = true;
        return gap;
    }
    char c = *w->p++;
    if (!isalnum((unsigned char)c))
        return one_byte(w, c);
    switch (c) {
    case 'b':
    case 'B':
    case 'A':
    case 'Z':
    case 'z':
    case 'G':
    case 'K':
        return nothing();
    case 'x':
    case 'o':
    case 'g':
    case 'k':
        if (w->p < w->end && strchr("{<'", *w->p)) {
            char close = *w->p == '{' ? '}' : *w->p == '<' ? '>' : '\'';
            w->p++;
            skip_to(w, close);
        } else if (c == 'x') {
            for (int i = 0; i < 2 && w->p < w->end && isxdigit((unsigned char)*w->p); i++)
                w->p++;
        } else {
            while (w->p < w->end && (isdigit((unsigned char)*w->p) || strchr("+-", *w->p)))
                w->p++;
        }
        return gap;
    case 'c':
        w->p++;
        return gap;
    default:
        if (isdigit((unsigned char)c)) { // a back reference or an octal byte
            while (w->p < w->end && isdigit((unsigned char)*w->p))
                w->p++;
            return gap;
        }
        if (strchr("dDwWsShHvVRXntrfae", c) || (c == 'N' && !(w->p < w->end && *w->p == '{')))
            return gap;
        w->bad = true; // \Q, \p and what is yet to be invented
        return gap;
    }
}

// A class of a few plain characters is as good as alternatives; any other is a gap.
static struct node walk_class(struct walk *w)
{
    struct node node = {.exact = true};
    bool plain = true, first = true;

    w->p++;
    if (w->p < w->end && *w->p == '^') {
        plain = false;
        w->p++;
    }
    for (; w->p < w->end && (*w->p != ']' || first); first = false) {
        char c = *w->p;
        if (c == '[' && w->p + 1 < w->end && strchr(":.=", w->p[1])) {
            const char kind = w->p[1];
            const char *close = w->p + 2;
            while (close + 1 < w->end && (close[0] != kind || close[1] != ']'))
                close++;
            if (close + 1 < w->end) { // [:alpha:]
                w->p = close + 2;
                plain = false;
                continue;
            }
        }
        if (c == '\\') {
            if (++w->p >= w->end)
                break;
            c = *w->p;
            if (c == 'Q')
                w->bad = true;
            if (isalnum((unsigned char)c))
                plain = false;
        }
        w->p++;
        if (w->p + 1 < w->end && *w->p == '-' && w->p[1] != ']')
            plain = false; // a range
        struct node byte = one_byte(w, c);
        if (!byte.exact || (plain && !add_all(&node.text, &byte.text)))
            plain = false;
    }
    if (w->p >= w->end)
        w->bad = true;
    else
        w->p++;
    return plain && node.text.n > 0 ? node : gap;
}

// "(?flags)" and "(?flags:": true when it was one; *ret_closed when it is the former.
static bool walk_flags(struct walk *w, bool *ret_closed)
{
    const char *p = w->p;
    bool on = true, icase = w->icase;

    if (p < w->end && *p == '^') {
        icase = false;
        p++;
    }
    for (; p < w->end && strchr("imsnxJU-", *p); p++) {
        if (*p == '-')
            on = false;
        else if (*p == 'i')
            icase = on;
        else if (*p == 'x' && on)
            w->bad = true;
    }
    if (p == w->end || (*p != ')' && *p != ':'))
        return false;
    w->icase = icase;
    *ret_closed = *p == ')';
    w->p = p + 1;
    return true;
}

// "(?(NAME)yes|no)": which of them is another group's matter, so nothing is known.
static struct node walk_condition(struct walk *w)
{
    bool outer_icase = w->icase;

    w->p++;
    while (w->p < w->end && (isalnum((unsigned char)*w->p) || strchr("_<>'", *w->p)))
        w->p++;
    if (w->p < w->end && *w->p == ')') {
        w->p++;
        walk_alternatives(w);
    } else {
        w->bad = true; // an assertion, recursion, a version
    }
    if (w->p < w->end && *w->p == ')')
        w->p++;
    else
        w->bad = true;
    w->icase = outer_icase;
    return gap;
}

static struct node walk_group(struct walk *w)
{
    bool outer_icase = w->icase, look = false, closed;

    w->p++;
    if (w->p < w->end && *w->p == '*')
        w->bad = true; // (*VERB)
    if (w->p < w->end && *w->p == '?') {
        struct str s = {w->p + 1, (size_t)(w->end - w->p - 1)};
        w->p++;
        if (str_starts(s, STR("P="))) {
            skip_to(w, ')');
            return gap;
        }
        if (str_starts(s, STR("<=")) || str_starts(s, STR("<!"))) {
            look = true;
            w->p += 2;
        } else if (str_starts(s, STR("=")) || str_starts(s, STR("!"))) {
            look = true;
            w->p++;
        } else if (str_starts(s, STR("P<")) || str_starts(s, STR("<"))) {
            skip_to(w, '>');
        } else if (str_starts(s, STR("'"))) {
            w->p++;
            skip_to(w, '\'');
        } else if (str_starts(s, STR(">")) || str_starts(s, STR("|"))) {
            w->p++;
        } else if (str_starts(s, STR("("))) {
            return walk_condition(w);
        } else if (walk_flags(w, &closed)) {
            if (closed)
                return nothing(); // holds to the end of the group around it
        } else {
            w->bad = true; // conditions, recursion
        }
    }
    struct node node = walk_alternatives(w);
    if (w->p < w->end && *w->p == ')')
        w->p++;
    else
        w->bad = true;
    w->icase = outer_icase;
    return look ? nothing() : node;
}

// (?#...), as if it were not there: a quantifier behind it belongs to what stands before it.
static void skip_comments(struct walk *w)
{
    while (w->end - w->p >= 3 && memcmp(w->p, "(?#", 3) == 0)
        skip_to(w, ')');
}

static struct node walk_piece(struct walk *w)
{
    switch (*w->p) {
    case '\\':
        return walk_escape(w);
    case '[':
        return walk_class(w);
    case '(':
        return walk_group(w);
    case '.':
        w->p++;
        return gap;
    case '^':
    case '$':
        w->p++;
        return nothing();
    default:
        return one_byte(w, *w->p++);
    }
}

// What stands behind a piece: {1, 1} when there is no quantifier.
static void walk_quantifier(struct walk *w, unsigned long *ret_min, unsigned long *ret_max)
{
    *ret_min = *ret_max = 1;
    if (w->p >= w->end)
        return;
    if (*w->p == '*' || *w->p == '+' || *w->p == '?') {
        *ret_min = *w->p == '+';
        *ret_max = *w->p == '?' ? 1 : ULONG_MAX;
        w->p++;
    } else if (*w->p == '{') {
        const char *p = w->p + 1;
        size_t digits = 0, more = 0;
        for (; p < w->end && isdigit((unsigned char)*p); p++)
            digits++;
        bool comma = p < w->end && *p == ',';
        for (p += comma; comma && p < w->end && isdigit((unsigned char)*p); p++)
            more++;
        if (p >= w->end || *p != '}' || (!digits && !more)) {
            const char *q = w->p + 1; // a brace, unless a newer PCRE2 reads more into it
            while (q < w->end && strchr("0123456789, ", *q))
                q++;
            if (q < w->end && *q == '}')
                w->bad = true;
            return;
        }
        *ret_min = digits ? strtoul(w->p + 1, NULL, 10) : 0;
        *ret_max = *ret_min == 1 && !comma ? 1 : ULONG_MAX;
        w->p = p + 1;
    } else {
        return;
    }
    skip_comments(w);
    if (w->p < w->end && (*w->p == '?' || *w->p == '+')) // lazy, possessive
        w->p++;
}

// The runs of a sequence: all that is multiplied out so far, and the end of it that is one fixed string.
struct runs {
    struct gate_set all, fixed, best;
    bool whole; // all is the sequence from its beginning
};

static void end_runs(const struct walk *w, struct runs *r)
{
    static const struct gate_set empty = {.n = 1};

    offer(w, &r->best, &r->all, true);
    offer(w, &r->best, &r->fixed, true);
    r->all = r->fixed = empty;
    r->whole = false;
}

static void append(const struct walk *w, struct runs *r, const struct gate_set *text)
{
    if (text->n == 1) {
        if (!multiply(&r->fixed, text, &r->fixed)) {
            offer(w, &r->best, &r->fixed, true);
            r->fixed = *text;
        }
    } else {
        offer(w, &r->best, &r->fixed, true);
        r->fixed = (struct gate_set){.n = 1};
    }
    if (!multiply(&r->all, text, &r->all)) {
        offer(w, &r->best, &r->all, true);
        r->all = *text;
        r->whole = false;
    }
}

static struct node walk_sequence(struct walk *w)
{
    struct runs r = {.all = {.n = 1}, .fixed = {.n = 1}, .whole = true};

    skip_comments(w);
    while (w->p < w->end && *w->p != '|' && *w->p != ')' && !w->bad) {
        unsigned long min, max;
        struct node node = walk_piece(w);
        skip_comments(w);
        walk_quantifier(w, &min, &max);
        skip_comments(w);
        bool empty = node.exact && node.text.n == 1 && node.text.length[0] == 0;
        if (empty)
            continue;
        if (node.exact && min >= 1) {
            append(w, &r, &node.text);
            if (max > 1) { // repeated: the last one begins a new run
                end_runs(w, &r);
                append(w, &r, &node.text);
                r.whole = false;
            }
            continue;
        }
        end_runs(w, &r);
        if (min >= 1)
            offer(w, &r.best, &node.need, false);
    }
    struct node node = {.exact = r.whole, .text = r.all};
    if (!r.whole) {
        end_runs(w, &r);
        node.need = r.best;
    }
    return node;
}

static struct node walk_alternatives(struct walk *w)
{
    struct node all = {.exact = true};
    bool first = true, known = true;

    if (++w->depth > WALK_DEPTH)
        w->bad = true;
    while (!w->bad) {
        struct node branch = walk_sequence(w);
        if (all.exact && branch.exact) {
            struct gate_set before = all.text;
            if (!add_all(&all.text, &branch.text)) { // too many: make them a need
                all.exact = false;
                offer(w, &all.need, &before, true);
                known = all.need.n > 0;
            }
        } else if (all.exact) {
            all.exact = false;
            if (!first)
                offer(w, &all.need, &all.text, true);
            known = first || all.need.n > 0;
        }
        if (!all.exact) {
            struct gate_set need = branch.need;
            if (branch.exact) {
                need = (struct gate_set){0};
                offer(w, &need, &branch.text, true);
            }
            if (need.n == 0 || !known || !add_all(&all.need, &need)) {
                known = false;
                all.need = (struct gate_set){0};
            }
        }
        first = false;
        if (w->p >= w->end || *w->p != '|')
            break;
        w->p++;
    }
    w->depth--;
    return w->bad ? gap : all;
}

void gate_derive(struct str regex, bool split, struct gate_set *ret)
{
    enum { WORTH = 18 }; // below that, most lines have it anyway
    struct walk w = {.p = regex.p, .end = regex.p + regex.n, .split = split};
    struct gate_set best = {0};
    struct node node = walk_alternatives(&w);

    if (w.bad || w.p != w.end) {
        *ret = best;
        return;
    }
    if (node.exact)
        offer(&w, &best, &node.text, true);
    else
        offer(&w, &best, &node.need, false);
    *ret = gate_score(&best) >= WORTH ? best : (struct gate_set){0};
}

// SPDX-License-Identifier: GPL-2.0-or-later
// The patterns of a filter one by one, and against each other.
#include "filter/lint.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "filter/inspect.h"
#include "filter/lint_private.h"

const char *const lint_names[LINT_KINDS] = {
    [LINT_UNANCHORED] = "unanchored", [LINT_FORGED] = "forged",
    [LINT_BACKTRACKS] = "backtracks", [LINT_DOT] = "dot",
    [LINT_LITERAL] = "literal",       [LINT_DUPLICATE] = "duplicate",
    [LINT_SHADOWED] = "shadowed",
};

static void tell(struct lint *l, struct lint_finding *f)
{
    if (!lint_excuse(f->pattern, f->kind, f->excuse))
        f->excuse[0] = '\0';
    l->fn(l->userdata, f);
}

static void fill_attack(struct lint_finding *f, struct str attack)
{
    f->attack_whole = attack.n;
    f->n_attack = attack.n < LINT_ATTACK ? attack.n : LINT_ATTACK;
    if (f->n_attack)
        memcpy(f->attack, attack.p, f->n_attack);
}

void lint_tell(struct lint *l, const struct lint_subject *s, enum lint_kind kind, unsigned first,
               unsigned last, struct str attack, const char *accepted, const char *fmt, ...)
{
    struct lint_finding f = {.kind = kind, .pattern = s->p, .accepted = accepted};
    va_list ap;

    if (first < s->outline.n && last < s->outline.n && first <= last) {
        f.from = s->ident + s->outline.v[first].from;
        f.to = s->ident + s->outline.v[last].to;
    }
    fill_attack(&f, attack);
    va_start(ap, fmt);
    vsnprintf(f.why, sizeof(f.why), fmt, ap);
    va_end(ap);
    tell(l, &f);
}

bool lint_sample(struct lint *l, const struct lint_subject *s, unsigned variant,
                 const char *address)
{
    const struct sample_plan plan = {
        .outline = &s->outline, .variant = variant, .address = address};

    return sample_make(&plan, l->sample) &&
           pattern_match(s->p, &l->matcher, (struct str){l->sample->text, l->sample->n});
}

// Does piece k stand in every text in which piece i (behind it) does? Not when it is optional or
// one of several.
static bool is_certain(const struct outline *o, unsigned k, unsigned i)
{
    for (unsigned g = 0; g < k; g++) {
        const struct element *open = &o->v[g];
        if (open->kind != ELEMENT_OPEN || open->partner < k)
            continue;
        unsigned end = open->partner < i ? open->partner : i; // a group around both: up to i
        if (open->min == 0 && open->partner < i)
            return false;
        for (unsigned n = open->partner < i ? g + 1 : k; n < end; n++)
            if (o->v[n].kind == ELEMENT_OR && o->v[n].depth == open->depth + 1)
                return false;
    }
    return true;
}

static char literal_of(const struct element *e)
{
    return e->kind == ELEMENT_BYTE && e->min == 1 && e->max == 1 && element_width(e) == 1
               ? sample_byte(e)
               : '\0';
}

// A word of the pattern stands right before piece i, as in "user \S+" or "rhost=\S*": what comes is
// no part of a line's head, but something that is told about somebody.
static bool word_before(const struct outline *o, unsigned i)
{
    unsigned letters = 0, k = i;
    bool apart = false; // "sshd(\\S+)" is a name of its own

    while (k-- > 0) {
        const struct element *e = &o->v[k];
        char c = literal_of(e);
        if (e->kind == ELEMENT_OPEN || e->kind == ELEMENT_ASSERT || e->kind == ELEMENT_OTHER ||
            !is_certain(o, k, i)) {
            if (letters)
                break;
            continue; // i is in this group, or in another of its branches
        }
        if (isalpha((unsigned char)c))
            letters++;
        else if (letters || c == '_' || isdigit((unsigned char)c))
            break;
        else if (c && strchr(" :='\"/", c))
            apart = true;
        else if (!c &&
                 !(apart = e->kind == ELEMENT_BYTE && element_has(e, ' ') && !element_has(e, 'a')))
            break;
    }
    return letters >= 3 && apart;
}

bool lint_is_written(const struct outline *o, unsigned i)
{
    const struct element *e = &o->v[i];
    bool letters = element_has(e, 'a') && element_has(e, 'z') && element_has(e, '1');

    if (e->kind != ELEMENT_BYTE || e->max != UINT_MAX || !letters)
        return false;
    return e->user || o->text.p[e->from] == '.' || word_before(o, i);
}

// ---- anchors

static bool tells_address(const struct pattern *p)
{
    return p->group[GROUP_IP4] || p->group[GROUP_IP6] || p->group[GROUP_DNS] || p->group[GROUP_ID];
}

// The piece at which the pattern may begin anywhere; outline.n when it may not.
static unsigned loose_beginning(const struct outline *o)
{
    unsigned i = 0;

    while (i < o->n && (o->v[i].kind == ELEMENT_OTHER || o->v[i].kind == ELEMENT_LOOK ||
                        (o->v[i].kind == ELEMENT_OPEN && o->v[i].min > 0)))
        i++;
    if (i == o->n)
        return o->n == 0 ? 1 : 0;
    bool anchored = o->v[i].kind == ELEMENT_ASSERT &&
                    (o->text.p[o->v[i].from] == '^' || o->text.p[o->v[i].from + 1] == 'A');
    if (!anchored)
        return i;
    while (++i < o->n && (o->v[i].kind == ELEMENT_OPEN || o->v[i].kind == ELEMENT_OTHER) &&
           !o->v[i].content)
        ;
    bool anything = i < o->n && o->v[i].kind == ELEMENT_BYTE && o->v[i].max == UINT_MAX &&
                    element_width(&o->v[i]) >= 254 && !o->v[i].content && !o->v[i].user;
    return anything ? i : (unsigned)o->n;
}

static void check_anchor(struct lint *l, const struct lint_subject *s)
{
    const struct pattern *p = s->p;
    unsigned at = loose_beginning(&s->outline);
    bool session = !filter_is_foreign(l->filter);

    // without an address, a line that pretends to be of another role does harm too: it forgives,
    // binds or ends
    if (at == s->outline.n ||
        !(tells_address(p) || (session && p->role != ROLE_FAILURE) || p->group[GROUP_MLFGAINED]))
        return;
    for (unsigned v = 0; v < SAMPLE_VARIANTS; v++) {
        struct addr a, victim;
        if (!lint_sample(l, s, v, LINT_VICTIM) || l->sample->n + 16 > LINT_LINE)
            continue;
        int n =
            snprintf(l->line, LINT_LINE, "client says: %.*s", (int)l->sample->n, l->sample->text);
        struct str line = {l->line, (size_t)n};
        if (n < 0 || !pattern_match(p, &l->matcher, line))
            continue;
        if (tells_address(p) &&
            !(pattern_address(p, &l->matcher, line, &a) &&
              addr_parse(STR(LINT_VICTIM), &victim) == 0 && addr_eq(&a, &victim)))
            continue;
        lint_tell(
            l, s, LINT_UNANCHORED, at, at, line,
            "'^' and the fixed text with which such lines begin",
            tells_address(p)
                ? "it may begin anywhere in a line: whoever writes into any line chooses whom to "
                  "ban"
                : "it may begin anywhere in a line: whoever writes into any line can pretend this");
        return;
    }
}

// ---- dots

static bool is_digits(const struct element *e)
{
    if (e->kind != ELEMENT_BYTE || element_width(e) == 0)
        return false;
    for (unsigned c = 0; c < 256; c++)
        if (element_has(e, (unsigned char)c) && !isdigit((int)c))
            return false;
    return true;
}

static void check_dots(struct lint *l, const struct lint_subject *s)
{
    const struct outline *o = &s->outline;
    unsigned dots = 0, first = 0, last = 0;

    for (unsigned i = 1; i + 1 < o->n; i++) {
        const struct element *e = &o->v[i];
        bool any = e->kind == ELEMENT_BYTE && e->min == 1 && e->max == 1 && element_width(e) >= 255;
        if (!any || !is_digits(&o->v[i - 1]) || !is_digits(&o->v[i + 1]))
            continue;
        first = dots++ ? first : i;
        last = i;
    }
    if (dots)
        lint_tell(
            l, s, LINT_DOT, first, last, STR(""), "'\\.', or <ADDR> where it is an address",
            "'.' between digits is any byte, not a dot (%u here): it matches more than it seems to",
            dots);
}

// ---- of several patterns

static void check_literal(struct lint *l, const struct lint_subject *s)
{
    if (s->p->gate.n == 0)
        lint_tell(
            l, s, LINT_LITERAL, 1, 0, STR(""),
            "a fixed text, rarer than \"from \", that stands outside of alternatives, options and (?i)",
            "no text that few lines have stands in all that it matches: because of it the filter "
            "must look at every line");
}

static bool same_program(const struct pattern *p, const struct pattern *q)
{
    return str_eq(str_of(p->ident), str_of(q->ident));
}

static void tell_other(struct lint *l, const struct lint_subject *s, enum lint_kind kind,
                       const struct pattern *other, struct str example, const char *why,
                       unsigned tried)
{
    struct lint_finding f = {.kind = kind,
                             .pattern = s->p,
                             .other = other,
                             .accepted = "this one before the other, or none of it"};

    if (kind == LINT_DUPLICATE)
        snprintf(f.why, sizeof(f.why), "%s", why);
    else
        snprintf(f.why, sizeof(f.why),
                 "it never wins: an earlier one takes all of %u different lines made for it",
                 tried);
    fill_attack(&f, example);
    tell(l, &f);
}

// The one of the patterns before p that takes every line made from p.
static void check_shadow(struct lint *l, const struct lint_subject *s, const struct pattern *v,
                         size_t n)
{
    unsigned tried = 0;
    bool *takes = calloc(n + 1, sizeof(*takes));

    for (size_t i = 0; takes && i < n; i++)
        takes[i] = same_program(&v[i], s->p);
    for (unsigned variant = 0; takes && variant < SAMPLE_VARIANTS; variant++) {
        if (!lint_sample(l, s, variant, variant & 1 ? LINT_REAL : LINT_VICTIM))
            continue;
        struct str text = {l->sample->text, l->sample->n};
        tried++;
        for (size_t i = 0; i < n; i++)
            takes[i] = takes[i] && pattern_match(&v[i], &l->matcher, text);
    }
    for (size_t i = 0; takes && i < n && tried; i++)
        if (takes[i]) {
            tell_other(l, s, LINT_SHADOWED, &v[i], (struct str){l->sample->text, 0}, NULL, tried);
            break;
        }
    free(takes);
}

static void check_others(struct lint *l, const struct lint_subject *s)
{
    size_t n;
    const struct pattern *v = filter_patterns(l->filter, FILTER_PATTERNS_ALL, &n);
    size_t mine = (size_t)(s->p - v);

    for (size_t i = 0; i < mine; i++)
        if (same_program(&v[i], s->p) && strcmp(v[i].regex, s->p->regex) == 0) {
            tell_other(l, s, LINT_DUPLICATE, &v[i], STR(""),
                       "the same pattern stands before it and always wins", 0);
            return;
        }
    check_shadow(l, s, v, mine);
}

static int check_pattern(struct lint *l, const struct pattern *p, enum filter_list list,
                         struct lint_counts *counts)
{
    struct str text = outline_text(p->text);
    struct lint_subject s = {.p = p, .ident = (size_t)(text.p - p->text)};

    int r = outline_new(text, p->flags & PATTERN_LINES, &s.outline);
    if (r < 0)
        return r;
    counts->patterns++;
    counts->skipped += !s.outline.understood;
    if (s.outline.understood) {
        check_dots(l, &s);
        if (list == FILTER_PATTERNS_ALL) {
            check_anchor(l, &s);
            lint_forged(l, &s);
            check_others(l, &s);
        }
        lint_backtracks(l, &s);
    }
    if (list == FILTER_PATTERNS_ALL)
        check_literal(l, &s);
    outline_clear(&s.outline);
    return 0;
}

int lint_filter(const struct filter *f, lint_fn fn, void *userdata, struct lint_counts *ret)
{
    struct lint l = {.filter = f, .fn = fn, .userdata = userdata};
    struct lint_counts counts = {0};

    int r = matcher_init(&l.matcher);
    if (r < 0)
        return r;
    l.sample = malloc(sizeof(*l.sample));
    l.line = malloc(LINT_LINE);
    l.patient = pcre2_match_context_copy(l.matcher.match);
    if (!l.sample || !l.line || !l.patient)
        r = -ENOMEM;
    if (l.patient) {
        pcre2_set_match_limit(l.patient, 10000000);
        pcre2_set_depth_limit(l.patient, 100000);
        pcre2_set_heap_limit(l.patient, 64 * 1024);
    }
    for (unsigned list = 0; list < FILTER_LISTS && r == 0; list++) {
        size_t n;
        const struct pattern *v = filter_patterns(f, list, &n);
        for (size_t i = 0; i < n && r == 0; i++)
            r = check_pattern(&l, &v[i], list, &counts);
    }
    pcre2_match_context_free(l.patient);
    matcher_destroy(&l.matcher);
    free(l.sample);
    free(l.line);
    if (r == 0)
        *ret = counts;
    return r;
}

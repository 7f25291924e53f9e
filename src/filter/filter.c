// SPDX-License-Identifier: GPL-2.0-or-later
// A loaded filter: asks its patterns about a record, and says what a hit means.
#include "filter/filter.h"

#include <errno.h>
#include <stdlib.h>

#include "filter/private.h"

const char *const role_names[ROLE_MAX] = {
    [ROLE_OTHER] = "other",     [ROLE_BEGIN] = "begin",     [ROLE_CALL] = "call",       [ROLE_NEXT] = "next",
    [ROLE_ADDRESS] = "address", [ROLE_LINK] = "link",       [ROLE_FAULT] = "fault",     [ROLE_ATTEMPT] = "attempt",
    [ROLE_FAILURE] = "failure", [ROLE_SUCCESS] = "success", [ROLE_END] = "end",         [ROLE_CLEAR] = "clear",
    [ROLE_DISTRUST] = "distrust", [ROLE_TELLS] = "tells",
};

static void free_patterns(struct pattern_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        pattern_clear(&list->v[i]);
    free(list->v);
}

void filter_free(struct filter *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->n_dispatch; i++)
        free(f->dispatch[i].v);
    free_patterns(&f->patterns);
    free_patterns(&f->ignore);
    free_patterns(&f->cmdline);
    free_patterns(&f->keys);
    free_patterns(&f->prefix);
    foreign_free(f->foreign);
    date_detector_free(f->dates);
    matcher_destroy(&f->matcher);
    ini_free(&f->ini);
    free(f->line);
    free(f->journalmatch);
    free(f->name);
    free(f);
}

const char *filter_name(const struct filter *f)
{
    return f->name;
}

const char *filter_journalmatch(const struct filter *f)
{
    return f->journalmatch;
}

bool filter_has_session(const struct filter *f)
{
    bool named = false;

    for (size_t i = 0; i < f->patterns.n; i++)
        named = named || f->patterns.v[i].group[GROUP_MLFID];
    return !f->foreign && (f->has_begin || named);
}

const struct filter_counters *filter_counters(const struct filter *f)
{
    return &f->counters;
}

// Which literal of the list stands for s: itself, else the longest that it contains. n when none does.
static size_t find_literal(const struct str *literals, size_t n, struct str s)
{
    size_t best = n;

    for (size_t i = 0; i < n; i++) {
        if (str_eq(literals[i], s))
            return i;
        if (s.n > literals[i].n && (best == n || literals[i].n > literals[best].n) &&
            memmem(s.p, s.n, literals[i].p, literals[i].n))
            best = i;
    }
    return best;
}

// Adds s unless it is there, or one is that does nearly as well. False when there is no room and nothing to share.
static bool add_literal(struct str *literals, size_t max, size_t *n, struct str s)
{
    enum { GOOD = 6 }; // bytes; a string of so many seldom stands in other lines
    size_t i = find_literal(literals, *n, s);

    if (i < *n && (literals[i].n == s.n || literals[i].n >= GOOD || *n >= max))
        return true;
    if (*n >= max)
        return false;
    literals[(*n)++] = s;
    return true;
}

// Where a pattern stands, for a sentence that ends with it.
static bool sees_all(struct filter_error *why, struct origin at, const char *reason)
{
    if (why && at.file)
        snprintf(why->text, sizeof(why->text), "%s, %s:%u", reason, at.file, at.line);
    else if (why)
        snprintf(why->text, sizeof(why->text), "%s", reason);
    return false;
}

// A literal that lies across a date is not in the line as it stands.
static bool may_join_words(const struct filter *f)
{
    return f->own_dates && !date_cuts_between_words(f->dates);
}

bool filter_gate(const struct filter *f, struct str *literals, size_t max, size_t *n, struct filter_error *why)
{
    const size_t before = *n;

    if (f->max_lines > 1) // what a line means depends on lines that match nothing
        return sees_all(why, f->max_lines_at, "its patterns span several lines (maxlines)");
    if (may_join_words(f))
        return sees_all(why, f->dates_at, "its datepattern may cut dates out right beside letters or digits");
    for (size_t i = 0; i < f->patterns.n; i++)
        if (f->patterns.v[i].gate.n == 0)
            return sees_all(why, f->patterns.v[i].at, "a pattern has no fixed text to look for");
    for (size_t length = 1; length <= GATE_STRING_MAX; length++) // the short ones first: they may serve for long ones
        for (size_t i = 0; i < f->patterns.n; i++)
            for (unsigned j = 0; j < f->patterns.v[i].gate.n; j++) {
                struct str s = gate_string(&f->patterns.v[i].gate, j);
                if (s.n != length || add_literal(literals, max, n, s))
                    continue;
                *n = before;
                return sees_all(why, (struct origin){0}, "the other filters have used up all texts to look for");
            }
    return true;
}

void filter_set_gate(struct filter *f, const struct str *literals, size_t n)
{
    const bool usable = f->max_lines <= 1 && !may_join_words(f);
    bool all = true, used[LITERALS_MAX] = {false};

    f->bits = f->n_literals = 0;
    for (size_t i = 0; i < f->patterns.n; i++) {
        struct pattern *p = &f->patterns.v[i];
        p->bits = 0;
        for (unsigned j = 0; j < p->gate.n && usable; j++) {
            size_t k = find_literal(literals, n, gate_string(&p->gate, j));
            if (k >= n || k >= LITERALS_MAX) {
                p->bits = 0;
                break;
            }
            f->n_literals += !used[k];
            used[k] = true;
            p->bits |= literals_bit(k, n);
        }
        f->bits |= p->bits;
        all &= p->bits != 0;
    }
    if (!all)
        f->bits = 0;
}

unsigned filter_count_literals(const struct filter *f)
{
    return f->n_literals;
}

static unsigned count_interpreted(const struct pattern_list *list)
{
    unsigned n = 0;

    for (size_t i = 0; i < list->n; i++)
        n += !list->v[i].jit;
    return n;
}

unsigned filter_count_interpreted(const struct filter *f)
{
    return count_interpreted(&f->patterns) + count_interpreted(&f->ignore) + count_interpreted(&f->cmdline) +
           count_interpreted(&f->prefix);
}

// The line with its date cut out, as fail2ban's patterns want it.
static struct str without_date(struct filter *f, const struct record *r)
{
    const char *begin = r->line.p, *end = begin + r->line.n;

    if (!r->date.n || r->date.p < begin || r->date.p + r->date.n > end)
        return r->line;
    struct str head = {begin, (size_t)(r->date.p - begin)};
    struct str tail = str_skip(r->line, head.n + r->date.n);
    if (head.n == 0)
        return tail;
    if (head.n > FILTER_LINE)
        head.n = FILTER_LINE;
    if (tail.n > FILTER_LINE - head.n)
        tail.n = FILTER_LINE - head.n;
    memcpy(f->line, head.p, head.n);
    memcpy(f->line + head.n, tail.p, tail.n);
    return (struct str){f->line, head.n + tail.n};
}

static const struct dispatch *dispatch_for(const struct filter *f, struct str ident)
{
    size_t i = 0;

    while (i + 1 < f->n_dispatch && !str_eq(f->dispatch[i].ident, ident))
        i++;
    return &f->dispatch[i];
}

// One record while its patterns are asked.
struct asking {
    struct filter *f;
    const struct record *r;
    struct str line; // without its date, once somebody wanted it
    bool have_line;
};

static struct str subject_of(struct asking *a, const struct pattern *p)
{
    if (p->ident)
        return a->r->message;
    if (!a->have_line) {
        a->line = without_date(a->f, a->r);
        a->have_line = true;
    }
    return a->line;
}

static bool ask(struct asking *a, const struct pattern *p, struct str *ret_subject)
{
    if ((a->r->flags & RECORD_HAS_MASK) && p->bits && !(p->bits & a->r->mask))
        return false;
    *ret_subject = subject_of(a, p);
    return pattern_match(p, &a->f->matcher, *ret_subject);
}

// False when it names a pid that cannot be.
static bool fill_event(const struct asking *a, const struct pattern *p, struct str subject, struct event *ret)
{
    const struct matcher *m = &a->f->matcher;
    struct event e = {.role = p->role, .class = p->class, .order = p->order, .last = p->last, .time = a->r->time};
    struct str pid;

    e.has_addr = pattern_address(p, m, subject, &e.addr);
    e.has_user = pattern_capture(p, m, subject, GROUP_USER, &e.user);
    if (!pattern_capture(p, m, subject, GROUP_MLFID, &e.key))
        e.key = (struct str){"", 0};
    (void)pattern_capture(p, m, subject, GROUP_INTERFACE, &e.interface);
    (void)pattern_capture(p, m, subject, GROUP_INNER, &e.inner);
    if (e.key.n == 0 && (e.role == ROLE_FAILURE || e.role == ROLE_SUCCESS))
        e.alone = !a->f->has_begin || (e.role == ROLE_FAILURE && e.has_addr && !p->has_begin);
    if (p->link_ident && pattern_capture(p, m, subject, GROUP_LINK, &pid)) {
        unsigned long long v;
        if (str_number(pid, INT32_MAX, &v) < 0)
            return false;
        e.link_pid = (uint32_t)v;
        e.link_ident = str_of(p->link_ident);
    }
    *ret = e;
    return true;
}

// What names the life, where the filter says so for all lines of the program.
static void fill_key(const struct asking *a, struct event *e)
{
    for (size_t i = 0; i < a->f->keys.n; i++) {
        const struct pattern *p = &a->f->keys.v[i];
        if (!str_eq(str_of(p->ident), a->r->ident))
            continue;
        e->alone = e->role < ROLE_CLEAR && e->key.n == 0;
        if (pattern_match(p, &a->f->matcher, a->r->message) &&
            pattern_capture(p, &a->f->matcher, a->r->message, GROUP_MLFID, &e->key) && e->key.n > 0) {
            e->key_kind = (uint8_t)(i + 1);
            e->alone = false;
            return;
        }
    }
}

static bool ignored(struct asking *a)
{
    for (size_t i = 0; i < a->f->ignore.n; i++) {
        const struct pattern *p = &a->f->ignore.v[i];
        if (p->ident && !str_eq(str_of(p->ident), a->r->ident))
            continue;
        if (pattern_match(p, &a->f->matcher, subject_of(a, p)))
            return true;
    }
    return false;
}

// The line disowns a life: does it also begin it?
static void look_for_begin(struct asking *a, const struct dispatch *d, struct event *e)
{
    struct str subject;

    for (size_t i = 0; i < d->n && d->v[i]->role <= ROLE_BEGIN; i++)
        if (d->v[i]->role == ROLE_BEGIN && ask(a, d->v[i], &subject)) {
            e->begins = true;
            e->order = d->v[i]->order;
            e->last = d->v[i]->last;
            return;
        }
}

bool filter_feed(struct filter *f, const struct record *r, const struct finding **ret)
{
    if ((r->flags & RECORD_HAS_MASK) && f->bits && !(f->bits & r->mask))
        return false;
    bool hit = foreign_feed(f->foreign, r, f->own_dates ? (struct str){r->line.p, 0} : r->date, ret);
    f->counters.limit_hits = f->matcher.limit_hits + (f->dates ? date_limit_hits(f->dates) : 0);
    f->counters.sessions_dropped = foreign_sessions_dropped(f->foreign);
    return hit;
}

// What fail2ban would make of it, as an event. A line that only contributes is none.
static bool match_foreign(struct filter *f, const struct record *r, struct event *ret)
{
    const struct finding *found;

    if (!filter_feed(f, r, &found) || (found->nofail && !found->gained) || (found->pending && !found->gained))
        return false;
    struct event e = {
        .role = found->gained ? ROLE_SUCCESS : ROLE_FAILURE,
        .order = f->patterns.v[found->pattern].order,
        .last = f->patterns.v[found->pattern].last,
        .time = found->time,
        .has_user = found->value[GROUP_USER].set,
        .user = value_str(&found->value[GROUP_USER]),
    };
    e.has_addr = addr_parse(finding_id(found), &e.addr) == 0;
    *ret = e;
    return true;
}

size_t filter_count_failregex(const struct filter *f)
{
    return f->patterns.n;
}

const char *filter_failregex(const struct filter *f, size_t i)
{
    return f->patterns.v[i].regex;
}

bool filter_match(struct filter *f, const struct record *r, struct event *ret)
{
    const struct dispatch *d = dispatch_for(f, r->ident);
    struct asking a = {.f = f, .r = r};
    struct event e;
    struct str subject;
    bool hit = false;

    if (f->foreign)
        return match_foreign(f, r, ret);
    if ((r->flags & RECORD_HAS_MASK) && f->bits && !(f->bits & r->mask))
        return false;
    for (size_t i = 0; i < d->n && !hit; i++)
        hit = ask(&a, d->v[i], &subject) && fill_event(&a, d->v[i], subject, &e);
    if (hit && e.role == ROLE_OTHER && e.link_pid == 0)
        look_for_begin(&a, d, &e);
    if (hit && e.role == ROLE_FAILURE && f->ignore.n)
        hit = !ignored(&a);
    if (hit)
        fill_key(&a, &e);
    f->counters.limit_hits = f->matcher.limit_hits;
    if (hit)
        *ret = e;
    return hit;
}

bool filter_cmdline_address(struct filter *f, struct str ident, struct str cmdline, struct addr *ret)
{
    struct addr found, one;
    bool have = false;

    for (size_t i = 0; i < f->cmdline.n; i++) {
        const struct pattern *p = &f->cmdline.v[i];
        if (p->ident && !str_eq(str_of(p->ident), ident))
            continue;
        if (!pattern_match(p, &f->matcher, cmdline) || !pattern_address(p, &f->matcher, cmdline, &one))
            continue;
        if (have && !addr_eq(&found, &one))
            return false;
        found = one;
        have = true;
    }
    f->counters.limit_hits = f->matcher.limit_hits;
    if (have)
        *ret = found;
    return have;
}

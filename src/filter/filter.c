// SPDX-License-Identifier: GPL-2.0-or-later
// A loaded filter: which patterns there are, in which order they are asked, and what a hit means.
#include "filter/filter.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "filter/expand.h"
#include "filter/pattern.h"

enum {
    FILTER_PATTERNS = 250, // of one filter; fail2ban's largest has about 60
    FILTER_IDENTS = 15,    // programs named in one filter
    FILTER_LINE = 65536,   // of a line with its date cut out of the middle
};

const char *const role_names[ROLE_MAX] = {
    [ROLE_OTHER] = "other",     [ROLE_BEGIN] = "begin",     [ROLE_CALL] = "call",       [ROLE_ADDRESS] = "address",
    [ROLE_LINK] = "link",       [ROLE_FAULT] = "fault",     [ROLE_ATTEMPT] = "attempt", [ROLE_FAILURE] = "failure",
    [ROLE_SUCCESS] = "success", [ROLE_END] = "end",         [ROLE_CLEAR] = "clear",
};

// The patterns that a record of one program may match, in the order in which they are asked.
struct dispatch {
    struct str ident; // "" : of no program that the filter names
    struct pattern **v;
    size_t n;
};

struct pattern_list {
    struct pattern *v;
    size_t n;
};

struct filter {
    char *name;
    char *journalmatch;
    struct ini ini; // the files as read; patterns remember their places there
    struct matcher matcher;
    struct pattern_list patterns; // of all roles, in the order of enum role
    struct pattern_list ignore;   // ignoreregex
    struct pattern_list cmdline;
    struct dispatch dispatch[FILTER_IDENTS + 1]; // the last one in use is that of the other programs
    size_t n_dispatch;
    bool reads_lines; // some pattern is matched against the line
    char *line;       // FILTER_LINE bytes, when it does
    struct filter_counters counters;
};

// What loading needs besides the filter.
struct load {
    struct filter *f;
    struct expander expander;
    unsigned translate_flags;
    struct filter_error *error;
};

static int add_pattern(struct load *l, struct pattern_list *list, struct str text, struct origin at)
{
    if (list->n == FILTER_PATTERNS)
        return filter_fail(l->error, at, "more than %d patterns; a filter may have as many", FILTER_PATTERNS);
    struct pattern *v = realloc(list->v, (list->n + 1) * sizeof(*v));
    if (!v)
        return -ENOMEM;
    list->v = v;
    int r = pattern_compile(&v[list->n], &l->f->matcher, text, at, l->translate_flags, l->error);
    if (r == 0)
        list->n++;
    return r;
}

// Every line of an option is a pattern; empty ones are none.
static int add_patterns(struct load *l, struct pattern_list *list, const struct text *text, enum role role,
                        enum outcome_class class)
{
    struct str line;
    struct origin at;

    for (size_t pos = 0; text_line(text, &pos, &line, &at);) {
        if (str_trim(line).n == 0)
            continue;
        int r = add_pattern(l, list, str_trim(line), at);
        if (r < 0)
            return r;
        struct pattern *p = &list->v[list->n - 1];
        p->role = role;
        p->class = class;
    }
    return 0;
}

// The patterns of one option of [Definition], if it is there.
static int add_definition(struct load *l, struct pattern_list *list, const char *key, enum role role)
{
    struct text text = {0};

    int r = expand_option(&l->expander, key, &text);
    if (r == 0)
        r = add_patterns(l, list, &text, role, CLASS_AUTH);
    text_clear(&text);
    return r == -ENOENT ? 0 : r;
}

// "failure.refused" is a role and a class.
static bool parse_role(struct str key, enum role *ret_role, enum outcome_class *ret_class)
{
    const char *dot = memchr(key.p, '.', key.n);
    struct str word = {key.p, dot ? (size_t)(dot - key.p) : key.n};
    unsigned role = 0, class = 0;

    while (role < ROLE_MAX && !str_eq(str_of(role_names[role]), word))
        role++;
    if (role == ROLE_MAX || (dot && role != ROLE_FAILURE && role != ROLE_ATTEMPT))
        return false;
    while (dot && class < CLASS_MAX && !str_eq(str_of(class_names[class]), str_skip(key, word.n + 1)))
        class++;
    if (class == CLASS_MAX)
        return false;
    *ret_role = (enum role)role;
    *ret_class = (enum outcome_class)class;
    return true;
}

static int bad_key(struct load *l, const struct ini_option *o)
{
    char roles[160] = "", classes[80] = "";

    for (unsigned i = 0; i < ROLE_MAX; i++) {
        strcat(roles, role_names[i]);
        strcat(roles, ", ");
    }
    for (unsigned i = 0; i < CLASS_MAX; i++) {
        strcat(classes, i ? ", " : "");
        strcat(classes, class_names[i]);
    }
    return filter_fail(l->error, o->at, "'%s' is no key of [Session]; accepted: %scmdline, and failure.CLASS, "
                       "attempt.CLASS with CLASS one of %s", o->key, roles, classes);
}

// What a role cannot do without.
static int check_pattern(struct load *l, const struct pattern *p, const char *key, bool wants_link, bool may_link,
                         bool wants_address)
{
    if (wants_link && !p->link_ident)
        return filter_fail(l->error, p->at, "a pattern of %s must contain <LINK IDENT>, which captures the pid of the "
                           "linked process", key);
    if (!may_link && p->link_ident)
        return filter_fail(l->error, p->at, "<LINK %s> has no meaning in %s; it belongs into link or other",
                           p->link_ident, key);
    bool has = p->group[GROUP_IP4] || p->group[GROUP_IP6] || p->group[GROUP_DNS] || p->group[GROUP_ID];
    if (wants_address && !has)
        return filter_fail(l->error, p->at, "a pattern of %s must capture an address; <ADDR> is wanted", key);
    return 0;
}

static int add_session_option(struct load *l, const struct ini_section *section, const struct ini_option *o)
{
    bool is_cmdline = strcmp(o->key, "cmdline") == 0;
    enum role role = ROLE_ADDRESS;
    enum outcome_class class = CLASS_AUTH;
    struct pattern_list *list = is_cmdline ? &l->f->cmdline : &l->f->patterns;
    struct text text = {0};
    size_t from = list->n;

    if (!is_cmdline && !parse_role(str_of(o->key), &role, &class))
        return bad_key(l, o);
    int r = expand_section_option(&l->expander, section, o, &text);
    if (r == 0)
        r = add_patterns(l, list, &text, role, class);
    text_clear(&text);
    for (size_t i = from; i < list->n && r == 0; i++)
        r = check_pattern(l, &list->v[i], o->key, !is_cmdline && role == ROLE_LINK,
                          !is_cmdline && (role == ROLE_LINK || role == ROLE_OTHER), role == ROLE_ADDRESS);
    return r;
}

// failregex stands before [Session] is read. A filter that never learns an address is a mistake: say so while somebody
// looks.
static int check_failregex(struct load *l, bool session)
{
    for (size_t i = 0; i < l->f->patterns.n; i++) {
        const struct pattern *p = &l->f->patterns.v[i];
        int r = check_pattern(l, p, "failregex", false, false, false);
        if (r < 0)
            return r;
        if (!session && !p->group[GROUP_IP4] && !p->group[GROUP_IP6] && !p->group[GROUP_DNS] && !p->group[GROUP_ID])
            return filter_fail(l->error, p->at, "the pattern captures no address; <HOST>, <ADDR>, <IP4>, <IP6>, <SUBNET> "
                               "or <F-ID> is wanted, or a [Session] that says where the address comes from");
    }
    return 0;
}

static int by_role(const void *a, const void *b)
{
    const struct pattern *p = a, *q = b;

    if (p->role != q->role)
        return p->role < q->role ? -1 : 1;
    return p->order < q->order ? -1 : p->order > q->order;
}

static bool same_ident(const struct pattern *p, const struct pattern *q)
{
    return str_eq(str_of(p->ident), str_of(q->ident));
}

// Brings the patterns into the order of the roles and tells each its place among those of its role and program.
static void order_patterns(struct filter *f)
{
    struct pattern *v = f->patterns.v;

    for (size_t i = 0; i < f->patterns.n; i++)
        v[i].order = (uint8_t)i; // a stable sort
    if (f->patterns.n)
        qsort(v, f->patterns.n, sizeof(*v), by_role);
    for (size_t i = 0; i < f->patterns.n; i++) {
        unsigned before = 0;
        v[i].last = true;
        for (size_t j = 0; j < f->patterns.n; j++)
            if (v[j].role == v[i].role && same_ident(&v[i], &v[j])) {
                before += j < i;
                v[i].last &= j <= i;
            }
        v[i].order = (uint8_t)before;
    }
}

static int add_dispatch(struct load *l, const char *ident, const struct origin *at)
{
    struct filter *f = l->f;

    if (ident && f->n_dispatch == FILTER_IDENTS)
        return filter_fail(l->error, *at, "more than %d programs named by <@IDENT> in one filter", FILTER_IDENTS);
    struct dispatch *d = &f->dispatch[f->n_dispatch++];
    d->ident = str_of(ident);
    d->v = calloc(f->patterns.n + 1, sizeof(struct pattern *));
    if (!d->v)
        return -ENOMEM;
    for (size_t i = 0; i < f->patterns.n; i++) {
        struct pattern *p = &f->patterns.v[i];
        if (!p->ident || (ident && strcmp(p->ident, ident) == 0))
            d->v[d->n++] = p;
    }
    return 0;
}

static int make_dispatch(struct load *l)
{
    struct filter *f = l->f;

    for (size_t i = 0; i < f->patterns.n; i++) {
        const struct pattern *p = &f->patterns.v[i];
        bool known = !p->ident;
        for (size_t d = 0; d < f->n_dispatch && !known; d++)
            known = str_eq(f->dispatch[d].ident, str_of(p->ident));
        int r = known ? 0 : add_dispatch(l, p->ident, &p->at);
        if (r < 0)
            return r;
        f->reads_lines |= !p->ident;
    }
    for (size_t i = 0; i < f->ignore.n; i++)
        f->reads_lines |= !f->ignore.v[i].ident;
    if (f->reads_lines && !(f->line = malloc(FILTER_LINE)))
        return -ENOMEM;
    return add_dispatch(l, NULL, NULL);
}

static int load_journalmatch(struct load *l)
{
    struct text text = {0};

    int r = expand_option(&l->expander, "journalmatch", &text);
    if (r < 0 && r != -ENOENT)
        return r;
    l->f->journalmatch = str_dup(str_trim((struct str){text.p, text.n}));
    text_clear(&text);
    return l->f->journalmatch ? 0 : -ENOMEM;
}

static int load_all(struct load *l)
{
    struct filter *f = l->f;
    const struct ini_section *session = ini_find(&l->f->ini, STR("Session"));

    int r = matcher_init(&f->matcher);
    if (r == 0)
        r = load_journalmatch(l);
    if (r == 0)
        r = add_definition(l, &f->patterns, "failregex", ROLE_FAILURE);
    if (r == 0)
        r = check_failregex(l, session != NULL);
    if (r == 0)
        r = add_definition(l, &f->ignore, "ignoreregex", ROLE_FAILURE);
    for (const struct ini_option *o = session ? session->options : NULL; o && r == 0; o = o->next)
        r = add_session_option(l, session, o);
    if (r == 0 && f->patterns.n == 0)
        r = filter_fail(l->error, (struct origin){f->ini.files[0], 1},
                        "the filter has no pattern; failregex in [Definition] or a role in [Session] is wanted");
    if (r == 0) {
        order_patterns(f);
        r = make_dispatch(l);
    }
    return r;
}

static bool valid_name(const char *name)
{
    size_t n = strlen(name);

    if (n == 0 || n > 64 || name[0] == '.')
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
            return false;
    return true;
}

int filter_load(const char *name, const struct filter_options *options, struct filter **ret, struct filter_error *error)
{
    struct load l = {.error = error};
    int r;

    error->text[0] = '\0';
    if (!valid_name(name))
        return filter_fail(error, (struct origin){0}, "filter '%.80s': a name of letters, digits, '.', '_' and '-' is wanted",
                           name);
    struct filter_param *params = calloc(options->n_params + 1, sizeof(*params));
    l.f = calloc(1, sizeof(*l.f));
    if (!params || !l.f || !(l.f->name = str_dup(str_of(name)))) {
        r = -ENOMEM;
        goto out;
    }
    // the first one is weakest: the jail may say otherwise
    params[0] = (struct filter_param){STR("logtype"), options->journal ? STR("journal") : STR("file")};
    for (size_t i = 0; i < options->n_params; i++)
        params[i + 1] = options->params[i];
    l.expander = (struct expander){.ini = &l.f->ini, .params = params, .n_params = options->n_params + 1, .error = error};
    r = ini_read(&l.f->ini, name, options->dirs, error);
    if (r == 0)
        r = load_all(&l);
out:
    free(params);
    if (r < 0) {
        if (r == -ENOMEM)
            filter_fail(error, (struct origin){0}, "filter '%s': out of memory", name);
        filter_free(l.f);
        return r;
    }
    *ret = l.f;
    return 0;
}

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
    for (size_t i = 0; i < f->patterns.n; i++)
        if (f->patterns.v[i].role == ROLE_BEGIN)
            return true;
    return false;
}

const struct filter_counters *filter_counters(const struct filter *f)
{
    return &f->counters;
}

// Which literal of the list stands for s: itself, or, when there was no room for it, one that it contains. n when none.
static size_t find_literal(const struct str *literals, size_t n, struct str s)
{
    size_t i = 0;

    while (i < n && !str_eq(literals[i], s))
        i++;
    for (size_t j = 0; i == n && j < n; j++)
        if (s.n > literals[j].n && memmem(s.p, s.n, literals[j].p, literals[j].n))
            return j;
    return i;
}

bool filter_gate(const struct filter *f, struct str *literals, size_t max, size_t *n)
{
    for (size_t i = 0; i < f->patterns.n; i++) {
        const struct pattern *p = &f->patterns.v[i];
        if (p->gate.n == 0)
            return false;
        for (unsigned j = 0; j < p->gate.n; j++) {
            struct str s = gate_string(&p->gate, j);
            size_t k = 0;
            while (k < *n && !str_eq(literals[k], s))
                k++;
            if (k < *n)
                continue;
            if (*n < max)
                literals[(*n)++] = s;
            else if (find_literal(literals, *n, s) == *n)
                return false;
        }
    }
    return true;
}

void filter_set_gate(struct filter *f, const struct str *literals, size_t n)
{
    for (size_t i = 0; i < f->patterns.n; i++) {
        struct pattern *p = &f->patterns.v[i];
        p->bits = 0;
        for (unsigned j = 0; j < p->gate.n; j++) {
            size_t k = find_literal(literals, n, gate_string(&p->gate, j));
            if (k >= n || k >= LITERALS_MAX) {
                p->bits = 0;
                break;
            }
            p->bits |= UINT64_C(1) << k;
        }
    }
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
    struct event e = {.role = p->role, .class = p->class, .order = p->order, .last = p->last};
    struct str pid;

    e.has_addr = pattern_address(p, m, subject, &e.addr);
    e.has_user = pattern_capture(p, m, subject, GROUP_USER, &e.user);
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

bool filter_match(struct filter *f, const struct record *r, struct event *ret)
{
    const struct dispatch *d = dispatch_for(f, r->ident);
    struct asking a = {.f = f, .r = r};
    struct event e;
    struct str subject;
    bool hit = false;

    for (size_t i = 0; i < d->n && !hit; i++)
        hit = ask(&a, d->v[i], &subject) && fill_event(&a, d->v[i], subject, &e);
    if (hit && e.role == ROLE_OTHER && e.link_pid == 0)
        look_for_begin(&a, d, &e);
    if (hit && e.role == ROLE_FAILURE && f->ignore.n)
        hit = !ignored(&a);
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

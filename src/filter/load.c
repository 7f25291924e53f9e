// SPDX-License-Identifier: GPL-2.0-or-later
// Makes a filter out of its files: which options there are, what each must contain, which patterns come first.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "filter/expand.h"
#include "filter/private.h"

// What loading needs besides the filter.
struct load {
    struct filter *f;
    struct expander expander;
    unsigned pattern_flags; // enum translate_flags, enum pattern_flags
    bool journal;
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
    int r = pattern_compile(&v[list->n], &l->f->matcher, text, at, l->pattern_flags, l->error);
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
        class ++;
    if (class == CLASS_MAX)
        return false;
    *ret_role = (enum role)role;
    *ret_class = (enum outcome_class) class;
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
    return filter_fail(l->error, o->at,
                       "'%s' is no key of [Session]; accepted: %scmdline, key, and failure.CLASS, "
                       "attempt.CLASS with CLASS one of %s",
                       o->key, roles, classes);
}

// What a role cannot do without.
static int check_pattern(struct load *l, const struct pattern *p, const char *key, bool wants_link, bool may_link,
                         bool wants_address)
{
    if (wants_link && !p->link_ident)
        return filter_fail(l->error, p->at,
                           "a pattern of %s must contain <LINK IDENT>, which captures the pid of the "
                           "linked process",
                           key);
    if (!may_link && p->link_ident)
        return filter_fail(l->error, p->at, "<LINK %s> has no meaning in %s; it belongs into link, next or other",
                           p->link_ident, key);
    bool has = p->group[GROUP_IP4] || p->group[GROUP_IP6] || p->group[GROUP_DNS] || p->group[GROUP_ID];
    if (wants_address && !has)
        return filter_fail(l->error, p->at, "a pattern of %s must capture an address; <ADDR> is wanted", key);
    return 0;
}

static int check_tells(struct load *l, const struct pattern *p)
{
    if (p->group[GROUP_INTERFACE] || p->group[GROUP_INNER])
        return 0;
    return filter_fail(l->error, p->at,
                       "a pattern of tells must contain <F-INTERFACE>...</F-INTERFACE> or <F-INNER>...</F-INNER>");
}

// What a pattern of key cannot do without: a program of its own, or it would part the lines of all; and a name.
static int check_key(struct load *l, const struct pattern *p)
{
    if (!p->ident)
        return filter_fail(l->error, p->at,
                           "a pattern of key must begin with <@IDENT>, the program whose lines it tells apart");
    if (!p->group[GROUP_MLFID] || p->link_ident)
        return filter_fail(l->error, p->at,
                           "a pattern of key must contain <F-MLFID>...</F-MLFID>, which captures what names the life%s",
                           p->link_ident ? ", and no <LINK>" : "");
    return 0;
}

static int add_session_option(struct load *l, const struct ini_section *section, const struct ini_option *o)
{
    bool is_cmdline = strcmp(o->key, "cmdline") == 0, is_key = strcmp(o->key, "key") == 0;
    enum role role = ROLE_ADDRESS;
    enum outcome_class class = CLASS_AUTH;
    struct pattern_list *list = is_cmdline ? &l->f->cmdline : is_key ? &l->f->keys : &l->f->patterns;
    struct text text = {0};
    size_t from = list->n;

    if (!is_cmdline && !is_key && !parse_role(str_of(o->key), &role, &class))
        return bad_key(l, o);
    int r = expand_section_option(&l->expander, section, o, &text);
    if (r == 0)
        r = add_patterns(l, list, &text, role, class);
    text_clear(&text);
    for (size_t i = from; i < list->n && r == 0 && is_key; i++)
        r = check_key(l, &list->v[i]);
    for (size_t i = from; i < list->n && r == 0 && !is_key; i++)
        r = check_pattern(l, &list->v[i], o->key, !is_cmdline && role == ROLE_LINK,
                          !is_cmdline && (role == ROLE_LINK || role == ROLE_NEXT || role == ROLE_OTHER),
                          role == ROLE_ADDRESS);
    for (size_t i = from; i < list->n && r == 0 && !is_key && !is_cmdline && role == ROLE_TELLS; i++)
        r = check_tells(l, &list->v[i]);
    return r;
}

static bool tells_who(const struct pattern *p)
{
    static const enum group groups[] = {GROUP_IP4, GROUP_IP6, GROUP_DNS, GROUP_ID, GROUP_MLFID};

    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        if (p->group[groups[i]] || p->alternative[groups[i]][0])
            return true;
    return false;
}

// What looks like a tag and has not become a group, e.g. <HOTS>; empty when there is none.
static struct str unknown_tag(const char *regex)
{
    for (const char *p = regex; (p = strchr(p, '<')); p++) {
        size_t n = strspn(p + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
        if (n > 0 && p[n + 1] == '>')
            return (struct str){p, n + 2};
    }
    return (struct str){"", 0};
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
        if (session || tells_who(p) || (l->f->prefix.n && tells_who(&l->f->prefix.v[0])))
            continue;
        struct str unknown = unknown_tag(p->regex);
        return filter_fail(l->error, p->at,
                           "the pattern captures no address%s%.*s%s; <HOST>, <ADDR>, <IP4>, <IP6>, <SUBNET>, "
                           "<F-ID> or <F-MLFID> is wanted, or a [Session] that says where the address comes from",
                           unknown.n ? " (" : "", STR_FMT(unknown), unknown.n ? " is no tag)" : "");
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
        v[i].has_begin = false;
        for (size_t j = 0; j < f->patterns.n; j++) {
            if (v[j].role == v[i].role && same_ident(&v[i], &v[j])) {
                before += j < i;
                v[i].last &= j <= i;
            }
            v[i].has_begin |= v[j].role == ROLE_BEGIN && (!v[j].ident || same_ident(&v[i], &v[j]));
        }
        v[i].order = (uint8_t)before;
        f->has_begin |= v[i].role == ROLE_BEGIN;
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

// maxlines: how many lines a pattern may span.
static int load_max_lines(struct load *l)
{
    struct text text = {0};
    unsigned long long v = 1;

    int r = expand_option(&l->expander, "maxlines", &text);
    if (r == 0) {
        struct str s = str_trim((struct str){text.p, text.n});
        if (s.n > 0 && (str_number(s, FOREIGN_LINES, &v) < 0 || v < 1))
            r = filter_fail(l->error, text_origin(&text, 0), "maxlines = %.*s: a number from 1 to %d is wanted",
                            STR_FMT(s), FOREIGN_LINES);
    }
    l->f->max_lines_at = text_origin(&text, 0);
    text_clear(&text);
    l->f->max_lines = (unsigned)v;
    if (v > 1)
        l->pattern_flags |= PATTERN_LINES;
    return r == -ENOENT ? 0 : r;
}

// datepattern, and usedns while we are at it.
static int load_dates(struct load *l, bool journal)
{
    struct text text = {0}, usedns = {0};

    int r = expand_option(&l->expander, "usedns", &usedns);
    if (r == 0 && str_eq(str_trim((struct str){usedns.p, usedns.n}), STR("no")))
        l->pattern_flags |= TRANSLATE_NO_NAMES;
    text_clear(&usedns);
    if (r == 0 || r == -ENOENT)
        r = expand_option(&l->expander, "datepattern", &text);
    struct str s = str_trim((struct str){text.p, text.n});
    l->f->dates_at = text_origin(&text, 0);
    l->f->own_dates = !journal && s.n > 0 && !str_eq(s, STR("{^LN-BEG}"));
    if (r == 0 || r == -ENOENT)
        r = date_detector_new(&text, &l->f->dates, l->error);
    text_clear(&text);
    if (r == 0 && journal) { // right or wrong, but of no use there: the journal knows the time
        date_detector_free(l->f->dates);
        l->f->dates = NULL;
    }
    return r == -ENOENT ? 0 : r;
}

// A file without [Session] is one of fail2ban's: it is read in fail2ban's manner.
static int make_foreign(struct load *l)
{
    struct filter *f = l->f;

    if (f->prefix.n > 1)
        return filter_fail(l->error, f->prefix.v[1].at, "a second line in prefregex; one pattern is wanted");
    const struct foreign_parts parts = {
        .matcher = &f->matcher,
        .prefix = f->prefix.n ? &f->prefix.v[0] : NULL,
        .fail = f->patterns.v,
        .n_fail = f->patterns.n,
        .ignore = f->ignore.v,
        .n_ignore = f->ignore.n,
        .dates = f->dates,
        .carry_dates = f->dates && f->max_lines > 1,
        .max_lines = f->max_lines,
    };
    return foreign_new(&parts, &f->foreign);
}

// Whatever a failregex matches has matched prefregex before: the one that tells more serves.
static void use_prefix_gate(struct filter *f)
{
    for (size_t i = 0; f->prefix.n && i < f->patterns.n; i++)
        if (!f->patterns.v[i].ident && gate_score(&f->prefix.v[0].gate) > gate_score(&f->patterns.v[i].gate))
            f->patterns.v[i].gate = f->prefix.v[0].gate;
}

// "FIELD=value FIELD=value + ...": what the journal would refuse would be refused to all filters.
static int check_journalmatch(struct load *l, struct str line, struct origin at, size_t *terms)
{
    struct str rest = line, word;
    bool wants_term = true;

    while ((word = str_word(&rest)).n > 0) {
        size_t n = 0;
        bool plus = str_eq(word, STR("+"));
        while (n < word.n &&
               (isupper((unsigned char)word.p[n]) || isdigit((unsigned char)word.p[n]) || word.p[n] == '_'))
            n++;
        bool term = n > 0 && n < 64 && n < word.n && word.p[n] == '=' && !isdigit((unsigned char)word.p[0]);
        if (!term && (!plus || wants_term))
            return filter_fail(l->error, at,
                               "'%.*s' in journalmatch; FIELD=value is wanted, in capitals and without blanks "
                               "or quotes, several with a blank (and) or ' + ' (or) between them",
                               STR_FMT(word));
        if (term && ++*terms > FILTER_JOURNAL_TERMS)
            return filter_fail(l->error, at, "more than %d FIELD=value in journalmatch; as many would be accepted",
                               FILTER_JOURNAL_TERMS);
        wants_term = plus;
    }
    if (wants_term)
        return filter_fail(l->error, at, "journalmatch ends with '+'; FIELD=value is wanted behind it");
    return 0;
}

static int load_journalmatch(struct load *l)
{
    struct text text = {0}, joined = {0};
    struct origin at;
    struct str line;
    size_t terms = 0;
    bool any = false;

    int r = expand_option(&l->expander, "journalmatch", &text);
    if (r == -ENOENT)
        r = 0;
    for (size_t pos = 0; r == 0 && text_line(&text, &pos, &line, &at);) {
        if ((line = str_trim(line)).n == 0)
            continue;
        r = check_journalmatch(l, line, at, &terms);
        if (r == 0 && any) // a line of its own is an alternative
            r = text_add(&joined, STR(" + "), at);
        if (r == 0)
            r = text_add(&joined, line, at);
        any = true;
    }
    if (r == 0 && !(l->f->journalmatch = str_dup((struct str){joined.p, joined.n})))
        r = -ENOMEM;
    text_clear(&text);
    text_clear(&joined);
    return r;
}

static int load_all(struct load *l)
{
    struct filter *f = l->f;
    const struct ini_section *session = ini_find(&l->f->ini, STR("Session"));

    int r = matcher_init(&f->matcher);
    if (r == 0)
        r = load_journalmatch(l);
    if (r == 0 && !session)
        r = load_max_lines(l);
    if (r == 0 && !session)
        r = load_dates(l, l->journal);
    if (r == 0 && !session)
        r = add_definition(l, &f->prefix, "prefregex", ROLE_FAILURE);
    if (r == 0)
        r = add_definition(l, &f->patterns, "failregex", ROLE_FAILURE);
    if (r == 0)
        r = check_failregex(l, session != NULL);
    if (r == 0)
        r = add_definition(l, &f->ignore, "ignoreregex", ROLE_FAILURE);
    for (const struct ini_option *o = session ? session->options : NULL; o && r == 0; o = o->next)
        r = add_session_option(l, session, o);
    if (r == 0 && f->patterns.n == 0)
        r = filter_fail(l->error, (struct origin){f->ini.n_files ? f->ini.files[0] : NULL, 1},
                        "the filter has no pattern; failregex in [Definition] or a role in [Session] is wanted");
    if (r == 0) {
        order_patterns(f);
        use_prefix_gate(f);
        r = session ? make_dispatch(l) : make_foreign(l);
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
    struct load l = {.error = error, .journal = options->journal};
    int r;

    error->text[0] = '\0';
    if (name && !valid_name(name))
        return filter_fail(error, (struct origin){0},
                           "filter '%.80s': a name of letters, digits, '.', '_' and '-' is wanted", name);
    struct filter_param *params = calloc(options->n_params + 1, sizeof(*params));
    l.f = calloc(1, sizeof(*l.f));
    if (!params || !l.f || !(l.f->name = str_dup(name ? str_of(name) : STR("-")))) {
        r = -ENOMEM;
        goto out;
    }
    // the first one is weakest: the jail may say otherwise
    params[0] = (struct filter_param){STR("logtype"), options->journal ? STR("journal") : STR("file")};
    for (size_t i = 0; i < options->n_params; i++)
        params[i + 1] = options->params[i];
    l.expander =
        (struct expander){.ini = &l.f->ini, .params = params, .n_params = options->n_params + 1, .error = error};
    r = name ? ini_read(&l.f->ini, name, options->dirs, error) : 0;
    if (r == 0)
        r = load_all(&l);
out:
    free(params);
    if (r < 0) {
        if (r == -ENOMEM)
            filter_fail(error, (struct origin){0}, "filter '%s': out of memory", name ? name : "-");
        filter_free(l.f);
        return r;
    }
    *ret = l.f;
    return 0;
}

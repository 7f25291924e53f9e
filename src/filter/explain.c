// SPDX-License-Identifier: GPL-2.0-or-later
// Cuts patterns short.
#include "filter/explain.h"

#include <errno.h>
#include <stdlib.h>

#include "filter/outline.h"

// The pattern up to n bytes, its open groups closed, as PCRE2 wants it. NULL: it is none.
static pcre2_code *compile_beginning(const struct pattern *p, struct matcher *m, struct str text,
                                     size_t n, unsigned open)
{
    struct filter_error error;
    struct translated t;
    uint32_t options;
    size_t offset;
    int code;
    char *cut = malloc(n + open + 1);

    if (!cut)
        return NULL;
    memcpy(cut, text.p, n);
    memset(cut + n, ')', open);
    int r = translate((struct str){cut, n + open}, p->at, p->flags, &t, &error);
    free(cut);
    if (r < 0)
        return NULL;
    pcre2_pattern_info(p->code, PCRE2_INFO_ARGOPTIONS, &options);
    pcre2_code *re = pcre2_compile((PCRE2_SPTR)t.regex, t.n, options, &code, &offset, m->compile);
    free(t.regex);
    return re;
}

static bool matches(pcre2_code *re, struct matcher *m, struct str subject, struct explain *ret)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(m->data);

    if (pcre2_match(re, (PCRE2_SPTR)(subject.p ? subject.p : ""), subject.n, 0, 0, m->data,
                    m->match) <= 0 ||
        at[1] > subject.n || at[0] > at[1])
        return false;
    ret->begin = at[0];
    ret->end = at[1];
    return true;
}

// How many groups are open behind piece i.
static unsigned open_behind(const struct outline *o, size_t i)
{
    return o->v[i].depth + (o->v[i].kind == ELEMENT_OPEN);
}

int explain_miss(const struct pattern *p, struct matcher *m, struct str subject,
                 struct explain *ret)
{
    struct str text = outline_text(p->text);
    size_t ident = (size_t)(text.p - p->text);
    struct explain e = {.pattern = ident};
    struct outline o;

    int r = outline_new(text, p->flags & PATTERN_LINES, &o);
    if (r < 0)
        return r;
    e.not_understood = !o.understood;
    for (size_t i = o.understood ? o.n : 0; i-- > 0 && !e.any;) {
        if (o.v[i].kind == ELEMENT_OR || i + 1 == o.n)
            continue;
        pcre2_code *re = compile_beginning(p, m, text, o.v[i].to, open_behind(&o, i));
        if (re && matches(re, m, subject, &e)) {
            e.any = true;
            e.pattern = ident + o.v[i].to;
            size_t next = i + 1;
            while (next + 1 < o.n &&
                   (o.v[next].kind == ELEMENT_OPEN || o.v[next].kind == ELEMENT_CLOSE))
                next++;
            e.piece = ident + o.v[next].to;
        }
        pcre2_code_free(re);
    }
    if (!e.any && o.n)
        e.piece = ident + o.v[0].to;
    outline_clear(&o);
    *ret = e;
    return 0;
}

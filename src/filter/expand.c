// SPDX-License-Identifier: GPL-2.0-or-later
// %(name)s and <tag>.
#include "filter/expand.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

static bool same_word(struct str a, struct str b)
{
    return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

static const struct filter_param *find_param(const struct expander *x, struct str name)
{
    for (size_t i = x->n_params; i-- > 0;)
        if (same_word(x->params[i].name, name))
            return &x->params[i];
    return NULL;
}

static int fits(struct expander *x, struct origin at, int r)
{
    if (r == -E2BIG)
        return filter_fail(x->error, at, "the text grows beyond %d bytes when its %%()s and <tags> are filled in",
                           TEXT_MAX);
    if (r == -ENOMEM)
        filter_fail(x->error, (struct origin){0}, "out of memory");
    return r;
}

static int count_step(struct expander *x, struct origin at, struct str name)
{
    if (++x->steps <= EXPAND_STEPS)
        return 0;
    return filter_fail(x->error, at, "more than %d substitutions, the last of '%.*s'; does it contain itself?",
                       EXPAND_STEPS, STR_FMT(name));
}

static int interpolate(struct expander *x, const struct ini_section *section, const struct ini_option *option,
                       unsigned depth, struct text *ret);

// An option of a section; [DEFAULT] stands in every section that there is.
static const struct ini_option *section_option(const struct expander *x, const struct ini_section *section,
                                               struct str key)
{
    const struct ini_option *o = ini_option(section, key);

    return o || !section ? o : ini_option(ini_find(x->ini, STR("DEFAULT")), key);
}

// What %(name)s stands for inside option: *ret_param, or *ret_option with the section it is to be read in.
static void resolve(const struct expander *x, const struct ini_section *section, const struct ini_option *option,
                    struct str name, const struct filter_param **ret_param, const struct ini_section **ret_section,
                    const struct ini_option **ret_option)
{
    const char *slash = memchr(name.p, '/', name.n);
    struct str key = slash ? str_skip(name, (size_t)(slash - name.p) + 1) : name;
    struct str where = {name.p, slash ? (size_t)(slash - name.p) : 0};
    const struct ini_section *defaults = ini_find(x->ini, STR("DEFAULT"));

    *ret_param = NULL;
    *ret_section = section;
    if (slash && same_word(where, STR("known"))) {
        bool self = same_word(str_of(option->key), key);
        *ret_option = self ? option : ini_option(section, key);
        if (*ret_option && ((*ret_option)->older || self))
            *ret_option = (*ret_option)->older;
        if (!*ret_option && section != defaults) {
            *ret_section = defaults; // overridden as well
            *ret_option = ini_option(defaults, key);
        }
        return;
    }
    if (slash) {
        *ret_section = same_word(where, STR("default")) ? defaults : ini_find(x->ini, where);
        *ret_option = section_option(x, *ret_section, key);
        return;
    }
    *ret_param = find_param(x, key);
    *ret_option = *ret_param ? NULL : section_option(x, section, key);
}

static int substitute(struct expander *x, const struct ini_section *section, const struct ini_option *option,
                      struct str name, struct origin at, unsigned depth, struct text *ret)
{
    const struct filter_param *param;
    const struct ini_section *in;
    const struct ini_option *found;

    int r = count_step(x, at, name);
    if (r < 0)
        return r;
    if (depth >= EXPAND_DEPTH)
        return filter_fail(x->error, at, "%%(%.*s)s is nested deeper than %d values; does it contain itself?",
                           STR_FMT(name), EXPAND_DEPTH);
    if (str_eq(name, STR("__name__")))
        return fits(x, at, text_add(ret, str_of(section->name), at));
    resolve(x, section, option, name, &param, &in, &found);
    if (param)
        return fits(x, at, text_add(ret, param->value, at));
    if (!found)
        return filter_fail(x->error, at,
                           "%%(%.*s)s names no option of [%s], [DEFAULT] or the section before its '/'; "
                           "a percent sign itself is %%%%",
                           STR_FMT(name), section->name);
    return interpolate(x, in, found, depth + 1, ret);
}

static int interpolate(struct expander *x, const struct ini_section *section, const struct ini_option *option,
                       unsigned depth, struct text *ret)
{
    const struct text *v = &option->value;
    size_t done = 0, at = 0;

    while (at < v->n) {
        if (v->p[at] != '%') {
            at++;
            continue;
        }
        int r = fits(x, option->at, text_add_part(ret, v, done, at));
        if (r < 0)
            return r;
        struct origin here = text_origin(v, at);
        if (v->p[at + 1] == '%') {
            r = fits(x, here, text_add(ret, STR("%"), here));
            at += 2;
        } else {
            const char *close = v->p[at + 1] == '(' ? strchr(v->p + at, ')') : NULL;
            if (!close || close[1] != 's')
                return filter_fail(x->error, here, "'%.8s' in %s: behind '%%' only '%%' or '(name)s' may stand",
                                   v->p + at, option->key);
            struct str name = {v->p + at + 2, (size_t)(close - v->p) - at - 2};
            r = substitute(x, section, option, name, here, depth, ret);
            at = (size_t)(close + 2 - v->p);
        }
        if (r < 0)
            return r;
        done = at;
    }
    return fits(x, option->at, text_add_part(ret, v, done, v->n));
}

// The option that <tag> stands for. -ENOENT when it is none of ours.
static int tag_value(struct expander *x, struct str tag, struct text *ret)
{
    static const struct str order[] = {{"Init", 4}, {"Definition", 10}, {"DEFAULT", 7}};
    const char *slash = memchr(tag.p, '/', tag.n);
    const struct filter_param *param = find_param(x, tag);
    const struct ini_section *definition = ini_find(x->ini, order[1]);

    if (param)
        return fits(x, (struct origin){0}, text_add(ret, param->value, (struct origin){0}));
    if (slash) {
        struct str where = {tag.p, (size_t)(slash - tag.p)}, key = str_skip(tag, where.n + 1);
        bool known = same_word(where, STR("known"));
        if (!known) {
            const struct ini_section *s = ini_find(x->ini, where);
            const struct ini_option *o = section_option(x, s, key);
            return o ? interpolate(x, s, o, 0, ret) : -ENOENT;
        }
        // what the parameter, or the newest value, overrides
        bool overridden = find_param(x, key) != NULL;
        for (size_t i = 0; i < 3; i++) {
            const struct ini_section *s = ini_find(x->ini, order[i]);
            const struct ini_option *o = ini_option(s, key);
            if (o && !overridden && o->older)
                o = o->older;
            if (o)
                return interpolate(x, s, o, 0, ret);
        }
        return -ENOENT;
    }
    for (size_t i = 0; i < 3; i++) {
        const struct ini_section *s = ini_find(x->ini, order[i]);
        const struct ini_option *o = ini_option(s, tag);
        if (o) // what [DEFAULT] says is said in [Definition], with the values that hold there
            return interpolate(x, i == 2 && definition ? definition : s, o, 0, ret);
    }
    return -ENOENT;
}

// The next <tag> at or behind from: no blanks and no angle brackets inside. The name of a group, (?P<name>, is none.
static bool next_tag(const struct text *t, size_t from, size_t *ret_at, struct str *ret)
{
    for (size_t at = from; at < t->n; at++) {
        if (t->p[at] != '<')
            continue;
        size_t end = at + 1;
        while (end < t->n && !strchr(" <>\n", t->p[end]))
            end++;
        if (end == t->n || t->p[end] != '>' || end == at + 1)
            continue;
        if ((at >= 2 && memcmp(t->p + at - 2, "(?", 2) == 0) || (at >= 3 && memcmp(t->p + at - 3, "(?P", 3) == 0))
            continue;
        *ret_at = at;
        *ret = (struct str){t->p + at + 1, end - at - 1};
        return true;
    }
    return false;
}

// One pass over the text. *ret_changed: something was filled in.
static int fill_tags(struct expander *x, struct text *t, const char *key, bool *ret_changed)
{
    struct text out = {0};
    size_t done = 0, at = 0;
    struct str tag;
    int r = 0;

    *ret_changed = false;
    while (r == 0 && next_tag(t, at, &at, &tag)) {
        struct text value = {0};
        struct origin here = text_origin(t, at);
        r = tag_value(x, tag, &value);
        if (r == -ENOENT) {
            at += 1; // ours or nobody's; there may be one inside
            r = 0;
        } else if (r == 0 && same_word(tag, str_of(key))) {
            r = filter_fail(x->error, here, "<%.*s> stands in its own value", STR_FMT(tag));
        } else if (r == 0 && (r = count_step(x, here, tag)) == 0) {
            *ret_changed = true;
            r = fits(x, here, text_add_part(&out, t, done, at));
            // a parameter has no place of its own: it stands where its tag stood
            for (size_t i = 0; i < value.lines; i++)
                if (!value.line[i].file)
                    value.line[i] = here;
            if (r == 0)
                r = fits(x, here, text_add_part(&out, &value, 0, value.n));
            done = at = at + tag.n + 2;
        }
        text_clear(&value);
    }
    if (r == 0 && *ret_changed && (r = fits(x, (struct origin){0}, text_add_part(&out, t, done, t->n))) == 0) {
        text_clear(t);
        *t = out;
        return 0;
    }
    text_clear(&out);
    return r;
}

static int fill_all_tags(struct expander *x, struct text *t, const char *key)
{
    bool changed = true;

    for (unsigned round = 0; changed; round++) {
        if (round == EXPAND_DEPTH)
            return filter_fail(x->error, text_origin(t, 0),
                               "%s still has <tags> to fill in after %d rounds; "
                               "does one contain itself?",
                               key, EXPAND_DEPTH);
        int r = fill_tags(x, t, key, &changed);
        if (r < 0)
            return r;
    }
    return 0;
}

int expand_names(struct expander *x, const struct ini_section *section, const struct ini_option *option,
                 struct text *ret)
{
    struct text t = {0};

    x->steps = 0;
    int r = interpolate(x, section, option, 0, &t);
    if (r == 0)
        r = fits(x, option->at, text_add(&t, STR(""), option->at)); // text at last, be it empty
    if (r < 0) {
        text_clear(&t);
        return r;
    }
    *ret = t;
    return 0;
}

int expand_section_option(struct expander *x, const struct ini_section *section, const struct ini_option *option,
                          struct text *ret)
{
    struct text t;

    int r = expand_names(x, section, option, &t);
    if (r < 0)
        return r;
    r = fill_all_tags(x, &t, option->key);
    if (r < 0) {
        text_clear(&t);
        return r;
    }
    *ret = t;
    return 0;
}

int expand_option(struct expander *x, const char *key, struct text *ret)
{
    struct text t = {0};

    x->steps = 0;
    int r = tag_value(x, str_of(key), &t);
    if (r == 0)
        r = fits(x, (struct origin){0}, text_add(&t, STR(""), (struct origin){0})); // text at last, be it empty
    if (r == 0)
        r = fill_all_tags(x, &t, key);
    if (r < 0) {
        text_clear(&t);
        return r;
    }
    *ret = t;
    return 0;
}

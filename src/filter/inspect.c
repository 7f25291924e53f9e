// SPDX-License-Identifier: GPL-2.0-or-later
// Questions about a loaded filter. Changes nothing but who looks on.
#include "filter/inspect.h"

#include "filter/private.h"

const char *const filter_list_names[FILTER_LISTS] = {
    [FILTER_PATTERNS_ALL] = "failregex",
    [FILTER_IGNORE] = "ignoreregex",
    [FILTER_PREFIX] = "prefregex",
    [FILTER_CMDLINE] = "cmdline",
};

const struct pattern *filter_patterns(const struct filter *f, enum filter_list list, size_t *ret_n)
{
    const struct pattern_list *lists[FILTER_LISTS] = {
        [FILTER_PATTERNS_ALL] = &f->patterns,
        [FILTER_IGNORE] = &f->ignore,
        [FILTER_PREFIX] = &f->prefix,
        [FILTER_CMDLINE] = &f->cmdline,
    };

    *ret_n = lists[list]->n;
    return lists[list]->v;
}

bool filter_locate(const struct filter *f, const struct pattern *p, enum filter_list *ret_list,
                   size_t *ret_i)
{
    for (unsigned list = 0; list < FILTER_LISTS; list++) {
        size_t n;
        const struct pattern *v = filter_patterns(f, list, &n);
        if (n == 0 || p < v || p >= v + n)
            continue;
        *ret_list = list;
        *ret_i = (size_t)(p - v);
        return true;
    }
    return false;
}

void pattern_tell_groups(const struct pattern *p, struct matcher *m, struct str subject,
                         void (*each)(void *userdata, const char *name, struct str value),
                         void *userdata)
{
    uint32_t count, size;
    PCRE2_SPTR table;

    if (!pattern_match(p, m, subject))
        return;
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(m->data);
    pcre2_pattern_info(p->code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(p->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(p->code, PCRE2_INFO_NAMETABLE, &table);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *entry = table + (size_t)i * size;
        PCRE2_SIZE begin = at[2 * entry[1]], end = at[2 * entry[1] + 1];
        if (begin != PCRE2_UNSET && begin <= end && end <= subject.n)
            each(userdata, (const char *)entry + 2, (struct str){subject.p + begin, end - begin});
    }
}

bool filter_is_foreign(const struct filter *f)
{
    return f->foreign != NULL;
}

const struct date_detector *filter_dates(const struct filter *f, bool *ret_own)
{
    *ret_own = f->own_dates;
    return f->dates;
}

unsigned filter_max_lines(const struct filter *f)
{
    return f->max_lines > 1 ? f->max_lines : 1;
}

size_t filter_files(const struct filter *f, const char *const **ret)
{
    *ret = (const char *const *)f->ini.files;
    return f->ini.n_files;
}

void filter_set_probe(struct filter *f, const struct pattern_probe *probe)
{
    f->matcher.probe = probe;
}

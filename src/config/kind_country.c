// SPDX-License-Identifier: GPL-2.0-or-later
// The type of maxretry.country: a number for each of some countries. Opens no database.
#include <errno.h>
#include <stdlib.h>

#include "base/country.h"
#include "config/config.h"
#include "config/kind.h"

enum { SHOW = 60 };

static void country_clear(void *field)
{
    struct country_list *l = field;

    free(l->v);
    *l = (struct country_list){NULL, 0};
}

// CODE:NUMBER or other:NUMBER
static int take(const struct keyword *k, struct str word, const struct country_list *before, size_t offset, struct fault *fault,
                struct country_max *ret)
{
    const char *colon = memchr(word.p, ':', word.n);
    struct str code = {word.p, colon ? (size_t)(colon - word.p) : word.n};
    int shown = (int)(word.n < SHOW ? word.n : SHOW);
    unsigned long long max = 0;

    if (!colon)
        return kind_refuse(fault, offset, "%.*s has no number", shown, word.p);
    if (!str_eq(code, STR("other")) && !config_is_country(code))
        return kind_refuse(fault, offset, "%.*s is no country", (int)(code.n < SHOW ? code.n : SHOW), code.p);
    if (str_number(str_skip(word, code.n + 1), (unsigned long long)k->max, &max) < 0 || max < (unsigned long long)k->min)
        return kind_refuse(fault, offset, "the number of %.*s is not from %lld to %lld", STR_FMT(code), k->min, k->max);
    *ret = (struct country_max){.max = (uint16_t)max};
    if (code.n == 2)
        memcpy(ret->code, code.p, 2);
    for (size_t i = 0; i < before->n; i++)
        if (strcmp(before->v[i].code, ret->code) == 0)
            return kind_refuse(fault, offset, "%.*s stands there twice", STR_FMT(code));
    return 0;
}

static int country_parse(const struct keyword *k, struct str value, void *field, struct fault *fault)
{
    struct country_list l = {calloc(CONFIG_COUNTRIES_MAX, sizeof(*l.v)), 0};
    struct str rest = value, word;
    int r = l.v ? 0 : -ENOMEM;

    // each of them is another one, so there are never more than there are countries
    for (; r == 0 && (word = str_word(&rest)).n > 0; l.n += r == 0)
        r = l.n == CONFIG_COUNTRIES_MAX ? kind_refuse(fault, 0, "more than %d", CONFIG_COUNTRIES_MAX)
                                        : take(k, word, &l, (size_t)(word.p - value.p), fault, &l.v[l.n]);
    if (r < 0) {
        free(l.v);
        return r;
    }
    country_clear(field);
    *(struct country_list *)field = l;
    return 0;
}

static void country_print(const struct keyword *k, const void *field, FILE *out)
{
    const struct country_list *l = field;

    (void)k;
    for (size_t i = 0; i < l->n; i++)
        fprintf(out, "%s%s:%u", i ? " " : "", l->v[i].code[0] ? l->v[i].code : "other", l->v[i].max);
}

static void country_accepted(const struct keyword *k, char buf[static ACCEPTED_MAX])
{
    snprintf(buf, ACCEPTED_MAX, "COUNTRY:NUMBER words such as CN:2 DE:8 other:4, with codes of ISO 3166 in capitals and numbers "
             "from %lld to %lld", k->min, k->max);
}

const struct kind kind_country_max = {country_parse, country_print, country_accepted, country_clear, true};

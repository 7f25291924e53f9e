// SPDX-License-Identifier: GPL-2.0-or-later
// A number for each of some countries, as the configuration has it and the policy uses it.
#ifndef PB_BASE_COUNTRY_H
#define PB_BASE_COUNTRY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct country_max {
    char code[3]; // ISO 3166 in capitals; "": all others, and where nobody knows
    uint16_t max;
};

struct country_list {
    struct country_max *v;
    size_t n;
};

// Of the country, else of all others; NULL when neither is there. code "": nobody knows.
static inline const struct country_max *country_max_of(const struct country_list *l, const char *code)
{
    const struct country_max *other = NULL;

    for (size_t i = 0; i < l->n; i++) {
        if (!l->v[i].code[0])
            other = &l->v[i];
        else if (strcmp(l->v[i].code, code) == 0)
            return &l->v[i];
    }
    return other;
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// What the files that convert the options of fail2ban's jails share. Only options.c and longer.c include it.
#ifndef PB_IMPORT_OPTIONS_H
#define PB_IMPORT_OPTIONS_H

#include "import/import.h"

// One jail on its way.
struct conversion {
    struct import *im;
    struct import_jail *j;
    bool increment;     // its bans get longer
    bool has_maximum;   // and how long was said
    usec_t bantime;
};

struct option {
    const char *name;
    void (*convert)(struct conversion *c, const struct option *o, const struct f2b_value *v); // v: NULL when not said
    const char *fallback; // what fail2ban takes when nothing is said; NULL: then there is nothing to convert
    const char *key, *why; // for the functions that serve several options
    long long max;
};

#define SAY(c, o, v, verdict, key, here, ...)                                                                          \
    import_add_row((c)->im, (c)->j, (o)->name, v, verdict, key, here, import_text((c)->im, __VA_ARGS__))
#define SAY_SAME(c, o, v, key, here) import_add_row((c)->im, (c)->j, (o)->name, v, IMPORT_SAME, key, here, NULL)
#define COPY(c, text) import_text((c)->im, "%s", text)

static inline const char *text_of(const struct option *o, const struct f2b_value *v)
{
    return v ? v->text : o->fallback ? o->fallback : "";
}

// The row of an option that has no effect, as bantime.increment is no.
void convert_unused(struct conversion *c, const struct option *o, const struct f2b_value *v);

// Bans that get longer.
void convert_formula(struct conversion *c, const struct option *o, const struct f2b_value *v);
void convert_factor(struct conversion *c, const struct option *o, const struct f2b_value *v);
void convert_multipliers(struct conversion *c, const struct option *o, const struct f2b_value *v);
void convert_maxtime(struct conversion *c, const struct option *o, const struct f2b_value *v);
void convert_overall(struct conversion *c, const struct option *o, const struct f2b_value *v);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// Gives an option its final text: %(name)s as Python's ConfigParser and fail2ban read it, then <tag> from parameters,
// [Init], [Definition] and [DEFAULT]. Leaves alone what it does not know: <HOST> and its kin are for later.
#ifndef PB_FILTER_EXPAND_H
#define PB_FILTER_EXPAND_H

#include "filter/ini.h"

enum {
    EXPAND_DEPTH = 25,    // values inside values, and rounds of tags
    EXPAND_STEPS = 10000, // substitutions of one option
};

struct expander {
    const struct ini *ini;
    const struct filter_param *params;
    size_t n_params;
    struct filter_error *error;
    unsigned steps; // taken so far by the current option
};

// The text of KEY as a filter uses it: a parameter, else [Init], else [Definition], fully substituted. -ENOENT when
// it stands nowhere; -EINVAL with *error. *ret (to be cleared by the caller) is written on success.
int expand_option(struct expander *x, const char *key, struct text *ret);

// The same for an option of one section alone, parameters only inside it.
int expand_section_option(struct expander *x, const struct ini_section *section, const struct ini_option *option,
                          struct text *ret);

// The same with %(name)s filled in and <tags> left alone.
int expand_names(struct expander *x, const struct ini_section *section, const struct ini_option *option,
                 struct text *ret);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// One pattern of the dialect made into PCRE2's language: tags become groups, Python's spellings PCRE2's. Compiles
// nothing.
#ifndef PB_FILTER_TRANSLATE_H
#define PB_FILTER_TRANSLATE_H

#include "filter/text.h"

enum { IDENT_MAX = 64 };

struct translated {
    struct str ident;      // <@IDENT> in front, a view into the pattern; "" when there is none
    struct str link_ident; // <LINK IDENT>, likewise
    unsigned skips;        // how many <SKIPLINES>: groups skiplines0, skiplines1 ...
    char *regex;           // for PCRE2; free() it
    size_t n;
};

enum translate_flags {
    TRANSLATE_NO_NAMES = 1 << 0, // usedns = no: <HOST> is an address only
};

// -EINVAL with *error for a tag that is malformed, -ENOMEM.
int translate(struct str pattern, struct origin at, unsigned flags, struct translated *ret, struct filter_error *error);

#endif

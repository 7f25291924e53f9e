// SPDX-License-Identifier: GPL-2.0-or-later
// Makes texts that a pattern should match, from its outline: what lint tries its suspicions on.
// Whether they do match, only the pattern itself can say.
#ifndef PB_FILTER_SAMPLE_H
#define PB_FILTER_SAMPLE_H

#include "filter/outline.h"

enum { SAMPLE_MAX = 16384, SAMPLE_VARIANTS = 16 };

struct sample_plan {
    const struct outline *outline;
    unsigned variant; // which alternatives are taken, what is optional, what fills the wide pieces
    const char *address; // where an address is to be
};

struct sample {
    char text[SAMPLE_MAX];
    size_t n;
    unsigned from[OUTLINE_MAX],
        to[OUTLINE_MAX]; // of each piece in text; from == UINT_MAX: it is not there
};

// False when it becomes too long.
bool sample_make(const struct sample_plan *plan, struct sample *ret);

// A byte of the set that looks like what people write there; 0 when there is none.
char sample_byte(const struct element *e);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// Why a pattern did not match: how much of it still does, and up to which place of the text.
#ifndef PB_FILTER_EXPLAIN_H
#define PB_FILTER_EXPLAIN_H

#include "filter/pattern.h"

struct explain {
    bool any;          // some beginning of the pattern matches
    size_t pattern;    // in p->text: behind the longest beginning that matches; what follows failed
    size_t piece;      // in p->text: the end of the piece that failed
    size_t begin, end; // what that beginning matches of the subject
    bool not_understood; // the pattern could not be taken to pieces
};

// p did not match subject. Cuts p short, piece by piece, until what is left matches. -ENOMEM.
int explain_miss(const struct pattern *p, struct matcher *m, struct str subject,
                 struct explain *ret);

#endif

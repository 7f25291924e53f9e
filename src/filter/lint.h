// SPDX-License-Identifier: GPL-2.0-or-later
// Looks for what is dangerous or useless in a filter's patterns: an attacker who chooses whom to
// ban, texts on which matching gives up, patterns that never win. What it says an attacker can do,
// it has tried on the pattern itself.
#ifndef PB_FILTER_LINT_H
#define PB_FILTER_LINT_H

#include "filter/filter.h"
#include "filter/pattern.h"

enum lint_kind {
    LINT_UNANCHORED, // may begin anywhere in the line, also in what a client wrote
    LINT_FORGED,     // what stands before (or behind) the address can pretend to be the address
    LINT_BACKTRACKS, // there are texts on which it is given up at the limit
    LINT_DOT,        // a dot between digits that is any byte
    LINT_LITERAL,    // no text that each line must contain
    LINT_DUPLICATE,  // the same as an earlier one
    LINT_SHADOWED,   // an earlier one takes all its lines
    LINT_KINDS,
};

extern const char *const lint_names[LINT_KINDS];

enum { LINT_TEXT = 512, LINT_ATTACK = 1024 };

struct lint_finding {
    enum lint_kind kind;
    const struct pattern *pattern;
    const struct pattern *other; // LINT_DUPLICATE, LINT_SHADOWED: the one before it
    size_t from, to;             // what is meant of pattern->text; equal: all of it
    char why[LINT_TEXT];
    const char *accepted;   // what would be
    char excuse[LINT_TEXT]; // why it is all right, says a line "# lint accepts KIND: REASON" of the
                            // file; or ""
    char attack[LINT_ATTACK]; // a text that the pattern, as tried, takes as why says; n_attack 0:
                              // none
    size_t n_attack, attack_whole; // bytes kept and of the whole text
};

typedef void (*lint_fn)(void *userdata, const struct lint_finding *f);

struct lint_counts {
    unsigned patterns, skipped; // skipped: no pattern could be taken to pieces
};

// All findings, in the order of the patterns. -ENOMEM.
int lint_filter(const struct filter *f, lint_fn fn, void *userdata, struct lint_counts *ret);

#endif

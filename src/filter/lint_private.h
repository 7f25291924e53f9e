// SPDX-License-Identifier: GPL-2.0-or-later
// What the parts of lint share. Nobody else includes this.
#ifndef PB_FILTER_LINT_PRIVATE_H
#define PB_FILTER_LINT_PRIVATE_H

#include "filter/lint.h"
#include "filter/sample.h"

// Addresses of documentation networks: who really fails, and whom an attacker would like to see
// banned.
#define LINT_REAL   "203.0.113.7"
#define LINT_VICTIM "192.0.2.66"

struct lint {
    const struct filter *filter;
    struct matcher matcher;
    lint_fn fn;
    void *userdata;
    struct sample *sample;
    char *line;                   // LINT_LINE bytes
    pcre2_match_context *patient; // as the matcher's, with a limit that only the worst reach
};

enum { LINT_LINE = SAMPLE_MAX + 16384 };

struct lint_subject { // the pattern at hand
    const struct pattern *p;
    struct outline outline;
    size_t ident; // length of <@IDENT>
};

void lint_tell(struct lint *l, const struct lint_subject *s, enum lint_kind kind, unsigned first,
               unsigned last, struct str attack, const char *accepted, const char *fmt, ...)
    __attribute__((format(printf, 8, 9)));

// A text of the pattern with this address that it really matches, into l->sample. False when this
// variant gives none.
bool lint_sample(struct lint *l, const struct lint_subject *s, unsigned variant,
                 const char *address);

// May a client have written what this piece matches?
bool lint_is_written(const struct outline *o, unsigned i);

// lint_excuse.c: the reason that the pattern's file gives for this kind, if it does.
bool lint_excuse(const struct pattern *p, enum lint_kind kind, char ret[static LINT_TEXT]);

// lint_attack.c
void lint_forged(struct lint *l, const struct lint_subject *s);
void lint_backtracks(struct lint *l, const struct lint_subject *s);

#endif

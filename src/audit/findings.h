// SPDX-License-Identifier: GPL-2.0-or-later
// Where checks put what they find. Makes every text printable. Judges nothing.
#ifndef PB_AUDIT_FINDINGS_H
#define PB_AUDIT_FINDINGS_H

#include "audit/audit.h"

struct findings {
    struct audit_report *report;
    const struct audit_check *check; // the one that runs
    int error;                       // -ENOMEM
};

// Adds a finding with its reason.
void say(struct findings *f, enum audit_verdict verdict, const char *reason, ...) __attribute__((format(printf, 3, 4)));

// How to mend what was said last.
void mend(struct findings *f, const char *remedy, ...) __attribute__((format(printf, 2, 3)));

// "PATH is not there" and the like: AUDIT_UNKNOWN where root would see more, else verdict.
void say_unreadable(struct findings *f, enum audit_verdict verdict, const char *path, int error);

// Names for a sentence: "alice, bob and 3 more". Takes at most four.
struct some {
    char text[512];
    size_t n;
};
void some_add(struct some *s, const char *name);
const char *some_text(struct some *s);

#endif

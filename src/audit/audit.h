// SPDX-License-Identifier: GPL-2.0-or-later
// The checklist of a careful administrator of a PPTP server: one table of checks, each a function of what was read
// of the machine. Looks and tells; changes nothing. No password, nor anything made of one, ever gets into a finding.
#ifndef PB_AUDIT_AUDIT_H
#define PB_AUDIT_AUDIT_H

#include "audit/view.h"
#include "config/config.h"

enum audit_verdict {
    AUDIT_NONE, // does not concern this machine
    AUDIT_PASS,
    AUDIT_UNKNOWN, // could not be seen
    AUDIT_WARN,
    AUDIT_FAIL,
    AUDIT_VERDICTS,
};

extern const char *const audit_verdict_names[AUDIT_VERDICTS]; // "n/a", "pass", "unknown", "warn", "fail"

enum { AUDIT_FINDINGS_MAX = 512 }; // of one run; what is beyond is counted

struct audit_finding {
    const struct audit_check *check;
    enum audit_verdict verdict;
    char *reason; // one line, printable ASCII
    char *remedy; // the command or line of a file that mends it; "" where there is nothing to mend
};

struct audit_report {
    struct audit_finding *v; // in the order of the checks, at least one each
    size_t n, dropped;
    size_t counts[AUDIT_VERDICTS];
};

struct facts;
struct findings;

struct audit_check {
    const char *id;    // "ppp-auth": stable, for programs
    const char *title; // half a line
    void (*run)(const struct facts *f, struct findings *out);
    bool lasting; // warns wherever PPTP is served: --strict lets it pass
};

extern const struct audit_check audit_checks[]; // ends with a NULL id

// Reads the machine and runs all checks. config: pptpban's own, or NULL where it could not be read. -ENOMEM. Freed
// with audit_report_free.
int audit_run(const struct audit_root *root, const struct config *config, struct audit_report *ret);
void audit_report_free(struct audit_report *r);

// Opens a directory as a machine: "/" with the kernel's own ruleset and clock, any other without, unless a live
// /proc is mounted in it. -errno. Closed with audit_root_close.
int audit_root_open(const char *path, struct audit_root *ret);
void audit_root_close(struct audit_root *root);

// What to do about PPTP itself, some lines of text.
extern const char audit_advice[];

#endif

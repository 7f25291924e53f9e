// SPDX-License-Identifier: GPL-2.0-or-later
// The options that pppd has in the end: /etc/ppp/options, ~root/.ppprc and the file that pptpd names, with whatever
// they include, in pppd's order, the last of two that contradict each other counting. Judges nothing.
#ifndef PB_AUDIT_PPPD_H
#define PB_AUDIT_PPPD_H

#include "audit/view.h"

enum {
    PPPD_FILES_MAX = 32,
    PPPD_DEPTH_MAX = 8,
    PPPD_OPTIONS_MAX = 1024,
};

struct pppd_file {
    char *path;
    int error;          // why it could not be read, 0
    bool optional;      // may be missing
    unsigned from_line; // the including line, in the file from; 0: by nobody
    int from;
};

struct pppd_option {
    const char *name; // as pppd's table has it
    char *value;      // NULL for flags
    int file;         // in files
    unsigned line;
};

enum pppd_chap { CHAP_MD5 = 1, CHAP_MS1 = 2, CHAP_MS2 = 4 };
enum pppd_mppe { MPPE_40 = 1, MPPE_128 = 2 };

struct pppd {
    struct pppd_file files[PPPD_FILES_MAX];
    size_t n_files;
    struct pppd_option options[PPPD_OPTIONS_MAX];
    size_t n_options;
    int circle;    // index of a file that includes itself, -1
    bool too_much; // files or options beyond the bounds
    bool broken;   // a quote without end
    // what clients are asked for
    bool auth, pap, eap;
    unsigned chap; // enum pppd_chap
    unsigned mppe; // enum pppd_mppe
    bool mppe_stateful;
};

// first: the file that pptpd's "option" names, or NULL. -ENOMEM. Freed with pppd_free.
int pppd_read(const struct audit_root *root, const char *first, struct pppd **ret);
void pppd_free(struct pppd *p);

// The last occurrence of an option, or NULL.
const struct pppd_option *pppd_last(const struct pppd *p, const char *name);

// Which of two contradicting options came last: true for yes; NULL counts as never there.
bool pppd_flag(const struct pppd *p, const char *yes, const char *no);

// The n-th plugin (0...), NULL when there are no more.
const char *pppd_plugin(const struct pppd *p, size_t n);
bool pppd_has_plugin(const struct pppd *p, const char *name); // "radius" finds /usr/lib/pppd/2.4.9/radius.so

// The file in which an option that is missing should be written.
const char *pppd_main_file(const struct pppd *p);

#endif

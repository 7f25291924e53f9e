// SPDX-License-Identifier: GPL-2.0-or-later
// One pattern of a filter: compiled, with the numbers of the groups that matter and its gate literals. Matching is
// bounded in steps and memory and allocates nothing.
#ifndef PB_FILTER_PATTERN_H
#define PB_FILTER_PATTERN_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "filter/event.h"
#include "filter/gate.h"
#include "filter/text.h"
#include "filter/translate.h"

enum {
    PATTERN_MAX = 16384,         // bytes of one pattern in PCRE2's language
    PATTERN_MATCH_LIMIT = 10000, // backtracking steps
    PATTERN_DEPTH_LIMIT = 1000,
    PATTERN_HEAP_LIMIT = 256,    // KiB
    PATTERN_JIT_STACK = 256,     // KiB
    PATTERN_GROUPS = 64,
    PATTERN_ALTERNATIVES = 4, // groups alt_NAME, alt_NAME_1 ... that stand in for an empty NAME
};

enum group { // captures that mean something
    GROUP_IP4,
    GROUP_IP6,
    GROUP_DNS,
    GROUP_ID,
    GROUP_CIDR,
    GROUP_USER,
    GROUP_INTERFACE, // ppp0
    GROUP_INNER,     // the address within the tunnel
    GROUP_LINK,
    GROUP_CONTENT,   // prefregex: what the failregexes see
    GROUP_NOFAIL,    // the line contributes, but is no failure
    GROUP_MLFID,     // lines with the same one belong together
    GROUP_MLFGAINED, // a success
    GROUP_MLFFORGET, // the last line of those
    GROUP_MAX,
};

struct pattern {
    pcre2_code *code;
    struct origin at;
    char *text;       // in the dialect, its substitutions made
    char *regex;      // as PCRE2 got it
    unsigned flags;   // enum translate_flags, enum pattern_flags
    char *ident;      // NULL: matched against the line, else the message of this program
    char *link_ident; // NULL: no <LINK>
    uint8_t group[GROUP_MAX]; // its number, 0: it has none
    uint8_t alternative[GROUP_MAX][PATTERN_ALTERNATIVES];
    bool jit;
    struct gate_set gate;
    uint64_t bits; // of gate in the set that the sources use; 0: the pattern must always run
    enum role role;
    enum outcome_class class;
    uint8_t order;
    bool last;
    bool has_begin; // some line of its program begins a life
};

// Looks over the shoulder of every match.
struct pattern_probe {
    void (*before)(void *userdata, const struct pattern *p);
    void (*after)(void *userdata, const struct pattern *p, struct str subject, int result); // as pcre2_match() has it
    void *userdata;
};

// What matching needs, made once and shared by all patterns of a filter.
struct matcher {
    pcre2_compile_context *compile;
    pcre2_match_context *match;
    pcre2_match_data *data;
    pcre2_jit_stack *stack;
    bool warm; // ready to interpret a pattern without JIT
    uint64_t limit_hits;
    const struct pattern_probe *probe; // NULL but in the workbench
};

int matcher_init(struct matcher *m);
void matcher_destroy(struct matcher *m);

enum pattern_flags {
    PATTERN_LINES = 1 << 8, // of several lines: ^ and $ are those of a line, . is no newline
};

// Where a pattern has to be interpreted, for want of JIT, PCRE2 needs memory for its frames, which it keeps with the
// match data and lets grow up to the context's heap limit. Makes it grow now, so that matching need not.
void pattern_warm_up(pcre2_match_data *data, pcre2_match_context *context);

// Compiles one pattern of the dialect; flags: enum translate_flags and enum pattern_flags. -EINVAL with *error,
// -ENOMEM. Cleared with pattern_clear.
int pattern_compile(struct pattern *p, struct matcher *m, struct str text, struct origin at, unsigned flags,
                    struct filter_error *error);
void pattern_clear(struct pattern *p);

// True when it matches; what it captured is then in m->data until the next call. Out of bounds is no match.
bool pattern_match(const struct pattern *p, struct matcher *m, struct str subject);

// What the last match captured; false when the group took no part in it.
bool pattern_capture(const struct pattern *p, const struct matcher *m, struct str subject, enum group group,
                     struct str *ret);

// The address that the last match captured, if it is one.
bool pattern_address(const struct pattern *p, const struct matcher *m, struct str subject, struct addr *ret);

#endif

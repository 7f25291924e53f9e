// SPDX-License-Identifier: GPL-2.0-or-later
// The inside of pptpban test, the workbench for filters: what was asked for, what was found, and
// who prints it.
#ifndef PB_WORKBENCH_TEST_H
#define PB_WORKBENCH_TEST_H

#include "base/class.h"
#include "filter/foreign.h"
#include "filter/inspect.h"
#include "session/session.h"
#include "source/replay.h"

enum test_kind { // of a line
    TEST_MATCHED,
    TEST_PARTIAL, // matched, but is no failure or success by itself: <F-NOFAIL>, or its address is
                  // yet to come
    TEST_IGNORED, // by ignoreregex
    TEST_MISSED,
    TEST_KINDS,
};

extern const char *const test_kind_names[TEST_KINDS];

struct test_options {
    const char *log;    // NULL: none (--lint, --journal)
    const char *filter; // a name with parameters, a file, or a pattern
    const char *ignore; // a third argument, NULL: none
    const char *config, *datepattern, *maxlines, *usedns, *journalmatch, *out;
    bool journal, json, verbose, expand, lint, no_gate, colours;
    bool explain;       // --explain, --line
    unsigned all, none; // bits of enum test_kind: lines of which all, or none, are shown
    uint64_t line;      // --line: this one alone, 0: all
};

enum {
    TEST_SHOWN = 10,          // lines of a kind that are shown unless all are wanted
    TEST_TEXT = 1024,         // bytes of a line that are kept for that
    TEST_IDS = 4096,          // addresses and other ids that are counted
    TEST_ID = 64,             // bytes of one
    TEST_MEASURE_ALL = 10000, // lines each of whose matches is measured; after that
    TEST_MEASURE_EACH = 16,   // every so manieth line's
    TEST_BEHIND_MAX = 100000, // matched lines that are shown to the later patterns too
};

struct asked { // one question to a pattern, while a line is explained
    const struct pattern *p;
    char *subject; // a copy
    size_t n;
    int result; // of pcre2_match()
};

struct test_group { // what a named group of the pattern captured, for -o
    char name[40], text[256];
    size_t n;
};

enum { TEST_GROUPS = 24 };

enum { TEST_ASKED = 1024, TEST_EXPLAINED = 10 };

struct pattern_stats {
    uint64_t asked, hits, limits;
    uint64_t behind;       // would have matched too, had not an earlier one
    uint64_t measured, ns; // time of the measured matches
};

// What was found in one line. Views into the record.
struct test_line {
    enum test_kind kind;
    usec_t time;
    uint64_t number;               // of the line
    const struct pattern *pattern; // that won (or ignored it), NULL
    const struct record *record;
    struct str line;
    bool has_id;
    struct str id, user, session;
    const struct finding *finding; // NULL for filters with [Session]
    const struct event *event;     // NULL for others
};

struct kept_text {
    uint64_t number;
    const struct pattern *pattern;
    char id[TEST_ID], user[TEST_ID], session[TEST_ID];
    size_t n, whole; // bytes kept, and of the line
    char text[TEST_TEXT];
};

struct counted_id {
    char text[TEST_ID], user[TEST_ID]; // the last user
    uint64_t failures, successes;
    usec_t first, last;
};

struct test {
    struct test_options options;
    struct filter *filter;
    const char *filter_text; // what it was read from, for people
    bool from_journal;
    struct sessions *sessions; // NULL: the filter has none
    struct test_sessions *shown_sessions;
    struct literals *gate; // NULL: every pattern sees every line
    struct matcher second; // asks the patterns that came too late
    struct pattern_stats *stats[FILTER_LISTS];
    struct pattern_probe probe;
    uint64_t lines[TEST_KINDS], gated, behind_checked;
    struct kept_text *kept[TEST_KINDS]; // TEST_SHOWN of each
    struct counted_id *ids;
    size_t n_ids;
    uint64_t ids_lost;
    uint64_t failures[CLASS_MAX], successes, unattributed;
    uint64_t untimed; // lines that matched, but nobody knows their time
    uint64_t source_dates[3],
        undated; // stamps that the source read: ISO, month first, weekday first
    usec_t oldest, newest;
    bool any_time;
    struct replay_counts counts;
    usec_t took;
    uint64_t clock_cost;         // ns that asking the clock takes
    struct filter_error ungated; // why every line must be seen; "" when that is not so
    // of the record at hand
    const struct event *event;
    struct test_group *groups; // TEST_GROUPS, with -o; else NULL
    size_t n_groups;
    const struct record *record;
    uint64_t asked_lines;
    const struct pattern *hit, *ignored_by;
    struct asked *asked_of; // TEST_ASKED, when the line is explained; else NULL
    size_t n_asked_of;
    uint64_t explained;
    bool measuring, asked;
    uint64_t started;
};

// load.c: makes the filter that was asked for. Returns EXIT_DONE, or another code after having
// said why.
int test_load(struct test *t);

// collect.c: before the first record and for each one (record_fn).
int test_collect_begin(struct test *t);
int test_collect(void *userdata, const struct record *r);
void test_collect_end(struct test *t);

// print.c: the report for people. test_put: text that an attacker may have written, at most
// max bytes of it (0: all), nothing of which steers the terminal.
void test_print(const struct test *t);
void test_put(FILE *out, struct str s, size_t max);
// The text around the byte at, and below it '~' from begin on and '^' under at.
void test_print_marked(const struct test *t, struct str s, size_t begin, size_t at);
void test_print_line(const struct test *t, const struct test_line *l);
void test_print_totals(const struct test *t);
void test_heading(const struct test *t, const char *text);
const char *test_key(const struct test *t, const struct pattern *p,
                     char buf[static 32]);                            // "failregex", "begin"
const char *test_place(const struct pattern *p, char buf[static 96]); // "pptpd.conf:14"

// sessions.c: follows the first lives from line to line. max_lives: as many may there be.
int test_sessions_new(unsigned max_lives, struct test_sessions **ret);
void test_sessions_free(struct test_sessions *x);
void test_sessions_trace(void *userdata,
                         const struct session_trace *s); // a trace_fn; userdata is struct test
void test_sessions_outcome(struct test *t, const struct outcome *o);
void test_sessions_print(const struct test *t);
struct shown_line {
    usec_t time;
    char key[24], text[120];
    size_t n, whole;
};
struct shown_life {
    char name[96];
    usec_t begin, end;
    bool ended, has_addr, waits;
    struct addr addr;
    enum outcome_origin origin;
    int caller; // which shown life called it, -1
    enum outcome_origin how;
    usec_t bound;
    struct shown_line lines[12];
    unsigned n_lines; // all of them
    struct shown_outcome {
        enum outcome_kind kind;
        enum outcome_class class;
        bool has_addr;
        struct addr addr;
        enum outcome_origin origin;
        usec_t time, settled;
        char user[TEST_ID];
    } outcome[2];
    unsigned n_outcomes;
};
enum { TEST_LIVES = 12, TEST_LIVES_VERBOSE = 500 };

// The first lives, at most TEST_LIVES (with --verbose: more); how many there were.
const struct shown_life *test_sessions_shown(const struct test *t, unsigned *ret_n,
                                             uint64_t *ret_all, uint64_t *ret_bound);

// explain.c: begins and ends the explanation of a line; between, test_explain_ask() is told of
// each question.
int test_explain_begin(struct test *t);
void test_explain_ask(struct test *t, const struct pattern *p, struct str subject, int result);
void test_explain_json(const struct test *t, const struct test_line *l); // explain_json.c
void test_explain_end(struct test *t, const struct test_line *l);

// out.c: for -o. test_out_groups: a pattern has matched; the other two: there may be a failure
// to print.
int test_out_begin(struct test *t);
void test_out_groups(struct test *t, const struct pattern *p, struct str subject);
void test_out_line(struct test *t, const struct test_line *l);
void test_out_outcome(struct test *t, const struct outcome *o);

// json.c: a line (--print-all-*), and the result. How many findings lint had, or -ENOMEM.
void test_json_place(bool *more, const struct test *t,
                     const struct pattern *p); // members that name a pattern
void test_json_line(const struct test *t, const struct test_line *l);
int test_json(const struct test *t);

// lint.c: prints what lint finds; with a log also what never matched there. EXIT_DONE when
// that is nothing.
int test_lint(const struct test *t);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban test: tries a filter, or a pattern, on a log through the service's own matching and
// sessions, and shows what it found and why. Changes nothing. Here: its options and the order of
// things.
#include "workbench/test.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/exit.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "source/walk.h"

const char *const test_kind_names[TEST_KINDS] = {"matched", "partial", "ignored", "missed"};

static const char usage[] =
    "usage: pptpban test [OPTIONS] LOG FILTER|PATTERN [IGNOREPATTERN]\n"
    "       pptpban test [OPTIONS] --journal FILTER|PATTERN [IGNOREPATTERN]\n"
    "       pptpban test [OPTIONS] --lint FILTER|PATTERN\n"
    "\n"
    "Tries a filter on a log, as the service would, and shows what it found and why. Nothing is "
    "changed.\n"
    "LOG is a file (plain, gzip, xz or zstd), - for standard input, a journal file or directory, "
    "or a line of text.\n"
    "FILTER is a name, NAME[mode=aggressive], or the path of a filter file; PATTERN is one as in "
    "failregex.\n"
    "-c, -d, -L, -m, -o and -v are short for --config, --datepattern, --maxlines, --journalmatch, "
    "--out, --verbose;\n"
    "what stands behind -- is no option, such as a pattern that begins with -.\n"
    "\n";

// Where the option goes: a flag, or its value as it is; 0: see take().
#define TO(member) offsetof(struct test_options, member)

static const struct item {
    char letter;
    const char *name, *value, *help;
    size_t target;
} items[] = {
    {'c', "config", "FILE", "use this configuration, which says where filters are", TO(config)},
    {'j', "journal", NULL, "read this machine's journal", TO(journal)},
    {'m', "journalmatch", "MATCH",
     "read these entries of the journal, not those that the filter names", TO(journalmatch)},
    {'d', "datepattern", "PATTERN", "find dates in this form, as in a filter", TO(datepattern)},
    {'Z', "timezone", "ZONE", "the zone of stamps that tell none, as in TZ", 0},
    {'L', "maxlines", "NUMBER", "how many lines a pattern may span", TO(maxlines)},
    {'u', "usedns", "WORD", "no: <HOST> matches addresses alone", TO(usedns)},
    {'o', "out", "FORMAT",
     "print failures alone: ip, user, time, msg, row, or a text like '<ip> <F-USER>'", TO(out)},
    {'J', "json", NULL, "print JSON", TO(json)},
    {'e', "explain", NULL, "explain step by step what becomes of a line (the first 10)",
     TO(explain)},
    {'n', "line", "NUMBER", "explain this line of the log", 0},
    {'l', "lint", NULL, "say what is dangerous or useless in the filter; needs no log", TO(lint)},
    {'E', "expand", NULL, "show the patterns as PCRE2 sees them, too", TO(expand)},
    {'v', "verbose", NULL, "all patterns, those that never matched too, and more of everything",
     TO(verbose)},
    {'M', "print-all-matched", NULL, "print all lines that matched", 0},
    {'X', "print-all-missed", NULL, "print all lines that nothing matched", 0},
    {'I', "print-all-ignored", NULL, "print all lines that ignoreregex matched", 0},
    {'x', "print-no-missed", NULL, "print none of them", 0},
    {'i', "print-no-ignored", NULL, "print none of them", 0},
    {'g', "no-gate", NULL, "show every line to every pattern (slower, same result)", TO(no_gate)},
    {'C', "color", "WHEN", "always, never or auto", 0},
    {'h', "help", NULL, "print this help", 0},
};

enum { N_ITEMS = sizeof(items) / sizeof(items[0]) };

static void print_usage(FILE *out)
{
    fputs(usage, out);
    for (size_t i = 0; i < N_ITEMS; i++) {
        char name[48];
        snprintf(name, sizeof(name), "--%s%s%s", items[i].name, items[i].value ? " " : "",
                 items[i].value ? items[i].value : "");
        fprintf(out, "  %-22s %s\n", name, items[i].help);
    }
}

static bool set_colours(struct test_options *o, const char *when)
{
    if (strcmp(when, "auto") == 0)
        o->colours = output_colours(stdout);
    else if (strcmp(when, "always") == 0 || strcmp(when, "never") == 0)
        o->colours = when[0] == 'a';
    else
        return false;
    return true;
}

// A zone that the C library does not know is UTC to it, without a word.
static bool set_zone(const char *zone)
{
    const char *dir = getenv("TZDIR");
    char path[512];

    // EST5, <+0330>-3:30; :/path
    if (!zone[strcspn(zone, "0123456789:")]) {
        int n = snprintf(path, sizeof(path), "%s/%s", dir ? dir : "/usr/share/zoneinfo", zone);
        if (n < 0 || (size_t)n >= sizeof(path) ||
            (access(path, R_OK) < 0 && strcmp(zone, "UTC") != 0))
            return false;
    }
    return setenv("TZ", zone, 1) == 0;
}

static bool set_line(struct test_options *o, const char *value)
{
    unsigned long long n;

    if (str_number(str_of(value), UINT64_MAX, &n) < 0 || n == 0)
        return false;
    o->explain = true;
    o->line = n;
    return true;
}

// Takes one option. False when its value is none.
static bool take(struct test_options *o, int letter, const char *value)
{
    const struct item *item = items;

    while (item->letter != letter)
        item++;
    if (item->target && item->value)
        *(const char **)((char *)o + item->target) = value;
    else if (item->target)
        *(bool *)((char *)o + item->target) = true;
    switch (letter) {
    case 'Z':
        return set_zone(value);
    case 'n':
        return set_line(o, value);
    case 'C':
        return set_colours(o, value);
    case 'M':
        o->all |= 1 << TEST_MATCHED | 1 << TEST_PARTIAL;
        break;
    case 'X':
        o->all |= 1 << TEST_MISSED;
        break;
    case 'I':
        o->all |= 1 << TEST_IGNORED;
        break;
    case 'x':
        o->none |= 1 << TEST_MISSED;
        break;
    case 'i':
        o->none |= 1 << TEST_IGNORED;
        break;
    }
    return true;
}

// -1: go on; else the exit code.
static int read_options(struct test_options *o, int argc, char **argv)
{
    struct option options[N_ITEMS + 1] = {{0}};
    int c;

    *o = (struct test_options){.colours = output_colours(stdout)};
    for (size_t i = 0; i < N_ITEMS; i++)
        options[i] = (struct option){
            items[i].name, items[i].value ? required_argument : no_argument, NULL, items[i].letter};
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":c:m:d:L:o:vh", options, NULL)) != -1) {
        if (c == 'h') {
            print_usage(stdout);
            return EXIT_DONE;
        }
        if (c == '?' || c == ':') {
            const char letter[] = {'-', (char)optopt, '\0'}; // of several in one word, perhaps
            fprintf(stderr, "pptpban test: %s %s; see pptpban test --help\n",
                    c == ':' ? "a value is missing behind" : "there is no option",
                    c == '?' && optopt ? letter : argv[optind - 1]);
            return EXIT_USAGE;
        }
        if (!take(o, c, optarg)) {
            fprintf(stderr,
                    "pptpban test: \"%s\" is no value for this option; see pptpban test --help\n",
                    optarg);
            return EXIT_USAGE;
        }
    }
    int left = argc - optind;
    if (!o->journal && left > (o->lint ? 1 : 0)) {
        o->log = argv[optind++];
        left--;
    }
    if (o->out && (o->explain || o->json)) {
        fputs("pptpban test: --out goes with neither --explain nor --json\n", stderr);
        return EXIT_USAGE;
    }
    if (left < 1 || left > 2 || !(o->log || o->journal || o->lint)) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    o->filter = argv[optind];
    o->ignore = left > 1 ? argv[optind + 1] : NULL;
    return -1;
}

static bool is_journal(const char *path)
{
    static const char magic[8] = "LPKSHHRH";
    char head[8];
    struct stat st;

    if (strcmp(path, "-") == 0 || stat(path, &st) < 0)
        return false;
    if (S_ISDIR(st.st_mode))
        return true;
    FILE *f = S_ISREG(st.st_mode) ? fopen(path, "re") : NULL;
    bool is = f && fread(head, 1, sizeof(head), f) == sizeof(head) &&
              memcmp(head, magic, sizeof(head)) == 0;
    if (f)
        fclose(f);
    return is;
}

// A LOG that is no file is a line of text, unless it looks like the name of one.
static bool is_text(const char *log)
{
    struct stat st;

    return strcmp(log, "-") != 0 && stat(log, &st) < 0 &&
           (log[0] != '/' || strchr(log, ' ') || strchr(log, '\n'));
}

static int read_text(struct test *t, const struct source_options *options)
{
    struct walk walk;
    char *text;
    int n = asprintf(&text, "%s\n", t->options.log);

    if (n < 0)
        return -ENOMEM;
    walk_init(&walk, clock_realtime(), 0);
    walk.record = options->record;
    walk.userdata = options->userdata;
    walk.filters = options->filters;
    walk.follow = true;
    int r = walk_block(&walk, (struct str){text, (size_t)n}, 0);
    t->counts.lines += walk.lines;
    t->counts.no_header += walk.no_header;
    t->counts.truncated += walk.truncated;
    free(text);
    return r;
}

static int read_log(struct test *t)
{
    const char *log = t->options.log;
    // every line, not only those that the gate lets through: what is missed is to be shown too
    struct source_options options = {.filters = 1, .record = test_collect, .userdata = t};

    if (t->from_journal) {
        const char *match = filter_journalmatch(t->filter);
        struct source_journal_match m = {.filter = 1, .match = match};
        return replay_journal(t->options.journal ? NULL : log, &m, 1, &options, &t->counts);
    }
    if (!is_text(log))
        return replay_file(log, &options, 0, &t->counts);
    if (!strpbrk(log, " \t\n"))
        fprintf(stderr, "pptpban test: there is no file %s: taken to be a line of text\n", log);
    return read_text(t, &options);
}

// What was asked for and is not there, so that nobody takes it for something that nothing matched.
static bool tell_missing(const struct test *t)
{
    uint64_t lines = 0;

    for (unsigned k = 0; k < TEST_KINDS; k++)
        lines += t->lines[k];
    if (t->from_journal && lines == 0) {
        const char *match = filter_journalmatch(t->filter);
        fprintf(stderr, "pptpban test: no entry of the journal%s%s is there%s%s\n",
                t->options.journal ? "" : " in ", t->options.journal ? "" : t->options.log,
                *match ? " with " : "", match);
        return true;
    }
    if (t->options.line > lines) {
        fprintf(stderr, "pptpban test: there is no line %" PRIu64 ", the last is %" PRIu64 "\n",
                t->options.line, lines);
        return true;
    }
    return false;
}

static int report(const struct test *t)
{
    bool read = t->options.log || t->options.journal;
    bool matched = t->lines[TEST_MATCHED] + t->lines[TEST_PARTIAL] > 0;

    if (t->options.json) {
        int findings = test_json(t);
        if (findings != 0)
            return EXIT_FAILED;
    } else if (!t->options.out && read) {
        if (t->options.explain && !t->options.verbose)
            test_print_totals(t);
        else
            test_print(t);
    }
    if (t->options.lint && !t->options.json)
        return test_lint(t);
    return matched || !read || t->options.lint ? EXIT_DONE : EXIT_NOTHING;
}

static int run(struct test *t)
{
    int code = test_load(t);

    if (code != EXIT_DONE)
        return code;
    usec_t start = clock_monotonic();
    int r = test_collect_begin(t);
    if (r == 0 && !t->options.log && !t->options.journal)
        return report(t);
    if (r == 0)
        r = read_log(t);
    if (t->sessions)
        sessions_finish(t->sessions);
    t->took = clock_monotonic() - start;
    if (r < 0) {
        fprintf(stderr, "pptpban: %s: %s\n", t->options.log ? t->options.log : "journal",
                r == -EBADMSG ? "damaged, or its end is missing" : strerror(-r));
        return EXIT_FAILED;
    }
    bool missing = tell_missing(t);
    code = report(t);
    return missing && code == EXIT_DONE ? EXIT_NOTHING : code;
}

int verb_test(int argc, char **argv)
{
    struct test t = {.filter = NULL};
    int code = read_options(&t.options, argc, argv);

    if (code >= 0)
        return code;
    tzset();
    t.from_journal = t.options.journal || (t.options.log && is_journal(t.options.log));
    code = run(&t);
    test_collect_end(&t);
    filter_free(t.filter);
    return code;
}

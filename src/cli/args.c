// SPDX-License-Identifier: GPL-2.0-or-later
// The option table of pptpban.
#include "cli/args.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/exit.h"

static const struct arg {
    uint64_t bit;
    const char *name, *value, *help;
    size_t target; // offset in struct args of the string, 0: none
} table[] = {
    {ARG_JSON, "json", NULL, "print JSON", 0},
    {ARG_PLAIN, "plain", NULL, "print tab-separated lines without a header, times in unix seconds", 0},
    {ARG_JAIL, "jail", "JAIL", "only this jail; for ban: on behalf of it", offsetof(struct args, jail)},
    {ARG_ALL, "all", NULL, "all that there are", 0},
    {ARG_FOR, "for", "TIME", "how long: 600, 10m, 2h, 1d 12h, forever", offsetof(struct args, duration)},
    {ARG_DUMP, "dump", NULL, "print the effective configuration", 0},
    {ARG_CONFIG, "config", "FILE", "read this configuration file", offsetof(struct args, config)},
    {ARG_OUTPUT, "output", "FILE", "write to this file", offsetof(struct args, output)},
    {ARG_USER, "user", "USER", "the account that was tried; for compile-limits: the user that pptpband runs as", offsetof(struct args, user)},
    {ARG_REPORT, "report", NULL, "print a table, option by option", 0},
    {ARG_WRITE, "write", "DIR", "write configuration and filters there", offsetof(struct args, write)},
    {ARG_FORCE, "force", NULL, "do it all the same: over files that are there, against a refusal", 0},
    {ARG_ROOT, "root", "DIR", "look at the system in this directory", offsetof(struct args, root)},
    {ARG_STRICT, "strict", NULL, "what is warned of or cannot be seen is an error, too", 0},
    {ARG_BANS, "bans", NULL, "show fail2ban's bans instead of its jails", 0},
    {ARG_APPLY, "apply", NULL, "and ban them, for the time that is left", 0},
    {ARG_DATABASE, "database", "FILE", "read this database", offsetof(struct args, database)},
    {ARG_CONFIRM, "confirm", "TIME", "how long to wait for pptpban firewall confirm", offsetof(struct args, confirm)},
    {ARG_NO_CONFIRM, "no-confirm", NULL, "for good, at once", 0},
    {ARG_NO_WAIT, "no-wait", NULL, "do not stay until it is confirmed or taken back", 0},
    {ARG_FROM, "from", "NET", "only for this address or network", offsetof(struct args, from)},
    {ARG_FORMAT, "format", "FORMAT", "in which format; an unknown one lists them", offsetof(struct args, format)},
    {ARG_OVERDUE, "overdue", NULL, "only when its time is over", 0},
    {ARG_HTML, "html", "FILE", "write a page that needs nothing else; - is standard output", offsetof(struct args, html)},
    {ARG_SINCE, "since", "TIME", "how far back: 30d, 12h, forever", offsetof(struct args, since)},
    {ARG_JOURNAL, "journal", "PATH", "read a journal file or a directory of them", offsetof(struct args, journal)},
    {ARG_AGAINST, "against", "FILE", "compare with this configuration, not with the installed one", offsetof(struct args, against)},
    {ARG_ACTIONS, "actions", "DIR", "read the actions in this directory alone", offsetof(struct args, dir)},
    {ARG_FIX, "fix", NULL, "add what makes pppd and rsyslog tell more, after showing it", 0},
    {ARG_COUNTRY, "country", "CODE", "only from this country; DE,US: these", offsetof(struct args, country)},
    {ARG_OBSERVED, "observed", NULL, "the bans that jails which only observe would have made", 0},
    {ARG_SORT, "sort", "COLUMN", "sort by this column; an unknown one lists them", offsetof(struct args, sort)},
    {ARG_REVERSE, "reverse", NULL, "the other way round", 0},
    {ARG_DRY_RUN, "dry-run", NULL, "say what would be done, and do nothing", 0},
    {ARG_RUNTIME, "runtime", "DIR", "where the service has its control socket", offsetof(struct args, runtime)},
    {ARG_HELP, "help", NULL, "print this help", 0},
};

enum { N_ARGS = sizeof(table) / sizeof(table[0]) };

enum { FIRST_VALUE = 256 }; // of getopt's, behind all letters

static const struct arg *find(int value)
{
    for (size_t i = 0; i < N_ARGS; i++)
        if (value == (int)i + FIRST_VALUE || (value == 'h' && table[i].bit == ARG_HELP))
            return &table[i];
    return NULL;
}

// c: as getopt_long() said; word: what it did not understand.
static void complain(const char *verb, int c, const char *word, const struct option *options)
{
    const char letter[] = {'-', (char)optopt, '\0'}; // of several in one word, perhaps
    struct nearest n = nearest_to(strncmp(word, "--", 2) == 0 ? word + 2 : "");

    for (; c == '?' && options->name; options++)
        nearest_try(&n, options->name);
    if (c == ':')
        fprintf(stderr, "pptpban %s: a value is missing behind %s; see pptpban %s --help\n", verb, word, verb);
    else if (!optopt && n.best)
        fprintf(stderr, "pptpban %s: there is no option %s; did you mean --%s?\n", verb, word, n.best);
    else
        fprintf(stderr, "pptpban %s: there is no option %s; see pptpban %s --help\n", verb, optopt ? letter : word, verb);
}

int args_parse(int argc, char **argv, uint64_t allowed, int least, int most, struct args *ret)
{
    struct option options[N_ARGS + 1] = {{0}};
    struct args a = {0};
    size_t n = 0;
    int c;

    allowed |= ARG_HELP;
    for (size_t i = 0; i < N_ARGS; i++)
        if (table[i].bit & allowed)
            options[n++] = (struct option){table[i].name, table[i].value ? required_argument : no_argument, NULL,
                                           (int)i + FIRST_VALUE};
    optind = 0; // glibc: start anew, permuting
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        const struct arg *arg = find(c);
        if (!arg) {
            complain(argv[0], c, argv[optind - 1], options);
            return EXIT_USAGE;
        }
        a.given |= arg->bit;
        if (arg->target)
            *(const char **)((char *)&a + arg->target) = optarg;
    }
    a.rest = argv + optind;
    a.n_rest = argc - optind;
    if (!(a.given & ARG_HELP) && (a.n_rest < least || a.n_rest > most)) {
        fprintf(stderr, "pptpban %s: %s; see pptpban %s --help\n", argv[0],
                a.n_rest < least ? "an argument is missing" : "too many arguments", argv[0]);
        return EXIT_USAGE;
    }
    *ret = a;
    return 0;
}

void args_print_help(uint64_t allowed, FILE *out)
{
    allowed |= ARG_HELP;
    for (size_t i = 0; i < N_ARGS; i++) {
        char name[40];
        if (!(table[i].bit & allowed))
            continue;
        snprintf(name, sizeof(name), "--%s%s%s", table[i].name, table[i].value ? " " : "",
                 table[i].value ? table[i].value : "");
        fprintf(out, "  %-16s %s\n", name, table[i].help);
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
// For tests: follows a log file pattern or a journal as the service does and prints each record as a line of JSON.
//
//   source-dump [-m MARKFILE] [-n NOT_AFTER] [-e] [-s SINCE] [-l LITERAL]... [-q] -f PATTERN | -j [PATH]
//
// -m: goes on from the mark in the file if there is one, and writes it there at the end (SIGTERM, SIGINT) and on
// SIGUSR1. -n: the mark's not_after, seconds; else the next unread record. -e: ends when it has caught up. -s: since,
// seconds. -q: prints no records. Status goes to standard error at the end, "caught up" when that is so.
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/source.h"

struct dump {
    sd_event *event;
    struct source *source;
    const char *mark_file;
    usec_t not_after;
    bool quiet, end;
};

static void print_text(const char *name, struct str s)
{
    printf(",\"%s\":\"", name);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
            printf("\\u%04x", c); // each byte is one character
        else
            putchar(c);
    }
    putchar('"');
}

static int print_record(void *userdata, const struct record *r)
{
    const struct dump *d = userdata;

    if (d->quiet)
        return 0;
    printf("{\"time\":%lld.%06lld,\"pid\":%u,\"flags\":%u,\"filters\":%" PRIu64 ",\"file\":\"",
           (long long)(r->time / USEC_SEC), (long long)(r->time % USEC_SEC), r->pid, r->flags, r->filters);
    for (int i = 0; i < 16; i++)
        printf("%02x", r->position.file[i]);
    printf("\",\"offset\":%" PRIu64, r->position.offset);
    print_text("host", r->host);
    print_text("ident", r->ident);
    print_text("cmdline", r->cmdline);
    print_text("line", r->line);
    print_text("message", r->message);
    puts("}");
    return 0;
}

static void write_mark(struct dump *d)
{
    char *mark, name[4096];

    if (!d->mark_file)
        return;
    int r = source_mark(d->source, d->not_after, &mark);
    if (r < 0) {
        fprintf(stderr, "mark: %s\n", strerror(-r));
        return;
    }
    snprintf(name, sizeof(name), "%s.new", d->mark_file);
    FILE *f = fopen(name, "w");
    if (f) {
        fflush(stdout); // what the mark says was read is out
        fprintf(f, "%s\n", mark);
        fclose(f);
        rename(name, d->mark_file);
    }
    free(mark);
}

static char *read_mark(const char *path)
{
    static char text[64 * 1024 + 2];
    FILE *f = path ? fopen(path, "r") : NULL;
    char *got = f ? fgets(text, sizeof(text), f) : NULL;

    if (f)
        fclose(f);
    if (got)
        got[strcspn(got, "\n")] = '\0';
    return got && got[0] ? got : NULL;
}

static void caught_up(void *userdata, struct source *s)
{
    struct dump *d = userdata;

    (void)s;
    fflush(stdout);
    fprintf(stderr, "caught up\n");
    if (d->end)
        sd_event_exit(d->event, 0);
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
    struct dump *d = userdata;

    (void)s;
    if (si->ssi_signo != SIGUSR1)
        return sd_event_exit(d->event, 0);
    write_mark(d);
    return 0;
}

int main(int argc, char **argv)
{
    struct dump d = {.not_after = USEC_FOREVER};
    struct source_options o = {.filters = 1, .record = print_record, .caught_up = caught_up, .userdata = &d};
    struct str literals[LITERALS_MAX];
    struct literals *compiled = NULL;
    struct source_journal_match matches[8];
    size_t n_literals = 0, n_matches = 0;
    const char *pattern = NULL;
    bool journal = false;
    int c, r;

    while ((c = getopt(argc, argv, "m:n:es:l:qf:jM:")) != -1) {
        switch (c) {
        case 'm':
            d.mark_file = optarg;
            break;
        case 'n':
            d.not_after = (usec_t)(strtod(optarg, NULL) * 1e6);
            break;
        case 'e':
            d.end = true;
            break;
        case 's':
            o.since = (usec_t)(strtod(optarg, NULL) * 1e6);
            break;
        case 'l':
            literals[n_literals++] = str_of(optarg);
            break;
        case 'q':
            d.quiet = true;
            break;
        case 'f':
            pattern = optarg;
            break;
        case 'M': // of filter 0, 1, ...
            matches[n_matches] = (struct source_journal_match){UINT64_C(1) << n_matches, optarg};
            n_matches++;
            break;
        case 'j':
            journal = true;
            break;
        default:
            return 2;
        }
        if (n_literals == LITERALS_MAX || n_matches == 8)
            return 2;
    }
    if (!pattern == !journal)
        return 2;
    static char buffer[1 << 20];
    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    if (n_literals && literals_new(literals, n_literals, &compiled) < 0)
        return 1;
    o.literals = compiled;
    o.mark = read_mark(d.mark_file);

    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGUSR1);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    if (sd_event_new(&d.event) < 0)
        return 1;
    sd_event_add_signal(d.event, NULL, SIGTERM, on_signal, &d);
    sd_event_add_signal(d.event, NULL, SIGINT, on_signal, &d);
    sd_event_add_signal(d.event, NULL, SIGUSR1, on_signal, &d);
    o.event = d.event;
    if (n_matches == 0)
        matches[n_matches++] = (struct source_journal_match){1, ""};
    r = pattern ? source_new_logfile(pattern, &o, &d.source)
                : source_new_journal(optind < argc ? argv[optind] : NULL, matches, n_matches, &o, &d.source);
    if (r < 0) {
        fprintf(stderr, "%s\n", strerror(-r));
        return 1;
    }
    sd_event_loop(d.event);
    write_mark(&d);

    struct source_status st;
    source_status(d.source, &st);
    fprintf(stderr,
            "lines=%" PRIu64 " records=%" PRIu64 " bytes=%" PRIu64 " truncated=%" PRIu64 " no_header=%" PRIu64
            " skipped=%" PRIu64 " rotations=%" PRIu64 " behind=%" PRIu64 " problem=%s\n",
            st.lines, st.records, st.bytes, st.truncated, st.no_header, st.skipped, st.rotations, st.behind,
            st.problem);
    source_free(d.source);
    sd_event_unref(d.event);
    literals_free(compiled);
    fflush(stdout);
    return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban status: what the service reads, counts and enforces.
#include <limits.h>
#include <string.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "cli/output.h"
#include "cli/verbs.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static long long number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void say(bool colours, const char *label, bool good, const char *text)
{
    printf("%-10s ", label);
    output_styled(stdout, colours, good ? STYLE_GREEN : STYLE_RED, text);
    putchar('\n');
}

// Who took hook or entries away last, and for how long that was.
static void print_repair(const json_t *e)
{
    const json_t *r = json_object_get(e, "last_repair");
    const char *culprit = text_of(r, "culprit");
    char when[TIME_STRLEN];

    if (!json_is_object(r))
        return;
    printf("%-10s last repair %s: %s, taken away by %s", "", time_format(number_of(r, "time") * USEC_SEC, false, when),
           text_of(r, "what"), *culprit ? culprit : "an unknown program");
    if (strcmp(text_of(r, "what"), "hook") == 0)
        printf(", missing for %.0f ms", json_number_value(json_object_get(r, "missing")) * 1000);
    if (number_of(e, "put_off"))
        printf("; %lld put off", number_of(e, "put_off"));
    putchar('\n');
}

static void print_enforcer(const json_t *e, bool observe, bool colours)
{
    char text[300];

    if (observe) {
        say(colours, "enforcer", false, "none: only observing, nobody is blocked");
        return;
    }
    if (!json_is_true(json_object_get(e, "connected"))) {
        say(colours, "enforcer", false, "not reachable: bans reach the kernel when it is back");
        return;
    }
    const char *problem = text_of(e, "problem");
    bool hooked = json_is_true(json_object_get(e, "hooked"));
    snprintf(text, sizeof(text), "%s, %s, %lld in the kernel", text_of(e, "backend"), hooked ? "hooked" : "not hooked",
             number_of(e, "entries"));
    say(colours, "enforcer", hooked && !*problem, text);
    if (*problem)
        say(colours, "", false, problem);
    printf("%-10s %lld banned, %lld unbanned, %lld refused, %lld failed, %lld repairs\n", "", number_of(e, "bans"),
           number_of(e, "unbans"), number_of(e, "refused"), number_of(e, "failed"), number_of(e, "repairs"));
    print_repair(e);
}

static void print_jails(const json_t *jails, bool colours)
{
    size_t i;
    const json_t *j;
    char text[1200];

    json_array_foreach((json_t *)jails, i, j)
    {
        const char *problem = text_of(j, "problem");
        printf("%-10s %s: filter %s, maxretry %lld in %lld s%s\n", i ? "" : "jails", text_of(j, "name"),
               text_of(j, "filter"), number_of(j, "maxretry"), number_of(j, "findtime"),
               json_is_true(json_object_get(j, "observe")) ? ", observing only" : "");
        snprintf(text, sizeof(text), "%s is not watched: %s", text_of(j, "name"), problem);
        if (*problem)
            say(colours, "", false, text);
    }
}

static void print_filters(const json_t *filters)
{
    size_t i;
    const json_t *f;

    json_array_foreach((json_t *)filters, i, f)
    {
        const char *every = text_of(f, "sees_every_line");
        printf("%-10s %s (%s): ", i ? "" : "filters", text_of(f, "filter"), text_of(f, "source"));
        if (*every)
            printf("sees every line because %s", every);
        else
            printf("gated by %lld text%s", number_of(f, "texts"), number_of(f, "texts") == 1 ? "" : "s");
        if (number_of(f, "interpreted"))
            printf(", JIT off for %lld patterns", number_of(f, "interpreted"));
        else
            fputs(", JIT on", stdout);
        if (number_of(f, "limit_hits") || number_of(f, "sessions_dropped"))
            printf("; %lld limit hits, %lld sessions dropped", number_of(f, "limit_hits"),
                   number_of(f, "sessions_dropped"));
        putchar('\n');
    }
}

static void print_connguard(const json_t *g, bool colours)
{
    const char *mode = text_of(g, "mode"), *problem = text_of(g, "problem");
    char text[200];

    if (strcmp(mode, "off") == 0) {
        printf("%-10s off (silent_timeout = 0)\n", "connguard");
        return;
    }
    if (!json_is_true(json_object_get(g, "running"))) {
        say(colours, "connguard", false, "does not run: one silent connection can hold up all logins");
        return;
    }
    bool ends = strcmp(mode, "ends") == 0;
    snprintf(text, sizeof(text), "%s connections that are silent for %.0f s%s: %lld %s", ends ? "ends" : "reports",
             json_number_value(json_object_get(g, "timeout")),
             strcmp(mode, "reports") == 0 ? ", for this kernel cannot end them" : "",
             number_of(g, ends ? "ended" : "told"), ends ? "ended" : "told of");
    say(colours, "connguard", ends, text);
    if (*problem) {
        snprintf(text, sizeof(text), "nothing wakes it, it looks twice a second: %s", problem);
        say(colours, "", false, text);
    }
    if (number_of(g, "unsaid") || number_of(g, "overflow"))
        printf("%-10s %lld not logged, %lld too many to remember\n", "", number_of(g, "unsaid"), number_of(g, "overflow"));
}

static void print_sources(const json_t *sources, bool colours)
{
    size_t i;
    const json_t *s;

    json_array_foreach((json_t *)sources, i, s)
    {
        const char *problem = text_of(s, "problem");
        char last[TIME_STRLEN] = "no record yet";
        if (number_of(s, "last"))
            time_format(number_of(s, "last") * USEC_SEC, false, last);
        printf("%-10s %s: %lld lines, %lld records, newest %s\n", i ? "" : "sources", text_of(s, "name"),
               number_of(s, "lines"), number_of(s, "records"), last);
        if (number_of(s, "skipped") || number_of(s, "truncated") || number_of(s, "no_header"))
            printf("%-10s lost %lld, cut %lld, without header %lld\n", "", number_of(s, "skipped"),
                   number_of(s, "truncated"), number_of(s, "no_header"));
        double seconds = json_number_value(json_object_get(s, "behind_seconds"));
        if (number_of(s, "behind") || seconds > 0) {
            char text[100];
            snprintf(text, sizeof(text), "behind by %lld bytes; reads what was written %.1f s ago", number_of(s, "behind"),
                     seconds);
            say(colours, "", false, text);
        }
        if (*problem)
            say(colours, "", false, problem);
    }
}

// own 3, gateway 192.0.2.1, dns 192.0.2.2 192.0.2.3, admins none; 4 bans not made
static void print_spare(const json_t *spare, const json_t *counters, bool colours)
{
    const char *name, *between = "";
    const json_t *one, *address;
    size_t i;

    printf("%-10s ", "spared");
    json_object_foreach((json_t *)spare, name, one) {
        const json_t *addresses = json_object_get(one, "addresses");
        if (!json_is_object(one))
            continue;
        printf("%s%s", between, name);
        between = ", ";
        if (!json_is_true(json_object_get(one, "spared")))
            output_styled(stdout, colours, STYLE_RED, " not spared");
        else if (number_of(one, "known") == 0)
            fputs(" none", stdout);
        else if (number_of(one, "known") > 4)
            printf(" %lld", number_of(one, "known"));
        else
            json_array_foreach(addresses, i, address)
                printf(" %s", json_string_value(address));
    }
    printf("; %lld bans not made\n", number_of(counters, "spared"));
}

// Nothing, or what is far more than usual.
static void print_surges(const json_t *surges, bool colours)
{
    const char *mib = "bytes";
    unsigned learning = 0, days = UINT_MAX;
    char text[200], when[TIME_STRLEN];
    const json_t *g;
    bool any = false;
    size_t i;

    json_array_foreach((json_t *)surges, i, g) {
        double unit = strcmp(text_of(g, "name"), mib) == 0 ? 1024 * 1024 : 1;
        learning += json_is_true(json_object_get(g, "learning"));
        days = number_of(g, "days") < days ? (unsigned)number_of(g, "days") : days;
        if (!json_is_true(json_object_get(g, "surge")))
            continue;
        snprintf(text, sizeof(text), "of %s since %s: up to %.0f%s in a minute, where %.0f is much", text_of(g, "name"),
                 time_format(number_of(g, "since") * USEC_SEC, false, when), (double)number_of(g, "most") / unit,
                 unit > 1 ? " MiB" : "", (double)number_of(g, "limit") / unit);
        say(colours, any ? "" : "surge", false, text);
        any = true;
    }
    if (!any && json_array_size(surges) == 0)
        printf("%-10s not looked for (surge = 0)\n", "surge");
    else if (!any && learning > 0)
        printf("%-10s learning what is usual at this hour, %u of 7 days\n", "surge", days);
    else if (!any)
        printf("%-10s none\n", "surge");
}

static void print_counters(const json_t *c)
{
    const char *key;
    const json_t *v;
    size_t width = 11;

    printf("%-10s", "counts");
    json_object_foreach((json_t *)c, key, v)
    {
        char one[80];
        size_t n = (size_t)snprintf(one, sizeof(one), " %s %" JSON_INTEGER_FORMAT, key, json_integer_value(v));
        if (width + n > 100) {
            printf("\n%-10s", "");
            width = 11;
        }
        width += n;
        fputs(one, stdout);
    }
    putchar('\n');
}

static void print_status(const json_t *s)
{
    bool colours = output_colours(stdout), observe = strcmp(text_of(s, "mode"), "observe") == 0;
    const json_t *locks = json_object_get(s, "locks");
    char text[RELATIVE_STRLEN];

    printf("%-10s pptpband %s, pid %lld, running for %s\n", "service", text_of(s, "program"), number_of(s, "pid"),
           output_left(clock_realtime() - number_of(s, "since") * USEC_SEC, text));
    printf("%-10s %lld", "bans", number_of(s, "bans"));
    if (number_of(s, "observed"))
        printf(", and %lld that jails which only observe would have made (pptpban list --observed)", number_of(s, "observed"));
    putchar('\n');
    print_enforcer(json_object_get(s, "enforcer"), observe, colours);
    if (!observe)
        print_connguard(json_object_get(s, "connguard"), colours);
    print_jails(json_object_get(s, "jails"), colours);
    print_filters(json_object_get(s, "filters"));
    print_sources(json_object_get(s, "sources"), colours);
    if (json_is_object(json_object_get(s, "spare"))) // a service of an earlier version has none
        print_spare(json_object_get(s, "spare"), json_object_get(s, "engine"), colours);
    if (json_is_array(json_object_get(s, "surges")))
        print_surges(json_object_get(s, "surges"), colours);
    print_counters(json_object_get(s, "engine"));
    const char *problem = text_of(s, "state");
    if (*problem)
        say(colours, "state", false, problem);
    problem = text_of(json_object_get(s, "countries"), "problem");
    if (*problem)
        say(colours, "countries", false, problem);
    printf("%-10s landlock %s, seccomp %s, no writable code: %s\n", "locks", text_of(locks, "landlock"),
           text_of(locks, "seccomp"), text_of(locks, "mdwe"));
}

int verb_status(int argc, char **argv)
{
    struct args a;
    json_t *answer;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    code = client_call(&a, json_pack("{s:s}", "verb", "status"), &answer);
    if (code != EXIT_DONE)
        return code;
    json_object_del(answer, "ok");
    if (a.given & ARG_JSON) {
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        print_status(answer);
    }
    json_decref(answer);
    return EXIT_DONE;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban why ADDR: the lines, the windows, the decision and the kernel's view of one address.
#include <string.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/why.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static long long number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

// "maxretry.country RU:2, schedule night"
static void print_threshold(FILE *out, const json_t *w, long long max)
{
    const char *rule = text_of(w, "rule"), *country = text_of(w, "country"), *schedule = text_of(w, "schedule");

    fprintf(out, "%s ", *rule ? rule : "maxretry");
    if (strcmp(rule, "maxretry.country") == 0)
        fprintf(out, "%s:", *country ? country : "other");
    fprintf(out, "%lld%s%s", max, *schedule ? ", schedule " : "", schedule);
}

static void print_ban(FILE *out, const json_t *answer, const json_t *ban, bool colours)
{
    char since[TIME_STRLEN], until[TIME_STRLEN], left[RELATIVE_STRLEN], found[DURATION_STRLEN];
    const json_t *end = json_object_get(ban, "until");

    output_styled(out, colours, STYLE_BOLD, text_of(answer, "addr"));
    if (!json_is_object(ban)) {
        fputs(" is not banned\n", out);
        return;
    }
    fputs(" is ", out);
    output_styled(out, colours, STYLE_RED, "banned");
    fprintf(out, " by %s since %s", text_of(ban, "jail"), time_format(number_of(ban, "since") * USEC_SEC, false, since));
    if (json_is_integer(end))
        fprintf(out, ", ends in %s (%s)\n", output_left(json_integer_value(end) * USEC_SEC - clock_realtime(), left),
               time_format(json_integer_value(end) * USEC_SEC, false, until));
    else
        fputs(", until you unban it\n", out);
    if (strcmp(text_of(ban, "addr"), text_of(answer, "addr")) != 0)
        fprintf(out, "  network    %s\n", text_of(ban, "addr"));
    fprintf(out, "  decision   ");
    if (json_is_true(json_object_get(ban, "network")))
        fprintf(out, "%lld of its addresses were banned", number_of(ban, "count"));
    else if (json_is_true(json_object_get(ban, "by_account")))
        fprintf(out, "%lld failures within %s as accounts that many addresses try", number_of(ban, "count"),
               duration_format(number_of(ban, "findtime") * USEC_SEC, found));
    else if (number_of(ban, "maxretry")) {
        fprintf(out, "%lld failures (", number_of(ban, "count"));
        print_threshold(out, ban, number_of(ban, "maxretry"));
        fprintf(out, " within %s)", duration_format(number_of(ban, "findtime") * USEC_SEC, found));
    } else
        fprintf(out, "by hand");
    fprintf(out, "; ban number %lld of this network\n", number_of(ban, "times"));
}

static void print_observed(FILE *out, const json_t *would)
{
    char since[TIME_STRLEN];

    if (json_is_object(would))
        fprintf(out, "  observed   jail %s only observes: it would have banned it at %s, after %lld failures\n", text_of(would, "jail"),
               time_format(number_of(would, "since") * USEC_SEC, false, since), number_of(would, "count"));
}

static void print_kernel(FILE *out, const json_t *k)
{
    char left[RELATIVE_STRLEN];

    if (*text_of(k, "error"))
        fprintf(out, "  kernel     unknown: %s\n", text_of(k, "error"));
    else if (!json_is_true(json_object_get(k, "present")))
        fputs("  kernel     not in the set\n", out);
    else {
        const json_t *l = json_object_get(k, "left");
        fprintf(out, "  kernel     in the set, timeout %s, %lld packets (%lld bytes) dropped\n",
               output_left(json_is_integer(l) ? json_integer_value(l) * USEC_SEC : USEC_FOREVER, left),
               number_of(k, "packets"), number_of(k, "bytes"));
    }
}

static void print_spared(FILE *out, const json_t *spared)
{
    if (json_is_object(spared))
        fprintf(out, "  spared     %s (spare = %s): failures count, and ban nobody\n", text_of(spared, "reason"), text_of(spared, "by"));
}

// What was seen of the address and counts in no jail.
static void print_uncounted(FILE *out, const json_t *uncounted)
{
    const char *class, *between = "  uncounted  ";
    const json_t *n;

    json_object_foreach((json_t *)uncounted, class, n) {
        fprintf(out, "%s%lld %s", between, json_integer_value(n), class);
        between = ", ";
    }
    if (json_object_size(uncounted) > 0)
        fputs(" (without weight in any jail)\n", out);
}

// What keeps its network from being banned as a whole, or how far that is; who led to it when it was.
static void print_network(FILE *out, const json_t *n)
{
    const json_t *kept = json_object_get(n, "kept"), *addresses = json_object_get(n, "addresses"), *a;
    long long count = number_of(n, "count"), needed = number_of(n, "aggregate");
    bool banned = json_is_integer(json_object_get(n, "since"));
    char when[TIME_STRLEN], span[DURATION_STRLEN];
    size_t i;

    fprintf(out, "  network    %s by %s: ", text_of(n, "net"), text_of(n, "jail"));
    if (banned)
        fprintf(out, "banned as a whole since %s because of\n", time_format(number_of(n, "since") * USEC_SEC, false, when));
    else
        fprintf(out, "%lld of %lld banned addresses within %s\n", count, needed,
               duration_format(number_of(n, "findtime") * USEC_SEC, span));
    if (!banned && json_is_object(kept))
        fprintf(out, "               not banned as a whole at %s: %s: %s\n", time_format(number_of(kept, "time") * USEC_SEC, false, when),
               text_of(kept, "addr"), text_of(kept, "reason"));
    json_array_foreach((json_t *)addresses, i, a)
        fprintf(out, "               %s  %s\n", time_format(number_of(a, "time") * USEC_SEC, false, when), text_of(a, "addr"));
}

// How long the next ban would last, after those of before.
static void print_history(FILE *out, const json_t *w)
{
    const json_t *next = json_object_get(w, "next"), *decay = json_object_get(w, "decay");
    long long previous = number_of(w, "previous");
    char text[DURATION_STRLEN];

    if (previous == 0)
        return;
    fprintf(out, "             banned %lld time%s before", previous, previous == 1 ? "" : "s");
    if (json_is_integer(decay))
        fprintf(out, " (one is forgotten after each %s without)", duration_format(json_integer_value(decay) * USEC_SEC, text));
    fprintf(out, ": the next ban lasts %s\n",
            duration_format(json_is_integer(next) ? json_integer_value(next) * USEC_SEC : USEC_FOREVER, text));
}

// A jail that goes by account.
static void print_accounts(FILE *out, const json_t *w)
{
    const json_t *accounts = json_object_get(w, "accounts"), *a;
    char found[DURATION_STRLEN], when[TIME_STRLEN];
    size_t i;

    fprintf(out, "  window     %s: %lld of %lld within %s, as accounts that %lld addresses or more try", text_of(w, "jail"), number_of(w, "count"),
           number_of(w, "maxretry"), duration_format(number_of(w, "findtime") * USEC_SEC, found), number_of(w, "addresses"));
    fputs(json_is_true(json_object_get(w, "ignored")) ? "; on the allowlist, never banned\n" : "\n", out);
    json_array_foreach((json_t *)accounts, i, a)
        fprintf(out, "             account %s was tried from %lld address%s; this one %lld time%s\n", text_of(a, "account"),
               number_of(a, "addresses"), number_of(a, "addresses") == 1 ? "" : "es", number_of(a, "count"),
               number_of(a, "count") == 1 ? "" : "s");
    if (json_is_integer(json_object_get(w, "guest")))
        fprintf(out, "             somebody logged in well from there at %s: not banned for this within 30 days of it\n",
               time_format(number_of(w, "guest") * USEC_SEC, false, when));
}

// How far from a ban, in words: what is counted, what holds for this address and why, when it gets better by itself.
static void print_window(FILE *out, const json_t *w, bool banned)
{
    const json_t *unknown = json_object_get(w, "unknown");
    long long count = number_of(w, "count"), more = number_of(w, "more"), left;
    char found[DURATION_STRLEN], when[TIME_STRLEN], span[RELATIVE_STRLEN];

    fprintf(out, "  window     %s: %lld of %lld within %s (", text_of(w, "jail"), count, number_of(w, "maxretry"),
           duration_format(number_of(w, "findtime") * USEC_SEC, found));
    print_threshold(out, w, number_of(w, "threshold"));
    fputs(")", out);
    if (json_is_true(json_object_get(w, "ignored"))) {
        fputs("; on the allowlist, never banned\n", out);
        return;
    }
    putc('\n', out);
    if (json_is_object(unknown))
        fprintf(out, "             %lld of %lld as accounts that nobody has logged in as (maxretry.unknown)\n", number_of(unknown, "count"),
               number_of(unknown, "threshold"));
    if (json_is_true(json_object_get(w, "learning")))
        fputs("             maxretry.unknown does not hold yet: too little is known of who logs in\n", out);
    if (json_is_integer(json_object_get(w, "trusted_until")))
        fprintf(out, "             trusted until %s: somebody logged in well from there\n",
               time_format(number_of(w, "trusted_until") * USEC_SEC, false, when));
    if (*text_of(w, "country"))
        fprintf(out, "             in the country %s\n", text_of(w, "country"));
    if (banned || more <= 0)
        return;
    const char *would = strcmp(text_of(w, "mode"), "observe") == 0 ? "be told (mode = observe)" : "ban";
    const char *as = strcmp(text_of(w, "nearest"), "maxretry.unknown") == 0 ? " as such accounts" : "";
    if (!json_is_integer(json_object_get(w, "leaves"))) {
        fprintf(out, "             %lld%s%s within %s would %s\n", more, count > 0 ? " more" : "", as, found, would);
        return;
    }
    left = number_of(w, "leaves") - clock_realtime() / USEC_SEC;
    fprintf(out, "             %lld more%s within %s would %s; the oldest is of %s\n", more, as,
           output_left((left > 0 ? left : 0) * USEC_SEC, span), would,
           time_format((number_of(w, "leaves") - number_of(w, "findtime")) * USEC_SEC, false, when));
}

void why_print(const json_t *answer, FILE *out)
{
    const json_t *ban = json_object_get(answer, "ban"), *windows = json_object_get(answer, "windows"), *w;
    const json_t *lines = json_object_get(answer, "evidence"), *e;
    bool colours = output_colours(out);
    size_t i;

    print_ban(out, answer, ban, colours);
    print_observed(out, json_object_get(answer, "observed"));
    if (json_is_object(json_object_get(answer, "kernel")))
        print_kernel(out, json_object_get(answer, "kernel"));
    json_array_foreach((json_t *)windows, i, w) {
        if (json_is_array(json_object_get(w, "accounts")))
            print_accounts(out, w);
        else
            print_window(out, w, json_is_object(ban));
        print_history(out, w);
    }
    json_array_foreach((json_t *)json_object_get(answer, "networks"), i, w)
        print_network(out, w);
    print_spared(out, json_object_get(answer, "spared"));
    print_uncounted(out, json_object_get(answer, "uncounted"));
    if (json_array_size(lines) == 0) {
        fputs("  evidence   none\n", out);
        return;
    }
    fputs("  evidence\n", out);
    json_array_foreach((json_t *)lines, i, e) {
        char when[TIME_STRLEN];
        fprintf(out, "    %s  %s %s (%s)", time_format(number_of(e, "time") * USEC_SEC, false, when), text_of(e, "jail"),
               text_of(e, "class"), text_of(e, "origin"));
        fprintf(out, "%s%s%s\n      ", *text_of(e, "user") ? "  user \"" : "", text_of(e, "user"), *text_of(e, "user") ? "\"" : "");
        output_styled(out, colours, STYLE_DIM, text_of(e, "line"));
        putc('\n', out);
    }
}

int verb_why(int argc, char **argv)
{
    struct args a;
    json_t *answer;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    code = client_call(&a, json_pack("{s:s,s:s}", "verb", "why", "net", a.rest[0]), &answer);
    if (code != EXIT_DONE)
        return code;
    json_object_del(answer, "ok");
    if (a.given & ARG_JSON) {
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        why_print(answer, stdout);
    }
    code = json_is_object(json_object_get(answer, "ban")) ? EXIT_DONE : EXIT_NOTHING;
    json_decref(answer);
    return code;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban firewall status: what is applied, what waits, and what it counted. Changes nothing.
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/exit.h"
#include "cli/firewall.h"
#include "cli/output.h"
#include "firewall/rollback.h"

enum { COUNTERS_MAX = 128 };

struct state {
    bool planned; // false: the configuration cannot be carried out now, and of plan only the kernel's side is known
    struct fw_plan plan;
    struct fw_ruleset good; // what was confirmed last; revision "" : none
    bool waits;
    struct fw_pending pending;
    char outcome[256];
    struct fw_counter counter[COUNTERS_MAX];
    size_t n_counters;
};

// Without a database, say, no plan can be made; what is in the kernel can be shown all the same.
static bool look_without_plan(struct firewall *f, struct fw_plan *p)
{
    struct fw_error error = {""};
    char *listing = NULL, path[FW_PATH_MAX];

    if (fw_ruleset_load(fw_place(&f->places, FW_INSTALLED, path), &p->installed) == 0)
        p->wanted.tool = p->installed.tool;
    else if (fw_tool_choose((enum fw_backend)f->config->firewall.backend, &p->wanted.tool, &error) < 0)
        return false;
    if (fw_kernel_of(p->wanted.tool)->list(p->wanted.tool, false, &listing, &error) < 0)
        return false;
    fw_revision_of(listing, p->revision);
    if (!*p->revision || strcmp(p->revision, p->installed.revision) != 0 ||
        fw_listing_complete(&p->installed, listing, p->missing))
        p->missing[0] = '\0';
    free(listing);
    return true;
}

static bool look(struct firewall *f, struct state *s)
{
    struct fw_error error = {""};
    char *listing = NULL, path[FW_PATH_MAX];

    s->planned = firewall_make_plan(f, &s->plan);
    if (!s->planned && !look_without_plan(f, &s->plan))
        return false;
    fw_ruleset_load(fw_place(&f->places, FW_LAST_GOOD, path), &s->good);
    s->waits = fw_pending_read(&f->places, &s->pending) != -ENOENT;
    fw_outcome(&f->places, s->outcome);
    if (fw_kernel_of(s->plan.wanted.tool)->list(s->plan.wanted.tool, true, &listing, &error) == 0)
        s->n_counters = fw_counters_of(listing, s->counter, COUNTERS_MAX);
    free(listing);
    return true;
}

static long long left(const struct state *s)
{
    long long seconds = s->pending.deadline - fw_boottime();

    return seconds > 0 ? seconds : 0;
}

static const char *summary(const struct state *s)
{
    const struct fw_plan *p = &s->plan;

    return s->waits                                         ? "waits for confirmation"
           : !*p->revision                                  ? "not applied"
           : *p->missing                                    ? "altered by somebody else"
           : !s->planned                                    ? "applied, but the configuration cannot be carried out"
           : strcmp(p->revision, p->wanted.revision) != 0   ? "applied, but the configuration has changed"
           : strcmp(p->revision, s->good.revision) != 0     ? "applied, never confirmed"
                                                            : "applied and confirmed";
}

static void print_json(const struct state *s)
{
    json_t *counters = json_object();
    json_t *root = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s}", "version", 1, "state", summary(s), "backend",
                             fw_tool_names[s->plan.wanted.tool], "revision", s->plan.revision, "wanted",
                             s->plan.wanted.revision, "confirmed", s->good.revision, "missing", s->plan.missing,
                             "both_kinds", s->plan.both_kinds, "last", s->outcome);

    if (s->waits)
        json_object_set_new(root, "seconds_left", json_integer(left(s)));
    for (size_t i = 0; i < s->n_counters; i++)
        json_object_set_new(counters, s->counter[i].id, json_pack("{s:I, s:I}", "packets", (json_int_t)s->counter[i].packets,
                                                                  "bytes", (json_int_t)s->counter[i].bytes));
    json_object_set_new(root, "rules", counters);
    json_dumpf(root, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(root);
}

static void print_plain(const struct state *s)
{
    bool colours = output_colours(stdout);
    bool good = strcmp(summary(s), "applied and confirmed") == 0;

    printf("%-10s ", "ruleset");
    output_styled(stdout, colours, good ? STYLE_GREEN : s->waits ? STYLE_YELLOW : STYLE_RED, summary(s));
    printf(" (%s%s%s)\n", fw_tool_names[s->plan.wanted.tool], *s->plan.revision ? " " : "", s->plan.revision);
    if (s->waits)
        printf("%-10s taken back in %lld s; pptpban firewall confirm in a new session keeps it\n", "", left(s));
    if (*s->plan.missing)
        printf("%-10s %s is not as it was applied; pptpban firewall apply mends it\n", "", s->plan.missing);
    if (*s->outcome)
        printf("%-10s last change: %s\n", "", s->outcome);
    if (s->plan.both_kinds)
        printf("%-10s rules of iptables-legacy and of nftables are both there: the stricter wins\n", "");
    for (size_t i = 0; i < s->n_counters; i++)
        if (s->counter[i].packets > 0)
            printf("%-10s %-22s %12llu packets %14llu bytes\n", i == 0 ? "counted" : "", s->counter[i].id,
                   s->counter[i].packets, s->counter[i].bytes);
}

int firewall_status(int argc, char **argv)
{
    struct state *s = calloc(1, sizeof(*s));
    struct firewall f;
    int code = EXIT_FAILED;

    if (!s || !firewall_begin(argc, argv, false, &f, &code)) {
        free(s);
        return code;
    }
    code = EXIT_FAILED;
    if (look(&f, s)) {
        if (f.args.given & ARG_JSON)
            print_json(s);
        else
            print_plain(s);
        code = !s->planned ? EXIT_FAILED : s->waits ? EXIT_WAITS : *s->plan.revision ? EXIT_DONE : EXIT_NOTHING;
        fw_plan_free(&s->plan);
        fw_ruleset_free(&s->good);
    }
    free(s);
    firewall_end(&f);
    return code;
}

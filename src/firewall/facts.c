// SPDX-License-Identifier: GPL-2.0-or-later
// Asks configuration, zone, database and kernel, once each.
#include "firewall/facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "firewall/countries.h"

static bool file_has(const char *path, const char *text)
{
    char line[1024];
    bool found = false;
    FILE *f = fopen(path, "re");

    while (f && !found && fgets(line, sizeof(line), f))
        found = strstr(line, text) != NULL;
    if (f)
        fclose(f);
    return found;
}

bool fw_helper_available(void)
{
    static const char name[] = "nf_conntrack_pptp";
    static const char *const lists[] = {"modules.builtin", "modules.dep"};
    struct utsname kernel;
    char path[256];

    if (file_has("/proc/modules", name) || uname(&kernel) < 0)
        return file_has("/proc/modules", name);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        snprintf(path, sizeof(path), "/lib/modules/%s/%s", kernel.release, lists[i]);
        if (file_has(path, name))
            return true;
    }
    // A kernel without module files says itself whether it takes one (nothing is left of the question).
    const char *args[] = {"nft", "-c", "-f", "-", NULL};
    static const char question[] = "table inet pptpban_question { ct helper pptp { type \"pptp\" protocol tcp; }; }\n";
    struct fw_error ignored;
    return fw_program(args, question, NULL, &ignored) == 0;
}

static int gather_allowlist(const struct config *c, struct fw_networks *ret)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < c->n_jails; i++)
        r = fw_networks_add(ret, c->jails[i].ignoreip.v, c->jails[i].ignoreip.n);
    ret->n = fw_aggregate(ret->v, ret->n);
    return r;
}

static int gather_countries(const struct firewall_config *c, struct fw_networks *ret, struct fw_error *error)
{
    const struct strlist *codes = c->allow_countries.n > 0 ? &c->allow_countries : &c->deny_countries;

    return codes->n > 0 ? fw_countries_networks(c->database, codes, ret, error) : 0;
}

static int gather_windows(const struct firewall_config *c, time_t now, struct fw_windows *ret, struct fw_error *error)
{
    int r = c->open.n > 0 ? fw_windows_make(&c->open, c->timezone, now, ret) : 0;

    if (r == -ENOENT)
        snprintf(error->text, sizeof(error->text), "timezone = %s: not in /usr/share/zoneinfo", c->timezone);
    else if (r == -E2BIG)
        snprintf(error->text, sizeof(error->text), "open: too many times for one ruleset");
    return r;
}

int fw_facts_gather(const struct config *config, time_t now, struct fw_gathered *ret, struct fw_error *error)
{
    const struct firewall_config *c = &config->firewall;
    struct fw_gathered g = {0};
    int r = gather_allowlist(config, &g.allowlist);

    if (r == 0)
        r = gather_windows(c, now, &g.windows, error);
    if (r == 0)
        r = gather_countries(c, &g.countries, error);
    if (r < 0) {
        fw_facts_free(&g);
        return r;
    }
    *ret = g;
    ret->facts = (struct fw_facts){
        .helper = c->gre == FW_GRE_AUTO && fw_helper_available(),
        .windows = c->open.n > 0 ? &ret->windows : NULL,
        .countries = g.countries.v,
        .n_countries = g.countries.n,
        .allowlist = g.allowlist.v,
        .n_allowlist = g.allowlist.n,
    };
    return 0;
}

void fw_facts_free(struct fw_gathered *g)
{
    fw_windows_free(&g->windows);
    free(g->allowlist.v);
    free(g->countries.v);
    *g = (struct fw_gathered){0};
}

// SPDX-License-Identifier: GPL-2.0-or-later
// The order in which a change is made: look, check, remember, arm the way back, change, look again.
#include "firewall/change.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firewall/marker.h"
#include "firewall/quiet.h"
#include "firewall/render.h"
#include "firewall/rollback.h"

enum {
    TUNNEL_SECONDS = 600,
    ADMIN_MARGIN = 60,
    UNCONFIRMED_SECONDS = 30, // until a change that needs no confirmation is taken back, if its maker died half way
};

// --- the plan

// The interface that holds an address of this machine; "" when none does.
static void interface_of(const struct addr *a, char buf[static IF_NAMESIZE])
{
    struct ifaddrs *all = NULL;

    buf[0] = '\0';
    if (getifaddrs(&all) < 0)
        return;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
        struct addr b;
        if (i->ifa_addr && addr_from_sockaddr(i->ifa_addr, &b) == 0 && addr_eq(a, &b))
            snprintf(buf, IF_NAMESIZE, "%s", i->ifa_name);
    }
    freeifaddrs(all);
}

// Would the session that this is run from get a new connection, once nobody is spared any more?
static void judge_session(const struct fw_model *model, struct fw_plan *p)
{
    static const enum fw_hook hooks[] = {FW_PRE, FW_INPUT};
    char interface[IF_NAMESIZE];

    p->has_session = fw_session_own(&p->session);
    if (!p->has_session)
        return;
    interface_of(&p->session.here, interface);
    for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]) && !p->cut.id; i++) {
        struct fw_packet packet = {.hook = hooks[i], .from = p->session.peer, .to = p->session.here, .in = interface,
                                   .protocol = FW_TCP, .port = p->session.port, .state = FW_NEW, .syn = true, .open = true};
        const struct fw_rule *r = fw_judge(model, &packet);
        if (r && r->action == FW_DROP)
            p->cut = *r;
    }
}

// A table of our name with rules that carry no revision: more than the line of the table, which a try that was cut short
// may have left.
static bool is_foreign(enum fw_tool tool, const char *listing, const char *revision)
{
    const char *first = strchr(listing, '\n');

    return tool == FW_TOOL_NFT && first && first[1] && !*revision;
}

static int refuse_foreign(struct fw_error *error)
{
    snprintf(error->text, sizeof(error->text), "there is a table inet %s that is not ours, as it carries no revision; "
             "\"nft delete table inet %s\", if nobody needs it, would make room", FW_NFT_TABLE, FW_NFT_TABLE);
    return -EEXIST;
}

static int look(struct fw_plan *p, struct fw_error *error)
{
    char *listing = NULL;
    int r = fw_kernel_of(p->wanted.tool)->list(p->wanted.tool, false, &listing, error);

    if (r < 0)
        return r;
    fw_revision_of(listing, p->revision);
    if (is_foreign(p->wanted.tool, listing, p->revision)) {
        free(listing);
        return refuse_foreign(error);
    }
    // whoever flushed our chains took the revision with the rest, or left it alone
    const struct fw_ruleset *there = strcmp(p->revision, p->wanted.revision) == 0 ? &p->wanted : &p->installed;
    if (*p->revision && strcmp(p->revision, there->revision) == 0 && fw_listing_complete(there, listing, p->missing))
        p->missing[0] = '\0';
    free(listing);
    return 0;
}

int fw_plan_make(const struct firewall_config *config, const struct fw_model *model, const struct fw_places *places,
                 struct fw_plan *ret, struct fw_error *error)
{
    struct fw_plan p = {.has_session = false};
    char path[FW_PATH_MAX];
    enum fw_tool tool;
    int r = fw_tool_choose((enum fw_backend)config->backend, &tool, error);

    if (r == 0)
        r = fw_ruleset_make(model, tool, &p.wanted);
    if (r < 0)
        return r;
    fw_ruleset_load(fw_place(places, FW_INSTALLED, path), &p.installed);
    if (*p.installed.revision && p.installed.tool != tool) {
        snprintf(error->text, sizeof(error->text), "the ruleset stands in %s, and would now go into %s; pptpban firewall "
                 "remove comes first", fw_tool_names[p.installed.tool], fw_tool_names[tool]);
        r = -EEXIST;
    } else {
        r = look(&p, error);
    }
    if (r < 0) {
        fw_plan_free(&p);
        return r;
    }
    p.both_kinds = fw_both_kinds();
    judge_session(model, &p);
    *ret = p;
    return 0;
}

void fw_plan_free(struct fw_plan *p)
{
    fw_ruleset_free(&p->wanted);
    fw_ruleset_free(&p->installed);
}

bool fw_plan_is_done(const struct fw_plan *p)
{
    return strcmp(p->revision, p->wanted.revision) == 0 && !*p->missing;
}

// --- apply

struct spared { // who must not be cut off
    struct fw_networks admins, tunnels;
};

static int find_spared(struct spared *s)
{
    int r = fw_peers_admins(&s->admins);

    return r == 0 ? fw_peers_tunnels(&s->tunnels) : r;
}

static void free_spared(struct spared *s)
{
    free(s->admins.v);
    free(s->tunnels.v);
}

// Applies and looks whether the kernel has it all.
static int apply_and_look(const struct fw_ruleset *rs, const struct fw_places *places, const struct fw_fill *fills, size_t n,
                          struct fw_error *error)
{
    const struct fw_kernel *k = fw_kernel_of(rs->tool);
    char *listing = NULL, missing[64], revision[FW_REVISION_LEN + 1];
    struct fw_quiet quiet;

    fw_marker_remove(places->guards);
    fw_quiet_begin(places->guards, rs->part[FW_PART_NFT], &quiet);
    int r = k->apply(rs, fills, n, error);
    fw_quiet_end(&quiet);
    if (r == 0)
        r = k->list(rs->tool, false, &listing, error);
    if (r < 0)
        return r;
    fw_revision_of(listing, revision);
    if (strcmp(revision, rs->revision) != 0 || !fw_listing_complete(rs, listing, missing)) {
        snprintf(error->text, sizeof(error->text), "the kernel does not have what it was given: %s is missing",
                 strcmp(revision, rs->revision) != 0 ? "the revision" : missing);
        r = -EIO;
    }
    free(listing);
    if (r == 0)
        (void)fw_marker_write(places->guards, rs->tool, false); // the guard makes repairs fast; refresh makes them in any case
    return r;
}

// The end of the wait lies between the two steps of becoming what the next start applies: whoever dies here leaves a
// ruleset that stands, and not one that is taken back and comes again. The guard takes the last step then, or whoever
// comes next (fw_pending_finish).
static int promote(const struct fw_ruleset *rs, const struct fw_places *places, const char *how, struct fw_error *error)
{
    char next[FW_PATH_MAX], path[FW_PATH_MAX], outcome[64];

    snprintf(outcome, sizeof(outcome), "confirmed %s%s", rs->revision, how);
    int r = fw_ruleset_save(rs, fw_place(places, FW_NEXT_GOOD, next));

    if (r == 0) {
        fw_pending_clear(places, outcome);
        if (rename(next, fw_place(places, FW_LAST_GOOD, path)) < 0)
            r = -errno;
    }
    if (r < 0)
        snprintf(error->text, sizeof(error->text), "%.900s: %s", next, strerror(-r));
    return r;
}

// Applies it with the guard armed.
static int change(const struct fw_plan *plan, const struct fw_places *places, const struct spared *spared, long long confirm,
                  const struct fw_before *before, struct fw_error *error)
{
    const struct fw_fill fills[] = {
        {FW_SET_ADMIN, spared->admins.v, confirm > 0 ? spared->admins.n : 0, (uint32_t)confirm + ADMIN_MARGIN},
        {FW_SET_TUNNELS, spared->tunnels.v, spared->tunnels.n, TUNNEL_SECONDS},
    };
    char path[FW_PATH_MAX];
    int r = apply_and_look(&plan->wanted, places, fills, sizeof(fills) / sizeof(fills[0]), error);

    if (r == 0 && confirm == 0)
        r = promote(&plan->wanted, places, " by --no-confirm", error);
    if (r == 0) {
        fw_ruleset_save(&plan->wanted, fw_place(places, FW_INSTALLED, path)); // for later differences only
        return 0;
    }
    struct fw_error second;
    fw_take_back(places, plan->wanted.tool, before, error->text, &second);
    return r;
}

static int arm(const struct fw_plan *plan, const struct fw_places *places, long long confirm, const struct config *config,
               const struct fw_before *before, struct fw_error *error)
{
    struct fw_pending pending = {.tool = plan->wanted.tool, .since = time(NULL),
                                 .deadline = fw_boottime() + (confirm > 0 ? confirm : UNCONFIRMED_SECONDS)};

    fw_session_text(pending.session);
    memcpy(pending.revision, plan->wanted.revision, sizeof(pending.revision));
    int r = fw_pending_write(places, &pending, before, &plan->wanted);
    if (r < 0)
        snprintf(error->text, sizeof(error->text), "%.900s: %s", places->run, strerror(-r));
    else
        r = fw_guard_arm(places, &pending, before, confirm > 0, config, error);
    if (r < 0)
        fw_pending_clear(places, "not applied: no way back");
    return r;
}

// What is there now, to be brought back: the ruleset that was applied last if the kernel has just that, else its listing.
static int find_before(const struct fw_plan *plan, struct fw_before *ret, struct fw_error *error)
{
    const struct fw_ruleset *was = &plan->installed;

    *ret = (struct fw_before){.snapshot = NULL};
    if (!*plan->revision || *plan->missing || strcmp(plan->revision, was->revision) != 0)
        return fw_kernel_of(plan->wanted.tool)->snapshot(plan->wanted.tool, &ret->snapshot, error);
    return fw_ruleset_copy(was, &ret->ruleset);
}

int fw_apply(const struct fw_plan *plan, const struct fw_places *places, long long confirm, const struct config *config,
             struct fw_error *error)
{
    struct spared spared = {.admins.n = 0};
    struct fw_before before = {.snapshot = NULL};
    int r = find_before(plan, &before, error);

    if (r == 0)
        r = find_spared(&spared);
    if (r == 0)
        r = arm(plan, places, confirm, config, &before, error);
    if (r == 0)
        r = change(plan, places, &spared, confirm, &before, error);
    free_spared(&spared);
    fw_before_free(&before);
    return r;
}

// --- confirm, restore, remove

int fw_confirm(const struct fw_places *places, const char *session, bool any_session, struct fw_error *error)
{
    struct fw_ruleset candidate;
    struct fw_pending pending;
    char path[FW_PATH_MAX];
    int r = fw_pending_read(places, &pending);

    if (r == -EBADMSG)
        snprintf(error->text, sizeof(error->text), "%.900s: damaged; pptpban firewall rollback, then apply",
                 fw_place(places, FW_PENDING, path));
    if (r < 0)
        return r;
    if (!any_session && *pending.session && strcmp(session, pending.session) == 0)
        return -EALREADY;
    r = fw_ruleset_load(fw_place(places, FW_CANDIDATE, path), &candidate);
    if (r < 0) {
        snprintf(error->text, sizeof(error->text), "%.900s: %s; it cannot be confirmed, and is taken back", path, strerror(-r));
        return -EIO;
    }
    r = promote(&candidate, places, "", error);
    fw_ruleset_free(&candidate);
    if (r < 0)
        return r;
    // who was spared while it waited is spared no longer
    struct fw_error ignored;
    fw_kernel_of(pending.tool)->fill(pending.tool, &(struct fw_fill){.set = FW_SET_ADMIN}, &ignored);
    return 0;
}

int fw_restore_last_good(const struct fw_places *places, struct fw_error *error)
{
    struct fw_networks tunnels = {NULL, 0};
    struct fw_ruleset good;
    char path[FW_PATH_MAX], missing[64], revision[FW_REVISION_LEN + 1], *listing = NULL;
    (void)fw_pending_finish(places);
    int r = fw_ruleset_load(fw_place(places, FW_LAST_GOOD, path), &good);

    if (r < 0) {
        snprintf(error->text, sizeof(error->text), "%.900s: %s", path,
                 r == -ENOENT   ? "nothing was confirmed yet"
                 : r == -EBADMSG ? "damaged; pptpban firewall apply makes it anew"
                                 : strerror(-r));
        return r;
    }
    r = fw_kernel_of(good.tool)->list(good.tool, false, &listing, error);
    if (r == 0) {
        fw_revision_of(listing, revision);
        r = strcmp(revision, good.revision) == 0 && fw_listing_complete(&good, listing, missing);
    }
    free(listing);
    if (r == 1)
        (void)fw_marker_write(places->guards, good.tool, true);
    if (r == 0)
        r = fw_peers_tunnels(&tunnels);
    if (r == 0) {
        const struct fw_fill fill = {FW_SET_TUNNELS, tunnels.v, tunnels.n, TUNNEL_SECONDS};
        r = apply_and_look(&good, places, &fill, 1, error);
        fw_ruleset_save(&good, fw_place(places, FW_INSTALLED, path));
    }
    free(tunnels.v);
    fw_ruleset_free(&good);
    return r;
}

int fw_remove(const struct fw_places *places, enum fw_tool tool, struct fw_error *error)
{
    struct fw_ruleset installed = {0};
    char path[FW_PATH_MAX], revision[FW_REVISION_LEN + 1], *listing = NULL;
    int r = fw_kernel_of(tool)->list(tool, false, &listing, error);

    if (r < 0)
        return r;
    fw_revision_of(listing, revision);
    fw_ruleset_load(fw_place(places, FW_INSTALLED, path), &installed);
    if (is_foreign(tool, listing, revision) && (!*installed.revision || installed.tool != tool))
        r = refuse_foreign(error);
    fw_ruleset_free(&installed);
    free(listing);
    if (r == 0) {
        fw_marker_remove(places->guards);
        r = fw_kernel_of(tool)->remove(tool, error);
    }
    if (r < 0)
        return r;
    fw_pending_clear(places, "removed"); // from here on nobody brings anything back
    unlink(fw_place(places, FW_LAST_GOOD, path));
    unlink(fw_place(places, FW_INSTALLED, path));
    return 0;
}

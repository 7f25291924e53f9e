// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban firewall plan, check, apply, confirm, rollback, remove, override: what changes the base ruleset, or
// says what would change.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/args.h"
#include "cli/exit.h"
#include "cli/firewall.h"
#include "cli/verbs.h"
#include "firewall/difference.h"
#include "firewall/probe.h"
#include "firewall/rollback.h"

static int complain(const struct fw_error *error, int r)
{
    fprintf(stderr, "error: %s\n", *error->text ? error->text : strerror(-r));
    return EXIT_FAILED;
}

// --- plan, check

static void print_difference(const struct fw_plan *p)
{
    for (enum fw_part part = 0; part < FW_PARTS; part++)
        if (p->wanted.part[part])
            fw_difference(p->installed.part[part] ? p->installed.part[part] : "", p->wanted.part[part], stdout);
}

static void print_session(const struct fw_plan *p)
{
    char peer[ADDR_STRLEN];

    if (!p->has_session)
        return;
    addr_format(&p->session.peer, peer);
    if (p->cut.id)
        printf("your session from %s to port %u would be CUT by the rule %s (%s)\n", peer, p->session.port, p->cut.id, p->cut.why);
    else
        printf("your session from %s to port %u goes on, and so do new ones\n", peer, p->session.port);
}

static void print_warnings(const struct firewall_config *c, const struct fw_plan *p)
{
    if (!c->enabled)
        fputs("warning: enabled = yes is not set in [firewall]: the next start of the machine would apply nothing\n", stderr);
    if (p->both_kinds)
        fputs("warning: this machine has rules of iptables-legacy and of nftables; every packet passes both, and the "
              "stricter wins\n", stderr);
    if (*p->missing)
        fprintf(stderr, "warning: somebody has taken %s out of the ruleset\n", p->missing);
}

static void print_way(const struct firewall_config *c)
{
    struct fw_way_report way;

    fw_probe(c, &way);
    if (way.way == FW_WAY_OPEN)
        printf("the rules of others let tcp/%u in: a packet passed a copy of them\n", c->port);
    else if (way.way == FW_WAY_UNKNOWN)
        fprintf(stderr, "warning: whether the rules of others let tcp/%u in is not known: %s\n", c->port, way.why);
    else
        fprintf(stderr, "warning: the rules of others DROP tcp/%u, and theirs win:\n", c->port);
    for (size_t i = 0; i < way.n; i++)
        fprintf(stderr, "  %s; this lets it in: %s\n", way.blocker[i].name, way.blocker[i].remedy);
}

int firewall_plan(int argc, char **argv)
{
    struct firewall f;
    struct fw_plan p;
    int code;

    if (!firewall_begin(argc, argv, false, &f, &code))
        return code;
    code = EXIT_FAILED;
    if (firewall_make_plan(&f, &p)) {
        print_warnings(&f.config->firewall, &p);
        if (!*p.revision && p.installed.part[FW_PART_NFT]) // it was flushed: all of it is new
            fw_ruleset_free(&p.installed);
        if (fw_plan_is_done(&p)) {
            printf("nothing to do: %s has ruleset %s\n", fw_tool_names[p.wanted.tool], p.revision);
        } else {
            printf("%s: ruleset %s would become %s\n", fw_tool_names[p.wanted.tool], *p.revision ? p.revision : "(none)",
                   p.wanted.revision);
            print_difference(&p);
        }
        print_session(&p);
        print_way(&f.config->firewall);
        code = fw_plan_is_done(&p) ? EXIT_NOTHING : EXIT_DONE;
        fw_plan_free(&p);
    }
    firewall_end(&f);
    return code;
}

int firewall_check(int argc, char **argv)
{
    struct fw_error error = {""};
    struct firewall f;
    struct fw_plan p;
    int code;

    if (!firewall_begin(argc, argv, false, &f, &code))
        return code;
    code = EXIT_FAILED;
    if (firewall_make_plan(&f, &p)) {
        int r = fw_kernel_of(p.wanted.tool)->check(&p.wanted, &error);
        print_warnings(&f.config->firewall, &p);
        print_session(&p);
        if (r == 0)
            printf("%s takes ruleset %s\n", fw_tool_names[p.wanted.tool], p.wanted.revision);
        code = r < 0 ? complain(&error, r) : p.cut.id ? EXIT_FAILED : EXIT_DONE;
        fw_plan_free(&p);
    }
    firewall_end(&f);
    return code;
}

// --- apply

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
    interrupted = signal;
}

static int end_of_wait(const struct fw_places *places)
{
    char outcome[256];

    fw_outcome(places, outcome);
    printf("%s\n", outcome);
    return strncmp(outcome, "confirmed", 9) == 0 ? EXIT_DONE : EXIT_BACK;
}

enum { GUARD_LATE = 20 }; // seconds: the guard has patience with whoever holds the lock

// Until it is confirmed or taken back, by whomever. Ctrl-C takes it back; any other end of this command does nothing,
// since the guard is another process.
static int wait_for_it(struct firewall *f)
{
    struct sigaction action = {.sa_handler = interrupt};
    struct fw_pending pending;
    struct fw_error error = {""};
    bool terminal = isatty(STDOUT_FILENO);

    sigaction(SIGINT, &action, NULL);
    while (fw_pending_read(&f->places, &pending) == 0 && !interrupted) {
        long long left = pending.deadline - fw_boottime();
        if (left < -GUARD_LATE && firewall_lock(f)) { // it was killed
            fw_roll_back_overdue(&f->places, &error);
            firewall_unlock(f);
        }
        if (terminal)
            printf("\rtaken back in %lld s unless confirmed (Ctrl-C: now)  ", left > 0 ? left : 0);
        fflush(stdout);
        usleep(250000);
    }
    if (terminal)
        putchar('\n');
    if (interrupted && firewall_lock(f)) {
        int r = fw_roll_back(&f->places, "interrupted", &error);
        if (r < 0 && r != -ENOENT)
            return complain(&error, r);
    }
    return end_of_wait(&f->places);
}

static bool may_apply(const struct fw_plan *p, bool force)
{
    if (!p->cut.id || force)
        return true;
    fputs("error: refused, since it would lock you out: ", stderr);
    fflush(stderr);
    print_session(p);
    fputs("admin_from in [firewall] is for the networks of administrators; --force applies it all the same\n", stderr);
    return false;
}

static long long confirm_seconds(const struct firewall *f)
{
    return f->args.given & ARG_NO_CONFIRM ? 0 : f->confirm / USEC_SEC;
}

static int apply(struct firewall *f, const struct fw_plan *p)
{
    struct fw_error error = {""};
    int r = firewall_remember(f, p, &error);

    if (r == 0)
        r = fw_apply(p, &f->places, confirm_seconds(f), f->config, &error);
    if (r < 0)
        return complain(&error, r);
    firewall_unlock(f); // before anything is printed: a terminal may be stopped
    printf("%s: ruleset %s is applied\n", fw_tool_names[p->wanted.tool], p->wanted.revision);
    if (confirm_seconds(f) == 0)
        return EXIT_DONE;
    printf("Open a NEW session to this machine now and run there:  pptpban firewall confirm\n"
           "Only a new connection proves that new connections pass. Without it all is taken back in %lld s.\n",
           confirm_seconds(f));
    fflush(stdout);
    return f->args.given & ARG_NO_WAIT ? EXIT_WAITS : wait_for_it(f);
}

int firewall_apply(int argc, char **argv)
{
    struct fw_pending pending;
    struct firewall f;
    struct fw_plan p;
    int code;

    if (!firewall_begin_change(argc, argv, &f, &code))
        return code;
    code = EXIT_FAILED;
    if (fw_pending_read(&f.places, &pending) != -ENOENT) {
        fputs("a change waits already: pptpban firewall confirm, or rollback\n", stderr);
        code = EXIT_WAITS;
    } else if (firewall_make_plan(&f, &p)) {
        print_warnings(&f.config->firewall, &p);
        if (fw_plan_is_done(&p)) {
            printf("nothing to do: %s has ruleset %s\n", fw_tool_names[p.wanted.tool], p.revision);
            code = EXIT_NOTHING;
        } else if (may_apply(&p, f.args.given & ARG_FORCE)) {
            code = apply(&f, &p);
        }
        fw_plan_free(&p);
    }
    firewall_end(&f);
    return code;
}

// --- confirm, rollback, remove

// The unit, or else the administrator: a ruleset that is gone after the next start must not come as a surprise.
static void print_confirmed(void)
{
    if (access("/run/systemd/system", F_OK) < 0)
        puts("confirmed: when the machine starts, have it run, as root and before the network is up: pptpban firewall restore");
    else if (access("/etc/systemd/system/sysinit.target.wants/pptpban-firewall.service", F_OK) == 0)
        puts("confirmed: this ruleset is applied whenever the machine starts");
    else
        puts("confirmed, but nothing applies this ruleset when the machine starts; that would be:\n"
             "  sudo systemctl enable --now pptpban-firewall.service pptpban-firewall.path pptpban-firewall-refresh.timer");
}

int firewall_confirm(int argc, char **argv)
{
    struct fw_error error = {""};
    struct firewall f;
    int code;

    if (!firewall_begin_change(argc, argv, &f, &code))
        return code;
    char session[FW_SESSION_MAX];
    fw_session_text(session);
    int r = fw_confirm(&f.places, session, f.args.given & ARG_FORCE, &error);
    if (r == 0) {
        print_confirmed();
        code = EXIT_DONE;
    } else if (r == -ENOENT) {
        fputs("no change waits\n", stderr);
        code = EXIT_NOTHING;
    } else if (r == -EALREADY) {
        fputs("error: this is the session that applied it, and was open before; open a new one, or --force\n", stderr);
        code = EXIT_FAILED;
    } else {
        code = complain(&error, r);
    }
    firewall_end(&f);
    return code;
}

int firewall_rollback(int argc, char **argv)
{
    struct fw_error error = {""};
    struct firewall f;
    int code;

    if (!firewall_begin(argc, argv, true, &f, &code))
        return code;
    int r = f.args.given & ARG_OVERDUE ? fw_roll_back_overdue(&f.places, &error)
                                       : fw_roll_back(&f.places, "by hand", &error);
    if (r == 0)
        puts("rolled back");
    else if (r == -ENOENT || r == -EAGAIN)
        fputs(r == -ENOENT ? "no change waits\n" : "its time is not over\n", stderr);
    code = r == 0 ? EXIT_DONE : r == -ENOENT || r == -EAGAIN ? EXIT_NOTHING : complain(&error, r);
    firewall_end(&f);
    return code;
}

int firewall_remove(int argc, char **argv)
{
    struct fw_error error = {""};
    struct firewall f;
    bool any = false;
    int code;

    if (!firewall_begin(argc, argv, true, &f, &code))
        return code;
    code = EXIT_DONE;
    for (enum fw_tool tool = 0; tool < FW_TOOLS && code == EXIT_DONE; tool++) {
        char *listing = NULL;
        struct fw_error missing;
        if (fw_kernel_of(tool)->list(tool, false, &listing, &missing) == 0 && *listing) {
            int r = fw_remove(&f.places, tool, &error);
            if (r < 0)
                code = complain(&error, r);
            else
                printf("removed from %s\n", fw_tool_names[tool]);
            any = true;
        }
        free(listing);
    }
    if (code == EXIT_DONE && !any) {
        struct fw_error ignored;
        fw_remove(&f.places, FW_TOOL_NFT, &ignored); // so that the next start applies nothing either
        puts("nothing to do: no ruleset of ours is there");
        code = EXIT_NOTHING;
    }
    firewall_end(&f);
    return code;
}

// --- override

// The one that has the ruleset: what backend = auto would choose may have changed since.
static int firewall_tool(const struct firewall *f, enum fw_tool *ret, struct fw_error *error)
{
    struct fw_ruleset installed = {0};
    char path[FW_PATH_MAX];

    if (fw_ruleset_load(fw_place(&f->places, FW_INSTALLED, path), &installed) < 0)
        return fw_tool_choose((enum fw_backend)f->config->firewall.backend, ret, error);
    *ret = installed.tool;
    fw_ruleset_free(&installed);
    return 0;
}

// All addresses, in halves: ipset takes no /0.
static const struct prefix everybody[] = {
    {{{[10] = 0xff, [11] = 0xff}}, 97},
    {{{[10] = 0xff, [11] = 0xff, [12] = 0x80}}, 97},
    {{{0}}, 1},
    {{{0x80}}, 1},
};

int firewall_override(int argc, char **argv)
{
    struct fw_error error = {""};
    struct firewall f;
    struct prefix from;
    enum fw_tool tool;
    char left[DURATION_STRLEN];
    usec_t duration = 0;
    int code;

    if (!firewall_begin_change(argc, argv, &f, &code))
        return code;
    const char *text = f.args.rest[0];
    bool off = strcmp(text, "off") == 0;
    code = EXIT_USAGE;
    if (!off && (duration_parse(str_of(text), &duration) < 0 || duration < USEC_SEC || duration > 24 * 86400 * USEC_SEC)) {
        fprintf(stderr, "pptpban firewall override: \"%s\" is neither a time such as 30m or 2h, up to 24d, nor off\n", text);
    } else if (f.args.from && prefix_parse(str_of(f.args.from), &from) < 0) {
        fprintf(stderr, "pptpban firewall override: --from %s: neither an address nor a network\n", f.args.from);
    } else if (f.config->firewall.open.n == 0) {
        fputs("nothing to do: open is not set in [firewall], so it is always open\n", stderr);
        code = EXIT_NOTHING;
    } else {
        struct fw_fill fill = {FW_SET_OVERRIDE, f.args.from ? &from : everybody, off ? 0 : f.args.from ? 1 : 4,
                               (uint32_t)(duration / USEC_SEC)};
        int r = firewall_tool(&f, &tool, &error);
        if (r == 0)
            r = fw_kernel_of(tool)->fill(tool, &fill, &error);
        if (r == -ENOENT)
            snprintf(error.text, sizeof(error.text), "the ruleset is not applied; pptpban firewall apply comes first");
        if (r == 0 && off)
            puts("the override is over");
        else if (r == 0)
            printf("open to %s for %s, whatever the time is; it ends by itself\n", f.args.from ? f.args.from : "all",
                   duration_format(duration, left));
        code = r < 0 ? complain(&error, r) : EXIT_DONE;
    }
    firewall_end(&f);
    return code;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban firewall: finds the verb behind it and runs it; what these verbs share.
#include "cli/firewall.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/exit.h"
#include "cli/verbs.h"
#include "firewall/facts.h"
#include "firewall/rollback.h"

static void print_help(FILE *out)
{
    fputs("usage: pptpban firewall VERB [OPTIONS]\n\nThe base ruleset that [firewall] of pptpban.conf describes.\n\n", out);
    for (const struct verb *v = firewall_verbs; v->name; v++) {
        char head[48];
        snprintf(head, sizeof(head), "%s %s", v->name + strlen("firewall "), v->arguments);
        fprintf(out, "  %-24s %s\n", head, v->summary);
    }
    fputs("\npptpban firewall VERB --help tells more of each.\n", out);
}

int verb_firewall(int argc, char **argv)
{
    char name[64];

    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_DONE;
    }
    snprintf(name, sizeof(name), "firewall %s", argv[1]);
    const struct verb *v = verb_find(name);
    if (!v)
        return verb_unknown("firewall ", argv[1]);
    argv[1] = (char *)(uintptr_t)v->name;
    return v->run(argc - 1, argv + 1);
}

static bool load_config(struct firewall *f)
{
    struct config_report report = {0};

    int r = config_load(f->args.config, &f->config, &report);
    for (size_t i = 0; i < report.n; i++)
        if (report.v[i].fatal)
            fprintf(stderr, "error: %s\n", report.v[i].text);
    if (r < 0 && report.errors == 0)
        fprintf(stderr, "error: %s\n", strerror(-r));
    config_report_free(&report);
    return r == 0;
}

// Rules are for the namespace that the PPTP server is in.
static bool enter_namespace(const char *name)
{
    struct stat there, here;
    char path[128];

    if (!*name)
        return true;
    snprintf(path, sizeof(path), "/run/netns/%s", name);
    if (stat(path, &there) == 0 && stat("/proc/self/ns/net", &here) == 0 && there.st_ino == here.st_ino && there.st_dev == here.st_dev)
        return true; // the unit's NetworkNamespacePath= has done it
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
    if (!good)
        fprintf(stderr, "error: netns = %s: %s: %s; one that ip netns list shows would be accepted\n", name, path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return good;
}

static bool take_confirm(struct firewall *f)
{
    f->confirm = f->config->firewall.confirm;
    if (!(f->args.given & ARG_CONFIRM) ||
        (duration_parse(str_of(f->args.confirm), &f->confirm) == 0 && f->confirm >= 10 * USEC_SEC && f->confirm <= 86400 * USEC_SEC))
        return true;
    fprintf(stderr, "error: --confirm %s: a time from 10s to 1d would be accepted\n", f->args.confirm);
    return false;
}

// A guard that was killed is no reason to leave an unconfirmed change in place.
static bool take_back_overdue(struct firewall *f)
{
    struct fw_error error = {""};
    int r = fw_roll_back_overdue(&f->places, &error);

    if (r == 0)
        fputs("warning: a change that nobody confirmed in time is taken back first\n", stderr);
    else if (r != -ENOENT && r != -EAGAIN)
        fprintf(stderr, "error: a change that nobody confirmed in time could not be taken back: %s\n", error.text);
    return r == 0 || r == -ENOENT || r == -EAGAIN;
}

bool firewall_lock(struct firewall *f)
{
    struct fw_error error = {""};

    fw_places_close(&f->places);
    if (fw_places_open(f->config, true, &f->places, &error) < 0) {
        fprintf(stderr, "error: %s\n", error.text);
        return false;
    }
    return true;
}

void firewall_unlock(struct firewall *f)
{
    fw_places_close(&f->places);
}

bool firewall_configure(int argc, char **argv, struct firewall *ret, int *ret_exit)
{
    struct firewall f = {.places.lock = -1};

    if (!verb_args(argc, argv, &f.args, ret_exit))
        return false;
    *ret_exit = EXIT_FAILED;
    if (!load_config(&f))
        return false;
    *ret = f;
    return true;
}

bool firewall_begin(int argc, char **argv, bool lock, struct firewall *ret, int *ret_exit)
{
    struct fw_error error = {""};
    struct firewall f;

    if (!firewall_configure(argc, argv, &f, ret_exit))
        return false;
    if (!take_confirm(&f)) {
        *ret_exit = EXIT_USAGE;
    } else if (geteuid() != 0) {
        fprintf(stderr, "error: pptpban %s needs root\n", argv[0]);
    } else if (enter_namespace(f.config->netns)) {
        bool open = lock ? firewall_lock(&f) : fw_places_open(f.config, false, &f.places, &error) == 0;
        if (open) {
            *ret = f;
            return true;
        }
        if (!lock)
            fprintf(stderr, "error: %s\n", error.text);
    }
    firewall_end(&f);
    return false;
}

bool firewall_begin_change(int argc, char **argv, struct firewall *ret, int *ret_exit)
{
    if (!firewall_begin(argc, argv, true, ret, ret_exit))
        return false;
    if (take_back_overdue(ret))
        return true;
    *ret_exit = EXIT_FAILED;
    firewall_end(ret);
    return false;
}

void firewall_end(struct firewall *f)
{
    fw_places_close(&f->places);
    config_free(f->config);
}

bool firewall_make_plan(struct firewall *f, struct fw_plan *ret)
{
    struct fw_error error = {""};
    struct fw_gathered gathered;
    struct fw_model model;
    int r = fw_facts_gather(f->config, time(NULL), &gathered, &error);

    if (r == 0) {
        r = fw_model_build(&f->config->firewall, &gathered.facts, &model);
        if (r == 0) {
            r = fw_plan_make(&f->config->firewall, &model, &f->places, ret, &error);
            if (r == 0 && (r = fw_frame_make(&f->config->firewall, &gathered.facts, ret->wanted.tool, f->frame)) < 0)
                fw_plan_free(ret);
            fw_model_free(&model);
        }
        fw_facts_free(&gathered);
    }
    if (r < 0)
        fprintf(stderr, "error: [firewall]: %s\n", *error.text ? error.text : strerror(-r));
    return r == 0;
}

int firewall_remember(const struct firewall *f, const struct fw_plan *p, struct fw_error *error)
{
    struct fw_ruleset good = {.revision = ""};
    char path[FW_PATH_MAX];

    (void)fw_ruleset_load(fw_place(&f->places, FW_LAST_GOOD, path), &good);
    int r = fw_frame_save(&f->places, good.revision, p->wanted.revision, f->frame);
    if (r < 0)
        snprintf(error->text, sizeof(error->text), "%.900s/frames: %s", f->places.state, strerror(-r));
    fw_ruleset_free(&good);
    return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban firewall restore, refresh: keep what was confirmed in force and up to date, with nobody there to confirm. They
// never apply what somebody has yet to decide.
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/journal.h"
#include "base/log.h"
#include "cli/args.h"
#include "cli/exit.h"
#include "cli/firewall.h"
#include "cli/verbs.h"
#include "daemon/limits_compile.h"
#include "daemon/tell.h"
#include "firewall/frame.h"

static int complain(const struct fw_error *error, int r)
{
    fprintf(stderr, "error: %s\n", *error->text ? error->text : strerror(-r));
    return EXIT_FAILED;
}

// The enforcer's question, taken away before anybody looks at the ruleset: one that comes later starts another look.
// Its text is another user's: bounded, and nothing but printable letters get through.
static void take_question(const struct config *config, char who[static 64])
{
    char dir[FW_PATH_MAX], path[FW_PATH_MAX + 32], text[64] = "", program[32] = "";
    struct stat st;
    unsigned pid = 0;

    who[0] = '\0';
    if (limits_directory(config->runtime_dir, dir, sizeof(dir)) < 0)
        return;
    snprintf(path, sizeof(path), "%s/ruleset/lost", dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t n = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read(fd, text, sizeof(text) - 1) : -1;
    if (fd >= 0)
        close(fd);
    if (unlink(path) < 0 && errno != ENOENT)
        fprintf(stderr, "warning: %s: %s\n", path, strerror(errno));
    if (n <= 0 || sscanf(text, "%u %31[^\n]", &pid, program) < 1)
        return;
    for (char *p = program; *p; p++)
        *p = (char)(isprint((unsigned char)*p) ? *p : '?');
    if (pid)
        snprintf(who, 64, "%s (pid %u)", program, pid);
    else
        snprintf(who, 64, "an unknown program");
}

// EXIT_DONE: there is something confirmed that may be put back.
static int may_keep(const struct firewall *f)
{
    struct fw_pending pending;
    char path[FW_PATH_MAX];

    if (!f->config->firewall.enabled) {
        fputs("[firewall] is not enabled: nothing is applied\n", stderr);
        return EXIT_NOTHING;
    }
    if (fw_pending_read(&f->places, &pending) != -ENOENT) {
        fputs("a change waits: pptpban firewall confirm, or rollback\n", stderr);
        return EXIT_WAITS;
    }
    if (access(fw_place(&f->places, FW_LAST_GOOD, path), F_OK) < 0 && errno == ENOENT) {
        fputs("nothing was confirmed yet: pptpban firewall apply\n", stderr);
        return EXIT_NOTHING;
    }
    return EXIT_DONE;
}

// Whoever was told that rules are gone is told that they are back.
static void say_back(const struct firewall *f, const char *text)
{
    struct journal *j;
    struct tell *t;

    if (journal_open("pptpban", &j) == 0 && j) {
        journal_say(j, LOG_NOTICE, NEWS_RULESET_BACK, NULL, 0, text);
        journal_close(j);
    } else {
        puts(text);
    }
    if (tell_new(f->config->runtime_dir, &t) == 0) {
        tell_event(t, NEWS_RULESET_BACK, NULL, NULL, "", text);
        tell_free(t);
    }
}

static int restore(struct firewall *f, const char *who)
{
    struct fw_error error = {""};
    char outcome[128], text[160];
    int r = fw_restore_last_good(&f->places, &error);

    if (r < 0)
        return complain(&error, r);
    if (r == 1) {
        puts("nothing to do: it stands");
        return EXIT_NOTHING;
    }
    snprintf(text, sizeof(text), "applied what was confirmed last%s%s%s", *who ? ", since " : "", who, *who ? " had taken rules out" : "");
    if (*who)
        say_back(f, text);
    else
        puts(text);
    if (*who) {
        snprintf(outcome, sizeof(outcome), "restored after %s had taken rules out", who);
        fw_pending_clear(&f->places, outcome); // none waits: this tells status alone
    }
    return EXIT_DONE;
}

int firewall_restore(int argc, char **argv)
{
    struct firewall f;
    char who[64];
    int code;

    if (!firewall_begin_change(argc, argv, &f, &code))
        return code;
    take_question(f.config, who);
    code = may_keep(&f);
    if (code == EXIT_DONE)
        code = restore(&f, who);
    firewall_end(&f);
    return code;
}

static int refresh(struct firewall *f, const struct fw_plan *p, const char *confirmed)
{
    char frame[FW_FRAME_LEN + 1];
    struct fw_error error = {""};

    fw_frame_find(&f->places, confirmed, frame);
    if (strcmp(frame, f->frame) != 0) {
        fputs("the configuration, or what this machine has, is not what was confirmed: nothing is refreshed until\n"
              "somebody runs pptpban firewall apply; pptpban firewall plan shows the difference\n", stderr);
        return EXIT_NOTHING;
    }
    if (p->cut.id && !(f->args.given & ARG_FORCE)) {
        fprintf(stderr, "error: refused, since rule %s would cut your present session; --force refreshes all the same\n", p->cut.id);
        return EXIT_FAILED;
    }
    int r = fw_frame_save(&f->places, confirmed, p->wanted.revision, f->frame);
    if (r == 0)
        r = fw_apply(p, &f->places, 0, f->config, &error);
    if (r < 0)
        return complain(&error, r);
    printf("%s: refreshed countries and times: ruleset %s\n", fw_tool_names[p->wanted.tool], p->wanted.revision);
    return EXIT_DONE;
}

int firewall_refresh(int argc, char **argv)
{
    struct fw_ruleset good;
    struct firewall f;
    struct fw_plan p;
    char path[FW_PATH_MAX];
    int code;

    if (!firewall_begin_change(argc, argv, &f, &code))
        return code;
    code = may_keep(&f);
    if (code == EXIT_DONE) {
        code = EXIT_FAILED;
        int r = fw_ruleset_load(fw_place(&f.places, FW_LAST_GOOD, path), &good);
        if (r < 0)
            fprintf(stderr, "error: %s: %s\n", path, strerror(-r));
        else if (!firewall_make_plan(&f, &p))
            fputs("warning: countries and times stay as they were confirmed last\n", stderr);
        else {
            code = strcmp(p.wanted.revision, good.revision) == 0 ? restore(&f, "") : refresh(&f, &p, good.revision);
            fw_plan_free(&p);
        }
        if (r == 0)
            fw_ruleset_free(&good);
    }
    firewall_end(&f);
    return code;
}

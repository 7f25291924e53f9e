// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban doctor --fix: two small additions to files of others, shown before they are made.
#include "cli/doctor.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "audit/facts.h"
#include "audit/reach.h"
#include "base/file.h"
#include "cli/exit.h"

#define RSYSLOG_FILE "/etc/rsyslog.d/10-pptpban.conf"

enum { CHANGES_MAX = 2, ADDED_MAX = 1024 };

struct change {
    char path[PATH_MAX];
    char added[ADDED_MAX]; // whole lines at its end
    const char *then;      // what is left to be done, NULL
};

struct changes {
    struct change v[CHANGES_MAX];
    size_t n;
};

static void add_dump(const struct facts *f, struct changes *c)
{
    struct change *one = &c->v[c->n];

    if (!facts_pptpd(f) || pppd_flag(f->pppd, "dump", NULL))
        return;
    *one = (struct change){.then = NULL};
    snprintf(one->path, sizeof(one->path), "%s", pppd_main_file(f->pppd));
    snprintf(one->added, sizeof(one->added), "# pppd logs its options, among them where the client calls from: for pptpban\ndump\n");
    c->n++;
}

// Only what is missing: a line that is written twice would count twice.
static void add_selector(const char *facility, unsigned missing, char *buf, size_t size)
{
    static const char *const names[] = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};

    for (int p = LOG_ERR; p <= LOG_DEBUG; p++) {
        size_t n = strlen(buf);
        if (missing >> p & 1)
            snprintf(buf + n, size - n, "%s%s.=%s", n ? ";" : "", facility, names[p]);
    }
}

static void add_rsyslog(const struct facts *f, const struct config *config, struct changes *c)
{
    const unsigned wanted = 1 << LOG_ERR | 1 << LOG_WARNING | 1 << LOG_NOTICE | 1 << LOG_INFO | 1 << LOG_DEBUG;
    enum syslogd_facility pppd = reach_pppd_facility(f);
    struct change *one = &c->v[c->n];
    char selector[600] = "";
    struct reach r;

    reach_find_pppd(f, &r);
    if (!config || r.n == 0 || f->syslogd.kind != SYSLOGD_RSYSLOG || f->syslogd.error < 0 || strpbrk(r.files[0], "*?["))
        return;
    add_selector("daemon", wanted & ~reach_got(f, &r, SYSLOGD_DAEMON), selector, sizeof(selector));
    if (pppd == SYSLOGD_LOCAL2)
        add_selector("local2", wanted & ~reach_got(f, &r, SYSLOGD_LOCAL2), selector, sizeof(selector));
    if (!*selector)
        return;
    *one = (struct change){.then = "systemctl restart rsyslog"};
    snprintf(one->path, sizeof(one->path), "%s", RSYSLOG_FILE);
    snprintf(one->added, sizeof(one->added), "# What pptpd and pppd log and no other rule writes there: for pptpban\n%s\t-%s\n",
             selector, r.files[0]);
    c->n++;
}

static void show(const struct change *c)
{
    printf("--- %s\n+++ %s\n@@ at its end @@\n", c->path, c->path);
    for (const char *p = c->added; *p;) {
        size_t n = strcspn(p, "\n");
        printf("+%.*s\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
}

static bool agreed(void)
{
    char answer[16];

    if (!isatty(STDIN_FILENO)) {
        fputs("Nothing was changed: there is nobody to ask. --force does it without a question.\n", stderr);
        return false;
    }
    printf("\nWrite this? [y/N] ");
    fflush(stdout);
    return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

// The file with the addition, its owner and mode as they were.
static int write_one(const struct audit_root *root, const char *root_path, const struct change *c)
{
    char path[PATH_MAX + 8], *text = NULL;
    struct text old = {.st = {.st_mode = 0644}};
    int r = view_read(root, c->path, VIEW_FILE_MAX, &old);
    bool is_new = r == -ENOENT;

    if (r < 0 && !is_new)
        return r;
    const char *newline = old.n > 0 && old.p[old.n - 1] != '\n' ? "\n" : "";
    int n = asprintf(&text, "%s%s%s", old.p ? old.p : "", newline, c->added);
    if (snprintf(path, sizeof(path), "%s%s", strcmp(root_path, "/") == 0 ? "" : root_path, c->path) >= (int)sizeof(path))
        r = -ENAMETOOLONG;
    else
        r = n < 0 ? -ENOMEM : file_replace(path, old.st.st_mode & 07777, text, (size_t)n);
    if (r == 0 && !is_new && chown(path, old.st.st_uid, old.st.st_gid) < 0)
        r = -errno;
    if (!is_new)
        view_free(&old);
    free(text);
    return r;
}

int doctor_fix(const struct audit_root *root, const char *root_path, const struct config *config, bool ask)
{
    struct changes *c = calloc(1, sizeof(*c));
    struct facts facts;
    int r = c ? facts_read(root, config, &facts) : -ENOMEM, code = EXIT_DONE;

    if (r < 0) {
        fprintf(stderr, "pptpban doctor: %s\n", strerror(-r));
        free(c);
        return EXIT_FAILED;
    }
    add_dump(&facts, c);
    add_rsyslog(&facts, config, c);
    facts_free(&facts);
    for (size_t i = 0; i < c->n; i++)
        show(&c->v[i]);
    if (c->n == 0)
        puts("There is nothing that could be added.");
    else if (ask && !agreed())
        code = EXIT_FAILED;
    for (size_t i = 0; code == EXIT_DONE && i < c->n; i++) {
        if ((r = write_one(root, root_path, &c->v[i])) < 0) {
            fprintf(stderr, "pptpban doctor: %s: %s\n", c->v[i].path, strerror(-r));
            code = EXIT_FAILED;
        } else if (c->v[i].then) {
            printf("%s written; now: %s\n", c->v[i].path, c->v[i].then);
        } else {
            printf("%s written; it holds for the next calls\n", c->v[i].path);
        }
    }
    free(c);
    return code;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// journald.conf and its drop-ins, in the order in which journald reads them.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#include "audit/syslogd.h"
#include "base/clock.h"

static int level_of(struct str v, int otherwise)
{
    static const char *const names[] = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};

    for (int i = 0; i < 8; i++)
        if (str_eq(v, str_of(names[i])) || (v.n == 1 && v.p[0] == '0' + i))
            return i;
    return otherwise;
}

static bool is_yes(struct str v)
{
    return str_eq(v, STR("yes")) || str_eq(v, STR("true")) || str_eq(v, STR("1")) || str_eq(v, STR("on"));
}

static void set(struct journald *j, struct str key, struct str v)
{
    unsigned long long n;
    usec_t d;

    if (str_eq(key, STR("Storage"))) {
        snprintf(j->storage, sizeof(j->storage), "%.*s", v.n < 15 ? (int)v.n : 15, v.p);
    } else if (str_eq(key, STR("MaxLevelStore"))) {
        j->store = level_of(v, LOG_DEBUG);
    } else if (str_eq(key, STR("MaxLevelSyslog"))) {
        j->forward_level = level_of(v, LOG_DEBUG);
    } else if (str_eq(key, STR("ForwardToSyslog"))) {
        j->forward = is_yes(v);
    } else if (str_eq(key, STR("RateLimitBurst"))) {
        j->burst = v.n == 0 ? 10000 : str_number(v, 1000000000, &n) == 0 ? (unsigned long)n : j->burst;
    } else if (str_eq(key, STR("RateLimitIntervalSec")) || str_eq(key, STR("RateLimitInterval"))) {
        j->interval = v.n == 0 ? 30 : duration_parse(v, &d) == 0 ? (double)d / USEC_SEC : j->interval;
    }
}

static int read_one(const struct audit_root *root, const char *path, struct journald *j)
{
    struct text t = {0};
    struct str left, line;
    bool ours = false;
    int r = view_read(root, path, VIEW_FILE_MAX, &t);

    if (r < 0)
        return r;
    left = (struct str){t.p, t.n};
    while (view_cut_line(&left, &line)) {
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
            continue;
        if (line.p[0] == '[') {
            ours = str_eq(line, STR("[Journal]"));
            continue;
        }
        const char *is = memchr(line.p, '=', line.n);
        if (ours && is)
            set(j, str_trim((struct str){line.p, (size_t)(is - line.p)}),
                str_trim(str_skip(line, (size_t)(is - line.p) + 1)));
    }
    view_free(&t);
    return 0;
}

void journald_read(const struct audit_root *root, struct journald *ret)
{
    static const char *const dirs[] = {"/usr/lib/systemd", "/usr/local/lib/systemd", "/run/systemd", "/etc/systemd"};
    enum { DIRS = 4 };
    struct names names[DIRS] = {{0}};
    size_t at[DIRS] = {0};
    char path[400];
    struct journald j = {.store = LOG_DEBUG, .forward_level = LOG_DEBUG, .forward = -1, .burst = 10000, .interval = 30};

    strcpy(j.storage, "auto");
    j.here = view_exists(root, "/etc/systemd/journald.conf") ||
             view_exists(root, "/usr/lib/systemd/systemd-journald") ||
             view_exists(root, "/lib/systemd/systemd-journald");
    for (int d = DIRS - 1; d >= 0; d--) { // of the main files only the first one counts
        snprintf(path, sizeof(path), "%s/journald.conf", dirs[d]);
        int r = read_one(root, path, &j);
        if (r != -ENOENT) {
            j.error = r;
            break;
        }
    }
    for (int d = 0; d < DIRS; d++) {
        snprintf(path, sizeof(path), "%s/journald.conf.d", dirs[d]);
        (void)view_list(root, path, "*.conf", &names[d]);
    }
    for (;;) { // by name through all directories; of the same name, the last directory's
        int next = -1;
        for (int d = 0; d < DIRS; d++)
            if (at[d] < names[d].n && (next < 0 || strcmp(names[d].v[at[d]], names[next].v[at[next]]) <= 0))
                next = d;
        if (next < 0)
            break;
        const char *name = names[next].v[at[next]];
        snprintf(path, sizeof(path), "%s/journald.conf.d/%s", dirs[next], name);
        (void)read_one(root, path, &j);
        for (int d = 0; d < DIRS; d++)
            if (d != next && at[d] < names[d].n && strcmp(names[d].v[at[d]], name) == 0)
                at[d]++;
        at[next]++;
    }
    for (int d = 0; d < DIRS; d++)
        names_free(&names[d]);
    *ret = j;
}

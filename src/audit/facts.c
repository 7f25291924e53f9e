// SPDX-License-Identifier: GPL-2.0-or-later
// Reads the machine.
#include "audit/facts.h"

#include <limits.h>
#include <stdio.h>

static void secrets_path(const struct pppd *p, const char *option, const char *usual, char *buf, size_t size)
{
    const struct pppd_option *o = pppd_last(p, option);

    snprintf(buf, size, "%s", o ? o->value : usual);
}

int facts_read(const struct audit_root *root, const struct config *config, struct facts *ret)
{
    struct facts *f = ret;

    *f = (struct facts){.root = root, .config = config};
    pptpd_read(root, &f->pptpd);
    int r = pppd_read(root, f->pptpd.keys[PPTPD_OPTION].line ? f->pptpd.keys[PPTPD_OPTION].value : NULL, &f->pppd);
    if (r == 0) {
        secrets_path(f->pppd, "chap-secrets", "/etc/ppp/chap-secrets", f->chap_path, sizeof(f->chap_path));
        secrets_path(f->pppd, "pap-secrets", "/etc/ppp/pap-secrets", f->pap_path, sizeof(f->pap_path));
        r = secrets_read(root, f->chap_path, &f->chap);
    }
    if (r == 0)
        r = secrets_read(root, f->pap_path, &f->pap);
    if (r == 0)
        r = accel_read(root, &f->accel);
    syslogd_read(root, &f->syslogd);
    journald_read(root, &f->journald);
    if (r == 0)
        r = kernel_rules_read(root, &f->rules);
    if (r < 0)
        facts_free(f);
    return r;
}

void facts_free(struct facts *f)
{
    pppd_free(f->pppd);
    secrets_free(&f->chap);
    secrets_free(&f->pap);
    kernel_rules_free(&f->rules);
    accel_free(&f->accel);
    *f = (struct facts){0};
}

static const char *const unit_dirs[] = {"/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system",
                                        "/lib/systemd/system"};

// The value of key= in a unit file, cut to size; false when it is not there.
static bool unit_key(const struct facts *f, const char *path, const char *key, char *buf, size_t size)
{
    struct text t = {0};
    struct str left, line;
    bool found = false;

    if (view_read(f->root, path, VIEW_FILE_MAX, &t) < 0)
        return false;
    left = (struct str){t.p, t.n};
    while (view_cut_line(&left, &line)) {
        line = str_trim(line);
        size_t n = strlen(key);
        if (line.n <= n || memcmp(line.p, key, n) != 0 || line.p[n] != '=')
            continue;
        struct str value = str_trim(str_skip(line, n + 1));
        snprintf(buf, size, "%.*s", STR_FMT(value));
        found = value.n > 0;
    }
    view_free(&t);
    return found;
}

bool facts_service_key(const struct facts *f, const char *service, const char *key, char *buf, size_t size)
{
    char path[PATH_MAX];
    bool found = false;

    for (size_t d = 0; !found && d < sizeof(unit_dirs) / sizeof(unit_dirs[0]); d++) {
        struct names names = {0};
        snprintf(path, sizeof(path), "%s/%s.service.d", unit_dirs[d], service);
        char dir[PATH_MAX];
        strcpy(dir, path);
        if (view_list(f->root, dir, "*.conf", &names) == 0)
            for (size_t i = 0; i < names.n; i++)
                if (snprintf(path, sizeof(path), "%s/%s", dir, names.v[i]) < (int)sizeof(path))
                    found |= unit_key(f, path, key, buf, size);
        names_free(&names);
        if (!found) {
            snprintf(path, sizeof(path), "%s/%s.service", unit_dirs[d], service);
            found = unit_key(f, path, key, buf, size);
        }
    }
    return found;
}

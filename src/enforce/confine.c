// SPDX-License-Identifier: GPL-2.0-or-later
// User, groups, capabilities and resource limits, by libcap-ng; and the sandbox around a directory to read.
#include "enforce/confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "enforce/sandbox.h"

// As systemd starts us: no root, and this one capability. Then nothing is left to give up, and the unit's filter of
// system calls would refuse capset() anyway.
static bool holds_only_net_admin(void)
{
    bool others = false;

    if (capng_get_caps_process() < 0)
        return false;
    for (unsigned c = 0; c <= CAP_LAST_CAP; c++)
        others = others || (c != CAP_NET_ADMIN && capng_have_capability(CAPNG_PERMITTED, c));
    return !others && capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN);
}

// While the bounding set is not empty yet: later nothing can be added to what a program may inherit.
static bool make_inheritable(void)
{
    return capng_get_caps_process() == 0 && capng_update(CAPNG_ADD, CAPNG_INHERITABLE, CAP_NET_ADMIN) == 0 &&
           capng_apply(CAPNG_SELECT_CAPS) == 0;
}

int confine_to_net_admin(const char *user, bool for_program)
{
    const struct rlimit files = {64, 64}, none = {0, 0};
    const struct passwd *pw = geteuid() == 0 && user ? getpwnam(user) : NULL;
    int r = 0;

    if (geteuid() == 0 && user && !pw)
        return -ESRCH;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); // tables are large and mostly untouched: no 2 MiB a touch
    if (geteuid() == 0 || !holds_only_net_admin()) {
        if (for_program && !make_inheritable())
            return -EPERM;
        capng_clear(CAPNG_SELECT_ALL);
        capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | (for_program ? CAPNG_INHERITABLE : 0), CAP_NET_ADMIN);
        if (pw)
            r = capng_change_id((int)pw->pw_uid, (int)pw->pw_gid, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
        else
            r = capng_apply(geteuid() == 0 ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS);
    }
    if (r == 0 && for_program) // allowed already where systemd has started us
        r = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0);
    return r < 0 ? -EPERM : 0;
}

int confine_lock_in(const char *limits_path, const char *write_path, const char *const *calls, const int *families)
{
    char directory[4096];
    const char *read_paths[] = {directory, NULL}, *write_paths[] = {write_path, NULL};
    struct sandbox_report report;

    snprintf(directory, sizeof(directory), "%s", limits_path ? limits_path : "");
    char *slash = strrchr(directory, '/');
    if (slash)
        slash[slash == directory] = '\0';
    else
        strcpy(directory, ".");
    const struct sandbox_options options = {
        .read = limits_path ? read_paths : NULL, .write = write_path ? write_paths : NULL,
        .files = &sandbox_files, .calls = calls, .families = families};
    int r = sandbox_apply(&options, &report);
    log_line(r < 0 ? LOG_ERR : LOG_INFO, "locked in: Landlock %s, system calls %s, no writable code: %s", report.landlock,
             report.seccomp, report.mdwe);
    return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban action: which notify actions there are, and whether one of them arrives. Both are asked of pptpban-notify
// itself, as its own user.
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/paths.h"
#include "cli/args.h"
#include "cli/exit.h"
#include "cli/verbs.h"
#include "daemon/options.h"

// An action that works for root alone would not work for the service.
static int give_up_root(void)
{
    const struct passwd *pw = geteuid() == 0 ? getpwnam(PB_NOTIFY_USER) : NULL;

    if (!pw)
        return 0;
    return initgroups(pw->pw_name, pw->pw_gid) < 0 || setgid(pw->pw_gid) < 0 || setuid(pw->pw_uid) < 0 ? -errno : 0;
}

int verb_action(int argc, char **argv)
{
    char program[PATH_MAX];
    const char *command[8] = {program};
    struct args a;
    int code, n = 1;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    bool list = strcmp(a.rest[0], "list") == 0, test = strcmp(a.rest[0], "test") == 0;
    if ((!list && !test) || a.n_rest != (test ? 2 : 1)) {
        fprintf(stderr, "pptpban action: list, or test NAME, is wanted\n");
        return EXIT_USAGE;
    }
    options_find_program("pptpban-notify", program);
    command[n++] = test ? "--test" : "--list";
    if (test)
        command[n++] = a.rest[1];
    if (a.dir) {
        command[n++] = "--actions";
        command[n++] = a.dir;
    }
    int r = give_up_root();
    if (r == 0) {
        fflush(stdout);
        execv(program, (char *const *)command);
        r = -errno;
    }
    fprintf(stderr, "pptpban action: %s: %s\n", program, strerror(-r));
    return EXIT_FAILED;
}

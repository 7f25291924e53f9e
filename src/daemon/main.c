// SPDX-License-Identifier: GPL-2.0-or-later
// pptpband: reads the command line and becomes the launcher.
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config-build.h"
#include "daemon/launcher.h"

#define ENFORCER "pptpban-enforcer"

static const char usage[] =
    "usage: pptpband [OPTIONS]\n"
    "\n"
    "Watches the PPTP server's log and bans who guesses passwords. Stays in the foreground.\n"
    "\n"
    "  --config FILE     read this configuration file\n"
    "  --observe         ban nobody, only say who would be banned\n"
    "  --show-bans       print each ban and its end on standard output\n"
    "  --state DIR       keep the state here instead of where the configuration says\n"
    "  --runtime DIR     make the control socket here\n"
    "  --enforcer FILE   start this enforcer, when started as root without systemd\n"
    "  --foreground      stay in the foreground (always so)\n"
    "  --version         print the version\n"
    "  --help            print this help\n"
    "\n"
    "SIGHUP reads the configuration anew; SIGTERM ends the service and leaves the bans in the kernel.\n";

// The enforcer to start: beside ourselves where we were built, else where it is installed.
static const char *find_enforcer(char *buf, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", buf, size - 1);
    char *slash;

    if (n <= 0)
        return LIBEXECDIR "/" ENFORCER;
    buf[n] = '\0';
    slash = strrchr(buf, '/');
    if (!slash || (size_t)(slash - buf) + sizeof("/" ENFORCER) > size)
        return LIBEXECDIR "/" ENFORCER;
    strcpy(slash, "/" ENFORCER);
    return access(buf, X_OK) == 0 ? buf : LIBEXECDIR "/" ENFORCER;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},  {"observe", no_argument, NULL, 'o'},
        {"show-bans", no_argument, NULL, 'b'},     {"state", required_argument, NULL, 's'},
        {"runtime", required_argument, NULL, 'r'}, {"enforcer", required_argument, NULL, 'e'},
        {"foreground", no_argument, NULL, 'f'},    {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},          {0},
    };
    char beside[PATH_MAX];
    struct daemon_options o = {.enforcer = find_enforcer(beside, sizeof(beside))};
    int c;

    log_setup("pptpband", LOG_INFO);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            o.config = optarg;
            break;
        case 'o':
            o.observe = true;
            break;
        case 'b':
            o.show_bans = true;
            break;
        case 's':
            o.state = optarg;
            break;
        case 'r':
            o.runtime = optarg;
            break;
        case 'e':
            o.enforcer = optarg;
            break;
        case 'f':
            break;
        case 'V':
            puts(PACKAGE_STRING);
            return 0;
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "pptpband: \"%s\" is no option; see pptpband --help\n", argv[optind]);
        return 2;
    }
    return launcher_run(&o);
}

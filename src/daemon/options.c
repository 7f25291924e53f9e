// SPDX-License-Identifier: GPL-2.0-or-later
// Options of pptpband and pptpban-watcher.
#include "daemon/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "config-build.h"

static const char usage[] =
    "usage: pptpband [OPTIONS]\n"
    "\n"
    "Watches the PPTP server's log and bans who guesses passwords. Stays in the foreground.\n"
    "\n"
    "  --config FILE     read this configuration file\n"
    "  --observe         ban nobody, only say who would be banned\n"
    "  --show-bans       print each ban and its end on standard output, not in the log\n"
    "  --state DIR       keep the state here instead of where the configuration says\n"
    "  --runtime DIR     make the control socket here\n"
    "  --enforcer FILE   start this enforcer, when started as root without systemd\n"
    "  --connguard FILE  start this guard of silent connections, likewise\n"
    "  --notify          start pptpban-notify as well, likewise\n"
    "  --watcher FILE    start this watcher\n"
    "  --foreground      stay in the foreground (always so)\n"
    "  --version         print the version\n"
    "  --help            print this help\n"
    "\n"
    "SIGHUP reads the configuration anew; SIGTERM ends the service and leaves the bans in the kernel.\n";

void options_find_program(const char *name, char path[static PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

    path[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(path, '/');
    if (slash && (size_t)(slash - path) + strlen(name) + 2 < PATH_MAX) {
        strcpy(slash + 1, name);
        if (access(path, X_OK) == 0)
            return;
    }
    snprintf(path, PATH_MAX, "%s/%s", LIBEXECDIR, name);
}

static uint64_t number(const char *text)
{
    unsigned long long v = 0;

    (void)str_number(str_of(text), INT64_MAX, &v);
    return v;
}

int options_parse(int argc, char **argv, struct daemon_options *ret, int *ret_exit)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},   {"observe", no_argument, NULL, 'o'},
        {"show-bans", no_argument, NULL, 'b'},      {"state", required_argument, NULL, 's'},
        {"runtime", required_argument, NULL, 'r'},  {"enforcer", required_argument, NULL, 'e'},
        {"connguard", required_argument, NULL, 'g'}, {"notify", no_argument, NULL, 'n'},
        {"watcher", required_argument, NULL, 'w'},  {"channel", required_argument, NULL, 'C'},
        {"watchdog", required_argument, NULL, 'W'}, {"foreground", no_argument, NULL, 'f'},
        {"reload", no_argument, NULL, 'R'},         {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct daemon_options *o = ret;
    int c;

    *o = (struct daemon_options){.channel = -1, .argv = argv, .argc = argc};
    options_find_program("pptpban-hookguard", o->enforcer);
    options_find_program("pptpban-connguard", o->connguard);
    options_find_program("pptpban-notify", o->notify);
    options_find_program("pptpban-watcher", o->watcher);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            o->config = optarg;
            break;
        case 'o':
            o->observe = true;
            break;
        case 'b':
            o->show_bans = true;
            break;
        case 's':
            o->state = optarg;
            break;
        case 'r':
            o->runtime = optarg;
            break;
        case 'e':
            snprintf(o->enforcer, sizeof(o->enforcer), "%s", optarg);
            break;
        case 'g':
            snprintf(o->connguard, sizeof(o->connguard), "%s", optarg);
            break;
        case 'n':
            o->with_notify = true;
            break;
        case 'w':
            snprintf(o->watcher, sizeof(o->watcher), "%s", optarg);
            break;
        case 'C':
            o->channel = (int)number(optarg);
            break;
        case 'W':
            o->watchdog = number(optarg);
            break;
        case 'R':
            o->reload = true;
            break;
        case 'f':
            break;
        case 'V':
            puts(PACKAGE_STRING);
            return *ret_exit = 0, 1;
        case 'h':
            fputs(usage, stdout);
            return *ret_exit = 0, 1;
        default:
            fputs(usage, stderr);
            return *ret_exit = 2, 1;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "pptpband: \"%s\" is no option; see pptpband --help\n", argv[optind]);
        return *ret_exit = 2, 1;
    }
    return 0;
}

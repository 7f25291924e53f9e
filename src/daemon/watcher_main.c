// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban-watcher: the watcher's program, started by pptpband.
#include <fcntl.h>
#include <stdio.h>

#include "base/log.h"
#include "daemon/watcher.h"

int main(int argc, char **argv)
{
    static struct daemon_options options;
    int code;

    log_setup("pptpband", LOG_INFO);
    if (options_parse(argc, argv, &options, &code) != 0)
        return code;
    if (options.channel < 0 || fcntl(options.channel, F_SETFD, FD_CLOEXEC) < 0) {
        fputs("pptpban-watcher is started by pptpband\n", stderr);
        return 2;
    }
    return watcher_run(&options);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// pptpband: the launcher's program. Links nothing that reads logs.
#include "base/log.h"
#include "daemon/launcher.h"

int main(int argc, char **argv)
{
    static struct daemon_options options;
    int code;

    log_setup("pptpband", LOG_INFO);
    if (options_parse(argc, argv, &options, &code) != 0)
        return code;
    return launcher_run(&options);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// The exit codes of pptpban, documented in pptpban(8).
#ifndef PB_CLI_EXIT_H
#define PB_CLI_EXIT_H

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NOTHING = 3,     // nothing to do: not banned, no such thing
    EXIT_UNREACHABLE = 4, // the service does not answer
    EXIT_WAITS = EXIT_UNREACHABLE, // firewall: a change waits to be confirmed
    EXIT_BACK = 5, // firewall: it was taken back
};

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// Runs a program of the system: by path, with arguments, a clean environment and text on its standard input. Never a
// shell.
#ifndef PB_FIREWALL_PROGRAM_H
#define PB_FIREWALL_PROGRAM_H

#include <stddef.h>

struct fw_error {
    char text[1024]; // what went wrong, for the administrator
};

// Runs NAME of /usr/sbin, /sbin, /usr/bin or /bin with args (args[0] is its name; NULL at the end) and waits for it.
// input may be NULL. *ret_output (may be NULL) is what it printed, NUL-terminated, the caller's to free. 0, -ENOENT: no
// such program, -EPROTO: it failed, with what it complained of in *error, or -errno.
int fw_program(const char *const *args, const char *input, char **ret_output, struct fw_error *error);

// Forks, twice and in a session of its own, so that nobody's end is its end: 0 in the child of a child (that is to
// _exit), its pid in the caller, or -errno. It has no standard input, output or error.
int fw_detach(void);

#endif

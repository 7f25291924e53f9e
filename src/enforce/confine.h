// SPDX-License-Identifier: GPL-2.0-or-later
// Gives up everything but CAP_NET_ADMIN, for the programs that have it.
#ifndef PB_ENFORCE_CONFINE_H
#define PB_ENFORCE_CONFINE_H

#include <stdbool.h>

// As root: becomes user (NULL: stays who it is) without any other group or capability. Otherwise keeps what it has of
// CAP_NET_ADMIN alone. Few files, no core dump. for_program: the program that this process becomes next holds the
// capability as well. -ESRCH: no such user, -EPERM.
int confine_to_net_admin(const char *user, bool for_program);

// Locks in: besides these system calls and socket families only the directory of the limits can be read (the file in it
// is replaced, not rewritten; NULL: nothing), and write_path be written in (a directory; NULL: none). Tells the log how far the kernel
// could. 0 or -errno. Lists end with NULL and AF_UNSPEC.
int confine_lock_in(const char *limits_path, const char *write_path, const char *const *calls, const int *families);

#endif

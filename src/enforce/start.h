// SPDX-License-Identifier: GPL-2.0-or-later
// Makes of one process the enforcer and its guard: does for both what takes root, a file's name or a user's, so that the
// enforcer itself begins with three open sockets and can do nothing of this. Decides nothing.
#ifndef PB_ENFORCE_START_H
#define PB_ENFORCE_START_H

// Listens at socket_path (a leading '@': abstract), forks, and has the calling process become the enforcer beside its own
// program, as user (NULL: whoever it is) with CAP_NET_ADMIN alone. Returns in the child only, which is the guard, with its
// two lines to the enforcer at PAIR_FD and PAIR_LIST_FD; or -errno when there is none of the two, which the log says.
int start_enforcer(const char *socket_path, const char *user);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// The verb replay.
#ifndef PB_CLI_REPLAY_H
#define PB_CLI_REPLAY_H

// argv[0] is the verb. Returns an enum exit_code.
int verb_replay(int argc, char **argv);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// Delivers one message, in a process of its own that may take its time and is killed when it takes too much. Never a
// shell: a program gets its words as they stand in the file, with <addr>, <jail> ... replaced within each word, and the
// message as JSON on its standard input.
#ifndef PB_ACTION_DELIVER_H
#define PB_ACTION_DELIVER_H

#include "action/message.h"

// Does it and ends the process: 0 arrived, else it did not, and why is on standard error.
_Noreturn void deliver(const struct message *m);

// The deliveries that are no program's: 0 or 1, having said why on standard error.
int deliver_http(const struct message *m);
int deliver_mail(const struct message *m);

#endif

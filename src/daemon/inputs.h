// SPDX-License-Identifier: GPL-2.0-or-later
// All the sources that the enabled jails read: which ones, opened where the state says, watched, their marks saved.
#ifndef PB_DAEMON_INPUTS_H
#define PB_DAEMON_INPUTS_H

#include "daemon/service.h"
#include "daemon/state.h"
#include "source/source.h"

struct inputs;

enum { INPUTS_MAX = 256 };

// Names the sources, and the users of their matches; opens nothing yet. To be called before the locks.
int inputs_new(struct service *s, bool journal_available, struct inputs **ret);
void inputs_free(struct inputs *in);

size_t inputs_count(const struct inputs *in);
const char *const *inputs_names(const struct inputs *in);

// Opens all at their marks, or one findtime back. Those that cannot be opened are said and left out; -ENOENT when
// none is left.
int inputs_open(struct inputs *in);

// Makes them open their files before the process locks itself in.
int inputs_prepare(struct inputs *in);

// Every record at or after oldest will be read again from there.
int inputs_save_marks(struct inputs *in, struct state *state, usec_t oldest);

// False when there is no such source any more.
bool inputs_status(const struct inputs *in, size_t i, struct source_status *ret);

// What the sandbox must let be read: directories, NULL at the end, as long as inputs live.
const char *const *inputs_directories(const struct inputs *in);

// Where "auto" reads without a journal.
const char *inputs_usual_file(void);

#endif

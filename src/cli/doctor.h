// SPDX-License-Identifier: GPL-2.0-or-later
// Inside the room: what pptpban doctor --fix does.
#ifndef PB_CLI_DOCTOR_H
#define PB_CLI_DOCTOR_H

#include <stdbool.h>

#include "audit/audit.h"

// Shows as a diff what would make pppd and rsyslog tell more: pppd's option dump, a file for rsyslog with the priorities
// that are missing. Writes it when that is agreed to on the terminal, or without a question. Returns an exit code.
int doctor_fix(const struct audit_root *root, const char *root_path, const struct config *config, bool ask);

#endif

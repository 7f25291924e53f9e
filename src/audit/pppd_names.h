// SPDX-License-Identifier: GPL-2.0-or-later
// The names of pppd's options.
#ifndef PB_AUDIT_PPPD_NAMES_H
#define PB_AUDIT_PPPD_NAMES_H

#include <stdbool.h>

// The option that word names, and whether the next word belongs to it; NULL: none that pppd itself has.
const char *pppd_name(const char *word, bool *ret_takes);

#endif

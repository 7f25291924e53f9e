// SPDX-License-Identifier: GPL-2.0-or-later
// What of a ruleset people decide, apart from what time and databases bring: a fingerprint of configuration and machine
// in which neither the year nor the networks of countries count. Remembered for each revision that was applied.
#ifndef PB_FIREWALL_FRAME_H
#define PB_FIREWALL_FRAME_H

#include "config/firewall.h"
#include "firewall/model.h"
#include "firewall/pending.h"
#include "firewall/ruleset.h"

enum { FW_FRAME_LEN = 33 };

// Two plans with the same fingerprint differ in the networks of the same countries and the years of the same times alone.
// 0 or -errno.
int fw_frame_make(const struct firewall_config *config, const struct fw_facts *facts, enum fw_tool tool,
                  char ret[static FW_FRAME_LEN + 1]);

// Remembers that this revision has this frame, beside that of what was confirmed last (confirmed, "" for none). -errno.
int fw_frame_save(const struct fw_places *places, const char *confirmed, const char *revision, const char *frame);

// The frame of a revision; "" when none is remembered.
void fw_frame_find(const struct fw_places *places, const char *revision, char ret[static FW_FRAME_LEN + 1]);

#endif

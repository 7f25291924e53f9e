// SPDX-License-Identifier: GPL-2.0-or-later
// Tells the guard that a base ruleset stands in iptables-legacy, whose changes the kernel announces to nobody: a file
// "legacy" in the directory where the guard asks for a look, as said in enforce/ruleset_lost.h. Knows no rule.
#ifndef PB_FIREWALL_MARKER_H
#define PB_FIREWALL_MARKER_H

#include "firewall/ruleset.h"

// Before our ruleset is changed, and when it is gone. directory: of the limits file, of another user, who is not believed.
void fw_marker_remove(const char *directory);

// Afterwards. Written anew, it says that what is there now is right; with keep one that is there stays, as nothing was
// changed. Nothing is written for other tools, nor where there is no guard, who makes its directory. 0 or -errno.
int fw_marker_write(const char *directory, enum fw_tool tool, bool keep);

// Before the guard is started: makes its directory, too, when the ruleset that stands (file: FW_INSTALLED) needs one.
int fw_marker_prepare(const char *directory, const char *installed);

#endif

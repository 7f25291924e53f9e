// SPDX-License-Identifier: GPL-2.0-or-later
// Running from the build tree: the shipped filters are then beside the program and nowhere else.
#ifndef PB_CONFIG_UNINSTALLED_H
#define PB_CONFIG_UNINSTALLED_H

#include "config/config.h"

// Where none of dirs exists and the program's own directory has filters/pptpd.conf, that one is added. 0 or -ENOMEM.
int uninstalled_filters(struct strlist *dirs);

#endif

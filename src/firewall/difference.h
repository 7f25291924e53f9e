// SPDX-License-Identifier: GPL-2.0-or-later
// What changes between two texts, line by line.
#ifndef PB_FIREWALL_DIFFERENCE_H
#define PB_FIREWALL_DIFFERENCE_H

#include <stdio.h>

// Prints "- line" for what is only in old and "+ line" for what is only in fresh, in their order, with nothing for what
// both have. Texts that differ in more lines than a person would read are told by their numbers. 0 or -ENOMEM.
int fw_difference(const char *old, const char *fresh, FILE *out);

#endif

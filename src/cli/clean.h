// SPDX-License-Identifier: GPL-2.0-or-later
// Makes the texts of a JSON value fit to be shown: a terminal must not obey them, by whatever they are printed later.
#ifndef PB_CLI_CLEAN_H
#define PB_CLI_CLEAN_H

#include <jansson.h>

// A copy of v in which every text and every name of a member went through text_show(). NULL: no memory.
json_t *json_clean(const json_t *v);

#endif

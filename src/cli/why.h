// SPDX-License-Identifier: GPL-2.0-or-later
// The answer to "why" in words, for pptpban why and pptpban top.
#ifndef PB_CLI_WHY_H
#define PB_CLI_WHY_H

#include <jansson.h>
#include <stdio.h>

// answer: with texts that are fit to be shown.
void why_print(const json_t *answer, FILE *out);

#endif

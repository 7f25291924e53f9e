// SPDX-License-Identifier: GPL-2.0-or-later
// Values as fail2ban's jails write them: times and factors that are sums and products, words between commas, networks
// with a netmask. Evaluates arithmetic only; fail2ban hands such text to Python.
#ifndef PB_IMPORT_VALUE_H
#define PB_IMPORT_VALUE_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/str.h"

// "3600", "1d 12h", "60 * 60", "2.0 / 2.885385", "-1": numbers with + - * / and brackets; with units also those of
// fail2ban's times (a month has 30.4375 days there), two in a row being added. -EINVAL for anything else.
int f2b_number(struct str s, bool units, double *ret);

// true, yes, on, 1 and their contrary, in any case. fail2ban takes everything else for false: -EINVAL then.
int f2b_flag(struct str s, bool *ret);

// The next word of a list that blanks, line ends and commas separate; an empty str at the end.
struct str f2b_word(struct str *s);

// As prefix_parse(), and "10.0.0.0/255.0.0.0" too.
int f2b_network(struct str s, struct prefix *ret);

#endif

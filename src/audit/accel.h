// SPDX-License-Identifier: GPL-2.0-or-later
// accel-ppp.conf: sections of words and of key=value. Judges nothing.
#ifndef PB_AUDIT_ACCEL_H
#define PB_AUDIT_ACCEL_H

#include "audit/view.h"

#define ACCEL_CONF "/etc/accel-ppp.conf"

enum { ACCEL_MAX = 1024, ACCEL_VALUE_MAX = 255, ACCEL_NAME_MAX = 47 };

struct accel_entry {
    char section[ACCEL_NAME_MAX + 1], key[ACCEL_NAME_MAX + 1], value[ACCEL_VALUE_MAX + 1];
    unsigned line;
};

struct accel {
    int error; // why it could not be read, 0
    struct accel_entry *v;
    size_t n;
};

// -ENOMEM; everything else is in ret->error. Freed with accel_free.
int accel_read(const struct audit_root *root, struct accel *ret);
void accel_free(struct accel *a);

// The last entry of this name in a section, NULL.
const struct accel_entry *accel_find(const struct accel *a, const char *section, const char *key);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// Reads accel-ppp.conf.
#include "audit/accel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void add(struct accel *a, struct str section, struct str line, unsigned at)
{
    const char *is = memchr(line.p, '=', line.n);
    struct str key = str_trim((struct str){line.p, is ? (size_t)(is - line.p) : line.n});
    struct str value = is ? str_trim(str_skip(line, (size_t)(is - line.p) + 1)) : (struct str){"", 0};

    if (a->n == ACCEL_MAX || section.n > ACCEL_NAME_MAX || key.n > ACCEL_NAME_MAX || value.n > ACCEL_VALUE_MAX)
        return;
    struct accel_entry *e = &a->v[a->n++];
    e->line = at;
    snprintf(e->section, sizeof(e->section), "%.*s", STR_FMT(section));
    snprintf(e->key, sizeof(e->key), "%.*s", STR_FMT(key));
    snprintf(e->value, sizeof(e->value), "%.*s", STR_FMT(value));
}

int accel_read(const struct audit_root *root, struct accel *ret)
{
    struct text t = {0};
    struct accel a = {.error = view_read(root, ACCEL_CONF, VIEW_FILE_MAX, &t)};
    struct str left, line, section = {"", 0};

    if (a.error == -ENOMEM)
        return -ENOMEM;
    if (a.error == 0 && !(a.v = calloc(ACCEL_MAX, sizeof(*a.v)))) {
        view_free(&t);
        return -ENOMEM;
    }
    left = (struct str){t.p, t.n};
    for (unsigned at = 1; a.error == 0 && view_cut_line(&left, &line); at++) {
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
            continue;
        if (line.p[0] == '[') {
            const char *end = memchr(line.p, ']', line.n);
            section = (struct str){line.p + 1, end ? (size_t)(end - line.p) - 1 : 0};
        } else {
            add(&a, section, line, at);
        }
    }
    view_free(&t);
    *ret = a;
    return 0;
}

void accel_free(struct accel *a)
{
    if (a->v)
        explicit_bzero(a->v, a->n * sizeof(*a->v)); // RADIUS secrets are among them
    free(a->v);
    *a = (struct accel){0};
}

const struct accel_entry *accel_find(const struct accel *a, const char *section, const char *key)
{
    for (size_t i = a->n; i > 0; i--)
        if (strcmp(a->v[i - 1].section, section) == 0 && strcmp(a->v[i - 1].key, key) == 0)
            return &a->v[i - 1];
    return NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Finds the shipped filters of a build tree. Never looks there when any of the configured directories exists.
#include "config/uninstalled.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int uninstalled_filters(struct strlist *dirs)
{
    char self[PATH_MAX], dir[PATH_MAX + 16], file[PATH_MAX + 32];

    for (size_t i = 0; i < dirs->n; i++)
        if (access(dirs->v[i], F_OK) == 0)
            return 0;
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n <= 0)
        return 0;
    self[n] = '\0';
    char *slash = strrchr(self, '/');
    if (!slash)
        return 0;
    *slash = '\0';
    snprintf(dir, sizeof(dir), "%s/filters", self);
    snprintf(file, sizeof(file), "%s/pptpd.conf", dir);
    if (access(file, R_OK) < 0)
        return 0;

    char **v = realloc(dirs->v, (dirs->n + 1) * sizeof(*v));
    if (!v)
        return -ENOMEM;
    dirs->v = v;
    v[dirs->n] = strdup(dir);
    if (!v[dirs->n])
        return -ENOMEM;
    dirs->n++;
    return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: any bytes as the enforcer's limits file, with a checksum that fits. It is refused or all of it is within
// bounds, and the allowlist is as the search in it needs it.
#include <stddef.h>

#include "enforce/limits_file.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct limits_file file;
    static struct limits l;
    char path[300];
    size_t room = sizeof(file.limits), n = size < room ? size : room;

    memcpy(file.magic, LIMITS_FILE_MAGIC, sizeof(file.magic));
    memset(&file.limits, 0, room);
    memcpy(&file.limits, data, n);
    if (file.limits.n_allow <= LIMITS_MAX_ALLOW && n > offsetof(struct limits, allow))
        file.limits.n_allow = (uint32_t)((n - offsetof(struct limits, allow)) / sizeof(struct prefix)); // mostly as long as it says
    n = file.limits.n_allow <= LIMITS_MAX_ALLOW ? LIMITS_FILE_SIZE(file.limits.n_allow) : sizeof(file);
    file.checksum = limits_checksum(&file.limits, n - offsetof(struct limits_file, limits));
    snprintf(path, sizeof(path), "%s/limits", fuzz_dir());
    FILE *f = fopen(path, "w");
    HOLDS(f && fwrite(&file, 1, n, f) == n && fclose(f) == 0, "%s", path);
    if (limits_read(path, &l) < 0)
        return 0;
    HOLDS(limits_check(&l) == 0, "what was read is not within bounds");
    for (uint32_t i = 1; i < l.n_allow; i++)
        HOLDS(memcmp(&l.allow[i - 1].addr, &l.allow[i].addr, 16) < 0 && !prefix_overlaps(&l.allow[i - 1], &l.allow[i]),
              "entry %u of the allowlist is out of order", i);
    return 0;
}

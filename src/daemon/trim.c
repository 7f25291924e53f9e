// SPDX-License-Identifier: GPL-2.0-or-later
// Lets go of clean file pages and free heap.
#include "daemon/trim.h"

#include <malloc.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

void trim_each(FILE *smaps, void (*drop)(void *userdata, unsigned long begin, unsigned long end), void *userdata)
{
    unsigned long begin = 0, end = 0, from, to, inode, anonymous;
    bool candidate = false;
    char line[4352], flags[5];

    while (fgets(line, sizeof(line), smaps)) {
        if (sscanf(line, "%lx-%lx %4s %*s %*s %lu", &from, &to, flags, &inode) == 4) {
            begin = from;
            end = to;
            candidate = inode != 0 && flags[1] != 'w' && flags[3] == 'p';
        } else if (candidate && sscanf(line, "Anonymous: %lu kB", &anonymous) == 1 && anonymous == 0) {
            drop(userdata, begin, end);
        }
    }
}

static void drop_pages(void *userdata, unsigned long begin, unsigned long end)
{
    (void)userdata;
    (void)madvise((void *)begin, end - begin, MADV_DONTNEED); // NOLINT(performance-no-int-to-ptr)
}

void trim_memory(void)
{
    FILE *smaps = fopen("/proc/self/smaps", "re");

    malloc_trim(0);
    if (!smaps)
        return;
    trim_each(smaps, drop_pages, NULL);
    fclose(smaps);
}

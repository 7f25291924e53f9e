// SPDX-License-Identifier: GPL-2.0-or-later
// Waits until a set holds at least so many entries: kset-count SET N SECONDS. Prints CLOCK_MONOTONIC then (seconds) and
// how many there are; exit 1 when the time is over.
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "kset.h"

int main(int argc, char **argv)
{
    struct kset *set;
    int64_t end;
    long want, n;

    if (argc != 4)
        errx(2, "usage: kset-count SET N SECONDS");
    set = kset_open(argv[1]);
    want = strtol(argv[2], NULL, 10);
    end = now_ns() + (int64_t)(strtod(argv[3], NULL) * 1e9);
    while ((n = kset_count(set)) < want && now_ns() < end)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    printf("%.6f %ld\n", (double)now_ns() / 1e9, n);
    kset_close(set);
    return n < want;
}

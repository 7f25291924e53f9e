// SPDX-License-Identifier: GPL-2.0-or-later
// What a tracked address costs: the difference of the resident set over many addresses, through the jail itself.
//
//   memory [ADDRESSES [FAILURES]]     (1000000, 9): prints BYTES_AN_ADDRESS RESERVED_KIB TRACKED
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "policy/jail.h"

static long resident(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    long size, pages;

    if (!f || fscanf(f, "%ld %ld", &size, &pages) != 2)
        errx(1, "/proc/self/statm");
    fclose(f);
    return pages * sysconf(_SC_PAGESIZE);
}

int main(int argc, char **argv)
{
    unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000000;
    unsigned failures = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 9;
    struct jail_policy policy = {
        .maxretry = 10, .findtime = 600 * USEC_SEC, .bantime = 600 * USEC_SEC, .max_addresses = n};
    struct jail *jail;
    long before = resident(), reserved;

    if (jail_new(&policy, &jail) < 0)
        errx(1, "no memory");
    reserved = resident() - before;
    for (unsigned k = 0; k < failures; k++) {
        for (unsigned i = 0; i < n; i++) {
            struct addr a = {{0x20, 0x01, 0x0d, 0xb8}};

            a.b[12] = (uint8_t)(i >> 24);
            a.b[13] = (uint8_t)(i >> 16);
            a.b[14] = (uint8_t)(i >> 8);
            a.b[15] = (uint8_t)i;
            jail_failure(jail, &a, STR("alice"), (usec_t)k * USEC_SEC, 1, 0);
        }
    }
    printf("%.1f %ld %u\n", (double)(resident() - before) / n, reserved / 1024, jail_counters(jail)->addresses);
    jail_free(jail);
    return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Asks the kernel whether an address is in a set, and how many are, in a few microseconds: the clock's end point of
// the benchmarks. Changes nothing.
#ifndef PB_BENCH_KSET_H
#define PB_BENCH_KSET_H

#include <stdbool.h>
#include <stdint.h>

struct kset;

// name: "ipset:SET" or "nft:FAMILY:TABLE:SET" (family inet, ip or netdev). Ends the program when it cannot.
struct kset *kset_open(const char *name);
void kset_close(struct kset *k);

bool kset_has(struct kset *k, uint32_t addr); // host byte order; false while there is no such set

// The number of entries, -1 while there is no such set. ipset: the kernel's own figure; nft: counted in a dump.
long kset_count(struct kset *k);

int64_t now_ns(void); // CLOCK_MONOTONIC

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// Keyed hashing (SipHash-1-3, Aumasson and Bernstein): attackers choose what goes into our tables, so no table
// may be indexed by anything they can compute.
#ifndef PB_BASE_HASH_H
#define PB_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
    uint64_t k[2];
};

// A random key from the kernel; falls back to clock and pid where getrandom() fails.
struct hash_key hash_key_new(void);

uint64_t hash_bytes(const struct hash_key *key, const void *p, size_t n);

#endif

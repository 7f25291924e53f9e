// SPDX-License-Identifier: GPL-2.0-or-later
// SipHash-1-3 after its paper (https://www.aumasson.jp/siphash/): one compression round, three final rounds.
#include "base/hash.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

struct hash_key hash_key_new(void)
{
    struct hash_key key;

    if (getrandom(&key, sizeof(key), GRND_NONBLOCK) != (ssize_t)sizeof(key)) {
        struct timespec ts;
        clock_gettime(CLOCK_REALTIME, &ts);
        key.k[0] = (uint64_t)ts.tv_nsec * UINT64_C(0x9e3779b97f4a7c15);
        key.k[1] = (uint64_t)ts.tv_sec ^ ((uint64_t)getpid() << 32);
    }
    return key;
}

static inline uint64_t rotl(uint64_t x, int b)
{
    return (x << b) | (x >> (64 - b));
}

static inline void round_sip(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[0] = rotl(v[0], 32);
    v[2] += v[3];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[2] = rotl(v[2], 32);
}

uint64_t hash_bytes(const struct hash_key *key, const void *p, size_t n)
{
    const unsigned char *in = p;
    uint64_t v[4] = {
        UINT64_C(0x736f6d6570736575) ^ key->k[0],
        UINT64_C(0x646f72616e646f6d) ^ key->k[1],
        UINT64_C(0x6c7967656e657261) ^ key->k[0],
        UINT64_C(0x7465646279746573) ^ key->k[1],
    };
    uint64_t m, last = (uint64_t)n << 56;

    for (; n >= 8; n -= 8, in += 8) {
        memcpy(&m, in, 8); // host order: the hash never leaves this process
        v[3] ^= m;
        round_sip(v);
        v[0] ^= m;
    }
    for (size_t i = 0; i < n; i++)
        last |= (uint64_t)in[i] << (8 * i);
    v[3] ^= last;
    round_sip(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        round_sip(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

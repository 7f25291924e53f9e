// SPDX-License-Identifier: GPL-2.0-or-later
// Finds any of a set of fixed byte strings in a buffer. The idea is that of Teddy (Langdale's Hyperscan): each
// string is known by a fingerprint of four bytes, each fingerprint belongs to one of eight buckets, and two table
// look-ups a nibble tell for 16 or 32 positions at once which buckets may match there; what may match is compared.
// All kernels find the same candidates or fewer false ones, and comparing decides, so results never differ.
#include "base/literals.h"

#include <errno.h>
#include <stdlib.h>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#define HAVE_X86 1
#endif

enum { WIDTH = 4, BUCKETS = 8 };

struct literal {
    const char *p;
    size_t n;
    size_t offset; // of the fingerprint
};

// The first position q in [p, end) where some bucket may match, with these buckets; NULL when there is none.
typedef const char *(*candidate_fn)(const struct literals *l, const char *p, const char *end, uint8_t *ret_buckets);

struct literals {
    uint8_t lo[WIDTH][16], hi[WIDTH][16]; // by nibble of byte i of the fingerprint: which buckets allow it
    candidate_fn candidate;
    uint64_t bucket[BUCKETS]; // bit i: string i is in it
    uint64_t begins[256];     // bit i: string i begins with this byte
    size_t max_offset;
    size_t count;
    struct literal v[LITERALS_MAX];
    char bytes[]; // of all strings
};

// Bytes of system logs, the commonest first: what is not named is rare. Order is enough, Zipf does the rest.
static const char common[] = "e 0t1as2inor3:dl4-c5u68m79p.[]Tfghyb=/wvk_,+SCP\"()RDAENIx'ZUMOqzjLFWB;HGV<>K#@X";

unsigned literals_frequency(unsigned char c)
{
    const char *at = c ? strchr(common, c) : NULL;
    return at ? 2400u / ((unsigned)(at - common) + 6) : 4;
}

// Where in the string the rarest WIDTH bytes in a row begin.
static size_t rarest_offset(struct str s)
{
    size_t best = 0;
    double best_p = 1e300;

    for (size_t i = 0; i == 0 || i + WIDTH <= s.n; i++) {
        double p = 1;
        bool syllable = true;
        for (size_t j = i; j < i + WIDTH && j < s.n; j++) {
            p *= literals_frequency((unsigned char)s.p[j]);
            syllable &= s.p[j] >= 'a' && s.p[j] <= 'z';
        }
        if (syllable) // letters keep company: "conn" stands in more lines than chance would have it
            p *= 4;
        if (p < best_p) {
            best_p = p;
            best = i;
        }
    }
    return best;
}

// Lets bucket b see literal i; what lies behind the end of a short string may be anything.
static void allow(struct literals *l, size_t i, unsigned b)
{
    const struct literal *v = &l->v[i];

    for (size_t j = 0; j < WIDTH; j++) {
        if (v->offset + j < v->n) {
            unsigned char c = (unsigned char)v->p[v->offset + j];
            l->lo[j][c & 15] |= (uint8_t)(1u << b);
            l->hi[j][c >> 4] |= (uint8_t)(1u << b);
        } else {
            for (size_t k = 0; k < 16; k++) {
                l->lo[j][k] |= (uint8_t)(1u << b);
                l->hi[j][k] |= (uint8_t)(1u << b);
            }
        }
    }
    l->bucket[b] |= UINT64_C(1) << i;
}

// How often bucket b raises a false alarm, in relative terms.
static double noise(const struct literals *l, unsigned b)
{
    double p = 1;

    for (size_t j = 0; j < WIDTH; j++) {
        unsigned sum = 0;
        for (unsigned c = 0; c < 256; c++)
            if (l->lo[j][c & 15] & l->hi[j][c >> 4] & (1u << b))
                sum += literals_frequency((unsigned char)c);
        p *= sum;
    }
    return p;
}

// Each literal goes where it adds the fewest false alarms.
static void fill_buckets(struct literals *l)
{
    for (size_t i = 0; i < l->count; i++) {
        unsigned best = 0;
        double best_added = 1e300;
        for (unsigned b = 0; b < BUCKETS; b++) {
            struct literals with = *l;
            allow(&with, i, b);
            double added = noise(&with, b) - (l->bucket[b] ? noise(l, b) : 0);
            if (added < best_added) {
                best_added = added;
                best = b;
            }
        }
        allow(l, i, best);
    }
}

static const char *candidate_portable(const struct literals *l, const char *p, const char *end, uint8_t *ret_buckets)
{
    for (; p < end; p++) {
        unsigned buckets = 0xff;
        for (size_t j = 0; j < WIDTH && j < (size_t)(end - p) && buckets; j++) {
            unsigned char c = (unsigned char)p[j];
            buckets &= l->lo[j][c & 15] & l->hi[j][c >> 4];
        }
        if (buckets) {
            *ret_buckets = (uint8_t)buckets;
            return p;
        }
    }
    return NULL;
}

#ifdef HAVE_X86

__attribute__((target("ssse3"))) static const char *candidate_ssse3(const struct literals *l, const char *p,
                                                                    const char *end, uint8_t *ret_buckets)
{
    const __m128i nibble = _mm_set1_epi8(15);
    __m128i lo[WIDTH], hi[WIDTH];

    for (size_t j = 0; j < WIDTH; j++) {
        lo[j] = _mm_loadu_si128((const __m128i *)(const void *)l->lo[j]);
        hi[j] = _mm_loadu_si128((const __m128i *)(const void *)l->hi[j]);
    }
    for (; end - p >= 16 + WIDTH - 1; p += 16) {
        __m128i buckets = _mm_set1_epi8(-1);
        for (size_t j = 0; j < WIDTH; j++) {
            __m128i in = _mm_loadu_si128((const __m128i *)(const void *)(p + j));
            __m128i high = _mm_and_si128(_mm_srli_epi16(in, 4), nibble);
            buckets = _mm_and_si128(buckets, _mm_and_si128(_mm_shuffle_epi8(lo[j], _mm_and_si128(in, nibble)),
                                                           _mm_shuffle_epi8(hi[j], high)));
        }
        unsigned none = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(buckets, _mm_setzero_si128()));
        if (none != 0xffff) {
            unsigned at = (unsigned)__builtin_ctz(~none);
            uint8_t bytes[16];
            _mm_storeu_si128((__m128i *)(void *)bytes, buckets);
            *ret_buckets = bytes[at];
            return p + at;
        }
    }
    return candidate_portable(l, p, end, ret_buckets);
}

__attribute__((target("avx2"))) static const char *candidate_avx2(const struct literals *l, const char *p,
                                                                  const char *end, uint8_t *ret_buckets)
{
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i lo[WIDTH], hi[WIDTH];

    for (size_t j = 0; j < WIDTH; j++) {
        lo[j] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)l->lo[j]));
        hi[j] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)l->hi[j]));
    }
    for (; end - p >= 32 + WIDTH - 1; p += 32) {
        __m256i buckets = _mm256_set1_epi8(-1);
        for (size_t j = 0; j < WIDTH; j++) {
            __m256i in = _mm256_loadu_si256((const __m256i *)(const void *)(p + j));
            __m256i high = _mm256_and_si256(_mm256_srli_epi16(in, 4), nibble);
            buckets =
                _mm256_and_si256(buckets, _mm256_and_si256(_mm256_shuffle_epi8(lo[j], _mm256_and_si256(in, nibble)),
                                                           _mm256_shuffle_epi8(hi[j], high)));
        }
        if (!_mm256_testz_si256(buckets, buckets)) {
            __m256i zero = _mm256_cmpeq_epi8(buckets, _mm256_setzero_si256());
            unsigned at = (unsigned)__builtin_ctz(~(unsigned)_mm256_movemask_epi8(zero));
            uint8_t bytes[32];
            _mm256_storeu_si256((__m256i *)(void *)bytes, buckets);
            *ret_buckets = bytes[at];
            return p + at;
        }
    }
    return candidate_ssse3(l, p, end, ret_buckets);
}

#endif

static candidate_fn best_kernel(enum literals_kernel limit)
{
#ifdef HAVE_X86
    __builtin_cpu_init();
    if (limit >= LITERALS_AVX2 && __builtin_cpu_supports("avx2"))
        return candidate_avx2;
    if (limit >= LITERALS_SSSE3 && __builtin_cpu_supports("ssse3"))
        return candidate_ssse3;
#endif
    (void)limit;
    return candidate_portable;
}

int literals_new(const struct str *strings, size_t count, struct literals **ret)
{
    size_t bytes = 0;

    if (count < 1 || count > LITERALS_MAX)
        return -EINVAL;
    for (size_t i = 0; i < count; i++) {
        if (strings[i].n < 1 || strings[i].n > SIZE_MAX / 2 - bytes)
            return -EINVAL;
        bytes += strings[i].n;
    }
    struct literals *l = calloc(1, sizeof(*l) + bytes);
    if (!l)
        return -ENOMEM;
    char *to = l->bytes;
    l->count = count;
    for (size_t i = 0; i < count; i++) {
        memcpy(to, strings[i].p, strings[i].n);
        l->v[i] = (struct literal){to, strings[i].n, rarest_offset(strings[i])};
        l->begins[(unsigned char)*to] |= UINT64_C(1) << i;
        if (l->v[i].offset > l->max_offset)
            l->max_offset = l->v[i].offset;
        to += strings[i].n;
    }
    fill_buckets(l);
    l->candidate = best_kernel(LITERALS_AVX2);
    *ret = l;
    return 0;
}

void literals_limit_kernel(struct literals *l, enum literals_kernel limit)
{
    l->candidate = best_kernel(limit);
}

void literals_free(struct literals *l)
{
    free(l);
}

static bool stands_at(const struct literal *v, const char *at, const char *end)
{
    return (size_t)(end - at) >= v->n && memcmp(at, v->p, v->n) == 0;
}

// All strings of these buckets, less those in known, whose fingerprint at q is no false alarm. *ret_first: where the
// earliest of them begins.
static uint64_t verify(const struct literals *l, unsigned buckets, uint64_t known, const char *begin, const char *q,
                       const char *end, const char **ret_first)
{
    uint64_t may = 0, found = 0;

    for (; buckets; buckets &= buckets - 1)
        may |= l->bucket[__builtin_ctz(buckets)];
    for (may &= ~known; may; may &= may - 1) {
        unsigned i = (unsigned)__builtin_ctzll(may);
        const struct literal *v = &l->v[i];
        if ((size_t)(q - begin) < v->offset || !stands_at(v, q - v->offset, end))
            continue;
        found |= UINT64_C(1) << i;
        if (!*ret_first || q - v->offset < *ret_first)
            *ret_first = q - v->offset;
    }
    return found;
}

const char *literals_find(const struct literals *l, const char *p, const char *end)
{
    const char *first = NULL, *q = p;
    uint8_t buckets;

    for (; (q = l->candidate(l, q, end, &buckets)); q++)
        if (verify(l, buckets, 0, p, q, end, &first))
            break;
    if (!first)
        return NULL;
    // A string that begins before this one may have its fingerprint behind q, but no further than max_offset.
    const char *from = (size_t)(q - p) > l->max_offset ? q - l->max_offset : p;
    for (; from < first; from++)
        for (uint64_t may = l->begins[(unsigned char)*from]; may; may &= may - 1)
            if (stands_at(&l->v[__builtin_ctzll(may)], from, end))
                return from;
    return first;
}

uint64_t literals_mask(const struct literals *l, struct str s)
{
    const char *q = s.p, *end = s.p + s.n, *first;
    uint64_t mask = 0;
    uint8_t buckets;

    for (; s.n && (q = l->candidate(l, q, end, &buckets)); q++) {
        first = NULL;
        mask |= verify(l, buckets, mask, s.p, q, end, &first);
    }
    return mask;
}

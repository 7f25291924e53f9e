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
    size_t offset;       // of the fingerprint
    uint32_t word, care; // the fingerprint as a word, and which bits of it count
    uint64_t bit;        // in masks
    int next;            // of those that begin with the same byte; -1: none
};

// By nibble of byte i of the fingerprint: which buckets allow it.
struct tables {
    uint8_t lo[WIDTH][16], hi[WIDTH][16];
};

enum { WORD_BITS = 15 };

// The first position q in [p, end) where some bucket may match, with these buckets; NULL when there is none.
typedef const char *(*candidate_fn)(const struct literals *l, const char *p, const char *end, uint8_t *ret_buckets);

struct literals {
    struct tables tables;
    uint64_t words[(1 << WORD_BITS) / 64]; // by hash: which fingerprints there are, for the buckets of many mix theirs
    candidate_fn candidate;
    size_t max_offset;
    size_t bucket[BUCKETS + 1]; // bucket b is v[bucket[b]] up to v[bucket[b + 1]]
    int begins[256];            // the first literal that begins with this byte; -1: none
    struct literal v[];         // the strings themselves lie behind
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

// Lets bucket b see a literal; what lies behind the end of a short string may be anything.
static void allow(struct tables *t, const struct literal *v, unsigned b)
{
    for (size_t j = 0; j < WIDTH; j++) {
        if (v->offset + j < v->n) {
            unsigned char c = (unsigned char)v->p[v->offset + j];
            t->lo[j][c & 15] |= (uint8_t)(1u << b);
            t->hi[j][c >> 4] |= (uint8_t)(1u << b);
        } else {
            for (size_t k = 0; k < 16; k++) {
                t->lo[j][k] |= (uint8_t)(1u << b);
                t->hi[j][k] |= (uint8_t)(1u << b);
            }
        }
    }
}

// How often bucket b raises a false alarm, in relative terms.
static double noise(const struct tables *t, unsigned b)
{
    double p = 1;

    for (size_t j = 0; j < WIDTH; j++) {
        unsigned sum = 0;
        for (unsigned c = 0; c < 256; c++)
            if (t->lo[j][c & 15] & t->hi[j][c >> 4] & (1u << b))
                sum += literals_frequency((unsigned char)c);
        p *= sum;
    }
    return p;
}

// Where a literal adds the fewest false alarms. now: of each bucket.
static unsigned choose_bucket(struct tables *t, const struct literal *v, double now[static BUCKETS])
{
    unsigned best = 0;
    double best_added = 1e300, best_noise = 0;

    for (unsigned b = 0; b < BUCKETS; b++) {
        struct tables with = *t;
        allow(&with, v, b);
        double then = noise(&with, b);
        if (then - now[b] < best_added) {
            best_added = then - now[b];
            best_noise = then;
            best = b;
        }
    }
    now[best] = best_noise;
    allow(t, v, best);
    return best;
}

// WIDTH bytes at q as a word; what lies behind the end is 0.
static uint32_t word_at(const char *q, const char *end)
{
    uint32_t word = 0;

    memcpy(&word, q, (size_t)(end - q) < WIDTH ? (size_t)(end - q) : WIDTH);
    return word;
}

static uint32_t word_hash(uint32_t word)
{
    return (word * UINT32_C(0x9e3779b1)) >> (32 - WORD_BITS);
}

static bool is_known(const struct literals *l, uint32_t word)
{
    uint32_t h = word_hash(word);

    return l->words[h / 64] >> h % 64 & 1;
}

static void make_known(struct literals *l, const struct literal *v)
{
    const size_t n = v->n - v->offset;
    unsigned char bytes[WIDTH];
    uint32_t word;

    if (n < WIDTH - 1) { // whatever follows: nearly all
        memset(l->words, 0xff, sizeof(l->words));
        return;
    }
    memcpy(bytes, &v->word, sizeof(bytes));
    for (unsigned last = 0; last < (n < WIDTH ? 256 : 1); last++) {
        if (n < WIDTH)
            bytes[WIDTH - 1] = (unsigned char)last;
        memcpy(&word, bytes, sizeof(word));
        uint32_t h = word_hash(word);
        l->words[h / 64] |= UINT64_C(1) << h % 64;
    }
}

static const char *candidate_portable(const struct literals *l, const char *p, const char *end, uint8_t *ret_buckets)
{
    const struct tables *t = &l->tables;

    for (; p < end; p++) {
        unsigned buckets = 0xff;
        for (size_t j = 0; j < WIDTH && j < (size_t)(end - p) && buckets; j++) {
            unsigned char c = (unsigned char)p[j];
            buckets &= t->lo[j][c & 15] & t->hi[j][c >> 4];
        }
        if (buckets && is_known(l, word_at(p, end))) {
            *ret_buckets = (uint8_t)buckets;
            return p;
        }
    }
    return NULL;
}

#ifdef HAVE_X86

// Of the positions from p on whose bits are set in may, the first where a whole fingerprint stands.
static inline const char *first_known(const struct literals *l, const char *p, unsigned may)
{
    uint32_t word;

    for (; may; may &= may - 1) {
        const char *q = p + __builtin_ctz(may);
        memcpy(&word, q, sizeof(word));
        if (is_known(l, word))
            return q;
    }
    return NULL;
}

__attribute__((target("ssse3"))) static const char *candidate_ssse3(const struct literals *l, const char *p,
                                                                    const char *end, uint8_t *ret_buckets)
{
    const struct tables *t = &l->tables;
    const __m128i nibble = _mm_set1_epi8(15);
    __m128i lo[WIDTH], hi[WIDTH];

    for (size_t j = 0; j < WIDTH; j++) {
        lo[j] = _mm_loadu_si128((const __m128i *)(const void *)t->lo[j]);
        hi[j] = _mm_loadu_si128((const __m128i *)(const void *)t->hi[j]);
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
            const char *q = first_known(l, p, ~none & 0xffff);
            if (!q)
                continue;
            uint8_t bytes[16];
            _mm_storeu_si128((__m128i *)(void *)bytes, buckets);
            *ret_buckets = bytes[q - p];
            return q;
        }
    }
    return candidate_portable(l, p, end, ret_buckets);
}

__attribute__((target("avx2"))) static const char *candidate_avx2(const struct literals *l, const char *p,
                                                                  const char *end, uint8_t *ret_buckets)
{
    const struct tables *t = &l->tables;
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i lo[WIDTH], hi[WIDTH];

    for (size_t j = 0; j < WIDTH; j++) {
        lo[j] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)t->lo[j]));
        hi[j] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)t->hi[j]));
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
            const char *q = first_known(l, p, ~(unsigned)_mm256_movemask_epi8(zero));
            if (!q)
                continue;
            uint8_t bytes[32];
            _mm256_storeu_si256((__m256i *)(void *)bytes, buckets);
            *ret_buckets = bytes[q - p];
            return q;
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

uint64_t literals_bit(size_t i, size_t count)
{
    return UINT64_C(1) << (count <= LITERALS_BITS ? i : i * LITERALS_BITS / count);
}

static struct literal make_literal(struct str s)
{
    struct literal v = {.p = s.p, .n = s.n, .offset = rarest_offset(s), .next = -1};
    unsigned char word[WIDTH] = {0}, care[WIDTH] = {0};

    for (size_t j = 0; j < WIDTH && v.offset + j < v.n; j++) {
        word[j] = (unsigned char)v.p[v.offset + j];
        care[j] = 0xff;
    }
    memcpy(&v.word, word, sizeof(v.word));
    memcpy(&v.care, care, sizeof(v.care));
    return v;
}

// Puts them into buckets: *ret is in the order of these.
static void fill_buckets(struct literals *l, const struct literal *from, size_t count)
{
    unsigned char bucket[LITERALS_MAX];
    double now[BUCKETS] = {0};
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        bucket[i] = (unsigned char)choose_bucket(&l->tables, &from[i], now);
    for (unsigned b = 0; b < BUCKETS; b++) {
        l->bucket[b] = n;
        for (size_t i = 0; i < count; i++)
            if (bucket[i] == b)
                l->v[n++] = from[i];
    }
    l->bucket[BUCKETS] = n;
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
    struct literals *l = calloc(1, sizeof(*l) + count * sizeof(l->v[0]) + bytes);
    struct literal *v = calloc(count, sizeof(*v));
    if (!l || !v) {
        free(l);
        free(v);
        return -ENOMEM;
    }
    char *to = (char *)&l->v[count];
    for (size_t i = 0; i < count; i++) {
        memcpy(to, strings[i].p, strings[i].n);
        v[i] = make_literal((struct str){to, strings[i].n});
        v[i].bit = literals_bit(i, count);
        if (v[i].offset > l->max_offset)
            l->max_offset = v[i].offset;
        to += strings[i].n;
    }
    fill_buckets(l, v, count);
    free(v);
    memset(l->begins, 0xff, sizeof(l->begins)); // -1
    for (size_t i = 0; i < count; i++) {
        make_known(l, &l->v[i]);
        int *begins = &l->begins[(unsigned char)l->v[i].p[0]];
        l->v[i].next = *begins;
        *begins = (int)i;
    }
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

// The bits of all strings of these buckets, less those in known, whose fingerprint at q is no false alarm. *ret_first:
// where the earliest of them begins.
static uint64_t verify(const struct literals *l, unsigned buckets, uint64_t known, const char *begin, const char *q,
                       const char *end, const char **ret_first)
{
    const uint32_t word = word_at(q, end);
    uint64_t found = 0;

    for (; buckets; buckets &= buckets - 1) {
        unsigned b = (unsigned)__builtin_ctz(buckets);
        for (const struct literal *v = &l->v[l->bucket[b]], *last = &l->v[l->bucket[b + 1]]; v < last; v++) {
            if (((word ^ v->word) & v->care) || (v->bit & known) || (size_t)(q - begin) < v->offset ||
                !stands_at(v, q - v->offset, end))
                continue;
            found |= v->bit;
            if (!*ret_first || q - v->offset < *ret_first)
                *ret_first = q - v->offset;
        }
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
        for (int i = l->begins[(unsigned char)*from]; i >= 0; i = l->v[i].next)
            if (stands_at(&l->v[i], from, end))
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

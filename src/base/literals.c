// SPDX-License-Identifier: GPL-2.0-or-later
// Finds any of a set of fixed byte strings in a buffer. The idea is that of Teddy (Langdale's Hyperscan): each
// string is known by a fingerprint of four bytes, each fingerprint belongs to one of eight buckets, and two table
// look-ups a nibble tell for 16 or 32 positions at once which buckets may match there; what may match is compared.
// All kernels find the same candidates or fewer false ones, and comparing decides, so results never differ.
//
// A library that does more was measured beside it (vectorscan 5.4.9, hs_compile_lit_multi, blocks of 64 KiB, 111 bytes
// a line): 39, 53 and 55 ns a line for 36, 130 and 252 strings, against 16, 53 and 79 here, where every seventh line is
// stopped at. It would be one more library in front of hostile text, and slower for one filter.
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
    int same;            // the next whose fingerprint has the same hash (or is as short); -1: none
};

// By nibble of byte i of the fingerprint: which buckets allow it.
struct tables {
    uint8_t lo[WIDTH][16], hi[WIDTH][16];
};

// The first position in [p, end) where the fingerprint of some literal stands that lies wholly in [begin, end); NULL
// when there is none.
typedef const char *(*search_fn)(const struct literals *l, const char *begin, const char *p, const char *end);

enum { HASH_BITS = 15, CHAIN_BITS = 10 };

// A position is looked at in three steps, each of which lets few through: the buckets, sixteen or more positions at
// once; whether there is such a fingerprint (the buckets of many literals mix theirs); the literals that have it.
struct literals {
    struct tables tables;
    uint64_t hashes[(1 << HASH_BITS) / 64]; // of fingerprints
    int chain[1 << CHAIN_BITS];             // by the upper bits of the hash: the first literal; -1: none
    int shorts;                             // the first literal that is shorter than a fingerprint; -1: none
    search_fn search;
    struct literal v[]; // the strings themselves lie behind
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

// A literal goes where it adds the fewest false alarms. now: those of each bucket.
static void put_into_bucket(struct tables *t, const struct literal *v, double now[static BUCKETS])
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
}

// WIDTH bytes at q as a word; what lies behind the end is 0.
static uint32_t word_at(const char *q, const char *end)
{
    uint32_t word = 0;

    memcpy(&word, q, (size_t)(end - q) < WIDTH ? (size_t)(end - q) : WIDTH);
    return word;
}

static uint32_t hash_of(uint32_t word)
{
    return (word * UINT32_C(0x9e3779b1)) >> (32 - HASH_BITS);
}

static void add_hash(struct literals *l, uint32_t word)
{
    uint32_t h = hash_of(word);

    l->hashes[h / 64] |= UINT64_C(1) << h % 64;
}

// Makes literal i findable by its fingerprint.
static void add_fingerprint(struct literals *l, int i)
{
    struct literal *v = &l->v[i];
    int *first = v->n < WIDTH ? &l->shorts : &l->chain[hash_of(v->word) >> (HASH_BITS - CHAIN_BITS)];
    unsigned char bytes[WIDTH];
    uint32_t word;

    v->same = *first;
    *first = i;
    if (v->n < WIDTH - 1) { // whatever follows: that is nearly all words
        memset(l->hashes, 0xff, sizeof(l->hashes));
        return;
    }
    memcpy(bytes, &v->word, sizeof(bytes));
    for (unsigned last = 0; last < (v->n < WIDTH ? 256 : 1); last++) {
        if (v->n < WIDTH)
            bytes[WIDTH - 1] = (unsigned char)last;
        memcpy(&word, bytes, sizeof(word));
        add_hash(l, word);
    }
}

static bool stands_at(const struct literal *v, const char *at, const char *end)
{
    return (size_t)(end - at) >= v->n && memcmp(at, v->p, v->n) == 0;
}

// The bits of the literals in a chain whose fingerprint is at q. *ret_first: where the earliest of them begins.
static uint64_t ask_chain(const struct literals *l, int i, uint32_t word, const char *begin, const char *q,
                          const char *end, const char **ret_first)
{
    uint64_t found = 0;

    for (; i >= 0; i = l->v[i].same) {
        const struct literal *v = &l->v[i];
        if (((word ^ v->word) & v->care) || (size_t)(q - begin) < v->offset || !stands_at(v, q - v->offset, end))
            continue;
        found |= v->bit;
        if (!*ret_first || q - v->offset < *ret_first)
            *ret_first = q - v->offset;
    }
    return found;
}

static uint64_t ask(const struct literals *l, uint32_t word, const char *begin, const char *q, const char *end,
                    const char **ret_first)
{
    const uint32_t h = hash_of(word);

    *ret_first = NULL;
    if (!(l->hashes[h / 64] >> h % 64 & 1))
        return 0;
    return ask_chain(l, l->chain[h >> (HASH_BITS - CHAIN_BITS)], word, begin, q, end, ret_first) |
           ask_chain(l, l->shorts, word, begin, q, end, ret_first);
}

static const char *search_portable(const struct literals *l, const char *begin, const char *p, const char *end)
{
    const struct tables *t = &l->tables;
    const char *first;

    for (; p < end; p++) {
        unsigned buckets = 0xff;
        for (size_t j = 0; j < WIDTH && j < (size_t)(end - p) && buckets; j++) {
            unsigned char c = (unsigned char)p[j];
            buckets &= t->lo[j][c & 15] & t->hi[j][c >> 4];
        }
        if (buckets && ask(l, word_at(p, end), begin, p, end, &first))
            return p;
    }
    return NULL;
}

#ifdef HAVE_X86

// Of the positions from p on whose bits are set in may, the first that holds what it promises. WIDTH bytes can be read
// at each.
static const char *ask_each(const struct literals *l, const char *begin, const char *p, unsigned may, const char *end)
{
    const char *first;
    uint32_t word;

    for (; may; may &= may - 1) {
        const char *q = p + __builtin_ctz(may);
        memcpy(&word, q, sizeof(word));
        if (ask(l, word, begin, q, end, &first))
            return q;
    }
    return NULL;
}

__attribute__((target("ssse3"))) static const char *search_ssse3(const struct literals *l, const char *begin,
                                                                 const char *p, const char *end)
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
        const char *q = none != 0xffff ? ask_each(l, begin, p, ~none & 0xffff, end) : NULL;
        if (q)
            return q;
    }
    return search_portable(l, begin, p, end);
}

__attribute__((target("avx2"))) static const char *search_avx2(const struct literals *l, const char *begin,
                                                               const char *p, const char *end)
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
            const char *q = ask_each(l, begin, p, ~(unsigned)_mm256_movemask_epi8(zero), end);
            if (q)
                return q;
        }
    }
    return search_ssse3(l, begin, p, end);
}

#endif

static search_fn best_kernel(enum literals_kernel limit)
{
#ifdef HAVE_X86
    __builtin_cpu_init();
    if (limit >= LITERALS_AVX2 && __builtin_cpu_supports("avx2"))
        return search_avx2;
    if (limit >= LITERALS_SSSE3 && __builtin_cpu_supports("ssse3"))
        return search_ssse3;
#endif
    (void)limit;
    return search_portable;
}

uint64_t literals_bit(size_t i, size_t count)
{
    return UINT64_C(1) << (count <= LITERALS_BITS ? i : i * LITERALS_BITS / count);
}

static struct literal make_literal(struct str s, uint64_t bit)
{
    struct literal v = {.p = s.p, .n = s.n, .offset = rarest_offset(s), .bit = bit};
    unsigned char word[WIDTH] = {0}, care[WIDTH] = {0};

    for (size_t j = 0; j < WIDTH && v.offset + j < v.n; j++) {
        word[j] = (unsigned char)v.p[v.offset + j];
        care[j] = 0xff;
    }
    memcpy(&v.word, word, sizeof(v.word));
    memcpy(&v.care, care, sizeof(v.care));
    return v;
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
    if (!l)
        return -ENOMEM;
    char *to = (char *)&l->v[count];
    double noises[BUCKETS] = {0};
    memset(l->chain, 0xff, sizeof(l->chain)); // -1
    l->shorts = -1;
    for (size_t i = 0; i < count; i++) {
        struct literal *v = &l->v[i];
        memcpy(to, strings[i].p, strings[i].n);
        *v = make_literal((struct str){to, strings[i].n}, literals_bit(i, count));
        to += strings[i].n;
        put_into_bucket(&l->tables, v, noises);
        add_fingerprint(l, (int)i);
    }
    l->search = best_kernel(LITERALS_AVX2);
    *ret = l;
    return 0;
}

void literals_limit_kernel(struct literals *l, enum literals_kernel limit)
{
    l->search = best_kernel(limit);
}

void literals_free(struct literals *l)
{
    free(l);
}

const char *literals_find(const struct literals *l, const char *p, const char *end)
{
    const char *first, *q = l->search(l, p, p, end);

    if (!q)
        return NULL;
    ask(l, word_at(q, end), p, q, end, &first);
    return first;
}

uint64_t literals_mask(const struct literals *l, struct str s)
{
    const char *q = s.p, *end = s.n ? s.p + s.n : q, *first;
    uint64_t mask = 0;

    for (; s.n && (q = l->search(l, s.p, q, end)); q++)
        mask |= ask(l, word_at(q, end), s.p, q, end, &first);
    return mask;
}

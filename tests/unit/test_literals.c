// SPDX-License-Identifier: GPL-2.0-or-later
// literals: every kernel finds exactly what a naive search finds, and none reads outside the buffer.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/literals.h"

static const enum literals_kernel kernels[] = {LITERALS_PORTABLE, LITERALS_SSSE3, LITERALS_AVX2};
enum { KERNELS = sizeof(kernels) / sizeof(kernels[0]) };

static uint32_t next(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

static const char *naive_find(const struct str *v, size_t n, const char *p, const char *end)
{
    for (; p < end; p++)
        for (size_t i = 0; i < n; i++)
            if ((size_t)(end - p) >= v[i].n && memcmp(p, v[i].p, v[i].n) == 0)
                return p;
    return NULL;
}

static uint64_t naive_mask(const struct str *v, size_t n, struct str s)
{
    uint64_t mask = 0;

    for (size_t i = 0; i < n; i++)
        if (naive_find(&v[i], 1, s.p, s.p + s.n))
            mask |= literals_bit(i, n);
    return mask;
}

static void expect_same(struct literals *l, const struct str *v, size_t n, struct str s)
{
    for (size_t k = 0; k < KERNELS; k++) {
        literals_limit_kernel(l, kernels[k]);
        const char *p = s.p, *end = s.p + s.n;
        while (p <= end) {
            const char *first = naive_find(v, n, p, end), *got = literals_find(l, p, end);
            assert_int_equal(got != NULL, first != NULL);
            if (!got)
                break;
            assert_ptr_equal(naive_find(v, n, got, end), got); // one begins there
            assert_true(got == p || !naive_find(v, n, p, got)); // and none lies wholly before it
            p = got + 1;
        }
        assert_true(literals_mask(l, s) == naive_mask(v, n, s));
    }
}

// Few letters, so that strings overlap, repeat and begin one another; also NUL and bytes above 127.
static void finds_what_a_naive_search_finds(void **state)
{
    static const char letters[] = {'a', 'b', 'c', '\0', (char)0xe9, 'A', ' ', 'b'};
    uint64_t seed = 20261122;

    (void)state;
    for (int round = 0; round < 1500; round++) {
        static char strings[LITERALS_MAX][48];
        char text[400];
        struct str v[LITERALS_MAX];
        size_t n = 1 + next(&seed) % (round % 10 ? 12 : round % 50 ? LITERALS_BITS : LITERALS_MAX);
        unsigned alphabet = 2 + next(&seed) % 7;
        unsigned longest = round % 3 ? 6 : 48;
        for (size_t i = 0; i < n; i++) {
            v[i] = (struct str){strings[i], 1 + next(&seed) % longest};
            for (size_t j = 0; j < v[i].n; j++)
                strings[i][j] = letters[next(&seed) % alphabet];
        }
        size_t length = next(&seed) % sizeof(text);
        for (size_t j = 0; j < length; j++)
            text[j] = letters[next(&seed) % alphabet];
        if (length > 60) // and something to find for the long ones
            memcpy(text + next(&seed) % (length - 48), v[0].p, v[0].n);
        struct literals *l;
        assert_int_equal(literals_new(v, n, &l), 0);
        expect_same(l, v, n, (struct str){text, length});
        literals_free(l);
    }
}

// The text ends where readable memory ends, and begins where it begins, at every length and offset.
static void never_reads_outside(void **state)
{
    static const struct str v[] = {
        {"x", 1}, {"Exit.", 5}, {"PPP[0]", 6}, {"yz", 2}, {" failed CHAP authentication", 27}};
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct literals *l;

    (void)state;
    assert_true(map != MAP_FAILED);
    assert_int_equal(mprotect(map + page, page, PROT_READ | PROT_WRITE), 0);
    assert_int_equal(literals_new(v, 5, &l), 0);
    for (size_t n = 0; n <= 130; n++) {
        for (size_t which = 0; which < 5; which++) {
            char *tail = map + 2 * page - n, *head = map + page;
            memset(map + page, '.', page);
            if (v[which].n <= n) {
                memcpy(tail + n - v[which].n, v[which].p, v[which].n);
                expect_same(l, v, 5, (struct str){tail, n});
                memset(map + page, '.', page);
                memcpy(head, v[which].p, v[which].n);
            }
            expect_same(l, v, 5, (struct str){head, n});
            // cut off by one byte: not there
            memset(map + page, '.', page);
            if (v[which].n > 1 && n + 1 >= v[which].n) {
                memcpy(tail + n - (v[which].n - 1), v[which].p, v[which].n - 1);
                expect_same(l, v, 5, (struct str){tail, n});
            }
        }
    }
    literals_free(l);
    munmap(map, 3 * page);
}

static void strings_that_overlap(void **state)
{
    // "QZXJ" is rare and stands late in the long string, early in the short one: that has its fingerprint first
    static const struct str v[] = {{"eeeeeeeeeeeeeeeeQZXJ", 20}, {"ee#@", 4}, {"eeQ", 3}};
    static const char text[] = "....ee#@eeeeeeeeeeeeeeeeeeQZXJ....";
    struct literals *l;

    (void)state;
    assert_int_equal(literals_new(v, 3, &l), 0);
    expect_same(l, v, 3, STR(text));
    expect_same(l, v, 3, str_skip(STR(text), 5));
    literals_free(l);
}

static void bounds(void **state)
{
    struct str v[LITERALS_MAX + 1];
    struct literals *l = NULL;

    (void)state;
    for (size_t i = 0; i < LITERALS_MAX + 1; i++)
        v[i] = STR("same");
    assert_int_equal(literals_new(v, 0, &l), -EINVAL);
    assert_int_equal(literals_new(v, LITERALS_MAX + 1, &l), -EINVAL);
    v[3].n = 0;
    assert_int_equal(literals_new(v, 4, &l), -EINVAL);
    assert_null(l);
    v[3].n = 4;
    assert_int_equal(literals_new(v, LITERALS_MAX, &l), 0);
    assert_true(literals_mask(l, STR("the same to you")) == UINT64_MAX);
    assert_true(literals_mask(l, (struct str){NULL, 0}) == 0);
    for (size_t i = 0; i < LITERALS_MAX; i++) { // neighbours share a bit, and each bit has its strings
        assert_true(literals_bit(i, LITERALS_MAX) == UINT64_C(1) << i / (LITERALS_MAX / LITERALS_BITS));
        assert_true(literals_bit(i, i + 1 > LITERALS_BITS ? i + 1 : LITERALS_BITS) ==
                    UINT64_C(1) << (i < LITERALS_BITS ? i : LITERALS_BITS * i / (i + 1)));
    }
    literals_free(l);
    literals_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_a_naive_search_finds),
        cmocka_unit_test(never_reads_outside),
        cmocka_unit_test(strings_that_overlap),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

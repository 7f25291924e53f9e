// SPDX-License-Identifier: GPL-2.0-or-later
// What fuzz targets have in common: taking the input apart, saying what does not hold, and a file for what is read
// by name.
#ifndef PB_TESTS_FUZZ_H
#define PB_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// An invariant: what was seen is said, then the program dies, which is what libFuzzer keeps the input for.
#define HOLDS(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s: ", __FILE__, __LINE__, #condition);         \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fputc('\n', stderr);                                                                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

// The input, from its beginning; behind its end all is zero.
struct fuzz_in {
    const uint8_t *p;
    size_t n;
};

static inline uint64_t fuzz_take(struct fuzz_in *in, size_t bytes)
{
    uint64_t v = 0;

    for (size_t i = 0; i < bytes && in->n > 0; i++, in->p++, in->n--)
        v |= (uint64_t)*in->p << 8 * i;
    return v;
}

static inline struct str fuzz_take_text(struct fuzz_in *in, size_t n)
{
    struct str s = {(const char *)in->p, n < in->n ? n : in->n};

    in->p += s.n;
    in->n -= s.n;
    return s;
}

// Up to the next newline, which is passed over; false at the end.
static inline bool fuzz_take_line(struct fuzz_in *in, struct str *ret)
{
    const uint8_t *end = in->n ? memchr(in->p, '\n', in->n) : NULL;

    if (in->n == 0)
        return false;
    *ret = fuzz_take_text(in, end ? (size_t)(end - in->p) : in->n);
    (void)fuzz_take(in, 1);
    return true;
}

// A name under which these bytes can be read; the same file each time.
static inline const char *fuzz_file(const void *data, size_t size)
{
    static char path[32];
    static int fd = -1;

    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        HOLDS(fd >= 0, "memfd_create");
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    }
    HOLDS(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size, "cannot write %zu bytes", size);
    return path;
}

// A directory of our own; tests/fuzz/run removes it.
static inline const char *fuzz_dir(void)
{
    static char path[256];

    if (!path[0]) {
        snprintf(path, sizeof(path), "%s/fuzz-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        HOLDS(mkdtemp(path), "%s", path);
    }
    return path;
}

// True when a is written somewhere in s.
static inline bool fuzz_names_address(struct str s, const struct addr *a)
{
    for (size_t i = 0; i < s.n; i++)
        for (size_t n = 2; n <= s.n - i && n < ADDR_STRLEN && strchr("0123456789abcdefABCDEF:.", s.p[i + n - 1]) && s.p[i + n - 1]; n++) {
            struct addr b;
            if (addr_parse((struct str){s.p + i, n}, &b) == 0 && addr_eq(&b, a))
                return true;
        }
    return false;
}

#endif

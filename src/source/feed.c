// SPDX-License-Identifier: GPL-2.0-or-later
// Bytes to blocks of complete lines.
#include "config-build.h" // memrchr

#include "source/feed.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/hash.h"

#define BLOCK ((size_t)64 * 1024) // small enough that the walk finds it in the second-level cache

int feed_space(struct feed *f, char **ret_p, size_t *ret_n)
{
    size_t size = f->walk->max_line + BLOCK;

    if (!f->buffer) {
        // not from the heap: an idle daemon gives the pages back at once
        void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            return -ENOMEM;
        f->buffer = p;
        f->have = 0;
    }
    *ret_p = f->buffer + f->have;
    *ret_n = f->have + BLOCK <= size ? BLOCK : size - f->have;
    return 0;
}

static void drop_front(struct feed *f, size_t n)
{
    memmove(f->buffer, f->buffer + n, f->have - n);
    f->have -= n;
    f->offset += n;
}

// The rest of a line whose beginning was handed on already.
static void skip_cut(struct feed *f)
{
    const char *newline = memchr(f->buffer, '\n', f->have);

    f->inside_cut = !newline;
    drop_front(f, newline ? (size_t)(newline - f->buffer) + 1 : f->have);
}

int feed_add(struct feed *f, size_t n)
{
    f->have += n;
    if (f->inside_cut)
        skip_cut(f);
    const char *newline = f->have ? memrchr(f->buffer, '\n', f->have) : NULL;
    if (newline) {
        size_t block = (size_t)(newline - f->buffer) + 1;
        int r = walk_block(f->walk, (struct str){f->buffer, block}, f->offset);
        drop_front(f, block);
        if (r < 0)
            return r;
    }
    if (f->have <= f->walk->max_line)
        return 0;
    size_t zeros = 0; // a hole is no line, however long it is
    while (zeros < f->have && f->buffer[zeros] == '\0')
        zeros++;
    drop_front(f, zeros);
    if (f->have <= f->walk->max_line)
        return 0;
    f->walk->lines++;
    f->walk->truncated++;
    f->walk->timed_to = f->buffer;
    int r = walk_line(f->walk, (struct str){f->buffer, f->walk->max_line}, f->offset, true);
    f->inside_cut = true;
    drop_front(f, f->have);
    return r;
}

int feed_finish(struct feed *f)
{
    size_t n = f->have;

    if (n == 0 || f->inside_cut)
        return 0;
    f->walk->lines++;
    f->walk->timed_to = f->buffer;
    int r = walk_line(f->walk, (struct str){f->buffer, n}, f->offset, false);
    drop_front(f, n);
    return r;
}

void feed_release(struct feed *f)
{
    if (f->buffer)
        munmap(f->buffer, f->walk->max_line + BLOCK);
    f->buffer = NULL;
    f->have = 0;
}

bool feed_fingerprint(const char *p, size_t n, uint8_t ret[static 16])
{
    // two fixed keys: the text is not secret, and the result has to be the same after a restart
    static const struct hash_key low = {{0x70707470, 0x62616e31}}, high = {{0x70707470, 0x62616e32}};
    size_t window = n < FINGERPRINT_BYTES ? n : FINGERPRINT_BYTES;
    const char *newline = window ? memchr(p, '\n', window) : NULL;

    if (newline)
        window = (size_t)(newline - p) + 1;
    else if (window < FINGERPRINT_BYTES)
        return false;
    uint64_t h[2] = {hash_bytes(&low, p, window), hash_bytes(&high, p, window)};
    memcpy(ret, h, sizeof(h));
    return true;
}

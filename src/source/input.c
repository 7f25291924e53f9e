// SPDX-License-Identifier: GPL-2.0-or-later
// Plain or compressed bytes from a file descriptor, through libarchive where they are compressed.
#include "source/input.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

struct input {
    int fd;
    struct archive *archive; // NULL: plain
    bool nothing;            // an archive without content
    size_t head_n, head_given;
    char head[8];         // the first bytes, read to find out what this is
    char raw[32 * 1024];  // what libarchive reads
};

// Reads until n bytes are there or the file is over, so that nothing depends on how a pipe delivers them.
static ssize_t read_all(int fd, char *p, size_t n)
{
    size_t have = 0;

    while (have < n) {
        ssize_t r = read(fd, p + have, n - have);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -errno;
        if (r == 0)
            break;
        have += (size_t)r;
    }
    return (ssize_t)have;
}

static la_ssize_t read_raw(struct archive *a, void *userdata, const void **ret)
{
    struct input *in = userdata;

    if (in->head_given < in->head_n) {
        *ret = in->head;
        in->head_given = in->head_n;
        return (la_ssize_t)in->head_n;
    }
    ssize_t n = read_all(in->fd, in->raw, sizeof(in->raw));
    if (n < 0) {
        archive_set_error(a, (int)-n, "read");
        return -1;
    }
    *ret = in->raw;
    return n;
}

static bool has_magic(struct str head)
{
    static const struct str magics[] = {
        {"\x1f\x8b\x08", 3},     // gzip
        {"\xfd" "7zXZ\0", 6},    // xz
        {"\x28\xb5\x2f\xfd", 4}, // zstd
        {"BZh", 3},              // bzip2
        {"\x04\x22\x4d\x18", 4}, // lz4
    };
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
        if (str_starts(head, magics[i]))
            return true;
    return false;
}

// Only what log rotation makes, and only filters inside the library: some others would run programs.
static int open_archive(struct input *in)
{
    struct archive_entry *entry;

    if (!(in->archive = archive_read_new()))
        return -ENOMEM;
    if (archive_read_support_filter_gzip(in->archive) != ARCHIVE_OK ||
        archive_read_support_filter_xz(in->archive) != ARCHIVE_OK ||
        archive_read_support_filter_zstd(in->archive) != ARCHIVE_OK ||
        archive_read_support_filter_bzip2(in->archive) != ARCHIVE_OK ||
        archive_read_support_filter_lz4(in->archive) != ARCHIVE_OK ||
        archive_read_support_format_raw(in->archive) != ARCHIVE_OK ||
        archive_read_support_format_empty(in->archive) != ARCHIVE_OK) // of a compressed nothing
        return -EOPNOTSUPP;
    if (archive_read_open(in->archive, in, NULL, read_raw, NULL) != ARCHIVE_OK)
        return -EBADMSG;
    int r = archive_read_next_header(in->archive, &entry);
    in->nothing = r == ARCHIVE_EOF;
    return r == ARCHIVE_OK || r == ARCHIVE_EOF ? 0 : -EBADMSG;
}

int input_new(int fd, struct input **ret)
{
    struct input *in = calloc(1, sizeof(*in));

    if (!in)
        return -ENOMEM;
    in->fd = fd;
    ssize_t n = read_all(fd, in->head, sizeof(in->head));
    int r = n < 0 ? (int)n : 0;
    in->head_n = n < 0 ? 0 : (size_t)n;
    if (r == 0 && has_magic((struct str){in->head, in->head_n}))
        r = open_archive(in);
    if (r < 0) {
        input_free(in);
        return r;
    }
    *ret = in;
    return 0;
}

void input_free(struct input *in)
{
    if (in && in->archive)
        archive_read_free(in->archive);
    free(in);
}

bool input_is_compressed(const struct input *in)
{
    return in->archive != NULL;
}

static ssize_t read_archive(struct input *in, char *p, size_t n)
{
    size_t have = 0;

    while (have < n && !in->nothing) {
        la_ssize_t r = archive_read_data(in->archive, p + have, n - have);
        if (r == ARCHIVE_RETRY)
            continue;
        if (r < 0)
            return have ? (ssize_t)have : -EBADMSG;
        if (r == 0)
            break;
        have += (size_t)r;
    }
    return (ssize_t)have;
}

ssize_t input_read(struct input *in, char *p, size_t n)
{
    size_t from_head = 0;

    if (in->archive)
        return read_archive(in, p, n);
    if (in->head_given < in->head_n) {
        from_head = in->head_n - in->head_given < n ? in->head_n - in->head_given : n;
        memcpy(p, in->head + in->head_given, from_head);
        in->head_given += from_head;
    }
    ssize_t r = read_all(in->fd, p + from_head, n - from_head);
    return r < 0 ? r : r + (ssize_t)from_head;
}

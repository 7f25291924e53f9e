// SPDX-License-Identifier: GPL-2.0-or-later
// The bytes of a file that is no longer written: as they are, or unpacked when it is compressed (gzip, xz, zstd,
// bzip2, lz4; found by content, never by name).
#ifndef PB_SOURCE_INPUT_H
#define PB_SOURCE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct input;

// Reads fd from where it stands; the caller closes it after input_free().
int input_new(int fd, struct input **ret);
void input_free(struct input *in);

// Fills n bytes, less only at the end, where it returns what is left and then 0. -EBADMSG: the compressed data is
// damaged or ends too early; what came before was good.
ssize_t input_read(struct input *in, char *p, size_t n);

bool input_is_compressed(const struct input *in);

#endif

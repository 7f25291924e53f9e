// SPDX-License-Identifier: GPL-2.0-or-later
// Files that are there whole or not at all.
#ifndef PB_BASE_FILE_H
#define PB_BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

// Writes n bytes to a fresh file beside path, flushes it to the disk and puts it in path's place: whoever opens path
// meanwhile, or after a power cut, finds the old content or the new one. mode is not narrowed by the umask. -errno; then path is untouched.
int file_replace(const char *path, mode_t mode, const void *p, size_t n);

#endif

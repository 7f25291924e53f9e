// SPDX-License-Identifier: GPL-2.0-or-later
// Reads old logs from beginning to end as fast as they come: files (plain, gzip, xz, zstd), standard input,
// journal files and directories. The same header parsing and the same literal gate as the live sources.
#ifndef PB_SOURCE_REPLAY_H
#define PB_SOURCE_REPLAY_H

#include "source/source.h"

struct replay_counts {
    uint64_t lines, records, truncated, no_header;
};

// path: a file, or "-" for standard input (any of the compressions, found by content). year_hint: the time of the
// last line for stamps without a year (0: the file's mtime; standard input: now). Counts are added to *counts.
int replay_file(const char *path, const struct source_options *options, usec_t year_hint,
                struct replay_counts *counts);

int replay_journal(const char *path, const struct source_journal_match *matches, size_t n,
                   const struct source_options *options, struct replay_counts *counts);

#endif

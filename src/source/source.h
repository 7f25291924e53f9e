// SPDX-License-Identifier: GPL-2.0-or-later
// An input that is followed live: the journal, or a log file (a path or a glob) through its rotations. Hands on
// complete records in order and can say where to go on after a restart. Never polls.
#ifndef PB_SOURCE_SOURCE_H
#define PB_SOURCE_SOURCE_H

#include <systemd/sd-event.h>

#include "base/literals.h"
#include "source/record.h"

struct source;

struct source_options {
    sd_event *event;                 // live: where to wait
    const struct literals *literals; // only lines with one of these are handed on; NULL: all
    uint64_t ungated;                // filters that see every line all the same
    uint64_t filters;                // becomes record.filters (journal: those whose match holds)
    record_fn record;
    void (*caught_up)(void *userdata, struct source *s); // once: all that was there at the start has been read
    void (*trouble)(void *userdata, struct source *s); // each time something could not be read; NULL: nobody asks
    void *userdata;
    usec_t since;      // first start: the oldest record time wanted
    const char *mark;  // where to go on, from source_mark(); NULL on a first start
    size_t max_line;   // longer lines are cut (RECORD_TRUNCATED) and counted; 0: 64 KiB
};

// pattern: a path or a glob; what does not exist yet is waited for. Fails only for what no waiting can mend.
int source_new_logfile(const char *pattern, const struct source_options *options, struct source **ret);

struct source_journal_match {
    uint64_t filter;   // the bit of this filter
    const char *match; // its journalmatch, "" for none
};

// A journalmatch with the numbers of users for their names behind _UID=: the files that tell them cannot be read behind
// the locks. An unknown name stays, and matches nothing. Caller frees; NULL without memory.
char *source_journal_numbers(const char *match);

// path: a directory or file of journals; NULL: this machine's.
int source_new_journal(const char *path, const struct source_journal_match *matches, size_t n,
                       const struct source_options *options, struct source **ret);

// True when this machine has a journal that can be read.
bool source_journal_available(void);

void source_free(struct source *s);

const char *source_name(const struct source *s); // "journal" or the pattern

// A line of text (no NUL, no newline) from which source_new_*() goes on so that every record at or after the
// record time not_after is read again; USEC_FOREVER: the next unread record. Caller frees. At most 64 KiB.
int source_mark(struct source *s, usec_t not_after, char **ret);

struct source_status {
    uint64_t lines, records, bytes; // seen; handed on
    uint64_t truncated, no_header, skipped; // cut lines; lines no header could be read from; lost to copytruncate etc.
    uint64_t rotations;
    uint64_t behind;     // bytes of files that are not read yet; of the journal nobody knows: 0
    usec_t lag;          // how old the line is that is being read; 0 when all has been read
    usec_t last;         // time of the newest record
    char problem[256];   // "" or why it cannot be read now
};

void source_status(const struct source *s, struct source_status *ret);

// Makes the source open its files before the process locks itself in (sandbox), and look again after.
int source_prepare(struct source *s);

#endif

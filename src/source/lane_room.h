// SPDX-License-Identifier: GPL-2.0-or-later
// Inside lane.*: the files that a lane remembers, oldest first, and finding those that came and went unseen.
#ifndef PB_SOURCE_LANE_ROOM_H
#define PB_SOURCE_LANE_ROOM_H

#include <sys/stat.h>

#include "source/lane.h"

// --- what is remembered: lane_tails.c

// Number i is remembered no more; what it counted stays counted.
void lane_forget(struct lane *l, size_t i, const struct lane_context *c);

// Takes fd over, also on failure. at: which place in the order.
int lane_add_tail(struct lane *l, size_t at, int fd, const struct lane_context *c, struct tail **ret);

// Finds out which file this is, as soon as it has a whole line: t->known.
void lane_identify(struct tail *t);

// By content and by inode; NULL.
struct tail *lane_find_file(const struct lane *l, const uint8_t file[16]);
struct tail *lane_find_inode(const struct lane *l, const struct stat *st);

// Remembers a file that is not there (any more), so that it is not taken for a new one when it turns up.
void lane_add_absent(struct lane *l, size_t at, const uint8_t file[16], uint64_t offset, usec_t modified,
                     const struct lane_context *c);

// Files that are open and not watched: what came since the last look is read now.
void lane_watch_again(struct lane *l, const struct lane_context *c);

// Closes what was rotated away, is read to its end and cannot grow unseen any more.
void lane_close_old(struct lane *l, const struct lane_context *c);

// --- what was missed: lane_missed.c

// A path that was not there when names were last looked at: it may have been rotated since, or be a new name for a
// file that was read under another.
void lane_start_new(struct lane *l, const struct lane_context *c);

// Once, after the first look: goes on where the mark says, else goes back to options.since.
int lane_start(struct lane *l, const struct lane_context *c);

// The path was rotated more than once since the last look, perhaps: what lies there, was modified at or after newer and is
// not known. What is known is passed over. How many were found.
size_t lane_find_missed_since(struct lane *l, usec_t newer, const struct lane_context *c);

// The same as far back as everything is remembered.
void lane_find_missed(struct lane *l, const struct lane_context *c);

// The current file was truncated: what of it was not read may be in the copy that rotation made before. False: that
// cannot be looked for now.
bool lane_finish_copy(struct lane *l, size_t i, const struct lane_context *c);

#endif

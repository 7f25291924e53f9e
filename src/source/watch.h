// SPDX-License-Identifier: GPL-2.0-or-later
// Which files a path or glob means, and which directories have to be watched to learn when that changes, also while
// some of them do not exist. Watches only what is needed: a directory above is watched for new entries only while
// the entry that matters is missing.
#ifndef PB_SOURCE_WATCH_H
#define PB_SOURCE_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/inotify.h>

enum {
    WATCH_DIRECTORIES = 128,
    WATCH_FILES = 128, // one pattern follows at most so many
};

struct watch_directory {
    int wd;
    bool last; // its entries are the files themselves
};

struct watch {
    int inotify;
    char *pattern;
    struct watch_directory directories[WATCH_DIRECTORIES];
    unsigned n;
    bool overflow;     // more directories or files than fit
    bool starved;      // descriptors or watches are used up: to be tried again
    bool attributes;   // something could not be read: permissions are watched too
    char problem[200]; // "" or which directory cannot be watched
};

typedef void (*watch_found)(void *userdata, const char *path);

// Whether waiting may mend it, though nobody will say when: descriptors, inotify watches or memory are used up.
bool watch_is_starved(int error);

// Walks down the pattern, brings the watches up to date and calls found for each file that is meant and exists; for
// a pattern without wildcards also when the file does not.
void watch_update(struct watch *w, watch_found found, void *userdata);

// Whether an event means that watch_update() has to be called.
bool watch_concerns(const struct watch *w, const struct inotify_event *e);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// Directory watches for a path or glob.
#include "source/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/rotation.h"

#define SELF (IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define ENTRIES (IN_CREATE | IN_MOVED_TO)

struct walkthrough {
    struct watch *w;
    watch_found found;
    void *userdata;
    unsigned files;
    struct watch_directory now[WATCH_DIRECTORIES];
    unsigned n;
};

bool watch_is_starved(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOSPC || error == ENOMEM;
}

static bool has_wildcard(const char *s, size_t n)
{
    return memchr(s, '*', n) || memchr(s, '?', n) || memchr(s, '[', n);
}

static bool add_directory(struct walkthrough *t, const char *path, uint32_t mask, bool last)
{
    if (t->w->attributes)
        mask |= IN_ATTRIB;
    int wd = inotify_add_watch(t->w->inotify, path[0] ? path : "/", mask);
    if (wd < 0) {
        t->w->starved |= watch_is_starved(errno);
        if (errno != ENOENT && errno != ENOTDIR)
            snprintf(t->w->problem, sizeof(t->w->problem), "cannot watch %.120s: %s", path[0] ? path : "/",
                     strerror(errno));
        return false;
    }
    for (unsigned i = 0; i < t->n; i++)
        if (t->now[i].wd == wd) { // a link to it, or a smaller mask for the same
            t->now[i].last &= last; // what a link in it leads to bears another name
            return true;
        }
    if (t->n == WATCH_DIRECTORIES) {
        t->w->overflow = true;
        inotify_rm_watch(t->w->inotify, wd);
        return false;
    }
    t->now[t->n++] = (struct watch_directory){wd, last};
    return true;
}

static void found_file(struct walkthrough *t, const char *path)
{
    if (t->files == WATCH_FILES) {
        t->w->overflow = true;
        return;
    }
    t->files++;
    t->found(t->userdata, path);
}

// The rotated predecessor of a file that the pattern means is not a file of its own.
static bool is_rotation_of_match(const char *pattern, const char *name)
{
    char stem[NAME_MAX + 1];
    size_t n = rotation_stem(name);

    if (n == 0 || n >= sizeof(stem))
        return false;
    snprintf(stem, sizeof(stem), "%.*s", (int)n, name);
    return fnmatch(pattern, stem, FNM_PERIOD) == 0;
}

// A link's file comes and goes in another directory.
static void watch_link(struct walkthrough *t, const char *directory, const char *path)
{
    char target[PATH_MAX], full[2 * PATH_MAX];
    ssize_t n = readlink(path, target, sizeof(target) - 1);

    if (n <= 0)
        return;
    target[n] = '\0';
    snprintf(full, sizeof(full), "%s%s%s", target[0] == '/' ? "" : directory, target[0] == '/' ? "" : "/", target);
    *strrchr(full, '/') = '\0';
    add_directory(t, full, SELF | ENTRIES, false);
}

static void descend(struct walkthrough *t, const char *directory, const char *rest);

static void entry(struct walkthrough *t, const char *directory, const char *name, const char *rest, bool last)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
        return;
    if (!last) {
        descend(t, path, rest);
        return;
    }
    watch_link(t, directory, path);
    found_file(t, path);
}

// directory: "" is the root; rest: the pattern below it, without a slash in front.
static void descend(struct walkthrough *t, const char *directory, const char *rest)
{
    char part[NAME_MAX + 1], path[PATH_MAX];
    const char *slash = strchr(rest, '/');
    size_t n = slash ? (size_t)(slash - rest) : strlen(rest);
    bool last = !slash;

    if (n >= sizeof(part))
        return;
    snprintf(part, sizeof(part), "%.*s", (int)n, rest);
    while (slash && *slash == '/')
        slash++;
    // the watch before the look: what is made in between is not missed
    bool watched = add_directory(t, directory, SELF | ENTRIES, last);
    if (!has_wildcard(part, n)) {
        struct stat st;
        if (watched && !last && snprintf(path, sizeof(path), "%s/%s", directory, part) < (int)sizeof(path) &&
            stat(path, &st) == 0)
            add_directory(t, directory, SELF, false);
        entry(t, directory, part, slash, last);
        return;
    }
    DIR *d = opendir(directory[0] ? directory : "/");
    struct dirent *e;
    t->w->starved |= !d && watch_is_starved(errno);
    while (d && (e = readdir(d)))
        if (fnmatch(part, e->d_name, FNM_PERIOD) == 0 && !(last && is_rotation_of_match(part, e->d_name)))
            entry(t, directory, e->d_name, slash, last);
    if (d)
        closedir(d);
}

void watch_update(struct watch *w, watch_found found, void *userdata)
{
    struct walkthrough t = {.w = w, .found = found, .userdata = userdata};
    const char *rest = w->pattern;

    w->problem[0] = '\0';
    w->overflow = w->starved = false;
    while (*rest == '/')
        rest++;
    descend(&t, "", rest);
    for (unsigned i = 0; i < w->n; i++) {
        bool kept = false;
        for (unsigned k = 0; k < t.n; k++)
            kept |= t.now[k].wd == w->directories[i].wd;
        if (!kept)
            inotify_rm_watch(w->inotify, w->directories[i].wd);
    }
    memcpy(w->directories, t.now, t.n * sizeof(t.now[0]));
    w->n = t.n;
}

bool watch_concerns(const struct watch *w, const struct inotify_event *e)
{
    const char *slash = strrchr(w->pattern, '/'), *name = slash ? slash + 1 : w->pattern;

    for (unsigned i = 0; i < w->n; i++)
        if (w->directories[i].wd == e->wd)
            return !w->directories[i].last || e->len == 0 || fnmatch(name, e->name, FNM_PERIOD) == 0;
    return false;
}

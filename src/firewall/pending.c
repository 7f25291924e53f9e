// SPDX-License-Identifier: GPL-2.0-or-later
// Files of a change: written whole or not at all, and read again with mistrust.
#include "firewall/pending.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    bool state;
    const char *name;
} files[FW_FILES] = {
    [FW_PENDING] = {false, "pending"},     [FW_SNAPSHOT] = {false, "pending.snapshot"},
    [FW_BEFORE] = {false, "pending.before"},
    [FW_CANDIDATE] = {false, "pending.ruleset"}, [FW_INSTALLED] = {false, "installed"},
    [FW_LAST_GOOD] = {true, "last-good"},  [FW_NEXT_GOOD] = {true, "last-good.next"},
    [FW_OUTCOME] = {false, "outcome"},
};

enum { LOCK_SECONDS = 5, SNAPSHOT_MAX = 256 << 20 };

const char *fw_place(const struct fw_places *p, enum fw_file file, char buf[static FW_PATH_MAX])
{
    snprintf(buf, FW_PATH_MAX, "%.*s/%s", FW_PATH_MAX - 40, files[file].state ? p->state : p->run, files[file].name);
    return buf;
}

static int make_directory(const char *path, struct fw_error *error)
{
    struct stat st;
    int r = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;

    if (r == 0 && lstat(path, &st) < 0)
        r = -errno;
    if (r == 0 && (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022)))
        r = -EPERM;
    if (r == -EPERM)
        snprintf(error->text, sizeof(error->text), "%.900s: somebody else can write there; a directory of root's alone would "
                 "be accepted", path);
    else if (r < 0)
        snprintf(error->text, sizeof(error->text), "%.900s: %s", path, strerror(-r));
    return r;
}

static int take_lock(struct fw_places *p, struct fw_error *error)
{
    char path[FW_PATH_MAX];

    snprintf(path, sizeof(path), "%.*s/lock", FW_PATH_MAX - 40, p->run);
    p->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (p->lock < 0) {
        snprintf(error->text, sizeof(error->text), "%.900s: %s", path, strerror(errno));
        return -EPERM;
    }
    for (int tries = 0; flock(p->lock, LOCK_EX | LOCK_NB) < 0; tries++) {
        if (tries == 10 * LOCK_SECONDS) {
            snprintf(error->text, sizeof(error->text), "another pptpban firewall is at work; wait until it has ended");
            close(p->lock);
            p->lock = -1;
            return -EBUSY;
        }
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    return 0;
}

int fw_places_open(const struct config *config, bool lock, struct fw_places *ret, struct fw_error *error)
{
    struct fw_places p = {.lock = -1};

    snprintf(p.run, sizeof(p.run), "%.900s-firewall", config->runtime_dir);
    snprintf(p.state, sizeof(p.state), "%.900s-firewall", config->state_dir);
    snprintf(p.guards, sizeof(p.guards), "%.900s-enforcer", config->runtime_dir);
    int r = make_directory(p.run, error);
    if (r == 0)
        r = make_directory(p.state, error);
    if (r == 0 && lock)
        r = take_lock(&p, error);
    if (r == 0)
        *ret = p;
    return r;
}

void fw_places_close(struct fw_places *p)
{
    if (p->lock >= 0)
        close(p->lock);
    p->lock = -1;
}

// Whole or not at all; run is in memory, so nothing is synced.
static int put(const struct fw_places *p, enum fw_file file, const char *text)
{
    char path[FW_PATH_MAX], fresh[FW_PATH_MAX + 8];

    fw_place(p, file, path);
    snprintf(fresh, sizeof(fresh), "%s.new", path);
    FILE *f = fopen(fresh, "we");
    if (!f)
        return -errno;
    errno = 0;
    bool good = fputs(text, f) >= 0;
    if (fclose(f) != 0 || !good || rename(fresh, path) < 0) {
        int r = errno ? -errno : -EIO;
        unlink(fresh); // the room that it takes may be what is missing
        return r;
    }
    return 0;
}

static int get(const struct fw_places *p, enum fw_file file, char **ret)
{
    char path[FW_PATH_MAX];
    struct stat st;
    int fd = open(fw_place(p, file, path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return -errno;
    char *text = fstat(fd, &st) < 0 || st.st_size > SNAPSHOT_MAX ? NULL : malloc((size_t)st.st_size + 1);
    size_t n = 0;
    ssize_t got = text ? 1 : -1;
    while (got > 0 && n < (size_t)st.st_size) {
        got = read(fd, text + n, (size_t)st.st_size - n);
        n += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    if (got < 0) {
        free(text);
        return -EIO;
    }
    text[n] = '\0';
    *ret = text;
    return 0;
}

int fw_pending_read(const struct fw_places *p, struct fw_pending *ret)
{
    struct fw_pending v = {.tool = 0};
    char tool[24], *text;
    int end = 0, r = get(p, FW_PENDING, &text);

    if (r < 0)
        return r;
    if (!*text)
        r = -ENOENT; // emptied by fw_pending_clear, which did not get to its end
    else if (sscanf(text, "%23s %16s %lld %lld%n", tool, v.revision, &v.since, &v.deadline, &end) != 4 || text[end] != '\n')
        r = -EBADMSG;
    while (r == 0 && v.tool < FW_TOOLS && strcmp(tool, fw_tool_names[v.tool]) != 0)
        v.tool++;
    if (r == 0 && v.tool == FW_TOOLS)
        r = -EBADMSG;
    if (r == 0)
        snprintf(v.session, sizeof(v.session), "%.*s", (int)strcspn(text + end + 1, "\n"), text + end + 1);
    free(text);
    if (r == 0)
        *ret = v;
    return r;
}

int fw_pending_write(const struct fw_places *p, const struct fw_pending *v, const struct fw_before *before,
                     const struct fw_ruleset *candidate)
{
    static const enum fw_file old[] = {FW_SNAPSHOT, FW_BEFORE, FW_OUTCOME}; // of a change whose end was cut short
    char text[512], path[FW_PATH_MAX];

    for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++)
        unlink(fw_place(p, old[i], path));
    int r = before->snapshot ? put(p, FW_SNAPSHOT, before->snapshot)
                             : fw_ruleset_save(&before->ruleset, fw_place(p, FW_BEFORE, path));

    if (r == 0)
        r = fw_ruleset_save(candidate, fw_place(p, FW_CANDIDATE, path));
    snprintf(text, sizeof(text), "%s %s %lld %lld\n%s\n", fw_tool_names[v->tool], v->revision, v->since, v->deadline,
             v->session);
    return r == 0 ? put(p, FW_PENDING, text) : r;
}

int fw_pending_before(const struct fw_places *p, struct fw_before *ret)
{
    struct fw_before b = {.snapshot = NULL};
    char path[FW_PATH_MAX];
    int r = get(p, FW_SNAPSHOT, &b.snapshot);

    if (r == -ENOENT)
        r = fw_ruleset_load(fw_place(p, FW_BEFORE, path), &b.ruleset);
    if (r == 0)
        *ret = b;
    return r;
}

void fw_before_free(struct fw_before *b)
{
    free(b->snapshot);
    fw_ruleset_free(&b->ruleset);
    b->snapshot = NULL;
}

void fw_pending_clear(const struct fw_places *p, const char *outcome)
{
    static const enum fw_file gone[] = {FW_PENDING, FW_SNAPSHOT, FW_BEFORE, FW_CANDIDATE};
    char path[FW_PATH_MAX], line[256];

    snprintf(line, sizeof(line), "%s\n", outcome);
    put(p, FW_OUTCOME, line); // first: whoever sees that nothing waits any more reads it
    if (truncate(fw_place(p, FW_PENDING, path), 0) < 0 && errno != ENOENT)
        unlink(path);
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
        unlink(fw_place(p, gone[i], path));
}

int fw_pending_finish(const struct fw_places *p)
{
    char outcome[256], confirmed[FW_REVISION_LEN + 1], next[FW_PATH_MAX], last[FW_PATH_MAX];
    struct fw_pending pending;
    struct fw_ruleset rs;

    fw_outcome(p, outcome);
    if (sscanf(outcome, "confirmed %16s", confirmed) != 1 || fw_pending_read(p, &pending) != -ENOENT ||
        fw_ruleset_load(fw_place(p, FW_NEXT_GOOD, next), &rs) < 0)
        return 0;
    bool same = strcmp(rs.revision, confirmed) == 0;
    fw_ruleset_free(&rs);
    return !same ? 0 : rename(next, fw_place(p, FW_LAST_GOOD, last)) < 0 ? -errno : 1;
}

void fw_outcome(const struct fw_places *p, char buf[static 256])
{
    char *text = NULL;

    buf[0] = '\0';
    if (get(p, FW_OUTCOME, &text) == 0)
        snprintf(buf, 256, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
}

long long fw_boottime(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_BOOTTIME, &ts);
    return ts.tv_sec;
}

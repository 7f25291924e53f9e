// SPDX-License-Identifier: GPL-2.0-or-later
// What a locked-in process may still do with files: which of them it reaches (Landlock), and what calls about files, file
// descriptors and limits it may make (seccomp). Apart from the locks, so that who needs no file links nothing of this.
#include "enforce/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

static const uint64_t read_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t write_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                                     LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                                     LANDLOCK_ACCESS_FS_MAKE_SOCK | // renamed only: bind() is for each caller to allow
                                     LANDLOCK_ACCESS_FS_REMOVE_FILE | SANDBOX_FS_TRUNCATE;

static int add_paths(int ruleset, const char *const *paths, uint64_t access)
{
    for (; paths && *paths; paths++) {
        struct landlock_path_beneath_attr rule = {.allowed_access = access};
        struct stat st;
        int r = 0;
        rule.parent_fd = open(*paths, O_PATH | O_CLOEXEC);
        if (rule.parent_fd < 0 && (errno == ENOENT || errno == EACCES || errno == ENOTDIR))
            continue; // what we cannot reach now needs no permission
        if (rule.parent_fd < 0 || fstat(rule.parent_fd, &st) < 0)
            return -errno;
        if (!S_ISDIR(st.st_mode)) // a file takes only what is about files
            rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | SANDBOX_FS_TRUNCATE;
        if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
            r = -errno;
        close(rule.parent_fd);
        if (r < 0)
            return r;
    }
    return 0;
}

static int allow(const struct sandbox_options *o, int ruleset, uint64_t handled)
{
    int r = add_paths(ruleset, o->read, read_access & handled);

    return r < 0 ? r : add_paths(ruleset, o->write, write_access & handled);
}

#define WHOLE UINT32_MAX // ints: the kernel does not look at what is above
#define SET_ID (S_ISUID | S_ISGID) // a program of ours that anybody may start

static const struct sandbox_condition conditions[] = {
    // asking about terminals and pipes; not TIOCSTI, which types into the terminal that we were started from
    {"ioctl", 1, WHOLE, TCGETS}, {"ioctl", 1, WHOLE, 0x802c542a /* TCGETS2 */}, {"ioctl", 1, WHOLE, TIOCGWINSZ},
    {"ioctl", 1, WHOLE, FIONREAD}, {"ioctl", 1, WHOLE, FIONBIO}, {"ioctl", 1, WHOLE, FIOCLEX},
    // not F_SETOWN, which lets the kernel signal others for us
    {"fcntl", 1, WHOLE, F_DUPFD}, {"fcntl", 1, WHOLE, F_DUPFD_CLOEXEC}, {"fcntl", 1, WHOLE, F_GETFD},
    {"fcntl", 1, WHOLE, F_SETFD}, {"fcntl", 1, WHOLE, F_GETFL}, {"fcntl", 1, WHOLE, F_SETFL},
    {"fcntl", 1, WHOLE, F_GETLK}, {"fcntl", 1, WHOLE, F_SETLK}, {"fcntl", 1, WHOLE, F_SETLKW},
    {"fcntl", 1, WHOLE, F_OFD_GETLK}, {"fcntl", 1, WHOLE, F_OFD_SETLK}, {"fcntl", 1, WHOLE, F_OFD_SETLKW},
    {"openat", 2, O_CREAT | (O_TMPFILE & ~O_DIRECTORY), 0}, {"openat", 3, SET_ID, 0},
    {"open", 1, O_CREAT | (O_TMPFILE & ~O_DIRECTORY), 0}, {"open", 2, SET_ID, 0},
    {"fchmod", 1, SET_ID, 0},
    {"prlimit64", 0, WHOLE, 0}, // its own limits
    {.call = NULL},
};

const struct sandbox_files sandbox_files = {allow, conditions};

// SPDX-License-Identifier: GPL-2.0-or-later
// Locks the calling process in for good. Each lock is tried by itself, so a kernel that lacks one still has the others.
#include "enforce/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

// Younger than Debian 12's headers.
#ifndef PR_SET_MDWE
#define PR_SET_MDWE            65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif
#define FS_TRUNCATE  (UINT64_C(1) << 14) // Landlock ABI 3
#define FS_IOCTL_DEV (UINT64_C(1) << 15) // ABI 5
#define NET_TCP      UINT64_C(3)         // ABI 4: bind and connect
#define SCOPES       UINT64_C(3)         // ABI 6: no abstract UNIX sockets of, no signals to processes outside

struct ruleset_attr { // as the newest kernel that is used here knows it; older ones take a shorter one
    uint64_t handled_access_fs, handled_access_net, scoped;
};

static const uint64_t read_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t write_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                                     LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                                     LANDLOCK_ACCESS_FS_MAKE_SOCK | // renamed only: bind() is for each caller to allow
                                     LANDLOCK_ACCESS_FS_REMOVE_FILE | FS_TRUNCATE;

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
            rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;
        if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
            r = -errno;
        close(rule.parent_fd);
        if (r < 0)
            return r;
    }
    return 0;
}

static int lock_files(const struct sandbox_options *o, struct sandbox_report *ret)
{
    int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct ruleset_attr attr = {.handled_access_fs = (UINT64_C(1) << 13) - 1}; // ABI 1
    size_t size = abi >= 6 ? sizeof(attr) : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
    uint64_t handled;

    if (abi < 0) {
        snprintf(ret->landlock, sizeof(ret->landlock), "not in this kernel");
        return 0;
    }
    attr.handled_access_fs |= abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
    attr.handled_access_fs |= abi >= 3 ? FS_TRUNCATE : 0;
    attr.handled_access_fs |= abi >= 5 ? FS_IOCTL_DEV : 0;
    attr.handled_access_net = NET_TCP;
    attr.scoped = SCOPES;
    handled = attr.handled_access_fs;
    int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
    int r = fd < 0 ? -errno : add_paths(fd, o->read, read_access & handled);
    if (r == 0)
        r = add_paths(fd, o->write, write_access & handled);
    if (r == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
        r = -errno;
    if (fd >= 0)
        close(fd);
    if (r < 0)
        snprintf(ret->landlock, sizeof(ret->landlock), "refused: %s", strerror(-r));
    else
        snprintf(ret->landlock, sizeof(ret->landlock), "ABI %d", abi);
    return r;
}

// Some calls stay for some values of one argument: rules for (argument, bits to look at, what they must be); the first
// that fits lets the call pass.
struct condition {
    const char *call;
    unsigned argument;
    uint64_t mask, value;
};

#define WHOLE UINT32_MAX // ints: the kernel does not look at what is above
#define SET_ID (S_ISUID | S_ISGID) // a program of ours that anybody may start

static const struct condition conditions[] = {
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
    // PR_SET_MDWE keeps memory from becoming code, not files: what is written and then mapped is code as well
    {"mmap", 2, PROT_EXEC, 0}, {"mprotect", 2, PROT_EXEC, 0},
};

static int add_rules(scmp_filter_ctx ctx, const struct sandbox_options *o)
{
    int r = 0;

    for (const char *const *name = o->calls; r == 0 && *name; name++) {
        int nr = seccomp_syscall_resolve_name(*name);
        bool conditional = false;
        if (nr == __NR_SCMP_ERROR)
            continue;
        for (size_t i = 0; r == 0 && i < sizeof(conditions) / sizeof(conditions[0]); i++) {
            const struct condition *c = &conditions[i];
            if (strcmp(*name, c->call) != 0)
                continue;
            conditional = true;
            r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_CMP(c->argument, SCMP_CMP_MASKED_EQ, c->mask, c->value));
        }
        if (strcmp(*name, "socket") == 0 || strcmp(*name, "socketpair") == 0)
            for (const int *f = o->families; r == 0 && f && *f != AF_UNSPEC; f++)
                r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_A0(SCMP_CMP_EQ, (uint64_t)*f));
        else if (strcmp(*name, "tgkill") == 0) // abort() is for oneself
            r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_A0(SCMP_CMP_EQ, (uint64_t)getpid()));
        else if (!conditional)
            r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
        if (r == -EDOM || r == -EOPNOTSUPP) // a call that this architecture does otherwise
            r = 0;
    }
    return r;
}

static int lock_calls(const struct sandbox_options *o, struct sandbox_report *ret)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int r = ctx ? 0 : -ENOMEM;

    if (r == 0) {
        (void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_LOG, 1); // the audit log names what was refused
        (void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); // a binary tree: the last call costs no more
        r = add_rules(ctx, o);
    }
    if (r == 0)
        r = seccomp_load(ctx);
    if (ctx)
        seccomp_release(ctx);
    if (r < 0)
        snprintf(ret->seccomp, sizeof(ret->seccomp), "refused: %s", strerror(-r));
    else
        snprintf(ret->seccomp, sizeof(ret->seccomp), "allow-list");
    return r == -ENOSYS || r == -EOPNOTSUPP ? 0 : r;
}

int sandbox_apply(const struct sandbox_options *options, struct sandbox_report *ret)
{
    int files, calls;

    memset(ret, 0, sizeof(*ret));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        snprintf(ret->seccomp, sizeof(ret->seccomp), "no_new_privs refused: %s", strerror(errno));
        return -errno;
    }
    bool mdwe = prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0;
    files = lock_files(options, ret);
    calls = lock_calls(options, ret);
    snprintf(ret->mdwe, sizeof(ret->mdwe), "%s", mdwe ? "kernel" : calls < 0 ? "no" : "seccomp rule");
    ret->complete = files == 0 && calls == 0;
    return files < 0 ? files : calls;
}

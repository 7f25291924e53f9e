// SPDX-License-Identifier: GPL-2.0-or-later
// Locks the calling process in for good. Each lock is tried by itself, so a kernel that lacks one still has the others.
#include "enforce/sandbox.h"

#include <errno.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// Younger than Debian 12's headers.
#ifndef PR_SET_MDWE
#define PR_SET_MDWE            65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif
#define FS_IOCTL_DEV (UINT64_C(1) << 15) // ABI 5
#define NET_TCP      UINT64_C(3)         // ABI 4: bind and connect
#define SCOPES       UINT64_C(3)         // ABI 6: no abstract UNIX sockets of, no signals to processes outside

struct ruleset_attr { // as the newest kernel that is used here knows it; older ones take a shorter one
    uint64_t handled_access_fs, handled_access_net, scoped;
};

static int lock_files(const struct sandbox_options *o, struct sandbox_report *ret)
{
    int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct ruleset_attr attr = {.handled_access_fs = (UINT64_C(1) << 13) - 1}; // ABI 1
    size_t size = abi >= 6 ? sizeof(attr) : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);

    if (abi < 0) {
        snprintf(ret->landlock, sizeof(ret->landlock), "not in this kernel");
        return 0;
    }
    attr.handled_access_fs |= abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
    attr.handled_access_fs |= abi >= 3 ? SANDBOX_FS_TRUNCATE : 0;
    attr.handled_access_fs |= abi >= 5 ? FS_IOCTL_DEV : 0;
    attr.handled_access_net = NET_TCP;
    attr.scoped = SCOPES;
    int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
    int r = fd < 0 ? -errno : o->files ? o->files->allow(o, fd, attr.handled_access_fs) : 0;
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

// PR_SET_MDWE keeps memory from becoming code, not files: what is written and then mapped is code as well.
static const struct sandbox_condition no_code[] = {{"mmap", 2, PROT_EXEC, 0}, {"mprotect", 2, PROT_EXEC, 0}, {.call = NULL}};

// Rules for those values of the call that c has; returns how many, or -errno.
static int add_conditions(scmp_filter_ctx ctx, int nr, const char *call, const struct sandbox_condition *c)
{
    int n = 0, r = 0;

    for (; c && c->call && r == 0; c++)
        if (strcmp(call, c->call) == 0 && ++n)
            r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_CMP(c->argument, SCMP_CMP_MASKED_EQ, c->mask, c->value));
    return r < 0 ? r : n;
}

static int add_rules(scmp_filter_ctx ctx, const struct sandbox_options *o)
{
    int r = 0;

    for (const char *const *name = o->calls; r == 0 && *name; name++) {
        int nr = seccomp_syscall_resolve_name(*name);
        if (nr == __NR_SCMP_ERROR)
            continue;
        int n = add_conditions(ctx, nr, *name, no_code);
        if (n == 0 && o->files)
            n = add_conditions(ctx, nr, *name, o->files->conditions);
        r = n < 0 ? n : 0;
        if (strcmp(*name, "socket") == 0 || strcmp(*name, "socketpair") == 0)
            for (const int *f = o->families; r == 0 && f && *f != AF_UNSPEC; f++)
                r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_A0(SCMP_CMP_EQ, (uint64_t)*f));
        else if (strcmp(*name, "tgkill") == 0) // abort() is for oneself
            r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_A0(SCMP_CMP_EQ, (uint64_t)getpid()));
        else if (n == 0)
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

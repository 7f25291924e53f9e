// SPDX-License-Identifier: GPL-2.0-or-later
// Preloaded by tools/valgrind alone: the locks of the sandbox are built as ever, but not closed, because valgrind lives in
// the locked process and makes code, opens files and asks the kernel as it likes. What is handed to the kernel to close
// them goes to /dev/null, for memcheck to look at every byte of it; the rest of the two functions is the C library's.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif
enum { LANDLOCK_ABI = 7 };

static int look_at(const void *p, size_t n)
{
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, p, n) < 0)
        return -1;
    return fd;
}

int prctl(int option, ...)
{
    int (*next)(int, ...) = (int (*)(int, ...))dlsym(RTLD_NEXT, "prctl");
    unsigned long a[4];
    va_list ap;

    va_start(ap, option);
    for (int i = 0; i < 4; i++)
        a[i] = va_arg(ap, unsigned long);
    va_end(ap);
    if (option == PR_SET_MDWE)
        return 0;
    if (option == PR_SET_SECCOMP) {
        const struct sock_fprog *program = (const struct sock_fprog *)a[1];
        int fd = look_at(program->filter, program->len * sizeof(*program->filter));
        return fd < 0 ? -1 : close(fd);
    }
    return next(option, a[0], a[1], a[2], a[3]);
}

long syscall(long number, ...)
{
    long (*next)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    long a[6];
    va_list ap;

    va_start(ap, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(ap, long);
    va_end(ap);
    switch (number) {
    case SYS_seccomp: // libseccomp asks prctl instead
        errno = ENOSYS;
        return -1;
    case SYS_landlock_create_ruleset: // what stands for the ruleset has to be closed
        return a[2] == LANDLOCK_CREATE_RULESET_VERSION ? LANDLOCK_ABI : look_at((const void *)a[0], (size_t)a[1]);
    case SYS_landlock_add_rule:
        return write((int)a[0], (const void *)a[2], sizeof(struct landlock_path_beneath_attr)) < 0 ? -1 : 0;
    case SYS_landlock_restrict_self:
        return fcntl((int)a[0], F_GETFD) < 0 ? -1 : 0;
    default:
        return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}

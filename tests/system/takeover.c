// SPDX-License-Identifier: GPL-2.0-or-later
// Linked into test-only copies of our programs, it makes them obey whoever sends system calls to a socket, from inside
// whatever they are doing: what code of an attacker could do there, locks and open files as they are. Changes nothing
// else, unless a lock is to be left out to show that the tests notice. No installed program contains it.
//
// PB_TAKEOVER=DIR: the socket is DIR/PID. PB_LEAVE_OUT=landlock,seccomp,mdwe,user: these locks stay open.
// PB_FORGE=DIR: before the watcher is ready it says once more that it is prepared, with another enforcer's directory.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/channel.h"

enum { BLOB_MAX = 100000, RELOCATIONS_MAX = 8 };

enum { ORDER_INT80 = -1, ORDER_RUN = -2, ORDER_POKE = -3, ORDER_PASS = -4 };

struct order {
    int64_t nr; // of the system call, or one of the above
    uint64_t arg[6];
    uint8_t in_blob[8];                  // 1: the argument is an offset in the blob
    uint32_t relocation[RELOCATIONS_MAX]; // offset + 1 of a pointer in the blob that is an offset itself, 0: none
    char blob[BLOB_MAX];
};

struct answer {
    int64_t result; // or -errno
    char blob[BLOB_MAX];
};

static int own_socket = -1;
static pid_t own_pid;
static struct order order;
static struct answer answer;

static int64_t by_int80(void) // the other way into the kernel: getpid of i386
{
#ifdef __x86_64__
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
    return result;
#else
    return -ENOSYS;
#endif
}

static int64_t carry_out(size_t blob)
{
    uint64_t a[6];

    for (int i = 0; i < 6; i++)
        a[i] = order.in_blob[i] ? (uint64_t)(uintptr_t)(order.blob + order.arg[i]) : order.arg[i];
    for (int i = 0; i < RELOCATIONS_MAX && order.relocation[i]; i++) {
        uint64_t pointer;
        memcpy(&pointer, order.blob + order.relocation[i] - 1, sizeof(pointer));
        pointer += (uintptr_t)order.blob;
        memcpy(order.blob + order.relocation[i] - 1, &pointer, sizeof(pointer));
    }
    switch (order.nr) {
    case ORDER_INT80:
        return by_int80();
    case ORDER_RUN:
        return ((int64_t (*)(void))(uintptr_t)a[0])();
    case ORDER_POKE:
        memcpy((void *)(uintptr_t)a[0], order.blob, blob);
        return 0;
    case ORDER_PASS:
        return 0;
    default:
        break;
    }
    long r = syscall(order.nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (r == 0 && syscall(SYS_getpid) != own_pid) // a child that should not be
        _exit(0);
    return r < 0 ? -errno : r;
}

static void reply(size_t blob, const struct sockaddr_un *to, socklen_t size)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec iov = {&answer, sizeof(answer.result) + blob};
    struct msghdr m = {.msg_name = (void *)to, .msg_namelen = size, .msg_iov = &iov, .msg_iovlen = 1};

    if (order.nr == ORDER_PASS) { // an open file, handed out of the locks
        memcpy(CMSG_DATA(&control.head), &(int){(int)order.arg[0]}, sizeof(int));
        m.msg_control = &control;
        m.msg_controllen = sizeof(control);
    }
    (void)sendmsg(own_socket, &m, MSG_DONTWAIT);
}

static void obey(int number)
{
    const size_t head = offsetof(struct order, blob);
    struct sockaddr_un from;
    socklen_t size = sizeof(from);
    int before = errno;
    ssize_t n;

    (void)number;
    while ((n = recvfrom(own_socket, &order, sizeof(order), MSG_DONTWAIT, (struct sockaddr *)&from, &size)) >= (ssize_t)head) {
        size_t blob = (size_t)n - head;
        answer.result = carry_out(blob);
        memcpy(answer.blob, order.blob, blob);
        reply(blob, &from, size);
        size = sizeof(from);
    }
    errno = before;
}

static void listen_to_orders(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    const char *dir = getenv("PB_TAKEOVER");

    own_pid = getpid();
    if (!dir || (own_socket = fcntl(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), F_DUPFD_CLOEXEC, 50)) < 0)
        return; // out of the way of numbers that mean something
    snprintf(a.sun_path, sizeof(a.sun_path), "%.80s/%d", dir, (int)own_pid);
    (void)unlink(a.sun_path);
    (void)sigaction(SIGIO, &(struct sigaction){.sa_handler = obey, .sa_flags = SA_RESTART}, NULL);
    if (bind(own_socket, (struct sockaddr *)&a, sizeof(a)) < 0 || chmod(a.sun_path, 0666) < 0 ||
        fcntl(own_socket, F_SETOWN, own_pid) < 0 || fcntl(own_socket, F_SETFL, O_ASYNC) < 0) {
        perror("takeover");
        _exit(99);
    }
}

__attribute__((constructor)) static void begin(void)
{
    listen_to_orders();
    (void)pthread_atfork(NULL, NULL, listen_to_orders); // the enforcer's guard is a fork that goes on
}

// --- locks that are left out ---------------------------------------------------------------------------------

static int left_out(const char *lock)
{
    const char *list = getenv("PB_LEAVE_OUT");

    return list && strstr(list, lock) != NULL;
}

long __wrap_syscall(long nr, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
    extern long __real_syscall(long nr, ...);

    if (nr == 446 /* landlock_restrict_self */ && left_out("landlock"))
        return 0;
    return __real_syscall(nr, a, b, c, d, e, f);
}

int __wrap_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int __wrap_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
    extern int __real_prctl(int option, ...);

    if (option == 65 /* PR_SET_MDWE */ && left_out("mdwe")) {
        errno = EINVAL;
        return -1;
    }
    if (option == PR_CAP_AMBIENT && left_out("user")) // nothing is passed on: root it stays
        return 0;
    return __real_prctl(option, a, b, c, d);
}

int __wrap_seccomp_load(void *ctx);
int __wrap_seccomp_load(void *ctx)
{
    extern int __real_seccomp_load(void *ctx) __attribute__((weak));

    return left_out("seccomp") ? 0 : __real_seccomp_load(ctx);
}

// Giving up root: "done", and nothing is done.
int __wrap_setgroups(size_t n, const gid_t *v);
int __wrap_setgroups(size_t n, const gid_t *v)
{
    extern int __real_setgroups(size_t n, const gid_t *v);
    return left_out("user") ? 0 : __real_setgroups(n, v);
}

int __wrap_setresgid(gid_t a, gid_t b, gid_t c);
int __wrap_setresgid(gid_t a, gid_t b, gid_t c)
{
    extern int __real_setresgid(gid_t a, gid_t b, gid_t c);
    return left_out("user") ? 0 : __real_setresgid(a, b, c);
}

int __wrap_setresuid(uid_t a, uid_t b, uid_t c);
int __wrap_setresuid(uid_t a, uid_t b, uid_t c)
{
    extern int __real_setresuid(uid_t a, uid_t b, uid_t c);
    return left_out("user") ? 0 : __real_setresuid(a, b, c);
}

int __wrap_setuid(uid_t a);
int __wrap_setuid(uid_t a)
{
    extern int __real_setuid(uid_t a);
    return left_out("user") ? -1 : __real_setuid(a);
}

int __wrap_capng_apply(int set);
int __wrap_capng_apply(int set)
{
    extern int __real_capng_apply(int set) __attribute__((weak));
    return left_out("user") ? 0 : __real_capng_apply(set);
}

int __wrap_capng_change_id(int uid, int gid, int flags);
int __wrap_capng_change_id(int uid, int gid, int flags)
{
    extern int __real_capng_change_id(int uid, int gid, int flags) __attribute__((weak));
    return left_out("user") ? 0 : __real_capng_change_id(uid, gid, flags);
}

// --- what others wrote, before the locks are closed ----------------------------------------------------------

static void tell_when_unlocked(const char *what)
{
    if (syscall(SYS_getpgid, 0) >= 0) // not on the watcher's list
        fprintf(stderr, "takeover: %s without locks\n", what);
}

int __wrap_state_open(const char *dir, int64_t now, void **ret, char *note);
int __wrap_state_open(const char *dir, int64_t now, void **ret, char *note)
{
    extern int __real_state_open(const char *dir, int64_t now, void **ret, char *note) __attribute__((weak));

    tell_when_unlocked("opens its database");
    return __real_state_open(dir, now, ret, note);
}

int __wrap_inputs_open(void *in);
int __wrap_inputs_open(void *in)
{
    extern int __real_inputs_open(void *in) __attribute__((weak));

    tell_when_unlocked("opens the logs");
    return __real_inputs_open(in);
}

int __wrap_channel_send(int fd, enum channel_type type, const char *text);
int __wrap_channel_send(int fd, enum channel_type type, const char *text)
{
    extern int __real_channel_send(int fd, enum channel_type type, const char *text) __attribute__((weak));

    if (type == CHANNEL_READY && getenv("PB_FORGE"))
        (void)__real_channel_send(fd, CHANNEL_PREPARED, getenv("PB_FORGE"));
    return __real_channel_send(fd, type, text);
}

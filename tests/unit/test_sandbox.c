// SPDX-License-Identifier: GPL-2.0-or-later
// The sandbox from inside: what the watcher needs goes on working, what a taken-over watcher would want does not.
// Each test locks a child in, which then tries one thing.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "enforce/sandbox.h"

static char logs[64], state[64], outside[64];

enum { ALLOWED, DENIED, OTHERWISE };

// What try() does after the lock: 0 and errno as usual. The child's verdict.
static int inside(int (*attempt)(void))
{
    const char *const reads[] = {logs, "/proc", "/does/not/exist", NULL}, *const writes[] = {state, NULL};
    struct sandbox_options options = {
        .read = reads, .write = writes, .files = &sandbox_files, .calls = sandbox_watcher_calls, .families = sandbox_watcher_families};
    struct sandbox_report report;
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        if (sandbox_apply(&options, &report) < 0 || !report.complete)
            _exit(100);
        int r = attempt();
        _exit(r >= 0 ? ALLOWED : errno == EPERM || errno == EACCES ? DENIED : OTHERWISE);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status)); // nothing is killed
    return WEXITSTATUS(status);
}

static int landlock_abi(void)
{
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static int in_directory_as(const char *directory, const char *name, int flags, mode_t mode)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    int fd = open(path, flags | O_CLOEXEC, mode);
    return fd < 0 ? -1 : (int)write(fd, "", flags & O_RDWR ? 1 : 0) < 0 && (flags & O_RDWR) ? -1 : 0;
}

static int in_directory(const char *directory, const char *name, int flags)
{
    return in_directory_as(directory, name, flags, 0600);
}

// What must go on working.

static int read_log(void) { return in_directory(logs, "log", O_RDONLY); }
static int read_proc(void) { return in_directory("/proc/self", "cmdline", O_RDONLY); }
static int write_state(void) { return in_directory(state, "new", O_RDWR | O_CREAT); }

static int replace_state(void)
{
    char a[128], b[128];

    snprintf(a, sizeof(a), "%s/a", state);
    snprintf(b, sizeof(b), "%s/b", state);
    return write_state() < 0 || in_directory(state, "a", O_RDWR | O_CREAT) < 0 || rename(a, b) < 0 || unlink(b) < 0 ? -1 : 0;
}

static int use_sqlite(void)
{
    char path[128];
    sqlite3 *db;

    snprintf(path, sizeof(path), "%s/state.db", state);
    errno = 0;
    return sqlite3_open(path, &db) != SQLITE_OK ||
                   sqlite3_exec(db, "PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES(1);"
                                    "BEGIN; UPDATE t SET x = 2; COMMIT; PRAGMA wal_checkpoint(TRUNCATE); VACUUM;",
                                NULL, NULL, NULL) != SQLITE_OK || sqlite3_close(db) != SQLITE_OK ? -1 : 0;
}

static int wait_for_things(void)
{
    sigset_t set;
    struct epoll_event ev = {.events = EPOLLIN};
    int e = epoll_create1(EPOLL_CLOEXEC), i = inotify_init1(IN_CLOEXEC), t = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct itimerspec soon = {.it_value.tv_nsec = 1000000};

    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    return e < 0 || t < 0 || inotify_add_watch(i, logs, IN_MODIFY) < 0 || signalfd(-1, &set, SFD_CLOEXEC) < 0 ||
                   timerfd_settime(t, 0, &soon, NULL) < 0 || epoll_ctl(e, EPOLL_CTL_ADD, t, &ev) < 0 ||
                   epoll_wait(e, &ev, 1, 1000) != 1 ? -1 : 0;
}

static int talk_locally(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

    snprintf(a.sun_path, sizeof(a.sun_path), "%s/none", state);
    return fd < 0 || (connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 && errno != ENOENT) ? -1 : 0;
}

static int use_memory(void)
{
    void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *big = malloc(8 << 20);

    free(big);
    return p == MAP_FAILED || !big || mprotect(p, 4096, PROT_READ) < 0 || munmap(p, 1 << 20) < 0 ? -1 : 0;
}

static void test_what_the_watcher_needs(void **s)
{
    (void)s;
    assert_int_equal(inside(read_log), ALLOWED);
    assert_int_equal(inside(read_proc), ALLOWED);
    assert_int_equal(inside(write_state), ALLOWED);
    assert_int_equal(inside(replace_state), ALLOWED);
    assert_int_equal(inside(use_sqlite), ALLOWED);
    assert_int_equal(inside(wait_for_things), ALLOWED);
    assert_int_equal(inside(talk_locally), ALLOWED);
    assert_int_equal(inside(use_memory), ALLOWED);
}

// What a taken-over watcher would want. Under tools/valgrind the locks stay open, and nothing of it may be tried.

static bool locks_stay_open(void) { return getenv("PB_MEMCHECK") != NULL; }

static int read_elsewhere(void) { return in_directory("/etc", "passwd", O_RDONLY); }
static int read_outside(void) { return in_directory(outside, "secret", O_RDONLY); }
static int write_outside(void) { return in_directory(outside, "new", O_RDWR | O_CREAT); }
static int write_log(void) { return in_directory(logs, "log", O_RDWR); }
static int create_log(void) { return in_directory(logs, "new", O_RDWR | O_CREAT); }

static int link_in(void) // a name inside for a file outside
{
    char a[128], b[128];

    snprintf(a, sizeof(a), "%s/secret", outside);
    snprintf(b, sizeof(b), "%s/stolen", state);
    return link(a, b) == 0 || rename(a, b) == 0 ? 0 : -1;
}

static void test_files(void **s)
{
    (void)s;
    if (landlock_abi() < 1 || locks_stay_open())
        skip();
    assert_int_equal(inside(read_elsewhere), DENIED);
    assert_int_equal(inside(read_outside), DENIED);
    assert_int_equal(inside(write_outside), DENIED);
    assert_int_equal(inside(write_log), DENIED);
    assert_int_equal(inside(create_log), DENIED);
    assert_int_equal(inside(link_in), DENIED);
}

static int run_program(void) { return execl("/bin/true", "true", (char *)NULL); }
static int run_by_fd(void) { return (int)syscall(SYS_execveat, 0, "", NULL, NULL, 0x1000); }
static int new_process(void) { return (int)syscall(SYS_fork); }
static int new_vfork(void) { return (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }
static int new_clone3(void) { return (int)syscall(SYS_clone3, NULL, 0); }

static void test_processes(void **s)
{
    (void)s;
    if (locks_stay_open())
        skip();
    assert_int_equal(inside(run_program), DENIED);
    assert_int_equal(inside(run_by_fd), DENIED);
#ifdef SYS_fork
    assert_int_equal(inside(new_process), DENIED);
#endif
    assert_int_equal(inside(new_vfork), DENIED);
    assert_int_equal(inside(new_clone3), DENIED);
}

static int inet_socket(void) { return socket(AF_INET, SOCK_STREAM, 0); }
static int inet6_socket(void) { return socket(AF_INET6, SOCK_DGRAM, 0); }
static int netlink_socket(void) { return socket(AF_NETLINK, SOCK_RAW, 12); }
static int packet_socket(void) { return socket(AF_PACKET, SOCK_RAW, 0); }
static int vsock_socket(void) { return socket(40, SOCK_STREAM, 0); }

static void test_sockets(void **s)
{
    (void)s;
    if (locks_stay_open())
        skip();
    assert_int_equal(inside(inet_socket), DENIED);
    assert_int_equal(inside(inet6_socket), DENIED);
    assert_int_equal(inside(netlink_socket), DENIED);
    assert_int_equal(inside(packet_socket), DENIED);
    assert_int_equal(inside(vsock_socket), DENIED);
}

static int writable_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static int code_afterwards(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? 0 : mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

// Written to a file first, and then mapped.
static int code_by_file(void)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/code", state);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, path, sizeof(path)) < 0)
        return 0;
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0;
}

// A program for others to start with our rights.
static int program_for_others(void) { return in_directory_as(state, "program", O_RDWR | O_CREAT, 04755); }
static int program_for_others_later(void)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/program", state);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0755);
    return fd < 0 ? 0 : fchmod(fd, 02755);
}
static int nameless_program(void)
{
    int fd = open(state, O_RDWR | O_TMPFILE, 06755);
    return fd < 0 ? -1 : 0;
}
static int have_others_signalled(void) { return fcntl(0, F_SETOWN, getppid()); }
static int limit_others(void)
{
    struct rlimit l;
    return prlimit(getppid(), RLIMIT_NOFILE, NULL, &l);
}

static int trace(void) { return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? -1 : 0; }
static int peek(void)
{
    char c;
    struct iovec v = {&c, 1}, w = {&c, 1};
    return (int)process_vm_readv(getppid(), &v, 1, &w, 1, 0);
}
static int become_root(void) { return setuid(0); }
static int mount_something(void) { return mount("none", state, "tmpfs", 0, NULL); }
static int load_program(void) { return (int)syscall(SYS_bpf, 0, NULL, 0); }
static int ring(void) { return (int)syscall(SYS_io_uring_setup, 1, NULL); }
static int fault(void) { return (int)syscall(SYS_userfaultfd, 0); }
static int new_namespace(void) { return (int)syscall(SYS_unshare, 0x10000000); }
static int signal_others(void) { return kill(getppid(), 0); }
static int signal_others_too(void) { return (int)syscall(SYS_tgkill, getppid(), getppid(), 0); }
static int type_into_terminal(void) { return ioctl(0, TIOCSTI, "x"); }

static void test_the_rest(void **s)
{
    (void)s;
    if (locks_stay_open())
        skip();
    assert_int_equal(inside(writable_code), DENIED);
    assert_int_equal(inside(code_afterwards), DENIED);
    assert_int_equal(inside(code_by_file), DENIED);
    assert_int_equal(inside(program_for_others), DENIED);
    assert_int_equal(inside(program_for_others_later), DENIED);
    assert_int_equal(inside(nameless_program), DENIED);
    assert_int_equal(inside(have_others_signalled), DENIED);
    assert_int_equal(inside(limit_others), DENIED);
    assert_int_equal(inside(trace), DENIED);
    assert_int_equal(inside(peek), DENIED);
    assert_int_equal(inside(become_root), DENIED);
    assert_int_equal(inside(mount_something), DENIED);
    assert_int_equal(inside(load_program), DENIED);
    assert_int_equal(inside(ring), DENIED);
    assert_int_equal(inside(fault), DENIED);
    assert_int_equal(inside(new_namespace), DENIED);
    assert_int_equal(inside(signal_others), DENIED);
    assert_int_equal(inside(signal_others_too), DENIED);
    assert_int_equal(inside(type_into_terminal), DENIED);
}

static int set_up(void **s)
{
    char base[] = "/tmp/test_sandbox.XXXXXX";

    (void)s;
    if (!mkdtemp(base))
        return -1;
    snprintf(logs, sizeof(logs), "%s/logs", base);
    snprintf(state, sizeof(state), "%s/state", base);
    snprintf(outside, sizeof(outside), "%s/outside", base);
    if (mkdir(logs, 0700) < 0 || mkdir(state, 0700) < 0 || mkdir(outside, 0700) < 0)
        return -1;
    return in_directory(logs, "log", O_RDWR | O_CREAT) | in_directory(outside, "secret", O_RDWR | O_CREAT);
}

static int tear_down(void **s)
{
    char command[128];

    (void)s;
    snprintf(command, sizeof(command), "rm -rf '%.*s'", (int)(strrchr(logs, '/') - logs), logs);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_watcher_needs), cmocka_unit_test(test_files), cmocka_unit_test(test_processes),
        cmocka_unit_test(test_sockets),                cmocka_unit_test(test_the_rest),
    };

    return cmocka_run_group_tests_name("sandbox", tests, set_up, tear_down);
}

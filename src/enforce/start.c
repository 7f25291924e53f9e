// SPDX-License-Identifier: GPL-2.0-or-later
// One fork: the parent, whose process the service manager knows, becomes the enforcer; the child goes on as the guard.
#include "enforce/start.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "enforce/confine.h"
#include "enforce/pair.h"

static int open_listener(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (path[0] != '@'));

    if (n >= sizeof(a.sun_path))
        return -ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    memcpy(a.sun_path, path, n);
    if (path[0] == '@') // abstract
        a.sun_path[0] = '\0';
    (void)unlink(path); // of an earlier run; the directory is ours alone
    // anyone may knock: who it is says the kernel, and only one user is let in
    if (bind(fd, (const struct sockaddr *)&a, size) < 0 || (path[0] != '@' && chmod(path, 0666) < 0) || listen(fd, 8) < 0) {
        int r = -errno;
        close(fd);
        return r;
    }
    return fd;
}

// The enforcer's file, opened while we may still reach it; its name, beside ours, is what `ps` shows.
static int open_program(char name[static PATH_MAX])
{
    static const char ours[] = "hookguard";
    ssize_t n = readlink("/proc/self/exe", name, PATH_MAX - sizeof(ours));
    size_t stem = n > (ssize_t)strlen(ours) ? (size_t)n - strlen(ours) : 0;

    if (n < 0)
        return -errno;
    name[n] = '\0';
    if (strcmp(name + stem, ours) != 0)
        return -ENOENT;
    strcpy(name + stem, "enforcer"); // shorter
    int fd = open(name, O_PATH | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

// Out of the way of the numbers that they get next.
static int out_of_the_way(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, PAIR_LISTEN_FD + 1);

    close(fd);
    return high;
}

static void become_enforcer(int program, char *name, const char *user)
{
    char *const argv[] = {name, NULL};
    int r = confine_to_net_admin(user, true);

    if (r < 0)
        log_error("cannot become user %s with CAP_NET_ADMIN alone: %s", user ? user : "(the present one)", strerror(-r));
    else if (fexecve(program, argv, environ) < 0)
        log_error("%s: %s", name, strerror(errno));
    _exit(1); // the guard hears of it
}

int start_enforcer(const char *socket_path, const char *user)
{
    char name[PATH_MAX];
    int program, listener, news[2], lists[2];
    sigset_t blocked;

    if ((program = open_program(name)) < 0) {
        log_error("pptpban-enforcer is not beside this program: %s", strerror(-program));
        return program;
    }
    if ((listener = open_listener(socket_path)) < 0) {
        log_error("%s: cannot listen: %s", socket_path, strerror(-listener));
        return listener;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, news) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, lists) < 0) {
        log_error("no socket for the guard: %s", strerror(errno));
        return -errno;
    }
    program = out_of_the_way(program);
    listener = out_of_the_way(listener);
    for (int i = 0; i < 2; i++) {
        news[i] = out_of_the_way(news[i]);
        lists[i] = out_of_the_way(lists[i]);
    }
    sigemptyset(&blocked); // until the enforcer is ready to hear of them; the guard ignores them
    sigaddset(&blocked, SIGHUP);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    pid_t pid = fork();
    if (pid < 0) {
        log_error("no process for the guard: %s", strerror(errno));
        return -errno;
    }
    int mine = pid == 0;
    if (dup2(news[mine], PAIR_FD) < 0 || dup2(lists[mine], PAIR_LIST_FD) < 0 || (!mine && dup2(listener, PAIR_LISTEN_FD) < 0)) {
        log_error("no place for a socket: %s", strerror(errno));
        _exit(1);
    }
    for (int i = 0; i < 2; i++) {
        close(news[i]);
        close(lists[i]);
    }
    close(listener);
    if (!mine)
        become_enforcer(program, name, user);
    close(program);
    return 0;
}

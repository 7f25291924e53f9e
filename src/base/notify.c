// SPDX-License-Identifier: GPL-2.0-or-later
// The notify protocol: one datagram a message.
#include "base/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"

int notify_open(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    size_t n = path ? strlen(path) : 0;

    if (n < 2 || n >= sizeof(a.sun_path) || (path[0] != '/' && path[0] != '@'))
        return -1;
    memcpy(a.sun_path, path, n);
    if (path[0] == '@') // abstract
        a.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

void notify_send(int fd, const char *state)
{
    if (fd >= 0)
        (void)send(fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL);
}

uint64_t notify_watchdog(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    unsigned long long v;

    if (!usec || str_number(str_of(usec), UINT64_MAX, &v) < 0)
        return 0;
    unsigned long long of = (unsigned long long)getpid();
    if (pid && (str_number(str_of(pid), UINT64_MAX, &of) < 0 || of != (unsigned long long)getpid()))
        return 0;
    return v;
}

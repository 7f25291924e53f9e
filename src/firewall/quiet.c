// SPDX-License-Identifier: GPL-2.0-or-later
// The client's side of enforce/hold.h: all are asked before anybody is waited for.
#include "firewall/quiet.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "enforce/hold.h"

enum {
    LARGE = 64 * 1024, // bytes of text, some 3,000 networks: 30 ms of announcements
};
#define PATIENCE (500 * USEC_MSEC)

static int ask(const char *directory, const char *name)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    if (snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", directory, name) >= (int)sizeof(a.sun_path))
        return -1;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void give_up(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void fw_quiet_begin(const char *directory, const char *script, struct fw_quiet *ret)
{
    static const char *const names[FW_LISTENERS] = HOLD_NAMES;
    usec_t until = clock_monotonic() + PATIENCE;
    char answer;

    for (size_t i = 0; i < FW_LISTENERS; i++)
        ret->fd[i] = script && strlen(script) > LARGE ? ask(directory, names[i]) : -1;
    for (size_t i = 0; i < FW_LISTENERS; i++) {
        struct pollfd p = {.fd = ret->fd[i], .events = POLLIN};
        usec_t now = clock_monotonic();
        if (p.fd < 0)
            continue;
        // whoever has not answered by then may do so yet: it is held until the end
        if (poll(&p, 1, now < until ? (int)((until - now) / USEC_MSEC) : 0) > 0 && recv(p.fd, &answer, 1, 0) <= 0)
            give_up(&ret->fd[i]);
    }
}

void fw_quiet_end(struct fw_quiet *q)
{
    for (size_t i = 0; i < FW_LISTENERS; i++)
        give_up(&q->fd[i]);
}

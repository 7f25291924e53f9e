// SPDX-License-Identifier: GPL-2.0-or-later
// One listening socket, one client at a time, for a bounded time. Only root is let in, whatever the directory allows.
#include "enforce/hold.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

// Whoever cannot be let in goes on knocking.
#define DEAF (100 * USEC_MSEC)

int hold_listener(const struct hold *h, usec_t now)
{
    return now < h->deaf_until ? -1 : h->listener;
}

usec_t hold_next(const struct hold *h)
{
    usec_t ends = h->client >= 0 ? h->until : USEC_FOREVER, hears = h->deaf_until ? h->deaf_until : USEC_FOREVER;

    return ends < hears ? ends : hears;
}

int hold_open(const char *limits_path, const char *name, struct hold *ret)
{
    const char *slash = strrchr(limits_path, '/');
    int directory = slash ? (int)(slash + 1 - limits_path) : 0;
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    *ret = (struct hold){.listener = -1, .client = -1};
    if (snprintf(a.sun_path, sizeof(a.sun_path), "%.*s%s", directory, limits_path, name) >= (int)sizeof(a.sun_path))
        return -ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    (void)unlink(a.sun_path); // of an earlier run
    if (bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 || chmod(a.sun_path, 0600) < 0 || listen(fd, 4) < 0) {
        int r = -errno;
        close(fd);
        return r;
    }
    ret->listener = fd;
    return 0;
}

// A new client, -1: none, or none that may.
static int take_client(struct hold *h, usec_t now)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof(peer);
    int fd = h->listener < 0 ? -1 : accept4(h->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    h->deaf_until = fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) ? now + DEAF : 0;
    if (fd < 0)
        return -1;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == 0 && h->client < 0)
        return fd;
    if (peer.uid != 0 && h->strangers++ < 10) // whoever it is shall not fill the log
        log_warning("refused a hold of user %u (pid %d): only root may ask for one", peer.uid, peer.pid);
    close(fd);
    return -1;
}

enum hold_change hold_serve(struct hold *h, usec_t now)
{
    char c;

    if (h->client >= 0) {
        ssize_t n = recv(h->client, &c, sizeof(c), MSG_DONTWAIT);
        bool gone = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
        if (!gone && now >= h->until)
            log_warning("a hold of %d s is over, though whoever asked for it has not ended it", (int)(HOLD_MAX / USEC_SEC));
        if (gone || now >= h->until) {
            close(h->client);
            h->client = -1;
            return HOLD_ENDED; // the next one begins with the next call
        }
        (void)take_client(h, now); // and sends it away
        return HOLD_SAME;
    }
    h->client = take_client(h, now);
    h->until = now + HOLD_MAX;
    return h->client < 0 ? HOLD_SAME : HOLD_BEGUN;
}

void hold_confirm(const struct hold *h)
{
    (void)send(h->client, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

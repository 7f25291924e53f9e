// SPDX-License-Identifier: GPL-2.0-or-later
// A stream socket and a buffer.
#include "top/link.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 1 << 16 };

struct top_link {
    struct sockaddr_un where;
    int fd;
    char *in;
    size_t begin, looked, end, room; // looked: no newline up to there
};

int top_link_new(const struct sockaddr_un *where, struct top_link **ret)
{
    struct top_link *l = calloc(1, sizeof(*l));

    if (!l)
        return -ENOMEM;
    *l = (struct top_link){.where = *where, .fd = -1};
    *ret = l;
    return 0;
}

void top_link_close(struct top_link *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    l->begin = l->looked = l->end = 0;
}

void top_link_free(struct top_link *l)
{
    if (!l)
        return;
    top_link_close(l);
    free(l->in);
    free(l);
}

int top_link_fd(const struct top_link *l)
{
    return l->fd;
}

static int fail(struct top_link *l, int r)
{
    top_link_close(l);
    return r;
}

int top_link_send(struct top_link *l, json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);

    json_decref(request);
    if (!text)
        return -ENOMEM;
    if (l->fd < 0) {
        l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        // a local connection stands at once or not at all
        if (l->fd < 0 || connect(l->fd, (const struct sockaddr *)&l->where, sizeof(l->where)) < 0) {
            int r = -errno;
            free(text);
            return fail(l, r);
        }
    }
    size_t n = strlen(text);
    text[n] = '\n'; // in the place of its NUL
    ssize_t sent = send(l->fd, text, n + 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    int r = sent < 0 ? -errno : sent == (ssize_t)n + 1 ? 0 : -EAGAIN; // less: it reads nothing
    free(text);
    return r < 0 ? fail(l, r) : 0;
}

// More of what has come. 1, 0 for nothing yet, -errno.
static int fetch(struct top_link *l)
{
    if (l->begin > 0) {
        memmove(l->in, l->in + l->begin, l->end - l->begin);
        l->looked -= l->begin;
        l->end -= l->begin;
        l->begin = 0;
    }
    if (l->room - l->end < PIECE) {
        size_t room = l->room ? l->room * 2 : 2 * PIECE;
        char *in = room <= TOP_LINE_MAX ? realloc(l->in, room) : NULL;
        if (!in)
            return room <= TOP_LINE_MAX ? -ENOMEM : -EMSGSIZE;
        l->in = in;
        l->room = room;
    }
    ssize_t n = recv(l->fd, l->in + l->end, l->room - l->end, MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (n == 0)
        return -ECONNRESET;
    l->end += (size_t)n;
    return 1;
}

int top_link_read(struct top_link *l, struct str *ret)
{
    while (l->fd >= 0) {
        const char *newline = l->end > l->looked ? memchr(l->in + l->looked, '\n', l->end - l->looked) : NULL;
        if (newline) {
            *ret = (struct str){l->in + l->begin, (size_t)(newline - l->in) - l->begin};
            l->begin = l->looked = (size_t)(newline - l->in) + 1;
            return 1;
        }
        l->looked = l->end;
        int r = fetch(l);
        if (r < 0)
            return fail(l, r);
        if (r == 0)
            return 0;
    }
    return 0;
}

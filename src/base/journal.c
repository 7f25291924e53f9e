// SPDX-License-Identifier: GPL-2.0-or-later
// The native protocol of the journal, without its library, which would wait for as long as it takes.
#include "base/journal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define SOCKET_PATH "/run/systemd/journal/socket"
#define PATIENCE_MS 50
// One that was waited for in vain is not waited for again so soon: a flood of bans must not stand still for it.
#define STUCK_FOR (5 * USEC_SEC)

struct journal {
    const char *identifier;
    int fd;
    usec_t stuck_until; // monotonic
};

// Whoever sends standard error elsewhere wants to read it there.
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long dev, ino;
    struct stat st;

    return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
           st.st_dev == dev && st.st_ino == ino;
}

// A connected socket tells when the other end has room, and is told when there is another one.
static int connect_to(struct journal *j)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = SOCKET_PATH};

    return connect(j->fd, (const struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
}

int journal_open(const char *identifier, struct journal **ret)
{
    struct journal *j;

    if (!stderr_is_journal()) {
        *ret = NULL;
        return 0;
    }
    if (!(j = calloc(1, sizeof(*j))))
        return -ENOMEM;
    j->identifier = identifier;
    j->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (j->fd < 0) {
        free(j);
        return -errno;
    }
    (void)connect_to(j); // else at the first entry
    *ret = j;
    return 0;
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    close(j->fd);
    free(j);
}

// A value on one line. One that does not fit is left out whole.
static void put(char *buf, size_t *n, const char *name, const char *value)
{
    size_t at = *n + strlen(name) + 1;

    if (at + 1 >= JOURNAL_ENTRY_MAX)
        return;
    memcpy(buf + *n, name, strlen(name));
    buf[at - 1] = '=';
    for (const char *p = value; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (at + 6 > JOURNAL_ENTRY_MAX)
            return;
        if (c < 0x20 || c == 0x7f)
            at += (size_t)snprintf(buf + at, 5, "\\x%02x", c);
        else
            buf[at++] = *p;
    }
    buf[at++] = '\n';
    *n = at;
}

static int send_entry(struct journal *j, const char *buf, size_t n)
{
    struct pollfd p = {.fd = j->fd, .events = POLLOUT};

    for (int tries = 0; tries < 3; tries++) {
        if (send(j->fd, buf, n, MSG_NOSIGNAL) >= 0)
            return 0;
        if (errno == EAGAIN || errno == ENOBUFS) {
            if (clock_monotonic() < j->stuck_until)
                return -EAGAIN;
            if (poll(&p, 1, PATIENCE_MS) > 0)
                continue;
            j->stuck_until = clock_monotonic() + STUCK_FOR;
            return -EAGAIN;
        }
        if (connect_to(j) < 0) // it was started anew with another socket, or is not there
            return -errno;
    }
    return -EAGAIN;
}

void journal_say(struct journal *j, int level, enum news_kind kind, const struct journal_field *v, size_t n, const char *text)
{
    char buf[JOURNAL_ENTRY_MAX], number[16];
    size_t size = 0;

    if (j && news_table[kind].id) {
        snprintf(number, sizeof(number), "%d", level);
        put(buf, &size, "MESSAGE", text);
        put(buf, &size, "PRIORITY", number);
        put(buf, &size, "SYSLOG_IDENTIFIER", j->identifier);
        put(buf, &size, "SYSLOG_FACILITY", "3"); // daemon, as with standard error
        put(buf, &size, "MESSAGE_ID", news_table[kind].id);
        put(buf, &size, "PPTPBAN_EVENT", news_table[kind].name);
        for (size_t i = 0; i < n; i++)
            if (v[i].name && v[i].value)
                put(buf, &size, v[i].name, v[i].value);
        if (send_entry(j, buf, size) == 0)
            return;
    }
    log_line(level, "%s", text);
}

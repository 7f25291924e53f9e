// SPDX-License-Identifier: GPL-2.0-or-later
// Messages between launcher and watcher as packets: one byte of type, then the text.
#include "daemon/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

int channel_pair(int ret[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0 ? -errno : 0;
}

int channel_send(int fd, enum channel_type type, const char *text)
{
    unsigned char packet[1 + CHANNEL_TEXT_MAX];
    size_t n = text ? strlen(text) : 0;

    if (n > CHANNEL_TEXT_MAX - 1)
        n = CHANNEL_TEXT_MAX - 1;
    packet[0] = (unsigned char)type;
    if (n)
        memcpy(packet + 1, text, n);
    return send(fd, packet, 1 + n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int channel_receive(int fd, int wait, struct channel_message *ret)
{
    unsigned char packet[1 + CHANNEL_TEXT_MAX];
    ssize_t n;

    do
        n = recv(fd, packet, sizeof(packet), wait ? 0 : MSG_DONTWAIT);
    while (n < 0 && errno == EINTR && wait);
    if (n < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    if (n == 0)
        return -ECONNRESET;
    if (packet[0] == 0 || packet[0] >= CHANNEL_MAX || n == sizeof(packet))
        return -EBADMSG;
    ret->type = (enum channel_type)packet[0];
    memcpy(ret->text, packet + 1, (size_t)n - 1);
    ret->text[n - 1] = '\0';
    return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: any bytes as announcements of the kernel's nf_tables. The guard reads no byte beyond them, and names
// whoever it names in bounds. libmnl's own reading of the socket is replaced; its checks of messages are its own.
#include <errno.h>
#include <libmnl/libmnl.h>

#include "enforce/guard.h"
#include "fuzz.h"

static struct fuzz_in packets;

// Packets of one message, whose length is the kernel's and true; a length of 0 stands for announcements that were lost.
ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *buffer, size_t size)
{
    struct nlmsghdr header = {.nlmsg_len = (uint32_t)fuzz_take(&packets, 2)};
    struct str packet = fuzz_take_text(&packets, header.nlmsg_len < size ? header.nlmsg_len : size);

    (void)nl;
    errno = packets.n == 0 ? EAGAIN : ENOBUFS;
    if (packet.n < sizeof(header))
        return -1;
    memcpy(buffer, packet.p, packet.n);
    header.nlmsg_len = (uint32_t)packet.n;
    memcpy(buffer, &header.nlmsg_len, sizeof(header.nlmsg_len));
    return (ssize_t)packet.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct guard g = {.nl = NULL};
    const uint32_t ours[GUARD_PORTS] = {7, 8};
    struct guard_news news;

    packets = (struct fuzz_in){data, size};
    while (packets.n > 0) {
        guard_read(&g, ours, "pptpban", &news);
        HOLDS(memchr(news.who.program, '\0', sizeof(news.who.program)), "a name without an end");
        HOLDS(memchr(news.ruleset_who.program, '\0', sizeof(news.ruleset_who.program)), "a name without an end");
    }
    return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Sends TCP SYNs to port 1723 as fast as one core can, from many addresses and ports, past the sender's own stack:
//     bench-flood INTERFACE GATEWAY-MAC SOURCE SOURCES TARGET SECONDS
// Prints how many it sent and in how many seconds. Everything is built beforehand, checksums too.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAMES = 4096, AT_ONCE = 64 };

struct frame {
    struct ether_header eth;
    struct iphdr ip;
    struct tcphdr tcp;
} __attribute__((packed));

static struct frame frames[FRAMES];

static uint32_t add(uint32_t sum, const void *data, size_t n)
{
    const uint8_t *p = data;

    for (size_t i = 0; i + 1 < n; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    return sum;
}

static uint16_t folded(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

static void build(struct frame *f, size_t i, const uint8_t own[6], const uint8_t gateway[6], uint32_t source, uint32_t target)
{
    *f = (struct frame){
        .eth = {.ether_type = htons(ETHERTYPE_IP)},
        .ip = {.version = 4, .ihl = 5, .tot_len = htons(sizeof(f->ip) + sizeof(f->tcp)), .ttl = 64, .protocol = IPPROTO_TCP,
               .id = htons((uint16_t)i), .saddr = htonl(source), .daddr = target},
        .tcp = {.source = htons((uint16_t)(1024 + i)), .dest = htons(1723), .seq = htonl((uint32_t)i), .doff = 5, .syn = 1,
                .window = htons(65535)},
    };
    memcpy(f->eth.ether_dhost, gateway, 6);
    memcpy(f->eth.ether_shost, own, 6);
    f->ip.check = folded(add(0, &f->ip, sizeof(f->ip)));
    uint32_t sum = add(IPPROTO_TCP + sizeof(f->tcp), &f->ip.saddr, 8);
    f->tcp.check = folded(add(sum, &f->tcp, sizeof(f->tcp)));
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    static struct mmsghdr messages[FRAMES];
    static struct iovec parts[FRAMES];
    uint8_t gateway[6];
    struct ifreq ifr = {0};
    struct in_addr source, target;
    int one = 1, s = socket(AF_PACKET, SOCK_RAW, 0);

    if (argc != 7 || s < 0 || inet_pton(AF_INET, argv[3], &source) != 1 || inet_pton(AF_INET, argv[5], &target) != 1 ||
        sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &gateway[0], &gateway[1], &gateway[2], &gateway[3], &gateway[4],
               &gateway[5]) != 6) {
        fputs("usage: bench-flood INTERFACE GATEWAY-MAC SOURCE SOURCES TARGET SECONDS (as root)\n", stderr);
        return 2;
    }
    snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", argv[1]);
    if (ioctl(s, SIOCGIFHWADDR, &ifr) < 0) {
        perror(argv[1]);
        return 1;
    }
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1])};
    if (bind(s, (struct sockaddr *)&to, sizeof(to)) < 0)
        perror("bind");
    setsockopt(s, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
    unsigned long sources = strtoul(argv[4], NULL, 10);
    for (size_t i = 0; i < FRAMES; i++) {
        build(&frames[i], i, (uint8_t *)ifr.ifr_hwaddr.sa_data, gateway,
              ntohl(source.s_addr) + (uint32_t)(i % (sources ? sources : 1)), target.s_addr);
        parts[i] = (struct iovec){&frames[i], sizeof(frames[i])};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    double began = now(), end = began + strtod(argv[6], NULL), t = began;
    unsigned long long sent = 0;
    for (size_t i = 0; t < end; i = (i + AT_ONCE) % FRAMES, t = now()) {
        int n = sendmmsg(s, messages + i, AT_ONCE, 0);
        sent += n > 0 ? (unsigned)n : 0;
    }
    printf("%llu %.6f\n", sent, t - began);
    return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// IPv4 and TCP headers without options, and their checksums.
#include "firewall/syn.h"

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>

static uint32_t sum(const void *data, size_t n, uint32_t so_far) // n is even
{
    const uint8_t *b = data;

    for (size_t i = 0; i < n; i += 2)
        so_far += (uint32_t)(b[i] << 8 | b[i + 1]);
    return so_far;
}

static uint16_t fold(uint32_t s)
{
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return htons((uint16_t)~s);
}

void fw_make_syn(uint8_t packet[static 40], struct in_addr from, struct in_addr to, uint16_t from_port, uint16_t to_port)
{
    struct iphdr ip = {.version = 4, .ihl = 5, .tot_len = htons(40), .id = htons(1), .frag_off = htons(IP_DF), .ttl = 64,
                       .protocol = IPPROTO_TCP, .saddr = from.s_addr, .daddr = to.s_addr};
    struct tcphdr tcp = {.th_sport = htons(from_port), .th_dport = htons(to_port), .th_seq = htonl(1), .th_off = 5,
                         .th_flags = TH_SYN, .th_win = htons(64240)};

    ip.check = fold(sum(&ip, sizeof(ip), 0));
    uint32_t pseudo = sum(&ip.saddr, 4, sum(&ip.daddr, 4, IPPROTO_TCP + sizeof(tcp)));
    tcp.th_sum = fold(sum(&tcp, sizeof(tcp), pseudo));
    memcpy(packet, &ip, sizeof(ip));
    memcpy(packet + sizeof(ip), &tcp, sizeof(tcp));
}

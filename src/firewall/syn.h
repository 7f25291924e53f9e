// SPDX-License-Identifier: GPL-2.0-or-later
// One TCP SYN as bytes (RFC 791, RFC 9293).
#ifndef PB_FIREWALL_SYN_H
#define PB_FIREWALL_SYN_H

#include <netinet/in.h>
#include <stdint.h>

void fw_make_syn(uint8_t packet[static 40], struct in_addr from, struct in_addr to, uint16_t from_port, uint16_t to_port);

#endif

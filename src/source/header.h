// SPDX-License-Identifier: GPL-2.0-or-later
// The header of a syslog line in the forms that log writers use, read strictly from left to right: what stands
// behind it is an attacker's and is never looked at. Never allocates, never copies.
#ifndef PB_SOURCE_HEADER_H
#define PB_SOURCE_HEADER_H

#include "source/stamp.h"

struct header {
    bool has_time;
    usec_t time, later; // as in struct stamp
    struct str date;    // the stamp's text
    struct str host, ident;
    uint32_t pid;
    struct str message;
};

// line: without its newline. Understood are
//   [<PRI>]STAMP HOST IDENT[PID]: MESSAGE    STAMP as in stamp.h; the tag may lack, so may [PID]
//   [<PRI>]STAMP IDENT[PID]: MESSAGE         no host written
//   STAMP [HOST ]facility.severity IDENT[PID]: MESSAGE    OpenWrt, busybox
//   <PRI>1 STAMP HOST IDENT PID MSGID DATA MESSAGE        RFC 5424
//   [STAMP] MESSAGE
//   STAMP MESSAGE                                         Suricata's fast.log (STAMP_SLASH)
//   {"timestamp":"STAMP", ... }                           Suricata's eve.json; message is the whole line
// False when it has none of these forms: then message is the line, all else is empty and has_time is false. In
// RFC 5424 the stamp itself may be nil: true, without a time.
bool header_parse(struct stamp_clock *c, struct str line, struct header *ret);

#endif

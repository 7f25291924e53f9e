// SPDX-License-Identifier: GPL-2.0-or-later
// Which lines of pptpd and pppd get into what the enabled jails read. Judges nothing.
#ifndef PB_AUDIT_REACH_H
#define PB_AUDIT_REACH_H

#include "audit/facts.h"

struct reach { // what the enabled jails read
    bool journal;
    const char *files[CONFIG_SOURCES_MAX];
    size_t n;
    unsigned jails;
};

void reach_find(const struct facts *f, struct reach *ret);

// The same of those alone that read what pptpd and pppd log, if there are any.
void reach_find_pppd(const struct facts *f, struct reach *ret);

// The priorities of a facility that syslog's rules write into any of these files: a bit each, 1 << LOG_DEBUG.
unsigned reach_got(const struct facts *f, const struct reach *s, enum syslogd_facility facility);

// Debian's pppd logs as local2, everybody else's as daemon.
enum syslogd_facility reach_pppd_facility(const struct facts *f);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// /etc/pptpd.conf as plain data. Judges nothing.
#ifndef PB_AUDIT_PPTPD_H
#define PB_AUDIT_PPTPD_H

#include "audit/view.h"
#include "base/addr.h"

#define PPTPD_CONF "/etc/pptpd.conf"

enum { PPTPD_VALUE_MAX = 255, PPTPD_RANGES_MAX = 64 };

enum pptpd_key {
    PPTPD_OPTION,
    PPTPD_CONNECTIONS,
    PPTPD_LISTEN,
    PPTPD_LOCALIP,
    PPTPD_REMOTEIP,
    PPTPD_STIMEOUT,
    PPTPD_DEBUG,
    PPTPD_LOGWTMP,
    PPTPD_DELEGATE,
    PPTPD_BCRELAY,
    PPTPD_NOIPPARAM,
    PPTPD_KEYS,
};

struct pptpd {
    int error; // why it could not be read, 0
    struct {
        unsigned line; // 0: not there
        char value[PPTPD_VALUE_MAX + 1];
    } keys[PPTPD_KEYS];
};

void pptpd_read(const struct audit_root *root, struct pptpd *ret);

struct address_range { // IPv4 in host order, both ends inside
    uint32_t first, last;
};

// localip's or remoteip's list: 192.0.2.1,192.0.2.10-20. -EINVAL when it cannot be understood.
int pptpd_ranges(const char *value, struct address_range ret[PPTPD_RANGES_MAX], size_t *ret_n);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// Everything that checks look at, read once. Judges nothing.
#ifndef PB_AUDIT_FACTS_H
#define PB_AUDIT_FACTS_H

#include <errno.h>

#include "audit/accel.h"
#include "audit/kernel_rules.h"
#include "audit/pppd.h"
#include "audit/pptpd.h"
#include "audit/secrets.h"
#include "audit/syslogd.h"
#include "config/config.h"

struct facts {
    const struct audit_root *root;
    const struct config *config; // NULL: could not be read
    struct pptpd pptpd;
    struct pppd *pppd;
    char chap_path[1024], pap_path[1024];
    struct secrets chap, pap;
    struct kernel_rules rules;
    struct accel accel;
    struct syslogd syslogd;
    struct journald journald;
};

// -ENOMEM. Freed with facts_free.
int facts_read(const struct audit_root *root, const struct config *config, struct facts *ret);
void facts_free(struct facts *f);

// The value of key= in the unit files of a service and their drop-ins, cut to size; false when it is in none.
bool facts_service_key(const struct facts *f, const char *service, const char *key, char *buf, size_t size);

// pptpd is set up here (or may be: its configuration is there, readable or not).
static inline bool facts_pptpd(const struct facts *f)
{
    return f->pptpd.error != -ENOENT;
}

#endif

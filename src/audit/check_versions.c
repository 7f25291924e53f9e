// SPDX-License-Identifier: GPL-2.0-or-later
// The check of versions with known holes.
#include <stdio.h>

#include "audit/checks.h"
#include "audit/versions.h"

void check_versions(const struct facts *f, struct findings *out)
{
    static const char *const packages[] = {"pptpd", "ppp", "accel-ppp"};
    char version[VERSION_MAX + 1], list[200] = "";
    unsigned bad = 0, seen = 0;

    for (size_t i = 0; i < 3; i++) {
        int r = versions_installed(f->root, packages[i], version);
        if (r == -ENOENT)
            continue;
        if (r < 0) {
            say_unreadable(out, AUDIT_UNKNOWN, "/var/lib/dpkg/status", r);
            return;
        }
        size_t n = strlen(list);
        snprintf(list + n, sizeof(list) - n, "%s%s %s", n ? ", " : "", packages[i], version);
        seen++;
        for (const struct hole *h = holes; h->package; h++) {
            if (strcmp(h->package, packages[i]) != 0 || !hole_applies(h, version))
                continue;
            bool doubtful = strstr(version, "+deb") || strstr(version, "ubuntu");
            bad++;
            say(out, h->serious && !doubtful ? AUDIT_FAIL : AUDIT_WARN, "%s %s: %s: %s (%s)%s", packages[i], version,
                h->name, h->what, h->source,
                doubtful ? "; the distribution may have mended it, see its changelog" : "");
            mend(out, "apt-get update && apt-get install --only-upgrade %s; mended in %s", packages[i], h->fixed);
        }
        if (strcmp(packages[i], "pptpd") == 0 && version_compare(version, "1.4.0") < 0) {
            bad++;
            say(out, AUDIT_WARN,
                "pptpd %s does not tell pppd the client's address (remotenumber): nothing says that a login was right",
                version);
            mend(out, "apt-get install --only-upgrade pptpd; from 1.4.0 on it does");
        }
    }
    if (!seen)
        say(out, AUDIT_UNKNOWN,
            "neither pptpd nor accel-ppp nor ppp is a package here: look for their versions yourself");
    else if (!bad)
        say(out, AUDIT_PASS, "%s: no hole that is known here", list);
}

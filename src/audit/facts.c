// SPDX-License-Identifier: GPL-2.0-or-later
// Reads the machine.
#include "audit/facts.h"

#include <stdio.h>

static void secrets_path(const struct pppd *p, const char *option, const char *usual, char *buf, size_t size)
{
    const struct pppd_option *o = pppd_last(p, option);

    snprintf(buf, size, "%s", o ? o->value : usual);
}

int facts_read(const struct audit_root *root, const struct config *config, struct facts *ret)
{
    struct facts *f = ret;

    *f = (struct facts){.root = root, .config = config};
    pptpd_read(root, &f->pptpd);
    int r = pppd_read(root, f->pptpd.keys[PPTPD_OPTION].line ? f->pptpd.keys[PPTPD_OPTION].value : NULL, &f->pppd);
    if (r == 0) {
        secrets_path(f->pppd, "chap-secrets", "/etc/ppp/chap-secrets", f->chap_path, sizeof(f->chap_path));
        secrets_path(f->pppd, "pap-secrets", "/etc/ppp/pap-secrets", f->pap_path, sizeof(f->pap_path));
        r = secrets_read(root, f->chap_path, &f->chap);
    }
    if (r == 0)
        r = secrets_read(root, f->pap_path, &f->pap);
    if (r == 0)
        r = kernel_rules_read(root, &f->rules);
    if (r < 0)
        facts_free(f);
    return r;
}

void facts_free(struct facts *f)
{
    pppd_free(f->pppd);
    secrets_free(&f->chap);
    secrets_free(&f->pap);
    kernel_rules_free(&f->rules);
    *f = (struct facts){0};
}

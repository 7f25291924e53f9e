// SPDX-License-Identifier: GPL-2.0-or-later
// Writes a configuration as a file that reads back to the same values. Changes nothing.
#include "config/config.h"
#include "config/keyword.h"

static void dump_section(FILE *out, const char *name, enum scope scope, const void *base)
{
    const struct keyword *k;

    fprintf(out, "[%s]\n", name);
    for (size_t i = 0; (k = keyword_at(scope, i)); i++) {
        fprintf(out, "%s = ", k->name);
        k->kind->print(k, (const char *)base + k->offset, out);
        fputc('\n', out);
    }
}

void config_dump(const struct config *c, FILE *out)
{
    dump_section(out, "pptpban", SCOPE_GLOBAL, c);
    fputc('\n', out);
    dump_section(out, "firewall", SCOPE_FIREWALL, &c->firewall);
    for (size_t i = 0; i < c->n_jails; i++) {
        fputc('\n', out);
        dump_section(out, c->jails[i].name, SCOPE_JAIL, &c->jails[i]);
        for (size_t k = 0; k < c->jails[i].n_schedules; k++) {
            char name[CONFIG_JAIL_NAME_MAX + CONFIG_SCHEDULE_NAME_MAX + 2];
            snprintf(name, sizeof(name), "%s@%s", c->jails[i].name, c->jails[i].schedules[k].name);
            fputc('\n', out);
            dump_section(out, name, SCOPE_SCHEDULE, &c->jails[i].schedules[k]);
        }
    }
}

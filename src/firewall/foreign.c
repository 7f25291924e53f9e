// SPDX-License-Identifier: GPL-2.0-or-later
// nft tables by nft; those that iptables-nft keeps by iptables-nft, since nft's listing of them cannot always be loaded;
// and iptables-legacy.
#include "firewall/foreign.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firewall/kernel.h"

static bool add(struct fw_foreign *f, enum fw_foreign_kind kind, const char *name, char *text)
{
    if (f->n == FW_FOREIGN_MAX)
        return false;
    f->v[f->n] = (struct fw_foreign_rules){.kind = kind, .text = text};
    snprintf(f->v[f->n++].name, sizeof(f->v[0].name), "%s", name);
    return true;
}

static bool is_iptables_name(const char *table)
{
    static const char *const names[] = {"filter", "nat", "mangle", "raw", "security"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(table, names[i]) == 0)
            return true;
    return false;
}

// Rules of ours that stand between theirs, and jumps to them, are left out.
static void drop_ours(char *save)
{
    char *to = save;

    for (char *line = save; *line;) {
        size_t n = strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n');
        char kept = line[n];
        line[n] = '\0';
        bool ours = strstr(line, "PPTPBAN") || strstr(line, "pptpban");
        line[n] = kept;
        if (!ours)
            to = memmove(to, line, n), to += n;
        line += n;
    }
    *to = '\0';
}

static int read_iptables(struct fw_foreign *f, enum fw_foreign_kind kind, const char *program, struct fw_error *error)
{
    const char *args[] = {program, NULL};
    bool legacy = kind == FW_FOREIGN_IPTABLES_LEGACY;
    char *text = NULL, name[96];
    int r = fw_program(args, NULL, &text, error);

    if (r == -ENOENT)
        return 0; // who has no such program has no such rules
    if (r < 0)
        return r;
    drop_ours(text);
    snprintf(name, sizeof(name), "iptables%s%s", legacy ? "-legacy" : "",
             strstr(text, ":ufw") ? " (ufw)" : strstr(text, "INPUT_ZONES") ? " (firewalld)" : "");
    if (!strstr(text, "*") || !add(f, kind, name, text))
        free(text);
    return 0;
}

// A table whose listing iptables-nft-save calls incompatible is somebody's own.
static bool is_of_iptables(const char *family, const char *table)
{
    const char *args[] = {strcmp(family, "ip") == 0 ? "iptables-nft-save" : "ip6tables-nft-save", "-t", table, NULL};
    struct fw_error ignored;
    char *text = NULL;
    bool compatible = is_iptables_name(table) && fw_program(args, NULL, &text, &ignored) == 0 && !strstr(text, "incompatible") &&
                      strchr(text, '*');

    free(text);
    return compatible;
}

static int read_tables(struct fw_foreign *f, struct fw_error *error)
{
    const char *list[] = {"nft", "list", "tables", NULL};
    char *tables = NULL, *save = NULL;
    int r = fw_program(list, NULL, &tables, error);

    if (r == -ENOENT)
        return 0;
    for (char *line = r == 0 ? strtok_r(tables, "\n", &save) : NULL; line && r == 0; line = strtok_r(NULL, "\n", &save)) {
        char family[16], table[64], name[96], *text = NULL;
        if (sscanf(line, "table %15s %63s", family, table) != 2 || strncmp(table, "pptpban", 7) == 0 ||
            (strcmp(family, "ip") != 0 && strcmp(family, "inet") != 0) ||
            (strcmp(family, "ip") == 0 && is_of_iptables(family, table)))
            continue;
        const char *show[] = {"nft", "list", "table", family, table, NULL};
        snprintf(name, sizeof(name), "table %s %s", family, table);
        r = fw_program(show, NULL, &text, error);
        if (r == 0 && !add(f, FW_FOREIGN_NFT, name, text))
            free(text);
    }
    free(tables);
    return r;
}

int fw_foreign_read(struct fw_foreign *ret, struct fw_error *error)
{
    const char *sets[] = {"ipset", "save", NULL};
    struct fw_foreign f = {.n = 0};
    int r = fw_program(sets, NULL, &f.sets, error);

    if (r == -ENOENT)
        r = 0;
    if (r == 0)
        r = read_tables(&f, error);
    if (r == 0)
        r = read_iptables(&f, FW_FOREIGN_IPTABLES_NFT, "iptables-nft-save", error);
    if (r == 0 && fw_legacy_rules())
        r = read_iptables(&f, FW_FOREIGN_IPTABLES_LEGACY, "iptables-legacy-save", error);
    if (r < 0) {
        fw_foreign_free(&f);
        return r;
    }
    *ret = f;
    return 0;
}

void fw_foreign_free(struct fw_foreign *f)
{
    free(f->sets);
    for (size_t i = 0; i < f->n; i++)
        free(f->v[i].text);
    *f = (struct fw_foreign){.n = 0};
}

int fw_foreign_load_sets(const struct fw_foreign *f, struct fw_error *error)
{
    const char *args[] = {"ipset", "restore", NULL};

    return fw_program(args, f->sets, NULL, error);
}

int fw_foreign_load(const struct fw_foreign_rules *r, struct fw_error *error)
{
    static const char *const nft[] = {"nft", "-f", "-", NULL};
    static const char *const ipt_nft[] = {"iptables-nft-restore", NULL};
    static const char *const ipt_legacy[] = {"iptables-legacy-restore", NULL};
    static const char *const *const programs[] = {
        [FW_FOREIGN_NFT] = nft, [FW_FOREIGN_IPTABLES_NFT] = ipt_nft, [FW_FOREIGN_IPTABLES_LEGACY] = ipt_legacy};

    return fw_program(programs[r->kind], r->text, NULL, error);
}

// The name of the table's chain at the hook input, into buf.
static bool input_chain(const char *text, char *buf, size_t size)
{
    const char *hook = strstr(text, "hook input"), *chain = NULL;

    for (const char *p = text; hook && (p = strstr(p, "chain ")) && p < hook; p++)
        chain = p + 6;
    if (chain)
        snprintf(buf, size, "%.*s", (int)strcspn(chain, " {"), chain);
    return chain != NULL;
}

void fw_foreign_remedy(const struct fw_foreign_rules *r, uint16_t port, char *buf, size_t size)
{
    char chain[64] = "input";

    if (strstr(r->name, "(ufw)"))
        snprintf(buf, size, "ufw allow %u/tcp", port);
    else if (strstr(r->name, "firewalld"))
        snprintf(buf, size, "firewall-cmd --permanent --add-port=%u/tcp && firewall-cmd --reload", port);
    else if (r->kind != FW_FOREIGN_NFT)
        snprintf(buf, size, "iptables-%s -I INPUT -p tcp --dport %u -j ACCEPT, and where they are kept",
                 r->kind == FW_FOREIGN_IPTABLES_LEGACY ? "legacy" : "nft", port);
    else if (input_chain(r->text, chain, sizeof(chain)))
        snprintf(buf, size, "nft insert rule %s %s tcp dport %u accept, and where they are kept", strchr(r->name, ' ') + 1, chain,
                 port);
    else
        snprintf(buf, size, "nft list %s shows what drops tcp/%u before it reaches input", r->name, port);
}

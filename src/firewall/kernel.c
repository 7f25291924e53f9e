// SPDX-License-Identifier: GPL-2.0-or-later
// Which tool a machine has, and what its listings say about us.
#include "firewall/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct fw_kernel *fw_kernel_of(enum fw_tool tool)
{
    return tool == FW_TOOL_NFT ? &fw_kernel_nft : &fw_kernel_iptables;
}

static bool has_nftables(struct fw_error *error)
{
    char *text = NULL;
    int r = fw_kernel_nft.list(FW_TOOL_NFT, false, &text, error);

    free(text);
    return r == 0;
}

static bool has_program(const char *name)
{
    const char *args[] = {name, "--version", NULL};
    struct fw_error ignored;

    return fw_program(args, NULL, NULL, &ignored) == 0;
}

// "iptables v1.8.9 (nf_tables)"
static enum fw_tool kind_of_iptables(void)
{
    const char *args[] = {"iptables", "--version", NULL};
    struct fw_error ignored;
    char *text = NULL;
    bool nft = fw_program(args, NULL, &text, &ignored) == 0 && strstr(text, "nf_tables");

    free(text);
    return nft ? FW_TOOL_IPTABLES_NFT : FW_TOOL_IPTABLES_LEGACY;
}

int fw_tool_choose(enum fw_backend backend, enum fw_tool *ret, struct fw_error *error)
{
    switch (backend) {
    case FW_AUTO:
        if (!fw_legacy_rules() && has_nftables(error)) {
            *ret = FW_TOOL_NFT;
            return 0;
        }
        if (!has_program("iptables-legacy"))
            return -ENOENT;
        *ret = FW_TOOL_IPTABLES_LEGACY;
        return 0;
    case FW_NFTABLES:
        *ret = FW_TOOL_NFT;
        return has_nftables(error) ? 0 : -ENOENT;
    case FW_IPTABLES_NFT:
    case FW_IPTABLES_LEGACY:
        *ret = backend == FW_IPTABLES_NFT ? FW_TOOL_IPTABLES_NFT : FW_TOOL_IPTABLES_LEGACY;
        break;
    default:
        *ret = kind_of_iptables();
    }
    const char *name = *ret == FW_TOOL_IPTABLES_NFT ? "iptables-nft" : "iptables-legacy";
    if (has_program(name) && has_program("ipset"))
        return 0;
    snprintf(error->text, sizeof(error->text), "%s and ipset are not both installed; apt-get install iptables ipset", name);
    return -ENOENT;
}

// Tables of others, that is: our ban hook is one of nftables everywhere.
static bool foreign_nftables(void)
{
    const char *args[] = {"nft", "list", "tables", NULL};
    struct fw_error ignored;
    char *text = NULL, *save = NULL;
    bool any = false;

    if (fw_program(args, NULL, &text, &ignored) == 0)
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
            any = any || !strstr(line, " pptpban");
    free(text);
    return any;
}

bool fw_both_kinds(void)
{
    return fw_legacy_rules() && foreign_nftables();
}

void fw_revision_of(const char *listing, char buf[static FW_REVISION_LEN + 1])
{
    const char *p = strstr(listing, FW_REVISION_COMMENT);

    snprintf(buf, FW_REVISION_LEN + 1, "%s", p ? p + sizeof(FW_REVISION_COMMENT) - 1 : "");
}

enum { COMMENTS_MAX = 2048, COMMENT_MAX = 64 };

struct comments {
    char (*v)[COMMENT_MAX];
    size_t n;
};

// All comments of rules in a text: comment "ID" or --comment ID, quoted or not.
static bool take_comments(struct comments *c, const char *text)
{
    if (!c->v && !(c->v = malloc(sizeof(*c->v) * COMMENTS_MAX)))
        return false;
    for (const char *p = text; p && (p = strstr(p, "comment ")) && c->n < COMMENTS_MAX;) {
        bool module = p - text >= 3 && strncmp(p - 3, "-m ", 3) == 0;
        p += strlen("comment ");
        p += *p == '"';
        if (module)
            continue;
        snprintf(c->v[c->n++], COMMENT_MAX, "%.*s", (int)strcspn(p, "\" \n"), p);
    }
    return c->n < COMMENTS_MAX;
}

static size_t count(const struct comments *c, const char *id)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++)
        n += strcmp(c->v[i], id) == 0;
    return n;
}

bool fw_listing_complete(const struct fw_ruleset *r, const char *listing, char missing[static 64])
{
    struct comments wanted = {0}, there = {0};
    const char *jump = strstr(listing, FW_MISSING_JUMP);
    bool complete = take_comments(&there, listing) && !jump;

    if (jump)
        snprintf(missing, COMMENT_MAX, "%.*s", (int)strcspn(jump + 1, "\n"), jump + 1);
    for (enum fw_part part = 0; part < FW_PARTS; part++)
        complete = complete && take_comments(&wanted, r->part[part]);
    for (size_t i = 0; complete && i < wanted.n; i++) {
        memcpy(missing, wanted.v[i], COMMENT_MAX);
        complete = count(&there, missing) == count(&wanted, missing);
    }
    free(wanted.v);
    free(there.v);
    return complete;
}

// Of one line: "counter packets P bytes B" of nft, or "[P:B] -A" of iptables-save.
static bool read_counter(const char *line, struct fw_counter *ret)
{
    const char *nft = strstr(line, "counter packets ");

    if (*line == '[')
        return sscanf(line, "[%llu:%llu]", &ret->packets, &ret->bytes) == 2;
    return nft && sscanf(nft, "counter packets %llu bytes %llu", &ret->packets, &ret->bytes) == 2;
}

// The rules that only carry a comment, pptpban-revision-..., count nothing.
size_t fw_counters_of(const char *listing, struct fw_counter *ret, size_t max)
{
    size_t n = 0;

    for (const char *line = listing; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        char text[1024];
        struct comments id = {0};
        struct fw_counter c = {.packets = 0};
        size_t i = 0;
        snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, "\n"), line);
        const char *start = text + strspn(text, "\t ");
        if (read_counter(start, &c) && take_comments(&id, start) && id.n == 1 && strncmp(id.v[0], "pptpban-", 8) != 0) {
            while (i < n && strcmp(ret[i].id, id.v[0]) != 0)
                i++;
            if (i == n && n < max) {
                memcpy(ret[n].id, id.v[0], COMMENT_MAX);
                ret[n].packets = ret[n].bytes = 0;
                n++;
            }
            if (i < n) {
                ret[i].packets += c.packets;
                ret[i].bytes += c.bytes;
            }
        }
        free(id.v);
    }
    return n;
}

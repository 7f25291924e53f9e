// SPDX-License-Identifier: GPL-2.0-or-later
// nftables, by libnftables: what nft(8) itself is made of, without running it.
#include <errno.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firewall/kernel.h"
#include "firewall/render.h"
#include "firewall/rules_nft.h"

// Runs a script; *ret_output (may be NULL) is what it printed.
static int run(const char *script, bool dry, char **ret_output, struct fw_error *error)
{
    setenv("TZ", "UTC", 1); // nft reads and prints times of the local zone; ours are those of the kernel
    struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
    int r = 0;

    if (!nft || nft_ctx_buffer_output(nft) || nft_ctx_buffer_error(nft)) {
        nft_ctx_free(nft);
        return -ENOMEM;
    }
    nft_ctx_set_dry_run(nft, dry);
    if (nft_run_cmd_from_buffer(nft, script) != 0) {
        const char *why = nft_ctx_get_error_buffer(nft);
        snprintf(error->text, sizeof(error->text), "nftables: %.900s", why && *why ? why : "the kernel refused");
        for (size_t n = strlen(error->text); n > 0 && error->text[n - 1] == '\n'; n--)
            error->text[n - 1] = '\0';
        r = strstr(error->text, "No such file") ? -ENOENT : -EPROTO;
    } else if (ret_output && !(*ret_output = strdup(nft_ctx_get_output_buffer(nft)))) {
        r = -ENOMEM;
    }
    nft_ctx_free(nft);
    return r;
}

static int nft_check(const struct fw_ruleset *r, struct fw_error *error)
{
    return run(r->part[FW_PART_NFT], true, NULL, error);
}

static int nft_snapshot(enum fw_tool tool, char **ret_text, struct fw_error *error)
{
    char script[64];
    int r;

    (void)tool;
    snprintf(script, sizeof(script), "list table inet %s\n", FW_NFT_TABLE);
    r = run(script, false, ret_text, error);
    if (r == -ENOENT)
        r = (*ret_text = strdup("")) ? 0 : -ENOMEM;
    return r;
}

static int nft_list(enum fw_tool tool, bool counters, char **ret_text, struct fw_error *error)
{
    int r = fw_nft_rules(FW_NFT_TABLE, counters, ret_text);

    (void)tool;
    if (r < 0)
        snprintf(error->text, sizeof(error->text), "nftables: %s", strerror(-r));
    return r;
}

static int nft_restore(enum fw_tool tool, const char *snapshot, struct fw_error *error)
{
    char *script = NULL;

    (void)tool;
    if (asprintf(&script, "add table inet %s\ndelete table inet %s\n%s", FW_NFT_TABLE, FW_NFT_TABLE, snapshot) < 0)
        return -ENOMEM;
    int r = run(script, false, NULL, error);
    free(script);
    return r;
}

static int nft_remove(enum fw_tool tool, struct fw_error *error)
{
    return nft_restore(tool, "", error);
}

static void print_elements(FILE *out, const char *set, bool v4, const struct prefix *v, size_t n, uint32_t seconds)
{
    char text[PREFIX_STRLEN];
    bool any = false;

    for (size_t i = 0; i < n; i++) {
        if (addr_is_v4(&v[i].addr) != v4)
            continue;
        fprintf(out, any ? ", " : "add element inet %s %s%c { ", FW_NFT_TABLE, set, v4 ? '4' : '6');
        fprintf(out, "%s timeout %us", prefix_format(&v[i], text), seconds);
        any = true;
    }
    if (any)
        fputs(" }\n", out);
}

static void print_fill(FILE *out, const struct fw_fill *fill)
{
    // an element that is there already would keep its old timeout
    fprintf(out, "flush set inet %s %s4\nflush set inet %s %s6\n", FW_NFT_TABLE, fill->set, FW_NFT_TABLE, fill->set);
    print_elements(out, fill->set, true, fill->v, fill->n, fill->seconds);
    print_elements(out, fill->set, false, fill->v, fill->n, fill->seconds);
}

// One transaction: the ruleset (or nothing), and the fills.
static int transaction(const char *rules, const struct fw_fill *fills, size_t n, struct fw_error *error)
{
    char *script = NULL;
    size_t size;
    FILE *out = open_memstream(&script, &size);

    if (!out)
        return -ENOMEM;
    fputs(rules, out);
    for (size_t i = 0; i < n; i++)
        print_fill(out, &fills[i]);
    int r = fclose(out) != 0 ? -ENOMEM : run(script, false, NULL, error);
    free(script);
    return r;
}

// The script's first lines, which only make the table and empty sets. nft 1.0 sends the entries of a set twice when the
// set is made in the same transaction, so the first time these go before.
static int make_frame(const char *script, struct fw_error *error)
{
    const char *end = script;

    while (*end == '#' || strncmp(end, "add table ", 10) == 0 || strncmp(end, "add set ", 8) == 0)
        end += strcspn(end, "\n") + 1;
    char *frame = strndup(script, (size_t)(end - script));
    int r = frame ? run(frame, false, NULL, error) : -ENOMEM;
    free(frame);
    return r;
}

// A transaction happens or does not: the kernel's look at it is the dry run.
static int nft_apply(const struct fw_ruleset *r, const struct fw_fill *fills, size_t n, struct fw_error *error)
{
    int result = make_frame(r->part[FW_PART_NFT], error);

    return result < 0 ? result : transaction(r->part[FW_PART_NFT], fills, n, error);
}

static int nft_fill(enum fw_tool tool, const struct fw_fill *fill, struct fw_error *error)
{
    (void)tool;
    return transaction("", fill, 1, error);
}

const struct fw_kernel fw_kernel_nft = {nft_check, nft_apply, nft_snapshot, nft_restore, nft_remove, nft_list, nft_fill};

// SPDX-License-Identifier: GPL-2.0-or-later
// nftables, by libnftables: what nft(8) itself is made of, without running it.
#include <errno.h>
#include <inttypes.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "firewall/elements_nft.h"
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

static int run_stream(FILE *out, char **script, struct fw_error *error)
{
    int r = fclose(out) != 0 ? -ENOMEM : run(*script, false, NULL, error);

    free(*script);
    return r;
}

// --- apply

// The script's first lines, which only make the table and empty sets, and change no packet's way.
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

enum set_state { SET_NEW, SET_SAME, SET_OTHER };

struct work {
    struct fw_script script; // its rest: without the lines of the revision, too
    enum set_state *state;   // of each set of the script
    char *revision;          // these lines
    char rules[sizeof(FW_RULES_COMMENT) + FW_REVISION_LEN]; // the comment that tells the rules from others
    struct fw_batch batch;   // what makes the kernel's sets the wanted ones
};

static int take_apart(const char *script, struct work *w)
{
    static const char revision[] = "add chain inet pptpban_fw revision\n";
    int r = fw_script_read(script, &w->script);
    char *end = r == 0 ? strstr(w->script.rest, revision) : NULL;

    if (r < 0)
        return r;
    if (!end)
        return -EBADMSG;
    w->revision = strdup(end);
    w->state = calloc(w->script.n + 1, sizeof(*w->state));
    if (!w->revision || !w->state)
        return -ENOMEM;
    *end = '\0';
    uint64_t hash = hash_bytes(&(struct hash_key){{FW_TOOL_NFT, 0}}, w->script.rest, strlen(w->script.rest));
    snprintf(w->rules, sizeof(w->rules), FW_RULES_COMMENT "%016" PRIx64, hash);
    return 0;
}

static int compare_sets(struct work *w)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < w->script.n; i++) {
        size_t before = w->batch.changes;
        r = fw_batch_set(&w->batch, &w->script.sets[i]);
        w->state[i] = r == -ENOENT ? SET_NEW : w->batch.changes == before ? SET_SAME : SET_OTHER;
        r = r == -ENOENT ? 0 : r;
    }
    return r;
}

// Whether the kernel has these rules, all of them and none that came later.
static bool has_rules(const struct work *w)
{
    const struct fw_ruleset rules = {.tool = FW_TOOL_NFT, .part[FW_PART_NFT] = w->script.rest};
    char last[64], missing[64], *listing = NULL;
    bool has = fw_nft_last_rule(FW_NFT_TABLE, last) == 0 && strcmp(last, w->rules) == 0 &&
               fw_nft_rules(FW_NFT_TABLE, false, &listing) == 0 && fw_listing_complete(&rules, listing, missing);

    free(listing);
    return has;
}

// Only networks have changed: those that go and those that come, in one transaction, and the rules go on counting.
static int change_sets(struct work *w, const char *revision, const struct fw_fill *fills, size_t n)
{
    char comment[sizeof(FW_REVISION_COMMENT) + FW_REVISION_LEN];
    const char *const comments[] = {comment, w->rules};

    snprintf(comment, sizeof(comment), FW_REVISION_COMMENT "%s", revision);
    for (size_t i = 0; i < n; i++)
        fw_batch_fill(&w->batch, &fills[i]);
    fw_batch_comments(&w->batch, comments, 2);
    return fw_batch_commit(&w->batch);
}

// Sets that no rule knows yet are filled before the rules come, without text, which takes a third of the time.
static int fill_new_sets(struct work *w)
{
    struct fw_batch b;
    int r = fw_batch_open(&b, true);

    for (size_t i = 0; r == 0 && i < w->script.n; i++)
        if (w->state[i] == SET_NEW)
            r = fw_batch_set(&b, &w->script.sets[i]);
    if (r == 0)
        r = fw_batch_commit(&b);
    fw_batch_close(&b);
    return r;
}

// One transaction: all rules, the sets that held something else, and the fills.
static int replace(const struct work *w, const struct fw_fill *fills, size_t n, struct fw_error *error)
{
    char *script = NULL;
    size_t size;
    FILE *out = open_memstream(&script, &size);

    if (!out)
        return -ENOMEM;
    fputs(w->script.rest, out);
    for (size_t i = 0; i < w->script.n; i++)
        if (w->state[i] == SET_OTHER)
            fwrite(w->script.sets[i].lines, 1, w->script.sets[i].size, out);
    for (size_t i = 0; i < n; i++)
        print_fill(out, &fills[i]);
    fprintf(out, "%sadd rule inet %s revision counter comment \"%s\"\n", w->revision, FW_NFT_TABLE, w->rules);
    return run_stream(out, &script, error);
}

static int apply(const struct fw_ruleset *r, struct work *w, const struct fw_fill *fills, size_t n, struct fw_error *error)
{
    const char *script = r->part[FW_PART_NFT];
    int result = take_apart(script, w);

    if (result == 0)
        result = fw_batch_open(&w->batch, false);
    if (result == 0)
        result = compare_sets(w);
    if (result == 0 && has_rules(w) && change_sets(w, r->revision, fills, n) == 0)
        return 0;
    if (result == 0)
        result = make_frame(script, error);
    if (result == 0)
        result = fill_new_sets(w);
    return result == 0 ? replace(w, fills, n, error) : result;
}

// A transaction happens or does not: the kernel's look at it is the dry run.
static int nft_apply(const struct fw_ruleset *r, const struct fw_fill *fills, size_t n, struct fw_error *error)
{
    struct work w = {.state = NULL};

    error->text[0] = '\0';
    int result = apply(r, &w, fills, n, error);
    if (result < 0 && !*error->text)
        snprintf(error->text, sizeof(error->text), "nftables: %s", strerror(-result));
    fw_batch_close(&w.batch);
    fw_script_free(&w.script);
    free(w.revision);
    free(w.state);
    return result;
}

static int nft_fill(enum fw_tool tool, const struct fw_fill *fill, struct fw_error *error)
{
    char *script = NULL;
    size_t size;
    FILE *out = open_memstream(&script, &size);

    (void)tool;
    if (!out)
        return -ENOMEM;
    print_fill(out, fill);
    return run_stream(out, &script, error);
}

const struct fw_kernel fw_kernel_nft = {nft_check, nft_apply, nft_snapshot, nft_restore, nft_remove, nft_list, nft_fill};

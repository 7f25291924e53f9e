// SPDX-License-Identifier: GPL-2.0-or-later
// iptables, of either kind, with ipset. There is no library for it that outlives a version, so its own programs are
// run. Sets come before rules, since a rule that names a set which is not there makes iptables-restore refuse all.
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "firewall/kernel.h"
#include "firewall/render.h"

static const char *const tables[] = {"raw", "mangle", "nat", "filter"};
static const char set_prefix[] = "pptpban-"; // of the sets of the base ruleset; the ban sets are pptpban4 and pptpban6

enum { FAMILIES = 2, TABLES = sizeof(tables) / sizeof(tables[0]) };

// iptables-nft-restore, ip6tables-legacy-save ...
static const char *program(enum fw_tool tool, int family, const char *verb, char buf[static 40])
{
    snprintf(buf, 40, "ip%stables-%s%s", family ? "6" : "", tool == FW_TOOL_IPTABLES_LEGACY ? "legacy" : "nft", verb);
    return buf;
}

static int restore_text(enum fw_tool tool, int family, bool test, const char *text, struct fw_error *error)
{
    char name[40];
    const char *args[] = {program(tool, family, "-restore", name), "--noflush", "--wait", "5", test ? "--test" : NULL, NULL};

    return text && *text ? fw_program(args, text, NULL, error) : 0;
}

// The tables of iptables-legacy are made by whoever looks at them; those that are not there are empty.
static bool has_table(enum fw_tool tool, int family, const char *table)
{
    char name[32];
    bool found = tool != FW_TOOL_IPTABLES_LEGACY;
    FILE *f = found ? NULL : fopen(family ? "/proc/net/ip6_tables_names" : "/proc/net/ip_tables_names", "re");

    while (f && !found && fscanf(f, "%31s", name) == 1)
        found = strcmp(name, table) == 0;
    if (f)
        fclose(f);
    return found;
}

static int save_table(enum fw_tool tool, int family, const char *table, bool counters, char **ret, struct fw_error *error)
{
    char name[40];
    const char *args[] = {program(tool, family, "-save", name), "-t", table, counters ? "-c" : NULL, NULL};

    if (!has_table(tool, family, table))
        return (*ret = strdup("")) ? 0 : -ENOMEM;
    return fw_program(args, NULL, ret, error);
}

bool fw_legacy_rules(void)
{
    for (int family = 0; family < FAMILIES; family++)
        for (size_t t = 0; t < TABLES; t++) {
            struct fw_error ignored;
            char *text = NULL;
            bool any = has_table(FW_TOOL_IPTABLES_LEGACY, family, tables[t]) &&
                       save_table(FW_TOOL_IPTABLES_LEGACY, family, tables[t], false, &text, &ignored) == 0 &&
                       (strstr(text, "\n-A ") || strstr(text, " DROP ["));
            free(text);
            if (any)
                return true;
        }
    return false;
}

// --- jumps

static int jump(enum fw_tool tool, int family, const char *what, const struct fw_jump *j, struct fw_error *error)
{
    char name[40];
    const char *args[] = {program(tool, family, "", name), "--wait", "5", "-t", j->table, what, j->hook, "-j", j->chain, NULL};

    return fw_program(args, NULL, NULL, error);
}

static void remove_jumps(enum fw_tool tool, int family)
{
    struct fw_error ignored;

    for (const struct fw_jump *j = fw_jumps; j->table; j++)
        while (has_table(tool, family, j->table) && jump(tool, family, "-D", j, &ignored) == 0)
            ; // until there is none
}

// First in their hooks, each table in one transaction, so that no packet finds them missing.
static int insert_jumps(enum fw_tool tool, int family, struct fw_error *error)
{
    int r = 0;

    for (size_t t = 0; r == 0 && t < TABLES; t++) {
        char text[1024];
        size_t n = (size_t)snprintf(text, sizeof(text), "*%s\n", tables[t]);
        for (const struct fw_jump *j = fw_jumps; j->table; j++) {
            struct fw_error ignored;
            if (strcmp(j->table, tables[t]) != 0)
                continue;
            if (jump(tool, family, "-C", j, &ignored) == 0)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "-D %s -j %s\n", j->hook, j->chain);
            n += (size_t)snprintf(text + n, sizeof(text) - n, "-I %s 1 -j %s\n", j->hook, j->chain);
        }
        snprintf(text + n, sizeof(text) - n, "COMMIT\n");
        r = restore_text(tool, family, false, text, error);
    }
    return r;
}

// --- sets

static int ipset(const char *input, char **ret, struct fw_error *error, const char *verb, const char *name)
{
    const char *args[] = {"ipset", verb, name, NULL};

    return fw_program(args, input, ret, error);
}

// Calls each with every set of ours by name.
static int each_set(int (*each)(const char *name, void *userdata, struct fw_error *error), void *userdata,
                    struct fw_error *error)
{
    char *names = NULL, *save = NULL;
    const char *args[] = {"ipset", "list", "-n", NULL};
    int r = fw_program(args, NULL, &names, error);

    for (char *name = r == 0 ? strtok_r(names, "\n", &save) : NULL; r == 0 && name; name = strtok_r(NULL, "\n", &save))
        if (strncmp(name, set_prefix, sizeof(set_prefix) - 1) == 0)
            r = each(name, userdata, error);
    free(names);
    return r;
}

static int save_set(const char *name, void *userdata, struct fw_error *error)
{
    char *text = NULL;
    int r = ipset(NULL, &text, error, "save", name);

    if (r == 0)
        fputs(text, userdata);
    free(text);
    return r;
}

// A rule of iptables-nft that has just gone lets go of its sets a moment later.
static int destroy_set(const char *name, void *userdata, struct fw_error *error)
{
    int r = ipset(NULL, NULL, error, "destroy", name);

    (void)userdata;
    for (int tries = 0; r == -EPROTO && strstr(error->text, "in use") && tries < 50; tries++) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        r = ipset(NULL, NULL, error, "destroy", name);
    }
    return r;
}

// --- what is ours in a listing of iptables-save

static bool is_ours(const char *line)
{
    const char *rule = *line == '[' ? strchr(line, '-') : line; // [packets:bytes] -A ...

    return strncmp(line, ":PPTPBAN-", 9) == 0 || (rule && strncmp(rule, "-A PPTPBAN-", 11) == 0);
}

// What jumps to one of our chains that are there, as somebody else's -F of a chain leaves them.
static void print_missing_jumps(const char *table, const char *text, FILE *out)
{
    char chain[64], jump[64];

    for (const struct fw_jump *j = fw_jumps; j->table; j++) {
        snprintf(chain, sizeof(chain), "\n:%s ", j->chain);
        snprintf(jump, sizeof(jump), "-j %s\n", j->chain);
        if (strcmp(j->table, table) == 0 && strstr(text, chain) && !strstr(text, jump))
            fprintf(out, FW_MISSING_JUMP "%s\n", j->chain);
    }
}

enum own { OWN_RULES, OWN_COUNTERS, OWN_RESTORABLE }; // what of our chains is printed

static int print_own(enum fw_tool tool, int family, enum own what, FILE *out, struct fw_error *error)
{
    bool restorable = what == OWN_RESTORABLE;

    for (size_t t = 0; t < TABLES; t++) {
        char *text = NULL, *save = NULL;
        bool any = false;
        int r = save_table(tool, family, tables[t], what == OWN_COUNTERS, &text, error);
        if (r < 0)
            return r;
        if (!restorable)
            print_missing_jumps(tables[t], text, out);
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
            if (!is_ours(line))
                continue;
            if (!any && restorable)
                fprintf(out, "*%s\n", tables[t]);
            any = true;
            if (line[0] == ':')
                line[strcspn(line, " ")] = '\0';
            if (line[0] == ':' && !restorable)
                continue;
            fprintf(out, line[0] == ':' ? "%s - [0:0]\n" : "%s\n", line);
        }
        if (any && restorable)
            fputs("COMMIT\n", out);
        free(text);
    }
    return 0;
}

// --- what kernel.h promises

static int ipt_fill(enum fw_tool tool, const struct fw_fill *fill, struct fw_error *error)
{
    size_t size;
    char *script = NULL, text[PREFIX_STRLEN];
    FILE *out = open_memstream(&script, &size);

    (void)tool;
    if (!out)
        return -ENOMEM;
    fprintf(out, "flush %s%s4\nflush %s%s6\n", set_prefix, fill->set, set_prefix, fill->set);
    for (size_t i = 0; i < fill->n; i++)
        fprintf(out, "add %s%s%c %s timeout %u\n", set_prefix, fill->set, addr_is_v4(&fill->v[i].addr) ? '4' : '6',
                prefix_format(&fill->v[i], text), fill->seconds);
    int r = fclose(out) != 0 ? -ENOMEM : ipset(script, NULL, error, "restore", "-exist");
    free(script);
    return r == -EPROTO && strstr(error->text, "does not exist") ? -ENOENT : r;
}

// Makes the sets that are missing, empty, which changes no packet's way: those of the lines "create SET ...", but the ones
// that are only filled to be swapped (their names end with t).
static int create_sets(const struct fw_ruleset *r, struct fw_error *error)
{
    char *script = NULL;
    size_t size;
    FILE *out = open_memstream(&script, &size);

    if (!out)
        return -ENOMEM;
    for (const char *line = r->part[FW_PART_SETS]; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        size_t name = strncmp(line, "create ", 7) == 0 ? strcspn(line + 7, " ") : 0;
        if (name > 0 && line[7 + name - 1] != 't')
            fprintf(out, "%.*s\n", (int)strcspn(line, "\n"), line);
    }
    int result = fclose(out) != 0 ? -ENOMEM : ipset(script, NULL, error, "restore", "-exist");
    free(script);
    return result;
}

// Both families' rules, with their sets in place.
static int test_families(const struct fw_ruleset *r, struct fw_error *error)
{
    int result = create_sets(r, error);

    for (int family = 0; result == 0 && family < FAMILIES; family++)
        result = restore_text(r->tool, family, true, r->part[family ? FW_PART_V6 : FW_PART_V4], error);
    return result;
}

static int ipt_apply(const struct fw_ruleset *r, const struct fw_fill *fills, size_t n, struct fw_error *error)
{
    int result = test_families(r, error);

    if (result == 0)
        result = ipset(r->part[FW_PART_SETS], NULL, error, "restore", "-exist");
    for (size_t i = 0; result == 0 && i < n; i++)
        result = ipt_fill(r->tool, &fills[i], error);
    for (int family = 0; result == 0 && family < FAMILIES; family++) {
        result = restore_text(r->tool, family, false, r->part[family ? FW_PART_V6 : FW_PART_V4], error);
        if (result == 0)
            result = insert_jumps(r->tool, family, error);
    }
    return result;
}

static const char part_mark[] = "#pptpban ";

static int ipt_snapshot(enum fw_tool tool, char **ret_text, struct fw_error *error)
{
    size_t n;
    char *text = NULL;
    FILE *out = open_memstream(&text, &n);
    bool empty = true;

    if (!out)
        return -ENOMEM;
    int r = each_set(save_set, out, error);
    for (int family = 0; r == 0 && family < FAMILIES; family++) {
        fprintf(out, "%s%d\n", part_mark, family);
        long before = ftell(out);
        r = print_own(tool, family, OWN_RESTORABLE, out, error);
        empty = empty && ftell(out) == before;
    }
    if (fclose(out) != 0 && r == 0)
        r = -ENOMEM;
    if (r == 0 && empty)
        text[0] = '\0'; // sets alone are nothing
    if (r < 0)
        free(text);
    else
        *ret_text = text;
    return r;
}

static int ipt_remove(enum fw_tool tool, struct fw_error *error)
{
    int r = 0;

    for (int family = 0; r == 0 && family < FAMILIES; family++) {
        char *text = NULL, *lines = NULL;
        size_t n;
        FILE *out = open_memstream(&lines, &n);
        if (!out)
            return -ENOMEM;
        remove_jumps(tool, family);
        for (size_t t = 0; r == 0 && t < TABLES; t++) {
            r = save_table(tool, family, tables[t], false, &text, error);
            if (r < 0 || !strstr(text, "\n:PPTPBAN-")) {
                free(r < 0 ? NULL : text);
                continue;
            }
            fprintf(out, "*%s\n", tables[t]);
            // all are emptied before the first goes: they may jump to each other
            for (int pass = 0; pass < 2; pass++) {
                for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
                    if (strncmp(line, ":PPTPBAN-", 9) == 0)
                        fprintf(out, "-%c %.*s\n", pass ? 'X' : 'F', (int)strcspn(line + 1, " "), line + 1);
            }
            fputs("COMMIT\n", out);
            free(text);
        }
        if (fclose(out) != 0 && r == 0)
            r = -ENOMEM;
        if (r == 0)
            r = restore_text(tool, family, false, lines, error);
        free(lines);
    }
    return r == 0 ? each_set(destroy_set, NULL, error) : r;
}

static int ipt_restore(enum fw_tool tool, const char *snapshot, struct fw_error *error)
{
    int r = ipt_remove(tool, error);
    char *text = r == 0 ? strdup(snapshot) : NULL;

    if (r < 0 || !*snapshot)
        goto out;
    if (!text) {
        r = -ENOMEM;
        goto out;
    }
    char *part[FAMILIES];
    for (int family = 0; family < FAMILIES; family++) {
        char mark[16];
        snprintf(mark, sizeof(mark), "%s%d\n", part_mark, family);
        part[family] = strstr(text, mark);
        if (!part[family]) {
            snprintf(error->text, sizeof(error->text), "the snapshot is cut off");
            r = -EBADMSG;
            goto out;
        }
        *part[family] = '\0';
        part[family] += strlen(mark);
    }
    r = ipset(text, NULL, error, "restore", "-exist");
    for (int family = 0; r == 0 && family < FAMILIES; family++) {
        r = restore_text(tool, family, false, part[family], error);
        if (r == 0)
            r = insert_jumps(tool, family, error);
    }
out:
    free(text);
    return r;
}

static int ipt_list(enum fw_tool tool, bool counters, char **ret_text, struct fw_error *error)
{
    size_t n;
    char *text = NULL;
    FILE *out = open_memstream(&text, &n);
    int r = 0;

    if (!out)
        return -ENOMEM;
    for (int family = 0; r == 0 && family < FAMILIES; family++)
        r = print_own(tool, family, counters ? OWN_COUNTERS : OWN_RULES, out, error);
    if (fclose(out) != 0 && r == 0)
        r = -ENOMEM;
    if (r < 0)
        free(text);
    else
        *ret_text = text;
    return r;
}

// Of the sets that a dry run has made: those that were not there before.
static int destroy_new_set(const char *name, void *before, struct fw_error *error)
{
    const char *p = before;
    size_t n = strlen(name);

    while ((p = strstr(p, name)) && !((p == (const char *)before || p[-1] == '\n') && (p[n] == '\n' || !p[n])))
        p += n;
    return p ? 0 : destroy_set(name, NULL, error);
}

static int ipt_check(const struct fw_ruleset *r, struct fw_error *error)
{
    const char *names[] = {"ipset", "list", "-n", NULL};
    struct fw_error ignored;
    char *before = NULL;
    int result = fw_program(names, NULL, &before, error);

    if (result < 0)
        return result;
    result = test_families(r, error);
    each_set(destroy_new_set, before, &ignored);
    free(before);
    return result;
}

const struct fw_kernel fw_kernel_iptables = {ipt_check, ipt_apply, ipt_snapshot, ipt_restore, ipt_remove, ipt_list, ipt_fill};

// SPDX-License-Identifier: GPL-2.0-or-later
// Rendering into memory, and files of it: a head line each part, then its bytes.
#include "firewall/ruleset.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "firewall/render.h"

const char *const fw_tool_names[FW_TOOLS] = {"nftables", "iptables-nft", "iptables-legacy"};

static const char magic[] = "pptpban-ruleset 1";
static const char *const part_names[FW_PARTS] = {"nft", "sets", "v4", "v6"};

enum { FILE_MAX = 256 << 20 };

static int render_part(const struct fw_model *m, enum fw_part part, FILE *out)
{
    static const enum fw_iptables_part ipt[FW_PARTS] = {
        [FW_PART_SETS] = FW_IPT_SETS, [FW_PART_V4] = FW_IPT_V4, [FW_PART_V6] = FW_IPT_V6};

    return part == FW_PART_NFT ? fw_render_nftables(m, out) : fw_render_iptables_part(m, ipt[part], out);
}

// The rule that carries the revision, in a chain of its own that nothing jumps to.
static void print_revision(enum fw_part part, const char *revision, FILE *out)
{
    if (part == FW_PART_NFT)
        fprintf(out,
                "add chain inet %s revision\nflush chain inet %s revision\n"
                "add rule inet %s revision counter comment \"" FW_REVISION_COMMENT "%s\"\n",
                FW_NFT_TABLE, FW_NFT_TABLE, FW_NFT_TABLE, revision);
    else if (part != FW_PART_SETS)
        fprintf(out, "*filter\n:PPTPBAN-REV - [0:0]\n-A PPTPBAN-REV -m comment --comment " FW_REVISION_COMMENT "%s\nCOMMIT\n",
                revision);
}

static bool has_part(enum fw_tool tool, enum fw_part part)
{
    return (tool == FW_TOOL_NFT) == (part == FW_PART_NFT);
}

// Each text is rendered once, for its hash, and gets the revision behind it when all are known.
int fw_ruleset_make(const struct fw_model *m, enum fw_tool tool, struct fw_ruleset *ret)
{
    struct fw_ruleset rs = {.tool = tool};
    FILE *out[FW_PARTS] = {NULL};
    size_t n[FW_PARTS];
    uint64_t hash = tool;
    int r = 0;

    for (enum fw_part part = 0; r == 0 && part < FW_PARTS; part++) {
        if (!has_part(tool, part))
            continue;
        out[part] = open_memstream(&rs.part[part], &n[part]);
        r = out[part] ? render_part(m, part, out[part]) : -ENOMEM;
        if (r == 0 && fflush(out[part]) != 0)
            r = -ENOMEM;
        if (r == 0) // a checksum, no secret
            hash = hash_bytes(&(struct hash_key){{hash, part}}, rs.part[part], n[part]);
    }
    snprintf(rs.revision, sizeof(rs.revision), "%016" PRIx64, hash);
    for (enum fw_part part = 0; part < FW_PARTS; part++) {
        if (!out[part])
            continue;
        if (r == 0)
            print_revision(part, rs.revision, out[part]);
        if (fclose(out[part]) != 0)
            r = -ENOMEM;
    }
    if (r < 0) {
        fw_ruleset_free(&rs);
        return r;
    }
    *ret = rs;
    return 0;
}

void fw_ruleset_free(struct fw_ruleset *r)
{
    for (enum fw_part part = 0; part < FW_PARTS; part++)
        free(r->part[part]);
    *r = (struct fw_ruleset){0};
}

int fw_ruleset_copy(const struct fw_ruleset *r, struct fw_ruleset *ret)
{
    struct fw_ruleset copy = *r;
    bool good = true;

    for (enum fw_part part = 0; part < FW_PARTS; part++)
        if (r->part[part])
            good = (copy.part[part] = strdup(r->part[part])) && good;
    if (!good) {
        fw_ruleset_free(&copy);
        return -ENOMEM;
    }
    *ret = copy;
    return 0;
}

static uint64_t checksum(const struct fw_ruleset *r)
{
    uint64_t sum = r->tool;

    for (enum fw_part part = 0; part < FW_PARTS; part++)
        if (r->part[part])
            sum = hash_bytes(&(struct hash_key){{sum, part}}, r->part[part], strlen(r->part[part]));
    return sum;
}

static int sync_directory(const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');

    snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return r;
}

int fw_ruleset_save(const struct fw_ruleset *rs, const char *path)
{
    char fresh[PATH_MAX];

    if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
        return -ENAMETOOLONG;
    unlink(fresh);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    if (!f) {
        int r = -errno;
        if (fd >= 0)
            close(fd);
        return r;
    }
    fprintf(f, "%s %s %s %016" PRIx64 "\n", magic, fw_tool_names[rs->tool], rs->revision, checksum(rs));
    for (enum fw_part part = 0; part < FW_PARTS; part++)
        if (rs->part[part])
            fprintf(f, "%s %zu\n%s\n", part_names[part], strlen(rs->part[part]), rs->part[part]);
    int r = fflush(f) != 0 || ferror(f) || fsync(fd) < 0 ? -errno : 0;
    if (fclose(f) != 0 && r == 0)
        r = -errno;
    if (r == 0 && rename(fresh, path) < 0)
        r = -errno;
    if (r == 0)
        r = sync_directory(path);
    if (r < 0)
        unlink(fresh);
    return r;
}

static int read_part(FILE *f, struct fw_ruleset *rs)
{
    char name[8];
    size_t n;

    if (fscanf(f, "%7s %zu", name, &n) != 2 || getc(f) != '\n' || n > FILE_MAX)
        return -EBADMSG;
    for (enum fw_part part = 0; part < FW_PARTS; part++) {
        if (strcmp(name, part_names[part]) != 0 || rs->part[part] || !has_part(rs->tool, part))
            continue;
        if (!(rs->part[part] = malloc(n + 1)))
            return -ENOMEM;
        if (fread(rs->part[part], 1, n, f) != n || getc(f) != '\n') {
            rs->part[part][0] = '\0';
            return -EBADMSG;
        }
        rs->part[part][n] = '\0';
        return 0;
    }
    return -EBADMSG;
}

static int read_all(FILE *f, struct fw_ruleset *rs)
{
    char tool[24];
    uint64_t sum;
    int r = 0;

    if (fscanf(f, "pptpban-ruleset 1 %23s %16s %" SCNx64, tool, rs->revision, &sum) != 3 || getc(f) != '\n')
        return -EBADMSG;
    while (rs->tool < FW_TOOLS && strcmp(tool, fw_tool_names[rs->tool]) != 0)
        rs->tool++;
    if (rs->tool == FW_TOOLS)
        return -EBADMSG;
    for (enum fw_part part = 0; r == 0 && part < FW_PARTS; part++)
        if (has_part(rs->tool, part))
            r = read_part(f, rs);
    return r == 0 && checksum(rs) != sum ? -EBADMSG : r;
}

int fw_ruleset_load(const char *path, struct fw_ruleset *ret)
{
    struct fw_ruleset rs = {0};
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022)) {
        close(fd);
        return -EPERM; // root runs what stands there
    }
    FILE *f = fdopen(fd, "r");
    if (!f) {
        close(fd);
        return -ENOMEM;
    }
    int r = read_all(f, &rs);
    fclose(f);
    if (r < 0) {
        fw_ruleset_free(&rs);
        return r;
    }
    *ret = rs;
    return 0;
}

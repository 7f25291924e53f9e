// SPDX-License-Identifier: GPL-2.0-or-later
// This very machine as an audit_root: its files, and the hooks that ask its kernel.
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "audit/audit.h"
#include "firewall/program.h"

static int ask_clock(void *userdata, bool *ret_follows)
{
    struct timex t = {0}; // modes 0: only looks

    (void)userdata;
    int state = adjtimex(&t);
    if (state < 0)
        return -errno;
    *ret_follows = state != TIME_ERROR && !(t.status & STA_UNSYNC);
    return 0;
}

// libnftables, in process; sets without their elements, for those may be many.
static int ask_nft(void *userdata, char **ret)
{
    struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
    int r = 0;

    (void)userdata;
    if (geteuid() != 0) { // libnftables would complain on standard error
        nft_ctx_free(nft);
        return -EPERM;
    }
    if (!nft || nft_ctx_buffer_output(nft) || nft_ctx_buffer_error(nft)) {
        nft_ctx_free(nft);
        return -ENOMEM;
    }
    nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_TERSE);
    if (nft_run_cmd_from_buffer(nft, "list ruleset") != 0)
        r = strstr(nft_ctx_get_error_buffer(nft), "not permitted") ? -EPERM : -EIO;
    else if (!(*ret = strdup(nft_ctx_get_output_buffer(nft))))
        r = -ENOMEM;
    nft_ctx_free(nft);
    return r;
}

static int ask_iptables(void *userdata, enum view_tables which, char **ret)
{
    static const char *const programs[] = {"iptables-nft-save", "ip6tables-nft-save", "iptables-legacy-save",
                                           "ip6tables-legacy-save"};
    const char *args[] = {programs[which], NULL};
    struct fw_error error;

    (void)userdata;
    return fw_program(args, NULL, ret, &error);
}

// A mounted /proc tells that this is a system that runs, and by this kernel.
static bool is_live(int fd)
{
    struct statfs s;
    int proc = openat(fd, "proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool live = proc >= 0 && fstatfs(proc, &s) == 0 && s.f_type == PROC_SUPER_MAGIC;

    if (proc >= 0)
        close(proc);
    return live;
}

static bool is_whole(int fd)
{
    struct stat here, root;

    return fstat(fd, &here) == 0 && stat("/", &root) == 0 && here.st_dev == root.st_dev && here.st_ino == root.st_ino;
}

int audit_root_open(const char *path, struct audit_root *ret)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    *ret = (struct audit_root){.fd = fd, .whole = is_whole(fd)};
    if (is_live(fd))
        *ret = (struct audit_root){
            .fd = fd, .whole = ret->whole, .nft = ask_nft, .iptables = ask_iptables, .clock = ask_clock};
    return 0;
}

void audit_root_close(struct audit_root *root)
{
    close(root->fd);
    root->fd = -1;
}

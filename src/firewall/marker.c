// SPDX-License-Identifier: GPL-2.0-or-later
// One byte: the tables that have chains of ours. Whoever owns the directory may put there what he likes: nothing is
// followed, and nothing but a file of this name is touched.
#include "firewall/marker.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char subdirectory[] = "ruleset", name[] = "legacy"; // as enforce/ruleset_lost.h says
static const char tables[] = "\x0f"; // raw 1, mangle 2, nat 4, filter 8: jumps of ours may be in each

static int open_directory(const char *directory)
{
    int parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    int fd = parent < 0 ? -1 : openat(parent, subdirectory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), r = -errno;

    if (parent >= 0)
        close(parent);
    return fd < 0 ? r : fd;
}

void fw_marker_remove(const char *directory)
{
    int dir = open_directory(directory);

    if (dir < 0)
        return;
    (void)unlinkat(dir, name, 0);
    close(dir);
}

int fw_marker_write(const char *directory, enum fw_tool tool, bool keep)
{
    int dir = tool == FW_TOOL_IPTABLES_LEGACY ? open_directory(directory) : -ENOENT, r = 0;

    if (dir < 0)
        return dir == -ENOENT ? 0 : dir;
    if (!keep)
        (void)unlinkat(dir, name, 0);
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        r = keep && errno == EEXIST ? 0 : -errno;
    else if (fchmod(fd, 0644) < 0 || write(fd, tables, 1) != 1) // whatever the umask is: the guard reads it
        r = -EIO;
    if (fd >= 0)
        close(fd);
    close(dir);
    return r;
}

int fw_marker_prepare(const char *directory, const char *installed)
{
    struct fw_ruleset rs;
    struct stat st;
    int r = fw_ruleset_load(installed, &rs);

    if (r < 0)
        return r == -ENOENT ? 0 : r;
    enum fw_tool tool = rs.tool;
    fw_ruleset_free(&rs);
    int parent = tool == FW_TOOL_IPTABLES_LEGACY ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (parent < 0)
        return 0;
    if (mkdirat(parent, subdirectory, 0755) < 0)
        r = errno == EEXIST ? 0 : -errno;
    else if (fstat(parent, &st) < 0 || fchownat(parent, subdirectory, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        r = -errno;
    close(parent);
    return r == 0 ? fw_marker_write(directory, tool, true) : r;
}

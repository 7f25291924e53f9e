// SPDX-License-Identifier: GPL-2.0-or-later
// Line by line: which sets are of networks, say the lines that make them; what they hold, the lines behind.
#include "firewall/script_nft.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firewall/render.h"

static const char *next_line(const char *p)
{
    p += strcspn(p, "\n");
    return p + (*p == '\n');
}

// "add set inet TABLE NAME { type ipv4_addr; flags interval; }"
static bool take_set(const char *line, struct fw_script *s)
{
    struct fw_script_set set = {.lines = NULL};
    char table[32], end[16] = "";
    int digit;

    if (sscanf(line, "add set inet %31s %31s { type ipv%d_addr; flags interval; %15s", table, set.name, &digit, end) != 4 ||
        strcmp(table, FW_NFT_TABLE) != 0 || strcmp(end, "}") != 0)
        return true;
    set.v4 = digit == 4;
    struct fw_script_set *grown = reallocarray(s->sets, s->n + 1, sizeof(*grown));
    if (!grown)
        return false;
    s->sets = grown;
    s->sets[s->n++] = set;
    return true;
}

// The set that this line empties, or NULL.
static struct fw_script_set *set_of(const char *line, const struct fw_script *s)
{
    char table[32], name[32];

    if (strncmp(line, "flush set inet ", 15) != 0 || sscanf(line + 15, "%31s %31s", table, name) != 2)
        return NULL;
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(table, FW_NFT_TABLE) == 0 && strcmp(name, s->sets[i].name) == 0)
            return &s->sets[i];
    return NULL;
}

// "add element inet TABLE NAME {", a network a line, "}"; or nothing of the kind. Returns what follows, NULL when that is
// none of ours, and sets *ret_error.
static const char *take_networks(const char *line, struct fw_script_set *set, int *ret_error)
{
    size_t room = 0;
    char head[96];

    snprintf(head, sizeof(head), "add element inet %s %s {\n", FW_NFT_TABLE, set->name);
    if (strncmp(line, head, strlen(head)) != 0)
        return line;
    for (line = next_line(line); *line != '}'; line = next_line(line)) {
        size_t n = strcspn(line, ",\n");
        struct prefix *v = set->networks.v;
        if (set->networks.n == room) {
            room = room ? 2 * room : 64;
            if (!(v = reallocarray(v, room, sizeof(*v)))) {
                *ret_error = -ENOMEM;
                return NULL;
            }
            set->networks.v = v;
        }
        if (prefix_parse(str_trim((struct str){line, n}), &v[set->networks.n]) < 0) {
            *ret_error = -EBADMSG;
            return NULL;
        }
        set->networks.n++;
    }
    return next_line(line);
}

static int read_lines(const char *script, struct fw_script *s, FILE *rest)
{
    int r = 0;

    for (const char *line = script; *line;) {
        struct fw_script_set *set = set_of(line, s);
        const char *next = next_line(line);
        if (!take_set(line, s))
            return -ENOMEM;
        if (set && set->lines)
            return -EBADMSG;
        if (!set) {
            fwrite(line, 1, (size_t)(next - line), rest);
        } else {
            if (!(next = take_networks(next, set, &r)))
                return r;
            set->lines = line;
            set->size = (size_t)(next - line);
        }
        line = next;
    }
    return 0;
}

int fw_script_read(const char *script, struct fw_script *ret)
{
    struct fw_script s = {.n = 0};
    size_t size;
    FILE *rest = open_memstream(&s.rest, &size);
    int r = rest ? read_lines(script, &s, rest) : -ENOMEM;

    if (rest && fclose(rest) != 0)
        r = -ENOMEM;
    for (size_t i = 0; r == 0 && i < s.n; i++)
        if (!s.sets[i].lines) // nobody says what it holds
            r = -EBADMSG;
    if (r < 0)
        fw_script_free(&s);
    else
        *ret = s;
    return r;
}

void fw_script_free(struct fw_script *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->sets[i].networks.v);
    free(s->sets);
    free(s->rest);
    *s = (struct fw_script){0};
}

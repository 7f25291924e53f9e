// SPDX-License-Identifier: GPL-2.0-or-later
// Whether one network may be banned at all.
#include "enforce/judge.h"

#include <errno.h>
#include <string.h>

int judge_net(const struct msg_net *m, struct prefix *ret)
{
    struct prefix p = {.len = m->len};

    memcpy(p.addr.b, m->addr, sizeof(p.addr.b));
    struct prefix q = prefix_of(&p.addr, p.len);
    // an IPv4-mapped address with a length of the other family would be a network of neither
    bool between = addr_is_v4(&p.addr) && p.len < 96;
    if (m->len > 128 || m->len == 0 || (m->pad[0] | m->pad[1] | m->pad[2]) || !prefix_eq(&p, &q) || between)
        return -EINVAL;
    *ret = p;
    return 0;
}

bool judge_jail(const char jail[static 32])
{
    size_t n = strnlen(jail, 32);

    if (n == 0 || n > 31)
        return false;
    for (size_t i = 0; i < 32; i++) {
        char c = jail[i], lower = (char)(c | 32);
        bool letter = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (i < n ? !letter : c != '\0')
            return false;
    }
    return true;
}

// The list is sorted and without overlaps (limits_check): only two neighbours can touch net.
bool judge_allowed(const struct limits *l, const struct prefix *net)
{
    uint32_t low = 0, high = l->n_allow;

    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (memcmp(l->allow[mid].addr.b, net->addr.b, 16) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return (low > 0 && prefix_overlaps(&l->allow[low - 1], net)) ||
           (low < l->n_allow && prefix_overlaps(&l->allow[low], net));
}

static bool any_in(const struct addr *a, uint32_t n, const struct prefix *net)
{
    for (uint32_t i = 0; i < n; i++)
        if (prefix_contains(net, &a[i]))
            return true;
    return false;
}

static enum msg_reason forbidden(const struct limits *l, const struct own *own, const struct prefix *net)
{
    struct addr last = net->addr;

    for (unsigned bit = net->len; bit < 128; bit++)
        last.b[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
    if (addr_is_unbannable(&net->addr) || addr_is_unbannable(&last)) // those networks stand at the ends of wider ones
        return REASON_UNBANNABLE;
    if (prefix_family_len(net) < (family_of(net) == V4 ? l->widest4 : l->widest6))
        return REASON_TOO_WIDE;
    if (judge_allowed(l, net))
        return REASON_ALLOWLIST;
    if (l->spare_own && any_in(own->address, own->n_address, net))
        return REASON_OWN;
    if (l->spare_gateway && any_in(own->gateway, own->n_gateway, net))
        return REASON_GATEWAY;
    return REASON_DONE;
}

bool judge_forbidden(const struct limits *l, const struct own *own, const struct prefix *net)
{
    return forbidden(l, own, net) != REASON_DONE;
}

enum msg_reason judge_ban(const struct limits *l, const struct own *own, const struct held *h, const struct prefix *net)
{
    enum msg_reason r = forbidden(l, own, net);
    enum family f = family_of(net);

    if (r != REASON_DONE || held_find(h, net))
        return r;
    if (h->entries[f] >= l->max_entries || h->entries[f] >= h->max)
        return REASON_FULL;
    uint64_t max = f == V4 ? l->max_extent4 : l->max_extent6, more = held_extent_of(net);
    return more > max || h->extent[f] > max - more ? REASON_EXTENT : REASON_DONE;
}

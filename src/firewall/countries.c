// SPDX-License-Identifier: GPL-2.0-or-later
// Walks the whole tree of a database once. IPv4 hangs in it below ::/96; other places that lead there are aliases.
#include "firewall/countries.h"

#include <errno.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE = 4096, COUNTRIES_MAX = 26 * 26, DEPTH_MAX = 128, SHARED_MAX = 16 };

struct walk {
    MMDB_s db;
    struct {
        uint32_t offset; // of the data section; +1, 0 is free
        char code[2];
    } cache[CACHE]; // many networks share one record
    struct fw_networks found[COUNTRIES_MAX]; // by code
    const struct strlist *codes; // NULL: all
    uint64_t visited;
    int error;
};

static int index_of(const char code[2])
{
    return (code[0] - 'A') * 26 + code[1] - 'A';
}

static bool is_code(const char *p, size_t n)
{
    return n == 2 && p[0] >= 'A' && p[0] <= 'Z' && p[1] >= 'A' && p[1] <= 'Z';
}

// Where the address is, else where it is registered (satellites, military).
static bool read_code(MMDB_entry_s *entry, char ret[2])
{
    static const char *const places[] = {"country", "registered_country"};
    MMDB_entry_data_s data;

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (MMDB_get_value(entry, &data, places[i], "iso_code", NULL) == MMDB_SUCCESS && data.has_data &&
            data.type == MMDB_DATA_TYPE_UTF8_STRING && is_code(data.utf8_string, data.data_size)) {
            memcpy(ret, data.utf8_string, 2);
            return true;
        }
    return false;
}

static const char *code_of(struct walk *w, MMDB_entry_s *entry)
{
    size_t i = entry->offset % CACHE;

    if (w->cache[i].offset != entry->offset + 1) {
        w->cache[i].offset = entry->offset + 1;
        if (!read_code(entry, w->cache[i].code))
            w->cache[i].code[0] = '\0';
    }
    return w->cache[i].code[0] ? w->cache[i].code : NULL;
}

static bool is_wanted(const struct walk *w, const char code[2])
{
    for (size_t i = 0; w->codes && i < w->codes->n; i++)
        if (memcmp(w->codes->v[i], code, 2) == 0)
            return true;
    return !w->codes;
}

static void take(struct walk *w, MMDB_entry_s *entry, const uint8_t bits[16], unsigned depth)
{
    const char *code = code_of(w, entry);
    struct addr a;
    struct prefix p;

    if (!code || !is_wanted(w, code))
        return;
    memcpy(a.b, bits, sizeof(a.b));
    if (w->db.metadata.ip_version == 4) { // the tree has 32 levels
        memset(a.b, 0, 10);
        memset(a.b + 10, 0xff, 2);
        memcpy(a.b + 12, bits, 4);
        depth += 96;
    } else if (depth >= 96 && memcmp(bits, (const uint8_t[12]){0}, 12) == 0) {
        memset(a.b + 10, 0xff, 2);
    }
    p = prefix_of(&a, (uint8_t)depth);
    w->error = fw_networks_add(&w->found[index_of(code)], &p, 1);
}

static void visit(struct walk *w, uint32_t node, uint8_t bits[16], unsigned depth);

static void follow(struct walk *w, uint8_t type, uint64_t record, MMDB_entry_s *entry, uint8_t bits[16], unsigned depth)
{
    bool below_zero = depth >= 96 && memcmp(bits, (const uint8_t[12]){0}, 12) == 0;

    if (type == MMDB_RECORD_TYPE_DATA)
        take(w, entry, bits, depth);
    else if (type == MMDB_RECORD_TYPE_INVALID)
        w->error = -EBADMSG;
    else if (type == MMDB_RECORD_TYPE_SEARCH_NODE && // else empty; and 6to4 or ::ffff:0:0/96 are the same IPv4 once more
             !(w->db.metadata.ip_version == 6 && record == w->db.ipv4_start_node.node_value && !below_zero && depth > 0))
        visit(w, (uint32_t)record, bits, depth);
}

static void visit(struct walk *w, uint32_t node, uint8_t bits[16], unsigned depth)
{
    MMDB_search_node_s n;

    if (w->error)
        return;
    // A tree leads to each node once; where two branches share one, writers save room, but damage may make it endless.
    if (++w->visited > (uint64_t)w->db.metadata.node_count * SHARED_MAX) {
        w->error = -EBADMSG;
        return;
    }
    if (depth >= DEPTH_MAX || MMDB_read_node(&w->db, node, &n) != MMDB_SUCCESS) {
        w->error = -EBADMSG;
        return;
    }
    follow(w, n.left_record_type, n.left_record, &n.left_record_entry, bits, depth + 1);
    bits[depth / 8] |= (uint8_t)(0x80 >> depth % 8);
    if (!w->error)
        follow(w, n.right_record_type, n.right_record, &n.right_record_entry, bits, depth + 1);
    bits[depth / 8] &= (uint8_t)~(0x80 >> depth % 8);
}

static void free_walk(struct walk *w)
{
    for (size_t i = 0; i < COUNTRIES_MAX; i++)
        free(w->found[i].v);
    free(w);
}

static int walk_database(const char *database, const struct strlist *codes, struct walk **ret, struct fw_error *error)
{
    struct walk *w = calloc(1, sizeof(*w));
    uint8_t bits[16] = {0};

    if (!w)
        return -ENOMEM;
    w->codes = codes;
    int status = MMDB_open(database, MMDB_MODE_MMAP, &w->db);
    if (status != MMDB_SUCCESS) {
        int r = status == MMDB_FILE_OPEN_ERROR ? -ENOENT : -EBADMSG;
        snprintf(error->text, sizeof(error->text), "database = %.500s: %s; a country database in MaxMind's format would be "
                 "accepted (apt-get install geoipupdate, or any *.mmdb)", database,
                 r == -ENOENT ? "cannot be opened" : MMDB_strerror(status));
        free(w);
        return r;
    }
    visit(w, 0, bits, 0);
    MMDB_close(&w->db);
    for (size_t i = 0; i < COUNTRIES_MAX; i++)
        w->found[i].n = fw_aggregate(w->found[i].v, w->found[i].n);
    if (w->error) {
        int r = w->error;
        snprintf(error->text, sizeof(error->text), "database = %.500s: %s", database,
                 r == -ENOMEM ? strerror(ENOMEM) : "damaged; it has to be fetched again");
        free_walk(w);
        return r;
    }
    *ret = w;
    return 0;
}

int fw_countries_networks(const char *database, const struct strlist *codes, struct fw_networks *ret, struct fw_error *error)
{
    struct walk *w;
    int r = walk_database(database, codes, &w, error);

    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < codes->n; i++) {
        const struct fw_networks *found = &w->found[index_of(codes->v[i])];
        if (found->n == 0) {
            snprintf(error->text, sizeof(error->text), "database = %.500s: has no network of %s; pptpban firewall countries "
                     "--all lists those that it has", database, codes->v[i]);
            r = -ENOENT;
        } else {
            r = fw_networks_add(ret, found->v, found->n);
        }
    }
    free_walk(w);
    if (r == 0)
        ret->n = fw_aggregate(ret->v, ret->n);
    return r;
}

static void count(const struct fw_networks *l, struct fw_country *ret)
{
    for (size_t i = 0; i < l->n; i++) {
        unsigned len = prefix_family_len(&l->v[i]);
        if (addr_is_v4(&l->v[i].addr) && l->v[i].len >= 96) {
            ret->networks4++;
            ret->addresses4 += UINT64_C(1) << (32 - len);
        } else {
            ret->networks6++;
            ret->addresses6 += len == 0 ? UINT64_MAX : len < 64 ? UINT64_C(1) << (64 - len) : 1;
        }
    }
}

int fw_countries_count(const char *database, const struct strlist *codes, struct fw_country *ret, size_t max, size_t *ret_n,
                       struct fw_error *error)
{
    struct walk *w;
    size_t n = 0;
    int r = walk_database(database, codes, &w, error);

    if (r < 0)
        return r;
    for (int i = 0; i < COUNTRIES_MAX; i++) {
        const char code[3] = {(char)('A' + i / 26), (char)('A' + i % 26), '\0'};
        if (n == max || !(codes ? is_wanted(w, code) : w->found[i].n > 0))
            continue;
        ret[n] = (struct fw_country){.networks4 = 0};
        memcpy(ret[n].code, code, sizeof(code));
        count(&w->found[i], &ret[n++]);
    }
    free_walk(w);
    *ret_n = n;
    return 0;
}

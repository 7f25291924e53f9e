// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: any bytes as a country database. It is read in bounded time or said to be damaged; networks come sorted,
// without overlaps and with nothing behind their length, and of the wanted countries alone.
#include "firewall/countries.h"
#include "fuzz.h"

static bool is_v4(const struct prefix *p)
{
    return p->len >= 96 && addr_is_v4(&p->addr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char *codes[] = {"DE", "US"};
    static struct fw_country countries[26 * 26];
    const struct strlist wanted = {.v = codes, .n = 2};
    const char *path = fuzz_file(data, size);
    struct fw_networks found = {0};
    struct fw_error error = {""};
    size_t n = 0;

    int r = fw_countries_networks(path, &wanted, &found, &error);
    HOLDS(r == 0 || error.text[0], "%d without a sentence", r);
    HOLDS(r < 0 || found.n > 0, "no network, and no complaint");
    for (size_t i = 0; i < found.n; i++) {
        struct prefix clean = prefix_of(&found.v[i].addr, found.v[i].len);
        HOLDS(found.v[i].len <= 128 && prefix_eq(&clean, &found.v[i]), "network %zu has bits behind its length", i);
        if (i > 0 && is_v4(&found.v[i - 1]) == is_v4(&found.v[i])) // IPv4 comes first
            HOLDS(memcmp(&found.v[i - 1].addr, &found.v[i].addr, 16) < 0 && !prefix_overlaps(&found.v[i - 1], &found.v[i]),
                  "networks %zu and %zu", i - 1, i);
    }
    free(found.v);
    error.text[0] = '\0';
    r = fw_countries_count(path, NULL, countries, 26 * 26, &n, &error);
    HOLDS(r == 0 || error.text[0], "%d without a sentence", r);
    for (size_t i = 0; r == 0 && i < n; i++)
        HOLDS(countries[i].networks4 + countries[i].networks6 > 0 && countries[i].addresses4 <= UINT64_C(1) << 32, "%s: %u, %llu",
              countries[i].code, countries[i].networks4, (unsigned long long)countries[i].addresses4);
    return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: any bytes as a country database. It is read in bounded time or said to be damaged; networks come sorted,
// without overlaps and with nothing behind their length, and of the wanted countries alone. What is
// asked of single addresses is a code or nothing.
#include "firewall/countries.h"
#include "fuzz.h"
#include "host/country.h"

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
    struct country_db *db;
    char complaint[COUNTRY_ERROR_MAX], code[COUNTRY_CODE];
    if (country_open(path, &db, complaint) < 0) {
        HOLDS(complaint[0], "no database without a sentence");
        return 0;
    }
    for (size_t i = 0; i < 64; i++) { // addresses of both families, and some that the bytes name
        struct addr a = {{0}};
        memcpy(a.b, i % 2 ? "\0\0\0\0\0\0\0\0\0\0\377\377" : " \1\r\270\0\0\0\0\0\0\0\0", 12);
        for (size_t k = 0; k < 4; k++)
            a.b[12 + k] = size ? data[(i * 7 + k) % size] : (uint8_t)i;
        country_of(db, &a, code);
        HOLDS(!code[0] || (code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z' && !code[2]), "%s", code);
    }
    country_close(db);
    return 0;
}

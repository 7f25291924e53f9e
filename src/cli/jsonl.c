// SPDX-License-Identifier: GPL-2.0-or-later
// JSON strings (RFC 8259) out of bytes that an attacker may have chosen.
#include "cli/jsonl.h"

#include <inttypes.h>

// The length of the valid UTF-8 sequence at p (RFC 3629: shortest form, no surrogates), 0 when there is none.
static size_t utf8_length(const unsigned char *p, size_t n)
{
    size_t len = p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : 0;

    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

void jsonl_string(FILE *out, struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;

    putc_unlocked('"', out);
    for (size_t i = 0; i < s.n;) {
        unsigned char c = p[i];
        size_t len = c < 0x80 ? 1 : utf8_length(p + i, s.n - i);
        if (c == '"' || c == '\\') {
            putc_unlocked('\\', out);
            putc_unlocked(c, out);
            i++;
        } else if (c < 0x20 || c == 0x7f || len == 0) {
            fprintf(out, "\\u%04x", c);
            i++;
        } else {
            fwrite_unlocked(p + i, 1, len, out);
            i += len;
        }
    }
    putc_unlocked('"', out);
}

void jsonl_time(FILE *out, usec_t t)
{
    fprintf(out, "%lld.%06lld", (long long)(t / USEC_SEC), (long long)(t % USEC_SEC));
}

void jsonl_put_name(FILE *out, bool *more, const char *name)
{
    fprintf(out, "%s\"%s\":", *more ? "," : "", name);
    *more = true;
}

void jsonl_put_string(FILE *out, bool *more, const char *name, struct str value)
{
    jsonl_put_name(out, more, name);
    jsonl_string(out, value);
}

void jsonl_put_number(FILE *out, bool *more, const char *name, uint64_t value)
{
    jsonl_put_name(out, more, name);
    fprintf(out, "%" PRIu64, value);
}

void jsonl_put_time(FILE *out, bool *more, const char *name, usec_t value)
{
    jsonl_put_name(out, more, name);
    jsonl_time(out, value);
}

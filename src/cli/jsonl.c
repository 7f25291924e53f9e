// SPDX-License-Identifier: GPL-2.0-or-later
// JSON strings (RFC 8259) out of bytes that an attacker may have chosen.
#include "cli/jsonl.h"

#include <inttypes.h>

#include "base/text.h"

void jsonl_string(FILE *out, struct str s)
{
    putc_unlocked('"', out);
    while (s.n > 0) {
        if (s.p[0] >= ' ' && s.p[0] < 0x7f && s.p[0] != '"' && s.p[0] != '\\') { // nearly always
            putc_unlocked(s.p[0], out);
            s = str_skip(s, 1);
            continue;
        }
        uint32_t c;
        bool harmless;
        size_t n = text_step(s, &c, &harmless);
        if (c == '"' || c == '\\')
            putc_unlocked('\\', out);
        if (harmless)
            fwrite_unlocked(s.p, 1, n, out);
        else if (c < 0x10000)
            fprintf(out, "\\u%04x", (unsigned)c);
        else
            fprintf(out, "\\u%04x\\u%04x", 0xd7c0 + (unsigned)(c >> 10), 0xdc00 + (unsigned)(c & 0x3ff));
        s = str_skip(s, n);
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

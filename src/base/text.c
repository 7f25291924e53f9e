// SPDX-License-Identifier: GPL-2.0-or-later
// Shows strangers' bytes as harmless text.
#include "base/text.h"

#include <stdio.h>

// The length of the UTF-8 character at p and its code point; 0 when there is none (overlong, surrogate, cut off).
static size_t decode(const unsigned char *p, size_t n, uint32_t *ret)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

    for (size_t length = 1; length <= 4 && length <= n; length++) {
        if ((p[0] & forms[length - 1].mask) != forms[length - 1].lead)
            continue;
        uint32_t c = p[0] & (unsigned char)~forms[length - 1].mask;
        for (size_t i = 1; i < length; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return 0;
            c = c << 6 | (p[i] & 0x3f);
        }
        if (c < forms[length - 1].least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
            return 0;
        *ret = c;
        return length;
    }
    return 0;
}

static bool harmless(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        return false;
    // marks, embeddings, overrides and isolates of writing direction; line and paragraph separators; BOM; tags
    if (c == 0x61c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f))
        return false;
    return c != 0xfeff && !(c >= 0xfff0 && c <= 0xffff) && !(c >= 0xe0000 && c <= 0xe0fff);
}

size_t text_step(struct str s, uint32_t *ret_code, bool *ret_harmless)
{
    uint32_t c = (unsigned char)s.p[0];
    size_t n = decode((const unsigned char *)s.p, s.n, &c);

    *ret_code = c;
    *ret_harmless = n > 0 && harmless(c);
    return n ? n : 1;
}

size_t text_show(struct str in, unsigned flags, char *out, size_t size)
{
    size_t n = 0, room_for_dots = 0; // the last length behind which "..." still fits

    for (size_t i = 0; i < in.n;) {
        const unsigned char *p = (const unsigned char *)in.p + i;
        char one[20];
        size_t length = 0;
        bool fit;
        uint32_t c;

        size_t used = text_step(str_skip(in, i), &c, &fit);
        if (fit) {
            if ((flags & TEXT_QUOTED) && (c == '"' || c == '\\'))
                one[length++] = '\\';
            memcpy(one + length, p, used);
            length += used;
        } else {
            for (size_t k = 0; k < used; k++)
                length += (size_t)snprintf(one + length, sizeof(one) - length, "\\x%02x", p[k]);
        }
        if (n + 4 <= size)
            room_for_dots = n;
        if (n + length + 1 > size) {
            memcpy(out + room_for_dots, "...", 4);
            return room_for_dots + 3;
        }
        memcpy(out + n, one, length);
        n += length;
        i += used;
    }
    out[n] = '\0';
    return n;
}

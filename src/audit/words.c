// SPDX-License-Identifier: GPL-2.0-or-later
// The lexer of pppd's files.
#include "audit/words.h"

#include <ctype.h>

enum { END = -1 };

static int peek(const struct words *w)
{
    return w->left.n ? (unsigned char)w->left.p[0] : END;
}

static int take(struct words *w)
{
    int c = peek(w);

    if (c == '\n')
        w->line++;
    w->left = str_skip(w->left, 1);
    return c;
}

// To the word's first character; true when a line began on the way.
static bool skip_to_word(struct words *w)
{
    bool line = !w->begun, comment = false;
    int c;

    w->begun = true;
    while ((c = peek(w)) != END) {
        if (!comment && c == '\\') {
            if (w->left.n < 2 || w->left.p[1] != '\n')
                break; // an escaped character begins a word
            take(w);
            take(w);
        } else if (c == '\n') {
            line = true;
            comment = false;
            take(w);
        } else if (comment || isspace(c)) {
            take(w);
        } else if (c == '#') {
            comment = true;
            take(w);
        } else {
            break;
        }
    }
    return line;
}

static int digits(struct words *w, unsigned base, unsigned most)
{
    unsigned value = 0;

    for (unsigned n = 0; n < most; n++) {
        int c = peek(w);
        bool digit = base == 8 ? c >= '0' && c < '8' : c != END && isxdigit(c);
        if (!digit)
            break;
        value = value * base + (unsigned)(isdigit(c) ? c - '0' : toupper(c) - 'A' + 10);
        take(w);
    }
    return (int)(value & 0xff);
}

// What stands behind a backslash; END for nothing.
static int escaped(struct words *w)
{
    static const char names[] = "abfnrst", values[] = "\a\b\f\n\r \t";
    int c = peek(w);

    if (c == '\n') {
        take(w);
        return END;
    }
    if (c >= '0' && c < '8')
        return digits(w, 8, 3);
    take(w);
    if (c == 'x')
        return digits(w, 16, 2);
    const char *named = c > 0 ? strchr(names, c) : NULL;
    return named && *named ? values[named - names] : c;
}

bool words_next(struct words *w, struct word *ret)
{
    size_t n = 0;
    int quote = 0, c;

    ret->first = skip_to_word(w);
    ret->line = w->line;
    ret->cut = false;
    while ((c = peek(w)) != END) {
        if (!quote && (isspace(c) || (c == '#')))
            break;
        take(w);
        if (c == '\\') {
            c = escaped(w);
            if (c == END)
                continue;
        } else if (quote ? c == quote : c == '"' || c == '\'') {
            quote = quote ? 0 : c;
            continue;
        }
        if (n < WORD_MAX)
            ret->text[n++] = (char)c;
        else
            ret->cut = true;
    }
    ret->text[n] = '\0';
    ret->unended = quote != 0;
    return w->left.n > 0 || n > 0;
}

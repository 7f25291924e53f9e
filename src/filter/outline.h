// SPDX-License-Identifier: GPL-2.0-or-later
// A pattern of the dialect taken to pieces, so that the workbench can cut it short, make texts that
// it matches, and look for what is dangerous in it. Nothing of this is used for matching.
#ifndef PB_FILTER_OUTLINE_H
#define PB_FILTER_OUTLINE_H

#include <limits.h>
#include <stdint.h>

#include "base/str.h"

enum element_kind {
    ELEMENT_BYTE,   // one byte out of a set
    ELEMENT_ASSERT, // between bytes: ^ $ \b
    ELEMENT_LOOK,   // (?=..) and its kin, whole
    ELEMENT_TAG,    // <ADDR> and others that stand for an expression
    ELEMENT_OPEN,   // of a group; the quantifier is that of its end
    ELEMENT_CLOSE,
    ELEMENT_OR,
    ELEMENT_OTHER, // a back reference, flags, a comment: not looked into
};

enum element_tag { // what a tag stands for
    TAG_NONE,
    TAG_ADDRESS, // <ADDR>, <HOST>, <IP4>, <SUBNET>
    TAG_IP6,
    TAG_NAME, // <DNS>
    TAG_ID,
    TAG_NUMBER, // <CIDR>, <F-PORT/>
    TAG_LINK,
    TAG_LINES, // <SKIPLINES>
};

struct element {
    enum element_kind kind;
    enum element_tag tag;
    unsigned from, body, to; // in the text; body: its end without the quantifier
    unsigned min, max;       // UINT_MAX: no end
    unsigned partner;        // of OPEN and CLOSE; refers: the OPEN whose text stands here again
    unsigned number;         // OPEN: of the group, 0: it has none
    unsigned depth;          // of groups around it
    bool lazy, possessive;
    bool refers;  // OTHER: a back reference
    bool user;    // inside (or itself) a group that captures a user's name
    bool content; // inside <F-CONTENT>
    uint8_t set[32];
};

struct outline {
    struct str text; // borrowed
    struct element *v;
    size_t n;
    bool understood; // false: there is something in it that no piece stands for
};

enum { OUTLINE_MAX = 4096 }; // pieces; what is longer is not understood

// text: a pattern without <@IDENT>. lines: '.' is no newline. -ENOMEM. Cleared with outline_clear.
int outline_new(struct str text, bool lines, struct outline *ret);
void outline_clear(struct outline *o);

static inline bool element_has(const struct element *e, unsigned char c)
{
    return e->set[c / 8] >> c % 8 & 1;
}

// How many bytes its set has.
unsigned element_width(const struct element *e);

// The text of a pattern behind its <@IDENT>.
struct str outline_text(const char *pattern);

#endif

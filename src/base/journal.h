// SPDX-License-Identifier: GPL-2.0-or-later
// Entries with fields, for what the service tells of: the journal's native protocol, one datagram an entry. Where standard
// error is not the journal, the text alone goes there, as everything else does; never to both.
#ifndef PB_BASE_JOURNAL_H
#define PB_BASE_JOURNAL_H

#include <stddef.h>

#include "base/news.h"

struct journal;

enum { JOURNAL_ENTRY_MAX = 8192 }; // bytes; what does not fit is cut

struct journal_field {
    const char *name;  // capital letters, digits and _, not beginning with _; NULL: left out
    const char *value; // control characters are escaped; NULL: left out
};

// To be opened before the process locks itself in. *ret is NULL where standard error is not the journal. identifier: kept, not
// copied. -ENOMEM, -errno of socket().
int journal_open(const char *identifier, struct journal **ret);
void journal_close(struct journal *j);

// Writes the entry, with MESSAGE_ID and PPTPBAN_EVENT of the kind. A journal that is busy is waited for a twentieth of a second;
// after that, and where there is none (j = NULL), log_line() gets the text. level: LOG_ERR ...
void journal_say(struct journal *j, int level, enum news_kind kind, const struct journal_field *v, size_t n, const char *text);

#endif

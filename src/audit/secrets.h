// SPDX-License-Identifier: GPL-2.0-or-later
// chap-secrets and pap-secrets as pppd reads them. What is kept of a secret is kept for comparing, wiped at the end
// and printed by nobody.
#ifndef PB_AUDIT_SECRETS_H
#define PB_AUDIT_SECRETS_H

#include "audit/view.h"

enum {
    SECRETS_MAX = 65536, // entries of a file
    SECRETS_SHORT = 12,  // passwords with fewer characters can be guessed from one recorded login
};

enum secret_flaw { // bits
    SECRET_EMPTY = 1,
    SECRET_SHORT = 2,
    SECRET_LIKE_NAME = 4,
    SECRET_COMMON = 8,
    SECRET_REUSED = 16,
};

struct secret {
    char *client;    // fit to be shown: the name, or "the user in line 12" when it might hold something else
    bool any_client; // "*"
    bool any_server;
    char *server;       // never shown: in a line with a word too few it is the password
    char *password;     // never shown
    bool any_address;   // "*" among the addresses
    bool no_address;    // none at all: the user can log in but gets no address
    bool indirect;      // @FILE
    int indirect_error; // why that could not be read, 0
    bool indirect_open; // others than the owner may read that file
    unsigned line;
    unsigned flaws; // enum secret_flaw
};

struct secrets {
    int error; // why the file could not be read, 0
    struct stat st;
    struct secret *v;
    size_t n;
    bool too_many, broken; // beyond SECRETS_MAX; a quote without end
    unsigned short_line;   // a line with fewer than three words, 0
};

// -ENOMEM; everything else is in ret->error. Freed with secrets_free.
int secrets_read(const struct audit_root *root, const char *path, struct secrets *ret);
void secrets_free(struct secrets *s);

#endif

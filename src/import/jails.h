// SPDX-License-Identifier: GPL-2.0-or-later
// fail2ban's jails as fail2ban itself reads them: jail.conf, jail.d, .local, includes, [DEFAULT], %(names)s. Only
// reads, executes nothing, and knows nothing of what the options mean.
#ifndef PB_IMPORT_JAILS_H
#define PB_IMPORT_JAILS_H

#include <stdbool.h>

#include "filter/text.h"

struct f2b;

// "FILE:LINE: what is wrong; what would be accepted".
typedef void (*f2b_problem_fn)(void *userdata, const char *text);

// Reads the jails in dir ("/etc/fail2ban"). What is wrong with its files is told and the rest goes on. -ENOENT when
// there is no jail.conf, jail.local or jail.d; -EINVAL beyond the bounds of filter/ini.h; -ENOMEM.
int f2b_read(const char *dir, f2b_problem_fn problem, void *userdata, struct f2b **ret);
void f2b_free(struct f2b *f);

// The names of the jails, in the order of the files; NULL behind the last.
const char *f2b_jail(const struct f2b *f, size_t i);

enum f2b_from {
    F2B_JAIL,    // the jail's own section
    F2B_DEFAULT, // [DEFAULT]
};

struct f2b_value {
    char *text; // trimmed; further lines behind '\n'
    struct origin at;
    enum f2b_from from;
};

// An option of a jail with its %(names)s filled in. In the options of filters, %(known/OPTION)s stays as it is when
// only the filter can say what it stands for; a percent sign is then %%. -ENOENT: not said; -EINVAL with *error, and
// ret->at alone is set. ret->text is the caller's to free.
int f2b_option(const struct f2b *f, const char *jail, const char *option, struct f2b_value *ret,
               struct filter_error *error);

// The options that fail2ban gives to the filter: prefregex, failregex, ignoreregex, datepattern, maxlines,
// journalmatch. NULL behind the last.
extern const char *const f2b_filter_options[];

// The keys of the jail's own section; NULL behind the last.
const char *f2b_own_key(const struct f2b *f, const char *jail, size_t i, struct origin *ret_at);

// Whether a value of this jail or of [DEFAULT] refers to %(key)s.
bool f2b_is_variable(const struct f2b *f, const char *jail, const char *key);

// Where the jail's section first says something.
struct origin f2b_jail_at(const struct f2b *f, const char *jail);

// An option of fail2ban.conf's [Definition], such as dbfile; -ENOENT.
int f2b_server_option(const char *dir, const char *option, char **ret);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// Checks of the files of secrets. Names users and lines; never says anything that depends on more of a password
// than which rule it breaks.
#include "audit/checks.h"

// Whether the users of this file log in by it: chap-secrets do where any kind of CHAP is asked for.
struct file {
    const char *path;
    const struct secrets *s;
    bool used;
};

static struct file file_at(const struct facts *f, unsigned i)
{
    bool radius = pppd_has_plugin(f->pppd, "radius");

    return i == 0 ? (struct file){f->chap_path, &f->chap, !radius && (f->pppd->chap || f->pppd->eap)}
                  : (struct file){f->pap_path, &f->pap, !radius && f->pppd->pap};
}

void check_secrets_mode(const struct facts *f, struct findings *out)
{
    unsigned said = 0;

    for (unsigned i = 0; i < 2; i++) {
        struct file file = file_at(f, i);
        if (file.s->error == -ENOENT)
            continue;
        said++;
        if (file.s->error < 0) {
            say_unreadable(out, AUDIT_FAIL, file.path, file.s->error);
            continue;
        }
        if (file.s->st.st_uid != f->root->owner) {
            say(out, AUDIT_FAIL, "%s belongs to user %u, who can read and change every password", file.path,
                (unsigned)file.s->st.st_uid);
            mend(out, "chown root:root %s", file.path);
        }
        if (file.s->st.st_mode & 077) {
            say(out, AUDIT_FAIL, "%s has mode %04o: others than root can get at the passwords in it", file.path,
                (unsigned)file.s->st.st_mode & 07777);
            mend(out, "chmod 0600 %s", file.path);
        }
        if (file.s->st.st_uid == f->root->owner && !(file.s->st.st_mode & 077))
            say(out, AUDIT_PASS, "%s is root's alone", file.path);
        for (size_t k = 0; k < file.s->n; k++)
            if (file.s->v[k].indirect && !file.s->v[k].indirect_error && file.s->v[k].indirect_open) {
                say(out, AUDIT_FAIL, "%s:%u takes the password of %s from a file that others can read", file.path,
                    file.s->v[k].line, file.s->v[k].client);
                mend(out, "chown root:root and chmod 0600 the file behind the @ in %s:%u", file.path,
                     file.s->v[k].line);
            }
    }
    if (!said)
        say(out, AUDIT_NONE, "there are no files of secrets");
}

// A line that somebody could log in by, as far as it can be seen.
static bool counts(const struct facts *f, const struct secret *s)
{
    const struct pppd_option *name = pppd_last(f->pppd, "name");

    return s->any_server || !name || strcmp(s->server, name->value) == 0;
}

static void say_flaw(const struct facts *f, const struct file *file, unsigned flaw, const char *what,
                     const char *mending, unsigned *bad, struct findings *out)
{
    struct some users = {0};
    unsigned line = 0;

    for (size_t i = 0; i < file->s->n; i++) {
        const struct secret *s = &file->s->v[i];
        if (!(s->flaws & flaw) || !counts(f, s))
            continue;
        some_add(&users, s->client);
        line = line ? line : s->line;
    }
    if (!users.n)
        return;
    ++*bad;
    say(out, AUDIT_FAIL, "%s:%u: %s: %s", file->path, line, what, some_text(&users));
    mend(out, "%s", mending);
}

void check_secrets_passwords(const struct facts *f, struct findings *out)
{
    static const char fresh[] = "give each of them a password of their own: openssl rand -base64 18";
    unsigned used = 0;

    for (unsigned i = 0; i < 2; i++) {
        struct file file = file_at(f, i);
        unsigned bad = 0;
        if (!file.used || file.s->error == -ENOENT)
            continue;
        used++;
        if (file.s->error < 0) {
            say_unreadable(out, AUDIT_UNKNOWN, file.path, file.s->error);
            continue;
        }
        say_flaw(f, &file, SECRET_EMPTY, "no password at all", fresh, &bad, out);
        say_flaw(f, &file, SECRET_COMMON, "a password that everybody tries first", fresh, &bad, out);
        say_flaw(f, &file, SECRET_LIKE_NAME, "a password made of the user's name", fresh, &bad, out);
        say_flaw(f, &file, SECRET_SHORT, "a password of less than 12 characters", fresh, &bad, out);
        say_flaw(f, &file, SECRET_REUSED, "a password that somebody else has, too", fresh, &bad, out);
        if (file.s->n == 0)
            say(out, AUDIT_NONE, "%s has no users", file.path);
        else if (!bad)
            say(out, AUDIT_PASS, "%s: %zu passwords, none of them empty, short, common, shared or made of a name",
                file.path, file.s->n);
    }
    if (!used)
        say(out, AUDIT_NONE, "logins do not go by files of secrets");
}

void check_secrets_clients(const struct facts *f, struct findings *out)
{
    unsigned bad = 0, read = 0;

    for (unsigned i = 0; i < 2; i++) {
        struct file file = file_at(f, i);
        if (!file.used || file.s->error == -ENOENT)
            continue;
        if (file.s->error < 0) {
            say_unreadable(out, AUDIT_UNKNOWN, file.path, file.s->error);
            bad++;
            continue;
        }
        read++;
        for (size_t k = 0; k < file.s->n; k++) {
            const struct secret *s = &file.s->v[k];
            if (s->any_client && counts(f, s)) {
                bad++;
                say(out, AUDIT_FAIL, "%s:%u lets anybody in under any name, by one password", file.path, s->line);
                mend(out, "%s:%u: take the line away, and give each user one", file.path, s->line);
            }
            if (s->indirect && s->indirect_error) {
                bad++;
                say(out, s->indirect_error == -EACCES ? AUDIT_UNKNOWN : AUDIT_FAIL,
                    "%s:%u: the file with the password of %s %s", file.path, s->line, s->client,
                    s->indirect_error == -ENODATA ? "is empty" : view_error(s->indirect_error));
                mend(out, "%s:%u: the right path behind the @", file.path, s->line);
            }
        }
        if (file.s->short_line) {
            bad++;
            say(out, AUDIT_WARN, "%s:%u has less than three words: client, server and secret; pppd does not heed it",
                file.path, file.s->short_line);
            mend(out, "%s:%u: CLIENT pptpd SECRET ADDRESS", file.path, file.s->short_line);
        }
        if (file.s->broken) {
            bad++;
            say(out, AUDIT_FAIL, "a quote in %s never ends: the users behind it are part of one password", file.path);
            mend(out, "%s: put passwords with \" or ' or # or blanks in them into quotes, and \\ before each \"",
                 file.path);
        }
        if (file.s->too_many) {
            bad++;
            say(out, AUDIT_UNKNOWN, "%s has more than %d users: the rest was not looked at", file.path, SECRETS_MAX);
        }
    }
    if (!read && !bad)
        say(out, AUDIT_NONE, "logins do not go by files of secrets");
    else if (!bad)
        say(out, AUDIT_PASS, "every line is one user's");
}

void check_secrets_addresses(const struct facts *f, struct findings *out)
{
    unsigned bad = 0, read = 0;

    for (unsigned i = 0; i < 2; i++) {
        struct file file = file_at(f, i);
        struct some any = {0}, none = {0};
        if (!file.used || file.s->error == -ENOENT)
            continue;
        if (file.s->error < 0) {
            say_unreadable(out, AUDIT_UNKNOWN, file.path, file.s->error);
            bad++;
            continue;
        }
        read++;
        for (size_t k = 0; k < file.s->n; k++) {
            const struct secret *s = &file.s->v[k];
            if (s->any_address && counts(f, s))
                some_add(&any, s->client);
            else if (s->no_address && counts(f, s))
                some_add(&none, s->client);
        }
        if (any.n) {
            bad++;
            say(out, AUDIT_WARN,
                "%s: * in the address column makes any address right for these users, should another option let them "
                "ask for one: %s",
                file.path, some_text(&any));
            mend(out, "%s: in the fourth column the user's own address, or the pool: 10.99.0.0/24", file.path);
        }
        if (none.n) {
            bad++;
            say(out, AUDIT_WARN, "%s: without an address column pppd gives these users no address: %s", file.path,
                some_text(&none));
            mend(out, "%s: in the fourth column the user's own address, or the pool: 10.99.0.0/24", file.path);
        }
    }
    if (!read && !bad)
        say(out, AUDIT_NONE, "logins do not go by files of secrets");
    else if (!bad)
        say(out, AUDIT_PASS, "no user may come with just any address");
}

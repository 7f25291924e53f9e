// SPDX-License-Identifier: GPL-2.0-or-later
// Reads a file of secrets and marks the bad ones.
#include "audit/secrets.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "audit/words.h"

// What guessers try first; what people put around it is taken off before it is compared.
static const char *const common[] = {
    "password", "passwort", "passw0rd", "p@ssw0rd", "p@ssword", "secret", "geheim", "admin", "administrator",
    "root", "letmein", "welcome", "willkommen", "changeme", "default", "qwerty", "qwertz", "qwertyuiop",
    "asdfgh", "asdfghjkl", "zxcvbnm", "iloveyou", "monkey", "dragon", "football", "master", "login", "user",
    "guest", "test", "testing", "temp", "vpn", "vpnuser", "vpnpassword", "vpnsecret", "myvpn", "pptp", "pptpd",
    "pptpuser", "pptppassword", "ppp", "internet", "server", "company", "office", "windows", "microsoft",
    "sommer", "winter", "summer", "spring", "autumn", "herbst", "passwordpassword", "adminadmin",
    "correcthorsebatterystaple", "trustno1", "sunshine", "princess", "superman", "starwars", "whatever",
    "yourpassword", "mypassword", "thisisapassword",
};

static bool shown_as_it_is(const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("._@\\+-*", name[i]))
            return false;
    return n > 0 && n <= 64;
}

// name without the digits and marks at both ends, in small letters
static void core_of(const char *text, char *buf, size_t size)
{
    size_t n = strlen(text), first = 0;

    while (n > 0 && !isalpha((unsigned char)text[n - 1]))
        n--;
    while (first < n && !isalpha((unsigned char)text[first]))
        first++;
    n -= first;
    n = n < size ? n : size - 1;
    for (size_t i = 0; i < n; i++)
        buf[i] = (char)tolower((unsigned char)text[first + i]);
    buf[n] = '\0';
}

static bool is_common(const char *password)
{
    char core[64];
    size_t n = strlen(password);
    bool same = true, up = true, down = true;

    for (size_t i = 1; i < n; i++) {
        int step = password[i] - password[i - 1];
        same &= step == 0;
        up &= step == 1 || (password[i] == '0' && password[i - 1] == '9');
        down &= step == -1 || (password[i] == '9' && password[i - 1] == '0');
    }
    if (n > 1 && (same || up || down))
        return true;
    core_of(password, core, sizeof(core));
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        if (strcasecmp(password, common[i]) == 0 || strcmp(core, common[i]) == 0)
            return true;
    explicit_bzero(core, sizeof(core));
    return false;
}

static bool is_reverse(const char *a, const char *b)
{
    size_t n = strlen(a);

    if (n != strlen(b))
        return false;
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)a[i]) != tolower((unsigned char)b[n - 1 - i]))
            return false;
    return true;
}

// The name, alone or with little around it; DOMAIN\name and name@realm without what is not the name.
static bool is_like_name(const char *password, const char *client)
{
    const char *bare = strrchr(client, '\\');
    char name[128];

    snprintf(name, sizeof(name), "%s", bare ? bare + 1 : client);
    name[strcspn(name, "@")] = '\0';
    size_t n = strlen(name);
    if (n < 2)
        return false;
    if (is_reverse(password, name))
        return true;
    return strcasestr(password, name) && strlen(password) < n * 2 + 4;
}

static unsigned flaws_of(const char *password, const char *client)
{
    unsigned flaws = 0;

    if (!*password)
        return SECRET_EMPTY;
    flaws |= strlen(password) < SECRETS_SHORT ? SECRET_SHORT : 0;
    flaws |= is_like_name(password, client) ? SECRET_LIKE_NAME : 0;
    flaws |= is_common(password) ? SECRET_COMMON : 0;
    return flaws;
}

static void secret_free(struct secret *s)
{
    char *const texts[] = {s->client, s->server, s->password};

    for (size_t i = 0; i < 3; i++) {
        if (texts[i])
            explicit_bzero(texts[i], strlen(texts[i]));
        free(texts[i]);
    }
}

// The first word of the file that the secret names.
static void read_indirect(const struct audit_root *root, struct secret *s, struct word *word)
{
    struct text t = {0};

    s->indirect = true;
    s->indirect_error = view_read(root, word->text + 1, VIEW_FILE_MAX, &t);
    word->text[0] = '\0';
    if (s->indirect_error == 0) {
        struct words w = words_of((struct str){t.p, t.n});
        s->indirect_open = t.st.st_mode & 077 || t.st.st_uid != root->owner;
        if (!words_next(&w, word))
            s->indirect_error = -ENODATA;
    }
    view_free(&t);
}

static int name_client(struct secret *s, const char *word)
{
    if (shown_as_it_is(word))
        s->client = strdup(word);
    else if (asprintf(&s->client, "the user in line %u", s->line) < 0)
        s->client = NULL;
    return s->client ? 0 : -ENOMEM;
}

// Word number k (0...) of an entry.
static int take_word(const struct audit_root *root, struct secret *s, unsigned k, struct word *word)
{
    switch (k) {
    case 0:
        *s = (struct secret){.line = word->line, .any_client = strcmp(word->text, "*") == 0, .no_address = true};
        return name_client(s, word->text);
    case 1:
        s->any_server = strcmp(word->text, "*") == 0;
        s->server = strdup(word->text);
        return s->server ? 0 : -ENOMEM;
    case 2:
        if (strncmp(word->text, "@/", 2) == 0)
            read_indirect(root, s, word);
        s->password = strdup(word->text);
        s->flaws = s->password && !s->indirect_error ? flaws_of(word->text, s->client) : 0;
        return s->password ? 0 : -ENOMEM;
    default:
        s->any_address |= strcmp(word->text, "*") == 0;
        if (k == 3)
            s->no_address = strcmp(word->text, "-") == 0 || strcmp(word->text, "--") == 0;
        return 0;
    }
}

static int by_password(const void *a, const void *b)
{
    const struct secret *const *x = a, *const *y = b;

    return strcmp((*x)->password, (*y)->password);
}

static int mark_reused(struct secrets *s)
{
    struct secret **sorted = calloc(s->n ? s->n : 1, sizeof(struct secret *));

    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < s->n; i++)
        sorted[i] = &s->v[i];
    qsort(sorted, s->n, sizeof(struct secret *), by_password);
    for (size_t i = 1; i < s->n; i++)
        if (*sorted[i]->password && strcmp(sorted[i]->password, sorted[i - 1]->password) == 0 &&
            strcmp(sorted[i]->client, sorted[i - 1]->client) != 0) {
            sorted[i]->flaws |= SECRET_REUSED;
            sorted[i - 1]->flaws |= SECRET_REUSED;
        }
    free(sorted);
    return 0;
}

// The entry that ends here is complete, or goes away.
static void finish(struct secrets *s, unsigned words)
{
    if (words == 0)
        return;
    if (words >= 3) {
        s->n++;
        return;
    }
    s->short_line = s->short_line ? s->short_line : s->v[s->n].line;
    secret_free(&s->v[s->n]);
}

static int read_entries(const struct audit_root *root, struct str text, struct secrets *s)
{
    struct words w = words_of(text);
    struct word word;
    unsigned k = 0; // words of the entry so far
    size_t room = 0;
    int r = 0;

    while (r == 0 && words_next(&w, &word)) {
        s->broken |= word.unended;
        if (word.first) {
            finish(s, k);
            k = 0;
            if (s->n == SECRETS_MAX) {
                s->too_many = true;
                break;
            }
            if (s->n == room) {
                struct secret *grown = reallocarray(s->v, room ? room * 2 : 64, sizeof(*grown));
                if (!grown) {
                    r = -ENOMEM;
                    break;
                }
                s->v = grown;
                room = room ? room * 2 : 64;
            }
        }
        r = take_word(root, &s->v[s->n], k, &word);
        k++;
    }
    explicit_bzero(&word, sizeof(word));
    if (r < 0 && k > 0)
        secret_free(&s->v[s->n]);
    else
        finish(s, k);
    return r;
}

int secrets_read(const struct audit_root *root, const char *path, struct secrets *ret)
{
    struct text t = {0};
    struct secrets s = {.error = view_read(root, path, VIEW_SECRETS_MAX, &t)};
    int r = s.error == -ENOMEM ? -ENOMEM : 0;

    if (s.error == 0) {
        s.st = t.st;
        r = read_entries(root, (struct str){t.p, t.n}, &s);
        if (r == 0)
            r = mark_reused(&s);
    }
    view_free(&t);
    if (r < 0)
        secrets_free(&s);
    else
        *ret = s;
    return r;
}

void secrets_free(struct secrets *s)
{
    for (size_t i = 0; i < s->n; i++)
        secret_free(&s->v[i]);
    free(s->v);
    *s = (struct secrets){0};
}

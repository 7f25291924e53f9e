// SPDX-License-Identifier: GPL-2.0-or-later
// Requests of the control socket: one table of keys, read strictly.
#include "daemon/request.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "base/text.h"

const char *const request_verb_names[REQUEST_MAX_VERB] = {
    [REQUEST_LIST] = "list",     [REQUEST_UNBAN] = "unban", [REQUEST_BAN] = "ban",
    [REQUEST_STATUS] = "status", [REQUEST_WHY] = "why",     [REQUEST_RELOAD] = "reload",
    [REQUEST_USERS] = "users",   [REQUEST_SESSIONS] = "sessions",
};

#define BIT(verb) (1u << (verb))

// Which key belongs to which verbs.
static const struct key {
    const char *name;
    unsigned verbs, needed;
} keys[] = {
    {"net", BIT(REQUEST_UNBAN) | BIT(REQUEST_BAN) | BIT(REQUEST_WHY), BIT(REQUEST_BAN) | BIT(REQUEST_WHY)},
    {"all", BIT(REQUEST_UNBAN), 0},
    {"user", BIT(REQUEST_UNBAN), 0},
    {"for", BIT(REQUEST_BAN), 0},
    {"jail", BIT(REQUEST_LIST) | BIT(REQUEST_BAN), 0},
    {"reason", BIT(REQUEST_BAN), 0},
    {"observed", BIT(REQUEST_LIST), 0},
};

enum { N_KEYS = sizeof(keys) / sizeof(keys[0]) };

bool request_jail_name_ok(struct str name)
{
    if (name.n < 1 || name.n > JAIL_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
              c == '.'))
            return false;
    }
    return true;
}

static bool reason_ok(struct str reason)
{
    if (reason.n < 1 || reason.n > REQUEST_REASON_MAX)
        return false;
    for (size_t i = 0; i < reason.n; i++)
        if (reason.p[i] < ' ' || reason.p[i] > '~' || reason.p[i] == '"' || reason.p[i] == '\\')
            return false;
    return true;
}

static struct str string_of(const json_t *v)
{
    return (struct str){json_string_value(v), json_string_length(v)};
}

static int read_verb(const json_t *root, enum request_verb *ret, char *error)
{
    const json_t *v = json_object_get(root, "verb");
    char shown[64];

    if (!json_is_string(v)) {
        snprintf(error, REQUEST_ERROR_MAX, "a request needs \"verb\", a string");
        return -EINVAL;
    }
    for (unsigned i = 0; i < REQUEST_MAX_VERB; i++)
        if (str_eq(string_of(v), str_of(request_verb_names[i]))) {
            *ret = (enum request_verb)i;
            return 0;
        }
    text_show(string_of(v), TEXT_QUOTED, shown, sizeof(shown));
    snprintf(error, REQUEST_ERROR_MAX, "verb \"%s\" is unknown; there are list, unban, ban, status, why, reload, users, sessions", shown);
    return -EINVAL;
}

static int read_key(struct request *q, const char *name, const json_t *v, char *error)
{
    char shown[64];

    if (strcmp(name, "net") == 0) {
        if (!json_is_string(v) || prefix_parse(string_of(v), &q->net) < 0) {
            text_show(json_is_string(v) ? string_of(v) : STR("?"), TEXT_QUOTED, shown, sizeof(shown));
            snprintf(error, REQUEST_ERROR_MAX, "\"%s\" is no address or network; 192.0.2.1, 192.0.2.0/24 or 2001:db8::1 is",
                     shown);
            return -EINVAL;
        }
        q->has_net = true;
    } else if (strcmp(name, "all") == 0 || strcmp(name, "observed") == 0) {
        if (!json_is_boolean(v)) {
            snprintf(error, REQUEST_ERROR_MAX, "\"%s\" is true or false", name);
            return -EINVAL;
        }
        *(*name == 'a' ? &q->all : &q->observed) = json_is_true(v);
    } else if (strcmp(name, "for") == 0) {
        json_int_t seconds = json_integer_value(v);
        bool forever = json_is_string(v) && str_eq(string_of(v), STR("forever"));
        if (!forever && (!json_is_integer(v) || seconds < 1 || seconds > INT64_C(100) * 365 * 86400)) {
            snprintf(error, REQUEST_ERROR_MAX, "\"for\" is a number of seconds, up to 100 years, or \"forever\"");
            return -EINVAL;
        }
        q->has_for = true;
        q->duration = forever ? USEC_FOREVER : seconds * USEC_SEC;
    } else if (strcmp(name, "user") == 0) {
        if (!json_is_string(v) || json_string_length(v) < 1 || json_string_length(v) > REQUEST_USER_MAX) {
            snprintf(error, REQUEST_ERROR_MAX, "\"user\" is an account as pptpban shows it, of at most %d bytes", REQUEST_USER_MAX);
            return -EINVAL;
        }
        memcpy(q->user, json_string_value(v), json_string_length(v));
    } else if (strcmp(name, "reason") == 0) {
        if (!json_is_string(v) || !reason_ok(string_of(v))) {
            snprintf(error, REQUEST_ERROR_MAX, "\"reason\" is a text of at most %d printable ASCII characters without '\"' and '\\'",
                     REQUEST_REASON_MAX);
            return -EINVAL;
        }
        memcpy(q->reason, json_string_value(v), json_string_length(v));
    } else {
        if (!json_is_string(v) || !request_jail_name_ok(string_of(v))) {
            snprintf(error, REQUEST_ERROR_MAX, "\"jail\" is a name of at most %d letters, digits, '-', '_', '.'",
                     JAIL_NAME_MAX);
            return -EINVAL;
        }
        memcpy(q->jail, json_string_value(v), json_string_length(v));
    }
    return 0;
}

static int read_request(const json_t *root, struct request *q, char *error)
{
    char shown[64];
    int r = read_verb(root, &q->verb, error);

    if (r < 0)
        return r;
    for (void *i = json_object_iter((json_t *)root); i; i = json_object_iter_next((json_t *)root, i)) {
        const char *name = json_object_iter_key(i);
        size_t k = 0;
        if (strcmp(name, "verb") == 0)
            continue;
        while (k < N_KEYS && strcmp(keys[k].name, name) != 0)
            k++;
        if (k == N_KEYS || !(keys[k].verbs & BIT(q->verb))) {
            text_show(str_of(name), TEXT_QUOTED, shown, sizeof(shown));
            snprintf(error, REQUEST_ERROR_MAX, "verb %s knows no key \"%s\"", request_verb_names[q->verb], shown);
            return -EINVAL;
        }
        r = read_key(q, name, json_object_iter_value(i), error);
        if (r < 0)
            return r;
    }
    for (size_t k = 0; k < N_KEYS; k++)
        if ((keys[k].needed & BIT(q->verb)) && !json_object_get(root, keys[k].name)) {
            snprintf(error, REQUEST_ERROR_MAX, "verb %s needs \"%s\"", request_verb_names[q->verb], keys[k].name);
            return -EINVAL;
        }
    if (q->verb == REQUEST_UNBAN && q->all + q->has_net + (*q->user != '\0') != 1) {
        snprintf(error, REQUEST_ERROR_MAX, "verb unban needs one of \"net\", \"user\" and \"all\"");
        return -EINVAL;
    }
    return 0;
}

int request_parse(struct str line, struct request *ret, char error[static REQUEST_ERROR_MAX])
{
    struct request q = {0};
    json_error_t why;
    char shown[128];

    if (line.n > REQUEST_MAX) {
        snprintf(error, REQUEST_ERROR_MAX, "a request has at most %d bytes", REQUEST_MAX);
        return -EINVAL;
    }
    json_t *root = json_loadb(line.p ? line.p : "", line.n, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(root)) {
        text_show(str_of(root ? "not an object" : why.text), 0, shown, sizeof(shown));
        snprintf(error, REQUEST_ERROR_MAX, "a request is one JSON object a line: %s", shown);
        json_decref(root);
        return -EINVAL;
    }
    int r = read_request(root, &q, error);
    json_decref(root);
    if (r == 0)
        *ret = q;
    return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Harmless copies of JSON values.
#include "cli/clean.h"

#include <stdlib.h>

#include "base/text.h"

static json_t *clean_string(struct str text)
{
    size_t size = 4 * text.n + 8;
    char *shown = malloc(size);
    json_t *clean = NULL;

    if (shown)
        clean = json_stringn(shown, text_show(text, 0, shown, size));
    free(shown);
    return clean;
}

json_t *json_clean(const json_t *v)
{
    const char *key;
    json_t *item, *copy;
    size_t i;
    int r = 0;

    if (json_is_string(v))
        return clean_string((struct str){json_string_value(v), json_string_length(v)});
    if (json_is_array(v)) {
        copy = json_array();
        json_array_foreach(v, i, item)
            r |= json_array_append_new(copy, json_clean(item));
    } else if (json_is_object(v)) {
        copy = json_object();
        json_object_foreach((json_t *)v, key, item) {
            json_t *name = clean_string(str_of(key));
            r |= name ? json_object_set_new(copy, json_string_value(name), json_clean(item)) : -1;
            json_decref(name);
        }
    } else {
        return json_deep_copy(v);
    }
    if (r == 0)
        return copy;
    json_decref(copy);
    return NULL;
}

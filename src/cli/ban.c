// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban ban ADDR|NET [--for TIME] [--jail JAIL].
#include "base/clock.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "cli/verbs.h"

int verb_ban(int argc, char **argv)
{
    struct args a;
    json_t *answer, *request;
    char text[DURATION_STRLEN];
    usec_t duration;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    request = json_pack("{s:s,s:s}", "verb", "ban", "net", a.rest[0]);
    if (a.duration) {
        if (duration_parse(str_of(a.duration), &duration) < 0 || duration < USEC_SEC) {
            fprintf(stderr, "pptpban ban: --for %s: no duration of a second or more; 600, 10m, 2h, 1d 12h or forever is\n",
                    a.duration);
            json_decref(request);
            return EXIT_USAGE;
        }
        json_object_set_new(request, "for",
                            duration == USEC_FOREVER ? json_string("forever") : json_integer(duration / USEC_SEC));
    }
    if (a.jail)
        json_object_set_new(request, "jail", json_string(a.jail));
    code = client_call(&a, request, &answer);
    if (code != EXIT_DONE)
        return code;
    const char *net = json_string_value(json_object_get(answer, "addr"));
    const json_t *left = json_object_get(answer, "for");
    duration = json_is_integer(left) ? json_integer_value(left) * USEC_SEC : USEC_FOREVER;
    if (duration == USEC_FOREVER)
        printf("%s is banned until you unban it\n", net);
    else
        printf("%s is banned for %s\n", net, duration_format(duration, text));
    json_decref(answer);
    return EXIT_DONE;
}

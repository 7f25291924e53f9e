// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban unban ADDR|NET|--user NAME|--all.
#include "cli/args.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "cli/verbs.h"

int verb_unban(int argc, char **argv)
{
    struct args a;
    json_t *answer, *request;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    if (a.n_rest + !!(a.given & ARG_ALL) + (a.user != NULL) != 1) {
        fputs("pptpban unban: an address or network, or --user NAME, or --all\n", stderr);
        return EXIT_USAGE;
    }
    request = a.user     ? json_pack("{s:s,s:s}", "verb", "unban", "user", a.user)
              : a.n_rest ? json_pack("{s:s,s:s}", "verb", "unban", "net", a.rest[0])
                         : json_pack("{s:s,s:b}", "verb", "unban", "all", 1);
    code = client_call(&a, request, &answer);
    if (code != EXIT_DONE)
        return code;
    json_int_t n = json_integer_value(json_object_get(answer, "unbanned"));
    const char *still = json_string_value(json_object_get(answer, "still"));
    printf("%lld ban%s ended\n", (long long)n, n == 1 ? "" : "s");
    if (still)
        printf("%s is still banned with its network: pptpban unban %s\n", a.rest[0], still);
    json_decref(answer);
    return n > 0 ? EXIT_DONE : EXIT_NOTHING;
}

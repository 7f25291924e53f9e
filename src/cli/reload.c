// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban reload: asks the service to read its configuration anew and waits for the outcome.
#include "cli/args.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "cli/verbs.h"

int verb_reload(int argc, char **argv)
{
    struct args a;
    json_t *answer;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    code = client_call(&a, json_pack("{s:s}", "verb", "reload"), &answer);
    if (code != EXIT_DONE)
        return code;
    puts("reloaded");
    json_decref(answer);
    return EXIT_DONE;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// The table of verbs, and help.
#include "cli/verbs.h"

#include <limits.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/args.h"
#include "cli/exit.h"
#include "cli/firewall.h"
#include "daemon/request.h"

// What all lists take (cli/listing.h).
#define ARG_CHOICE (ARG_COUNTRY | ARG_DATABASE | ARG_SINCE | ARG_SORT | ARG_REVERSE | ARG_RUNTIME | ARG_CONFIG)

const struct verb verbs[] = {
    {"list", "[ADDR|NET...]", "show who is banned", "", ARG_JSON | ARG_PLAIN | ARG_JAIL | ARG_OBSERVED | ARG_CHOICE, 0, INT_MAX, verb_list},
    {"unban", "ADDR|NET|--user NAME|--all", "end a ban",
     "A network ends every ban inside it, --user those of addresses that failed as this account. The failures counted so\n"
     "far are forgotten too.",
     ARG_ALL | ARG_USER | ARG_RUNTIME | ARG_CONFIG, 0, 1, verb_unban},
    {"ban", "ADDR|NET", "ban by hand", "Without --for it lasts as long as the jail's bantime.",
     ARG_FOR | ARG_JAIL | ARG_RUNTIME | ARG_CONFIG, 1, 1, verb_ban},
    {"status", "", "show what the service reads, counts and enforces", "", ARG_JSON | ARG_RUNTIME | ARG_CONFIG, 0, 0,
     verb_status},
    {"top", "", "watch it live in the terminal",
     "Health, rates, who is banned, who is near a ban, accounts under attack; bans and unbans by keys. ? shows the keys.",
     ARG_RUNTIME | ARG_CONFIG, 0, 0, verb_top},
    {"why", "ADDR", "explain why an address is banned, or not", "", ARG_JSON | ARG_RUNTIME | ARG_CONFIG, 1, 1, verb_why},
    {"action", "list|test NAME", "show notify actions, or try one",
     "A test delivers a made-up event at once, as the user of the service, whatever the action wants to be told of.",
     ARG_ACTIONS, 1, 2, verb_action},
    {"metrics", "", "print figures for a monitoring system",
     "A service that does not answer is a figure, too: pptpban_up 0.",
     ARG_FORMAT | ARG_OUTPUT | ARG_RUNTIME | ARG_CONFIG, 0, 0, verb_metrics},
    {"stats", "[ADDR|NET...]", "failures, bans, and who, in figures",
     "Worked out from the logs that the service reads, of the last day unless --since says otherwise.",
     ARG_JSON | ARG_ALL | ARG_JAIL | ARG_JOURNAL | ARG_CHOICE, 0,
     INT_MAX, verb_stats},
    {"sessions", "[ADDR|NET...]", "show who is connected",
     "What the logs tell and what this machine's kernel adds; - is what neither tells. Root sees most.",
     ARG_JSON | ARG_PLAIN | ARG_JAIL | ARG_CHOICE, 0, INT_MAX, verb_sessions},
    {"kick", "USER|ADDR", "end a session",
     "Every session of this account, or from this address, or with it inside the tunnel. It is not banned: pptpban ban\n"
     "does that. Only root may.",
     ARG_DRY_RUN | ARG_RUNTIME | ARG_CONFIG, 1, 1, verb_kick},
    {"users", "[ADDR|NET...]", "show which accounts are tried, and whether one was guessed", "",
     ARG_JSON | ARG_PLAIN | ARG_JAIL | ARG_CHOICE,
     0, INT_MAX, verb_users},
    {"reload", "", "let the service read its configuration anew",
     "When something is wrong with it, the service goes on with the old one and says why.",
     ARG_RUNTIME | ARG_CONFIG, 0, 0, verb_reload},
    {"replay", "FILE...|--journal PATH", "show who old logs would have banned", "", 0, 0, 0, verb_replay},
    {"report", "[FILE...]", "what happened in the last weeks, as a page or JSON",
     "Worked out from the logs that the service reads, or from these files, with the present configuration.",
     ARG_HTML | ARG_JSON | ARG_SINCE | ARG_JOURNAL | ARG_DATABASE | ARG_CONFIG, 0, 4096, verb_report},
    {"simulate", "[FILE...]", "what another configuration would have done",
     "Runs the logs of the last weeks, or these files, under the installed configuration and under the one of --config.\n"
     "Says who would have been banned more and who less, and whose good logins would not have come through.",
     ARG_SINCE | ARG_JOURNAL | ARG_AGAINST | ARG_JSON | ARG_CONFIG, 0, 4096, verb_simulate},
    {"test", "LOG FILTER|PATTERN", "try a filter on a log", "", 0, 0, 0, verb_test},
    {"check", "", "check configuration and filters", "", ARG_CONFIG | ARG_DUMP, 0, 0, verb_check},
    {"audit", "", "check how this PPTP server is set up",
     "Looks at the firewall, pptpd, pppd, passwords, logs and kernel, and says how to mend what is wrong. Changes nothing.",
     ARG_JSON | ARG_STRICT | ARG_ROOT | ARG_CONFIG, 0, 0, verb_audit},
    {"doctor", "[FILE...]", "find out why a failed login becomes no ban",
     "Walks from the log lines of pppd to the packets that are dropped and names the first broken link.\n"
     "Changes nothing without --fix.",
     ARG_FIX | ARG_FORCE | ARG_JSON | ARG_JOURNAL | ARG_ROOT | ARG_RUNTIME | ARG_CONFIG, 0, 64, verb_doctor},
    {"firewall", "VERB", "the base ruleset around the PPTP server", "", 0, 0, 0, verb_firewall},
    {"compile-limits", "", "write the enforcer's limits",
     "To be run as root: the enforcer holds its own master to this file. The units do it by themselves.",
     ARG_CONFIG | ARG_OUTPUT | ARG_USER, 0, 0, verb_compile_limits},
    {"unhook", "", "take hook and sets out of the kernel",
     "All bans end there, for good once the services are stopped; stop them first. For whoever removes pptpban; the\n"
     "Debian package does it by itself. The base ruleset has a verb of its own: firewall remove.",
     ARG_HELP, 0, 0, verb_unhook},
    {"import-fail2ban", "[DIR] [JAIL...]", "show what fail2ban's jails, filters and bans would be here",
     "DIR has a slash in it and is /etc/fail2ban unless said; without JAIL it is the jails that are enabled there.\n"
     "Prints configuration for /etc/pptpban/pptpban.conf.d. Nothing of fail2ban's is changed.",
     ARG_ALL | ARG_REPORT | ARG_JSON | ARG_WRITE | ARG_FORCE | ARG_BANS | ARG_APPLY | ARG_DATABASE |
         ARG_RUNTIME | ARG_CONFIG,
     0, 512, verb_import_fail2ban},
    {"help", "[VERB]", "show help", "", 0, 0, 1, verb_help},
    {"version", "", "show the version", "", 0, 0, 0, verb_version},
    {NULL, NULL, NULL, NULL, 0, 0, 0, NULL},
};

const struct verb firewall_verbs[] = {
    {"firewall plan", "", "show what apply would change", "Changes nothing.", ARG_CONFIG, 0, 0, firewall_plan},
    {"firewall check", "", "let the kernel say whether it takes the ruleset", "A dry run; changes no rule.", ARG_CONFIG, 0, 0,
     firewall_check},
    {"firewall apply", "", "apply the ruleset, with a way back",
     "What was there before comes back by itself unless the change is confirmed from a new session in time, whatever\n"
     "becomes of this command, its terminal or its session.",
     ARG_CONFIRM | ARG_NO_CONFIRM | ARG_NO_WAIT | ARG_FORCE | ARG_CONFIG, 0, 0, firewall_apply},
    {"firewall confirm", "", "keep the change that waits",
     "To be run in a session that was opened after apply: only that proves that new connections pass.",
     ARG_FORCE | ARG_CONFIG, 0, 0, firewall_confirm},
    {"firewall rollback", "", "take the change that waits back now", "", ARG_OVERDUE | ARG_CONFIG, 0, 0, firewall_rollback},
    {"firewall status", "", "show what is applied, what waits, and what it counted", "", ARG_JSON | ARG_CONFIG, 0, 0,
     firewall_status},
    {"firewall override", "TIME|off", "be open for a while, whatever the time is",
     "It ends by itself, in the kernel. With --from only for some.", ARG_FROM | ARG_CONFIG, 1, 1, firewall_override},
    {"firewall restore", "", "apply what was confirmed last",
     "The unit pptpban-firewall.service does it when the machine starts, or when somebody has flushed the ruleset.",
     ARG_CONFIG, 0, 0, firewall_restore},
    {"firewall refresh", "", "bring countries and times up to date",
     "Renders what was confirmed last with the database and the year of today, and applies that. What the configuration\n"
     "says otherwise waits for apply. The unit pptpban-firewall-refresh.timer does it daily.",
     ARG_FORCE | ARG_CONFIG, 0, 0, firewall_refresh},
    {"firewall remove", "", "take the ruleset out, and apply none at the next start", "", ARG_CONFIG, 0, 0, firewall_remove},
    {"firewall show", "", "print the ruleset, for this machine or for one in front of it", "Changes nothing.",
     ARG_FORMAT | ARG_CONFIG, 0, 0, firewall_show},
    {"firewall countries", "[CODE...]", "show how many networks countries have",
     "Without codes those that the configuration names.", ARG_DATABASE | ARG_ALL | ARG_JSON | ARG_CONFIG, 0, 300,
     firewall_countries},
    {NULL, NULL, NULL, NULL, 0, 0, 0, NULL},
};

const struct verb *verb_find(const char *name)
{
    for (const struct verb *v = verbs; v->name; v++)
        if (strcmp(v->name, name) == 0)
            return v;
    for (const struct verb *v = firewall_verbs; v->name; v++)
        if (strcmp(v->name, name) == 0)
            return v;
    return NULL;
}

int verb_unknown(const char *prefix, const char *name)
{
    const struct verb *table = *prefix ? firewall_verbs : verbs;
    struct nearest n = nearest_to(name);

    for (const struct verb *v = table; v->name; v++)
        nearest_try(&n, v->name + strlen(prefix));
    fprintf(stderr, "pptpban: there is no verb \"%s%s\"; ", prefix, name);
    if (n.best)
        fprintf(stderr, "did you mean \"%s%s\"?\n", prefix, n.best);
    else
        fprintf(stderr, "pptpban %s shows all that there are\n", *prefix ? "firewall --help" : "help");
    return EXIT_USAGE;
}

void verb_print_help(const struct verb *v, FILE *out)
{
    fprintf(out, "usage: pptpban %s%s%s%s\n\n%c%s.\n", v->name, v->options ? " [OPTIONS]" : "", *v->arguments ? " " : "",
            v->arguments, v->summary[0] - ('a' - 'A'), v->summary + 1);
    if (*v->details)
        fprintf(out, "%s\n", v->details);
    fputc('\n', out);
    args_print_help(v->options, out);
}

void verbs_print_help(FILE *out)
{
    fputs("usage: pptpban VERB [ARGUMENTS]\n\nBlocks those who guess passwords at this machine's PPTP server.\n\n", out);
    for (const struct verb *v = verbs; v->name; v++) {
        char head[48];
        snprintf(head, sizeof(head), "%s %s", v->name, v->arguments);
        fprintf(out, "  %-24s %s\n", head, v->summary);
    }
    fputs("\npptpban VERB --help tells more of each; pptpban(8) tells all.\n", out);
}

int verb_args(int argc, char **argv, struct args *ret, int *ret_exit)
{
    const struct verb *v = verb_find(argv[0]);

    *ret_exit = args_parse(argc, argv, v->options, v->least, v->most, ret);
    if (*ret_exit != 0)
        return 0;
    if (!(ret->given & ARG_HELP))
        return 1;
    verb_print_help(v, stdout);
    return 0;
}

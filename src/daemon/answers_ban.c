// SPDX-License-Identifier: GPL-2.0-or-later
// ban and unban, as the service answers them: who must not be banned by hand, and what is said instead.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "daemon/answers_room.h"
#include "daemon/enact.h"
#include "daemon/spare.h"
#include "daemon/users.h"

#define BY_HAND "manual" // the jail of a ban that was made by hand for none

void answer_unban(struct service *s, struct control_client client, const struct control_peer *peer,
                  const struct request *q)
{
    char net[PREFIX_STRLEN], error[192];
    size_t n = *q->user ? users_unban(s, q->user) : enact_unban(s->enact, q->all ? NULL : &q->net);

    if (n > 0)
        log_notice("%zu ban%s ended by hand of user %u", n, n == 1 ? "" : "s", (unsigned)peer->uid);
    if (n == 0 && *q->user) {
        control_fail(s->control, client, ANSWER_NOTHING, "nobody who failed as that account is banned; pptpban users shows the accounts");
        return;
    }
    if (n == 0 && !q->all) {
        const struct ban *wider = bans_covering(engine_bans(s->engine), &q->net.addr);
        char other[PREFIX_STRLEN];
        if (wider && wider->net.len < q->net.len)
            snprintf(error, sizeof(error), "%s is banned with its network: unban %s", prefix_format(&q->net, net),
                     prefix_format(&wider->net, other));
        else if (enact_let_go(s->enact, &q->net))
            snprintf(error, sizeof(error), "%s is not in the list; if the kernel still banned it from before the state was lost, "
                     "it no longer does", prefix_format(&q->net, net));
        else
            snprintf(error, sizeof(error), "%s is not banned", prefix_format(&q->net, net));
        control_fail(s->control, client, ANSWER_NOTHING, error);
        return;
    }
    json_t *answer = json_pack("{s:b,s:I}", "ok", 1, "unbanned", (json_int_t)n);
    const struct ban *still = *q->user || q->all ? NULL : bans_covering(engine_bans(s->engine), &q->net.addr);
    if (still && still->net.len < q->net.len)
        json_object_set_new(answer, "still", json_string(prefix_format(&still->net, net)));
    control_reply(s->control, client, answer);
}

// A ban that is taken over shortens none that is there: answers with that one.
static bool keeps_longer(struct service *s, struct control_client client, const struct request *q, usec_t duration)
{
    const struct ban *there = bans_find(engine_bans(s->engine), &q->net);
    usec_t now = clock_realtime();
    char net[PREFIX_STRLEN];

    // times are asked for in whole seconds: the same one again may seem a little longer
    if (!there || (there->until != USEC_FOREVER &&
                   (duration == USEC_FOREVER || there->until < now + duration - 2 * USEC_SEC)))
        return false;
    usec_t left = there->until == USEC_FOREVER ? USEC_FOREVER : there->until - now;
    control_reply(s->control, client,
                  json_pack("{s:b,s:s,s:s,s:o,s:o,s:b}", "ok", 1, "addr", prefix_format(&there->net, net), "jail", there->jail,
                            "until", answer_seconds(there->until), "for", answer_seconds(left), "kept", 1));
    return true;
}

// Why net must not be banned, or NULL.
static const char *objection(const struct service *s, const struct request *q, const char *jail, char *buf, size_t size)
{
    struct engine_window windows[CONFIG_JAILS_MAX];
    unsigned widest = addr_is_v4(&q->net.addr) ? s->config->widest4 : s->config->widest6;
    size_t n = engine_why(s->engine, &q->net.addr, clock_realtime(), windows, CONFIG_JAILS_MAX);
    bool named = strcmp(jail, BY_HAND) != 0;

    if (addr_is_unbannable(&q->net.addr))
        return "loopback, multicast and unspecified addresses are never banned";
    if (prefix_family_len(&q->net) < widest) {
        snprintf(buf, size, "the network is too wide: /%u is the widest that the configuration allows", widest);
        return buf;
    }
    for (size_t i = 0; i < n && i < CONFIG_JAILS_MAX; i++) {
        if (!windows[i].ignored || (named && strcmp(windows[i].jail, jail) != 0))
            continue;
        snprintf(buf, size, "it is on the allowlist of jail %s (ignoreip or this machine's own)", windows[i].jail);
        return buf;
    }
    enum spare_kind why = spare_find(s->spare, &q->net);
    if (why == SPARE_MAX)
        return NULL;
    snprintf(buf, size, "%s (spare = %s)", spare_reason(why), spare_names[why]);
    return buf;
}

void answer_ban(struct service *s, struct control_client client, const struct control_peer *peer,
                const struct request *q)
{
    const struct jail_config *jail = q->jail[0] ? answer_jail(s->config, q->jail) : NULL;
    char net[PREFIX_STRLEN], why[160], error[256];
    const char *name = jail ? jail->name : BY_HAND;
    usec_t duration = q->duration;
    struct ban ban;

    prefix_format(&q->net, net);
    if (q->jail[0] && !jail) {
        snprintf(error, sizeof(error), "there is no jail %s that is enabled", q->jail);
        control_fail(s->control, client, ANSWER_FAILED, error);
        return;
    }
    const char *no = objection(s, q, name, why, sizeof(why));
    if (!no && s->observe)
        no = "the service only observes";
    if (!no && q->reason[0] && !peer->master)
        no = "only root may take bans over from elsewhere";
    if (no) {
        snprintf(error, sizeof(error), "%s is not banned: %s", net, no);
        control_fail(s->control, client, ANSWER_FAILED, error);
        return;
    }
    for (size_t k = 0; !jail && k < s->config->n_jails; k++)
        if (s->config->jails[k].enabled)
            jail = &s->config->jails[k];
    if (!q->has_for)
        duration = jail ? jail->bantime : 3600 * USEC_SEC;
    if (q->reason[0] && keeps_longer(s, client, q, duration))
        return;
    int r = enact_ban(s->enact, &q->net, duration, name, q->reason, &ban);
    if (r < 0) {
        snprintf(error, sizeof(error), "%s is not banned: %s", net,
                 r == -ENOSPC ? "the ban list is full (max_bans)" : strerror(-r));
        control_fail(s->control, client, ANSWER_FAILED, error);
        return;
    }
    log_notice("%s banned by hand of user %u%s%s", net, (unsigned)peer->uid, q->reason[0] ? ": " : "", q->reason);
    control_reply(s->control, client,
                  json_pack("{s:b,s:s,s:s,s:o,s:o}", "ok", 1, "addr", net, "jail", ban.jail, "until",
                            answer_seconds(ban.until), "for", answer_seconds(duration)));
}

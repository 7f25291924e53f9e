// SPDX-License-Identifier: GPL-2.0-or-later
// Which answer a request of the control socket gets, what the answers share, and reload; the longer ones are in
// answers_*.c.
#include "daemon/answers.h"

#include <string.h>

#include "base/text.h"
#include "daemon/answers_room.h"
#include "daemon/channel.h"
#include "daemon/users.h"

// --- what the answers share ----------------------------------------------------------------------------------

json_t *answer_seconds(usec_t t)
{
    return t == USEC_FOREVER ? json_null() : json_integer(t / USEC_SEC);
}

json_t *answer_text(struct str text)
{
    char buf[SESSION_EVIDENCE_MAX * 4 + 1];

    text_show(text, 0, buf, sizeof(buf));
    return json_string(buf);
}

const struct jail_config *answer_jail(const struct config *c, const char *name)
{
    for (size_t k = 0; k < c->n_jails; k++)
        if (strcmp(c->jails[k].name, name) == 0 && c->jails[k].enabled)
            return &c->jails[k];
    return NULL;
}

// --- reload --------------------------------------------------------------------------------------------------

static void answer_reload(struct service *s, struct control_client client, const struct control_peer *peer)
{
    if (!peer->master) {
        control_fail(s->control, client, ANSWER_FAILED, "only root may let the service reload");
        return;
    }
    if (s->n_reloading == SERVICE_RELOADING_MAX || channel_send(s->channel, CHANNEL_RELOAD, NULL) < 0) {
        control_fail(s->control, client, ANSWER_FAILED, "the service is busy reloading");
        return;
    }
    s->reloading[s->n_reloading++] = client;
}

void answers_reloaded(struct service *s, const char *error)
{
    for (size_t i = 0; i < s->n_reloading; i++) {
        if (error)
            control_fail(s->control, s->reloading[i], ANSWER_FAILED, error);
        else
            control_reply(s->control, s->reloading[i], json_pack("{s:b}", "ok", 1));
    }
    s->n_reloading = 0;
    control_drain(s->control);
}

void answers_request(void *userdata, struct control_client client, const struct control_peer *peer,
                     const struct request *q)
{
    struct service *s = userdata;

    switch (q->verb) {
    case REQUEST_LIST:
        answer_list(s, client, q);
        break;
    case REQUEST_UNBAN:
        answer_unban(s, client, peer, q);
        break;
    case REQUEST_BAN:
        answer_ban(s, client, peer, q);
        break;
    case REQUEST_STATUS:
        answer_status(s, client);
        break;
    case REQUEST_WHY:
        answer_why(s, client, q);
        break;
    case REQUEST_USERS:
        users_answer(s, client);
        break;
    case REQUEST_SESSIONS:
        answer_sessions(s, client);
        break;
    case REQUEST_RELOAD:
        answer_reload(s, client, peer);
        break;
    case REQUEST_MAX_VERB:
        break;
    }
}

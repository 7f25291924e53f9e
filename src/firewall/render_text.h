// SPDX-License-Identifier: GPL-2.0-or-later
// What the renderers share: words for what the model holds, and the check that nothing in it can break out of the place
// where it is written.
#ifndef PB_FIREWALL_RENDER_TEXT_H
#define PB_FIREWALL_RENDER_TEXT_H

#include "firewall/model.h"

enum {
    FW_METER_SIZE = 65536, // sources that a meter remembers at once
    FW_ID_MAX = 31,
};

// 0 when every id, reason, set and interface of the model is of the letters that need no quoting anywhere, rules name
// only sets that are there and combine nothing that no renderer can say; else -EINVAL.
int fw_render_check(const struct fw_model *m);

// "second", "minute", "hour" or "day".
const char *fw_rate_unit(const struct fw_rate *r);

// Seconds after which a source that was silent has its whole burst again: nothing older need be remembered.
uint32_t fw_rate_memory(const struct fw_rate *r);

// "refused" of "pptpban-refused: ", into buf.
enum { FW_LOG_NAME_MAX = 20 };
const char *fw_log_name(const char *prefix, char buf[static FW_LOG_NAME_MAX]);

// Whether the rule can ever match in this family.
bool fw_rule_of_family(const struct fw_rule *r, enum fw_family family);

// Whether this is the first rule of the model with this meter, window or log prefix.
bool fw_first_meter(const struct fw_model *m, size_t rule);
bool fw_first_log(const struct fw_model *m, size_t rule);

// fw_windows as parts of time itself, sorted, apart from each other.
struct fw_span {
    time_t from, to; // [from, to)
};
int fw_windows_spans(const struct fw_windows *w, struct fw_span **ret, size_t *ret_n);

// One family's networks of a set, without a part of length 0, which ipset and some others refuse: its halves instead.
// fn is called with each, as text.
typedef void fw_network_fn(void *userdata, const char *network);
void fw_set_each(const struct fw_set *s, enum fw_family family, fw_network_fn *fn, void *userdata);
size_t fw_set_count(const struct fw_set *s, enum fw_family family);

#endif

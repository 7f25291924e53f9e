// SPDX-License-Identifier: GPL-2.0-or-later
// What a packet filter in front of the server can ask: each kind of traffic to the server, and for each the networks in
// the order in which the model lets them in or not. Only translates the model; renders nothing.
//
// The server goes on judging by itself, so a front may let in what the server refuses but never the other way round:
// what is known at run time only (an administrator's session, tunnels that are up, the time) is left to the server.
#ifndef PB_FIREWALL_FRONT_H
#define PB_FIREWALL_FRONT_H

#include <stdio.h>

#include "firewall/model.h"

enum {
    FRONT_TERMS_MAX = 12,
    FRONT_CLASSES_MAX = FIREWALL_PORTS_MAX + 16,
};

struct front_term { // the first that holds the source decides
    const struct fw_rule *rule;
    const char *set;        // its name; NULL: everybody
    const struct prefix *v; // neither overlapping nor adjacent; loopback is left out: it comes over no wire
    size_t n;
    bool accept;
};

struct front_class { // of new traffic from outside
    const char *name;    // "control", "gre", "management", or the id of the rule that it is there for
    enum fw_family family;
    uint8_t protocol;    // 0: everything that no class before this is about
    uint16_t first, last; // ports; 0: all
    const struct fw_rule *rate, *connections; // the rules that limit a source, or NULL
    struct front_term term[FRONT_TERMS_MAX];
    size_t n; // whom no term holds, others decide about
};

struct front {
    struct front_term refused[FRONT_TERMS_MAX]; // whatever they send; asked before all classes
    size_t n_refused;
    struct front_class v[FRONT_CLASSES_MAX];
    size_t n; // the last one is everything else
    const struct prefix *server; // addresses that the rules are about; none: all of the machine
    size_t n_server;
    bool outbound; // the model says what the server may send
    struct fw_networks *own; // what terms point at, when it is no set of the model
    size_t n_own;
};

// Both m and what it points at must outlive ret. -ENOMEM, -EOPNOTSUPP for a model that is no ordered list of networks.
// Freed with front_free.
int front_build(const struct fw_model *m, struct front *ret);
void front_free(struct front *f);

// Whether the server has addresses of this family, as far as is known.
bool front_has_family(const struct front *f, enum fw_family family);

// Whether a packet of this class from there is let in (1), refused (0) or left to others (-1).
int front_verdict(const struct front *f, const struct front_class *c, const struct addr *from);

// The networks of one family that a class lets in, whatever is refused before all classes. Appends to ret, aggregated.
int front_accepted(const struct front_class *c, enum fw_family family, struct fw_networks *ret);

// Whether no term before this one is about the same set; the same name means the same networks.
bool front_is_first(const struct front *f, const struct front_term *t);

// What a platform can do beside deciding by network, protocol and port.
enum front_can { // bits
    FRONT_RATE = 1,        // limit how often a source connects
    FRONT_CONNECTIONS = 2, // ... how much at once
    FRONT_PATH = 4,        // refuse sources to which no route leads back
    FRONT_STATE = 8,       // answers pass by themselves
};

// Why the rule is not in what a platform with these abilities gets; NULL: it is.
const char *front_absence(const struct fw_rule *r, unsigned can);

// A line for each reason with the rules that are absent for it, between the two texts.
void front_put_absences(const struct fw_model *m, unsigned can, const char *before, const char *after, FILE *out);

#endif

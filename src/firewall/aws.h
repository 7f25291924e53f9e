// SPDX-License-Identifier: GPL-2.0-or-later
// The model as entries of an AWS network ACL (ordered, without memory of connections) and of a security group (a heap of
// permissions, with memory). Renders nothing: JSON and HCL are made from these.
#ifndef PB_FIREWALL_AWS_H
#define PB_FIREWALL_AWS_H

#include "firewall/front.h"

enum {
    AWS_ACL_QUOTA = 20,      // entries a direction and family, the last of which is AWS's own
    AWS_ACL_QUOTA_MAX = 40,  // ... when raised
    AWS_GROUP_QUOTA = 60,    // ranges a group, direction and family
    AWS_GROUP_QUOTA_MAX = 1000,
    AWS_NUMBER_MAX = 32766,
};

struct aws_entry {
    const char *id; // of the rule or class that it is there for
    enum fw_family family;
    bool egress, allow;
    uint8_t protocol;     // 0: all
    uint16_t first, last; // ports; 0: all
    char network[PREFIX_STRLEN]; // always with its length
    unsigned number; // of an ACL's entry: its place, one sequence a direction
};

struct aws_entries {
    struct aws_entry *v;
    size_t n;
    bool spoofed; // holds entries for the sources that cannot be there
};


// -ENOMEM; -E2BIG: more than an ACL can number. Freed with aws_entries_free.
int aws_acl_entries(const struct fw_model *m, const struct front *f, struct aws_entries *ret);
int aws_group_entries(const struct fw_model *m, const struct front *f, struct aws_entries *ret);
void aws_entries_free(struct aws_entries *l);

// What is left out beside what front_put_absences tells: AWS filters no DHCP, and spoofed sources are left to the server
// where there is no room for them.
void aws_put_absences(const struct aws_entries *l, const char *before, const char *after, FILE *out);

size_t aws_entries_count(const struct aws_entries *l, bool egress, enum fw_family family);

#endif

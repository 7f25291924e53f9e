// SPDX-License-Identifier: GPL-2.0-or-later
// The model as Terraform configuration for AWS: the security group and the network ACL that aws-sg and aws-nacl are, too.
#include <errno.h>

#include "firewall/aws.h"
#include "firewall/render_text.h"
#include "firewall/renderers.h"

static const char *const head =
    "# pptpban: a security group for the PPTP server and a network ACL for its subnet, which should be one of its own.\n"
    "# The ACL is asked in order and has no memory of connections: answers pass by entries of their own.\n"
    "# The group only lets in, in no order, and remembers connections; a packet needs both.\n";

static const char *const frame =
    "\nterraform {\n"
    "  required_providers {\n"
    "    aws = {\n"
    "      source = \"hashicorp/aws\"\n"
    "    }\n"
    "  }\n"
    "}\n"
    "\nvariable \"pptpban_vpc_id\" {\n"
    "  type        = string\n"
    "  description = \"The VPC of the PPTP server\"\n"
    "}\n"
    "\nvariable \"pptpban_subnet_ids\" {\n"
    "  type        = list(string)\n"
    "  description = \"The subnets that get the network ACL\"\n"
    "  default     = []\n"
    "}\n";

static const char *protocol_of(const struct aws_entry *e, char buf[static 8])
{
    switch (e->protocol) {
    case 0: return "-1";
    case FW_TCP: return "tcp";
    case FW_UDP: return "udp";
    case FW_ICMP: return "icmp";
    default: // by number, also ICMPv6, for which the two resources have different names
        snprintf(buf, 8, "%u", e->protocol);
        return buf;
    }
}

// --- security group

static bool is_alike(const struct aws_entry *a, const struct aws_entry *b)
{
    return a->egress == b->egress && a->protocol == b->protocol && a->first == b->first && a->last == b->last;
}

static void put_ranges(const char *key, const struct aws_entry *v, size_t n, enum fw_family family, FILE *out)
{
    bool any = false;

    for (size_t i = 0; i < n; i++)
        if (v[i].family == family) {
            if (!any)
                fprintf(out, "\n    %s = [\n", key);
            fprintf(out, "      \"%s\",\n", v[i].network);
            any = true;
        }
    fputs(any ? "    ]\n" : "", out);
}

static void put_permission(const struct aws_entry *v, size_t n, FILE *out)
{
    char buf[8];
    bool icmp = v->protocol == FW_ICMP || v->protocol == FW_ICMP6;

    fprintf(out,
            "\n  %s {\n"
            "    description = \"pptpban: %s\"\n"
            "    protocol    = \"%s\"\n"
            "    from_port   = %d\n"
            "    to_port     = %d\n",
            v->egress ? "egress" : "ingress", v->id, protocol_of(v, buf), icmp ? -1 : v->first, icmp ? -1 : v->last);
    put_ranges("cidr_blocks", v, n, FW_IPV4, out);
    put_ranges("ipv6_cidr_blocks", v, n, FW_IPV6, out);
    fputs("  }\n", out);
}

static void put_group(const struct front *f, const struct aws_entries *l, FILE *out)
{
    fprintf(out, "\n# IPv4: %zu rules, IPv6: %zu; the quota is %d, %d when raised.\n", aws_entries_count(l, false, FW_IPV4),
            aws_entries_count(l, false, FW_IPV6), AWS_GROUP_QUOTA, AWS_GROUP_QUOTA_MAX);
    fputs("resource \"aws_security_group\" \"pptpban\" {\n"
          "  name_prefix = \"pptpban-\"\n"
          "  description = \"PPTP server, by pptpban\"\n"
          "  vpc_id      = var.pptpban_vpc_id\n",
          out);
    for (size_t i = 0, end; i < l->n; i = end) {
        for (end = i; end < l->n && is_alike(&l->v[i], &l->v[end]);)
            end++;
        put_permission(&l->v[i], end - i, out);
    }
    if (!f->outbound) // Terraform takes AWS's own rule for this out
        fputs("\n  egress {\n"
              "    description      = \"pptpban: nothing is said of what the server sends\"\n"
              "    protocol         = \"-1\"\n"
              "    from_port        = 0\n"
              "    to_port          = 0\n"
              "    cidr_blocks      = [\"0.0.0.0/0\"]\n"
              "    ipv6_cidr_blocks = [\"::/0\"]\n"
              "  }\n",
              out);
    fputs("}\n", out);
}

// --- network ACL

static void put_entry(const struct aws_entry *e, FILE *out)
{
    const char *pad = e->family == FW_IPV4 ? "" : "     ";
    char buf[8];

    fprintf(out, "\n  %s { # %s\n", e->egress ? "egress" : "ingress", e->id);
    fprintf(out, "    rule_no   %s = %u\n", pad, e->number);
    fprintf(out, "    action    %s = \"%s\"\n", pad, e->allow ? "allow" : "deny");
    fprintf(out, "    protocol  %s = \"%s\"\n", pad, protocol_of(e, buf));
    fprintf(out, "    from_port %s = %u\n", pad, e->first);
    fprintf(out, "    to_port   %s = %u\n", pad, e->last);
    if (e->protocol == FW_ICMP || e->protocol == FW_ICMP6)
        fprintf(out, "    icmp_type %s = -1\n    icmp_code %s = -1\n", pad, pad);
    fprintf(out, "    %s = \"%s\"\n  }\n", e->family == FW_IPV4 ? "cidr_block" : "ipv6_cidr_block", e->network);
}

static void put_acl(const struct aws_entries *l, FILE *out)
{
    fputc('\n', out);
    for (int egress = 0; egress <= 1; egress++)
        fprintf(out, "# %s: %zu entries of IPv4, %zu of IPv6; the quota is %d with one of AWS's own, %d when raised.\n",
                egress ? "Egress" : "Ingress", aws_entries_count(l, egress, FW_IPV4), aws_entries_count(l, egress, FW_IPV6),
                AWS_ACL_QUOTA, AWS_ACL_QUOTA_MAX);
    fputs("resource \"aws_network_acl\" \"pptpban\" {\n"
          "  vpc_id     = var.pptpban_vpc_id\n"
          "  subnet_ids = var.pptpban_subnet_ids\n",
          out);
    for (size_t i = 0; i < l->n; i++)
        put_entry(&l->v[i], out);
    fputs("}\n", out);
}

int fw_render_terraform_aws(const struct fw_model *m, FILE *out)
{
    struct aws_entries acl = {0}, group = {0};
    struct front f;
    int r = fw_render_check(m);

    if (r == 0)
        r = front_build(m, &f);
    if (r < 0)
        return r;
    r = aws_acl_entries(m, &f, &acl);
    if (r == 0)
        r = aws_group_entries(m, &f, &group);
    if (r == 0) {
        fputs(head, out);
        front_put_absences(m, FRONT_STATE, "# Not here: ", "\n", out);
        aws_put_absences(&acl, "# Not here: ", "\n", out);
        fputs(frame, out);
        put_group(&f, &group, out);
        put_acl(&acl, out);
    }
    aws_entries_free(&group);
    aws_entries_free(&acl);
    front_free(&f);
    return r == 0 && ferror(out) ? -EIO : r;
}

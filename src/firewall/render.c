// SPDX-License-Identifier: GPL-2.0-or-later
// The table of renderers. Renders nothing itself.
#include "firewall/render.h"

#include <string.h>

#include "firewall/renderers.h"

const struct fw_format fw_formats[] = {
    {"nftables", "nftables, as nft -f reads it", "nft -c -f", fw_render_nftables},
    {"iptables", "a shell script for iptables, ip6tables and ipset", "iptables-restore --test, ipset", fw_render_iptables},
    {"pf", "an anchor for pf(4) of a router in front of the server", NULL, fw_render_pf},
    {"pfsense", "aliases and rules in pfSense's XML", NULL, fw_render_pfsense},
    {"opnsense", "aliases and rules in OPNsense's XML", NULL, fw_render_opnsense},
    {"aws-nacl", "entries of an AWS network ACL, JSON for aws ec2 create-network-acl-entry", "botocore's model of EC2",
     fw_render_aws_nacl},
    {"aws-sg", "permissions of an AWS security group, JSON for aws ec2 authorize-security-group-ingress",
     "botocore's model of EC2", fw_render_aws_sg},
    {"terraform-aws", "both of these for Terraform", "terraform validate with provider aws 5.100", fw_render_terraform_aws},
    {"suricata", "Suricata rules: what no PPTP client sends, and who should not come", "suricata -T, and captures",
     fw_render_suricata},
    {NULL, NULL, NULL, NULL},
};

const struct fw_format *fw_format_find(const char *name)
{
    for (const struct fw_format *f = fw_formats; f->name; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

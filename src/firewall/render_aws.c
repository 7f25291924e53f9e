// SPDX-License-Identifier: GPL-2.0-or-later
// The model as JSON for the AWS command line: entries of a network ACL, permissions of a security group. What JSON cannot
// say beside them stands in the member "Comment", which no command is given.
#include <errno.h>

#include "firewall/aws.h"
#include "firewall/render_text.h"
#include "firewall/renderers.h"

static const char *const acl_usage[] = {
    "Network ACL entries: decided in order, for all that enters and leaves a subnet. Give the PPTP server a subnet of its own.",
    "jq -c '.NetworkAclEntries[]' FILE | while read -r e; do aws ec2 create-network-acl-entry --network-acl-id ACL "
    "--cli-input-json \\\"$e\\\"; done",
    "What no entry is about AWS's own last entry refuses.",
    "Without memory of connections: answers enter and leave by entries of their own, to ports from 1024 on.",
    NULL,
};

static const char *const group_usage[] = {
    "Security group permissions: what is let in; the rest is refused unless another group of the instance lets it in.",
    "aws ec2 authorize-security-group-ingress --group-id GROUP --ip-permissions \\\"$(jq -c .IpPermissions FILE)\\\"",
    "A group knows no refusal: spoofed sources are left to the server, what else the policy refuses is taken out of what is let in.",
    "Answers pass by themselves: a security group remembers connections.",
    NULL,
};

static void put_comments(const char *const *usage, const struct fw_model *m, unsigned can, const struct aws_entries *l,
                         FILE *out)
{
    fputs("{\n  \"Comment\": [\n", out);
    for (; *usage; usage++)
        fprintf(out, "    \"%s\",\n", *usage);
    front_put_absences(m, can, "    \"Not here: ", "\",\n", out);
    aws_put_absences(l, "    \"Not here: ", "\",\n", out);
}

// --- network ACL

static void put_acl_entry(const struct aws_entry *e, bool last, FILE *out)
{
    fprintf(out, "    {\"RuleNumber\": %u, \"Egress\": %s, \"RuleAction\": \"%s\", ", e->number, e->egress ? "true" : "false",
            e->allow ? "allow" : "deny");
    if (e->protocol)
        fprintf(out, "\"Protocol\": \"%u\", ", e->protocol);
    else
        fputs("\"Protocol\": \"-1\", ", out);
    if (e->first)
        fprintf(out, "\"PortRange\": {\"From\": %u, \"To\": %u}, ", e->first, e->last);
    if (e->protocol == FW_ICMP || e->protocol == FW_ICMP6)
        fputs("\"IcmpTypeCode\": {\"Type\": -1, \"Code\": -1}, ", out);
    fprintf(out, "\"%s\": \"%s\"}%s\n", e->family == FW_IPV4 ? "CidrBlock" : "Ipv6CidrBlock", e->network, last ? "" : ",");
}

static void put_acl(const struct fw_model *m, const struct aws_entries *l, FILE *out)
{
    put_comments(acl_usage, m, 0, l, out);
    for (int egress = 0; egress <= 1; egress++)
        for (enum fw_family family = FW_IPV4; family <= FW_IPV6; family++)
            fprintf(out, "    \"%s, %s: %zu entries; the quota is %d with one of AWS's own, %d when raised.\",\n",
                    egress ? "Egress" : "Ingress", family == FW_IPV4 ? "IPv4" : "IPv6", aws_entries_count(l, egress, family),
                    AWS_ACL_QUOTA, AWS_ACL_QUOTA_MAX);
    for (size_t i = 0; i < l->n; i++) // why each is there; entries themselves have no place for it
        if (i == 0 || strcmp(l->v[i].id, l->v[i - 1].id) != 0)
            fprintf(out, "    \"%s from %u on: %s\",\n", l->v[i].egress ? "Egress" : "Ingress", l->v[i].number, l->v[i].id);
    fputs("    \"Made by pptpban firewall show --format aws-nacl\"\n  ],\n  \"NetworkAclEntries\": [\n", out);
    for (size_t i = 0; i < l->n; i++)
        put_acl_entry(&l->v[i], i + 1 == l->n, out);
    fputs("  ]\n}\n", out);
}

// --- security group

static bool is_alike(const struct aws_entry *a, const struct aws_entry *b)
{
    return a->egress == b->egress && a->protocol == b->protocol && a->first == b->first && a->last == b->last;
}

static void put_ranges(const struct aws_entry *v, size_t n, enum fw_family family, FILE *out)
{
    const char *comma = "";

    fprintf(out, "\"%s\": [", family == FW_IPV4 ? "IpRanges" : "Ipv6Ranges");
    for (size_t i = 0; i < n; i++)
        if (v[i].family == family) {
            fprintf(out, "%s\n      {\"%s\": \"%s\", \"Description\": \"pptpban: %s\"}", comma,
                    family == FW_IPV4 ? "CidrIp" : "CidrIpv6", v[i].network, v[i].id);
            comma = ",";
        }
    fputs("]", out);
}

static void put_permission(const struct aws_entry *v, size_t n, FILE *out)
{
    bool icmp = v->protocol == FW_ICMP || v->protocol == FW_ICMP6;

    if (v->protocol)
        fprintf(out, "    {\"IpProtocol\": \"%u\", ", v->protocol);
    else
        fputs("    {\"IpProtocol\": \"-1\", ", out);
    if (v->first || icmp)
        fprintf(out, "\"FromPort\": %d, \"ToPort\": %d, ", icmp ? -1 : v->first, icmp ? -1 : v->last);
    put_ranges(v, n, FW_IPV4, out);
    fputs(",\n     ", out);
    put_ranges(v, n, FW_IPV6, out);
    fputc('}', out);
}

static void put_permissions(const struct aws_entries *l, bool egress, FILE *out)
{
    const char *comma = "\n";

    fprintf(out, "  \"%s\": [", egress ? "IpPermissionsEgress" : "IpPermissions");
    for (size_t i = 0, end; i < l->n; i = end) {
        for (end = i; end < l->n && is_alike(&l->v[i], &l->v[end]);)
            end++;
        if (l->v[i].egress != egress)
            continue;
        fputs(comma, out);
        put_permission(&l->v[i], end - i, out);
        comma = ",\n";
    }
    fprintf(out, "\n  ]%s\n", egress ? "" : ",");
}

static void put_group(const struct fw_model *m, const struct front *f, const struct aws_entries *l, FILE *out)
{
    put_comments(group_usage, m, FRONT_STATE, l, out);
    for (enum fw_family family = FW_IPV4; family <= FW_IPV6; family++)
        fprintf(out, "    \"%s: %zu rules; the quota is %d, %d when raised.\",\n", family == FW_IPV4 ? "IPv4" : "IPv6",
                aws_entries_count(l, false, family), AWS_GROUP_QUOTA, AWS_GROUP_QUOTA_MAX);
    fprintf(out, "    \"%s\",\n",
            f->outbound ? "IpPermissionsEgress is for authorize-security-group-egress, after the group's own rule that lets all out is "
                          "revoked."
                        : "The policy says nothing of what the server sends: leave the group's own rule that lets all out.");
    fputs("    \"Made by pptpban firewall show --format aws-sg\"\n  ],\n", out);
    put_permissions(l, false, out);
    put_permissions(l, true, out);
    fputs("}\n", out);
}

static int render(const struct fw_model *m, bool acl, FILE *out)
{
    struct aws_entries l;
    struct front f;
    int r = fw_render_check(m);

    if (r == 0)
        r = front_build(m, &f);
    if (r < 0)
        return r;
    r = acl ? aws_acl_entries(m, &f, &l) : aws_group_entries(m, &f, &l);
    if (r == 0) {
        if (acl)
            put_acl(m, &l, out);
        else
            put_group(m, &f, &l, out);
        aws_entries_free(&l);
    }
    front_free(&f);
    return r == 0 && ferror(out) ? -EIO : r;
}

int fw_render_aws_nacl(const struct fw_model *m, FILE *out)
{
    return render(m, true, out);
}

int fw_render_aws_sg(const struct fw_model *m, FILE *out)
{
    return render(m, false, out);
}

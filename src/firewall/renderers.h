// SPDX-License-Identifier: GPL-2.0-or-later
// One renderer a line, for the table in render.c alone.
#ifndef PB_FIREWALL_RENDERERS_H
#define PB_FIREWALL_RENDERERS_H

#include "firewall/render.h"

int fw_render_iptables(const struct fw_model *m, FILE *out); // all parts in one shell script
int fw_render_pf(const struct fw_model *m, FILE *out);
int fw_render_suricata(const struct fw_model *m, FILE *out);
int fw_render_pfsense(const struct fw_model *m, FILE *out);
int fw_render_opnsense(const struct fw_model *m, FILE *out);
int fw_render_terraform_aws(const struct fw_model *m, FILE *out);
int fw_render_aws_nacl(const struct fw_model *m, FILE *out);
int fw_render_aws_sg(const struct fw_model *m, FILE *out);

#endif

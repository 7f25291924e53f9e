# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libfirewall.a
libfirewall_a_SOURCES = \
	src/firewall/aws.c src/firewall/aws.h \
	src/firewall/change.c src/firewall/change.h \
	src/firewall/frame.c src/firewall/frame.h \
	src/firewall/conntrack.c src/firewall/conntrack.h \
	src/firewall/countries.c src/firewall/countries.h \
	src/firewall/difference.c src/firewall/difference.h \
	src/firewall/elements_nft.c src/firewall/elements_nft.h \
	src/firewall/facts.c src/firewall/facts.h \
	src/firewall/front.c src/firewall/front.h \
	src/firewall/foreign.c src/firewall/foreign.h \
	src/firewall/judge.c src/firewall/judge.h \
	src/firewall/kernel.c src/firewall/kernel.h \
	src/firewall/kernel_iptables.c \
	src/firewall/kernel_nft.c \
	src/firewall/marker.c src/firewall/marker.h \
	src/firewall/model.c src/firewall/model.h \
	src/firewall/networks.c src/firewall/networks.h \
	src/firewall/pending.c src/firewall/pending.h \
	src/firewall/peers.c src/firewall/peers.h \
	src/firewall/probe.c src/firewall/probe.h \
	src/firewall/program.c src/firewall/program.h \
	src/firewall/quiet.c src/firewall/quiet.h \
	src/firewall/render.c src/firewall/render.h src/firewall/renderers.h \
	src/firewall/render_text.c src/firewall/render_text.h \
	src/firewall/render_nft.c src/firewall/render_iptables.c \
	src/firewall/render_aws.c src/firewall/render_pf.c src/firewall/render_pfsense.c src/firewall/render_suricata.c src/firewall/render_terraform.c \
	src/firewall/rollback.c src/firewall/rollback.h \
	src/firewall/rules_nft.c src/firewall/rules_nft.h \
	src/firewall/ruleset.c src/firewall/ruleset.h \
	src/firewall/script_nft.c src/firewall/script_nft.h \
	src/firewall/syn.c src/firewall/syn.h \
	src/firewall/window.c src/firewall/window.h

check_PROGRAMS += test_model test_window
test_model_SOURCES = tests/unit/test_model.c
test_model_LDADD = libfirewall.a libhost.a libconfig.a libbase.a $(CMOCKA_LIBS)
test_window_SOURCES = tests/unit/test_window.c
test_window_LDADD = libfirewall.a libhost.a libbase.a $(CMOCKA_LIBS)

check_PROGRAMS += test_render
test_render_SOURCES = tests/unit/test_render.c
test_render_LDADD = libfirewall.a libenforcer.a libconfig.a libbase.a $(NFTABLES_LIBS) $(MAXMINDDB_LIBS) $(SYSTEMD_LIBS) $(NFTNL_LIBS) $(MNL_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += test_change
test_change_SOURCES = tests/unit/test_change.c
test_change_LDADD = libfirewall.a libenforcer.a libconfig.a libbase.a $(NFTABLES_LIBS) $(MAXMINDDB_LIBS) $(SYSTEMD_LIBS) $(NFTNL_LIBS) $(MNL_LIBS) $(CMOCKA_LIBS)

check_SCRIPTS += tests/unit/countries.sh tests/unit/times.sh
EXTRA_DIST += tests/unit/countries.sh tests/unit/times.sh tests/unit/times.py

# Formats for systems in front of the server; test_front is their judge, too.
check_PROGRAMS += test_front
test_front_SOURCES = tests/unit/test_front.c
test_front_LDADD = $(test_render_LDADD)
check_SCRIPTS += tests/unit/exports.sh
EXTRA_DIST += tests/unit/exports.sh tests/unit/exports.py tests/unit/exports_aws.py tests/unit/exports_aws_nacl.py tests/unit/exports_aws_sg.py tests/unit/exports-sense.xsd tests/unit/exports_opnsense.py tests/unit/exports_pf.py tests/unit/exports_pfsense.py tests/unit/exports_suricata.py tests/unit/exports_terraform_aws.py

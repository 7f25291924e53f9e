# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libfirewall.a
libfirewall_a_SOURCES = \
	src/firewall/conntrack.c src/firewall/conntrack.h \
	src/firewall/countries.c src/firewall/countries.h \
	src/firewall/facts.c src/firewall/facts.h \
	src/firewall/judge.c src/firewall/judge.h \
	src/firewall/kernel.c src/firewall/kernel.h \
	src/firewall/kernel_iptables.c \
	src/firewall/kernel_nft.c \
	src/firewall/model.c src/firewall/model.h \
	src/firewall/networks.c src/firewall/networks.h \
	src/firewall/peers.c src/firewall/peers.h \
	src/firewall/program.c src/firewall/program.h \
	src/firewall/render.h \
	src/firewall/ruleset.c src/firewall/ruleset.h \
	src/firewall/window.c src/firewall/window.h

check_PROGRAMS += test_model test_window
test_model_SOURCES = tests/unit/test_model.c
test_model_LDADD = libfirewall.a libconfig.a libbase.a $(CMOCKA_LIBS)
test_window_SOURCES = tests/unit/test_window.c
test_window_LDADD = libfirewall.a libbase.a $(CMOCKA_LIBS)

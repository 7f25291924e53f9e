# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libfirewall.a
libfirewall_a_SOURCES = src/firewall/model.c src/firewall/model.h src/firewall/window.c src/firewall/window.h

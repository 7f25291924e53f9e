# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libconfig.a
libconfig_a_SOURCES = \
	src/config/config.h src/config/firewall.h src/config/lists.h src/config/load.c src/config/loader.h src/config/dump.c \
	src/config/keyword.c src/config/keyword.h \
	src/config/kind.c src/config/kind_list.c src/config/kind_firewall.c src/config/kind_country.c src/config/kind.h \
	src/config/sense.c \
	src/config/uninstalled.c src/config/uninstalled.h

check_PROGRAMS += test_config
test_config_SOURCES = tests/unit/test_config.c
test_config_LDADD = libconfig.a libbase.a $(CMOCKA_LIBS)

# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libhost.a
libhost_a_SOURCES = \
	src/host/country.c src/host/country.h \
	src/host/nameservers.c src/host/nameservers.h \
	src/host/pppd.c src/host/pppd.h \
	src/host/sessions.c src/host/sessions.h \
	src/host/tunnels.c src/host/tunnels.h

check_PROGRAMS += test_host
test_host_SOURCES = tests/unit/test_host.c
test_host_LDADD = libhost.a libbase.a $(SYSTEMD_LIBS) $(MAXMINDDB_LIBS) $(CMOCKA_LIBS)

# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libreport.a
libreport_a_SOURCES = \
	src/report/report.h \
	src/report/chart.c src/report/chart.h \
	src/report/collect.c src/report/collect.h \
	src/report/figures.c \
	src/report/html.c \
	src/report/json.c

check_PROGRAMS += test_report
test_report_SOURCES = tests/unit/test_report.c
test_report_LDADD = libreport.a libhost.a libbase.a $(SQLITE_LIBS) $(JANSSON_LIBS) $(MAXMINDDB_LIBS) $(CMOCKA_LIBS)

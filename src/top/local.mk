# SPDX-License-Identifier: GPL-2.0-or-later
pptpban_SOURCES += \
	src/top/top.c \
	src/top/ask.c src/top/ask.h \
	src/top/bans.c src/top/bans.h \
	src/top/canvas.c src/top/canvas.h \
	src/top/link.c src/top/link.h \
	src/top/lists.c \
	src/top/model.c src/top/model.h \
	src/top/rates.c src/top/rates.h \
	src/top/screens.c src/top/screens.h \
	src/top/terminal.c src/top/terminal.h \
	src/top/ui.c src/top/ui.h \
	src/top/view.c src/top/view.h

check_PROGRAMS += test_top
test_top_SOURCES = tests/unit/test_top.c src/cli/clean.c src/cli/output.c src/top/ask.c src/top/bans.c \
	src/top/canvas.c src/top/link.c src/top/lists.c src/top/model.c src/top/rates.c \
	src/top/screens.c src/top/ui.c src/top/view.c src/daemon/request.c
test_top_LDADD = libbase.a $(JANSSON_LIBS) $(CMOCKA_LIBS)

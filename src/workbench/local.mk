# SPDX-License-Identifier: GPL-2.0-or-later
pptpban_SOURCES += \
	src/workbench/test.c src/workbench/test.h \
	src/workbench/collect.c \
	src/workbench/explain.c \
	src/workbench/explain_json.c \
	src/workbench/json.c \
	src/workbench/lint.c \
	src/workbench/load.c \
	src/workbench/out.c \
	src/workbench/print.c \
	src/workbench/sessions.c

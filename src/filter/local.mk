# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += libfilter.a
libfilter_a_SOURCES = \
	src/filter/date.c src/filter/date.h \
	src/filter/date_cut.c src/filter/date_cut.h \
	src/filter/date_form.c src/filter/date_form.h \
	src/filter/event.h \
	src/filter/expand.c src/filter/expand.h \
	src/filter/explain.c src/filter/explain.h \
	src/filter/filter.c src/filter/filter.h \
	src/filter/foreign.c src/filter/foreign.h \
	src/filter/gate.c src/filter/gate.h \
	src/filter/ini.c src/filter/ini.h \
	src/filter/inspect.c src/filter/inspect.h \
	src/filter/lint.c src/filter/lint.h \
	src/filter/lint_attack.c src/filter/lint_excuse.c src/filter/lint_private.h \
	src/filter/load.c \
	src/filter/outline.c src/filter/outline.h \
	src/filter/pattern.c src/filter/pattern.h \
	src/filter/private.h \
	src/filter/sample.c src/filter/sample.h \
	src/filter/text.c src/filter/text.h \
	src/filter/translate.c src/filter/translate.h

check_PROGRAMS += test_filter
test_filter_SOURCES = tests/unit/test_filter.c
test_filter_CPPFLAGS = $(AM_CPPFLAGS) -DFILTERS='"$(abs_top_srcdir)/filters"'
test_filter_LDADD = libfilter.a libbase.a $(PCRE2_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += test_gate
test_gate_SOURCES = tests/unit/test_gate.c
test_gate_LDADD = libfilter.a libbase.a $(PCRE2_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += test_filter_file
test_filter_file_SOURCES = tests/unit/test_filter_file.c
test_filter_file_LDADD = libfilter.a libbase.a $(PCRE2_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += test_filter_bounds
test_filter_bounds_SOURCES = tests/unit/test_filter_bounds.c
test_filter_bounds_CPPFLAGS = $(AM_CPPFLAGS) -DFILTERS='"$(abs_top_srcdir)/filters"'
test_filter_bounds_LDADD = libfilter.a libbase.a $(PCRE2_LIBS) $(CMOCKA_LIBS)

# The shipped filters judged by samples of every stack.
check_SCRIPTS += tests/corpus/stacks.py
EXTRA_DIST += tests/corpus/stacks.py tests/corpus/stacks

# And under hostile names and lines: some of the corpus here, all with --all.
check_SCRIPTS += tests/corpus/hostile/matrix.py
# not the directory: beside the sources there would come what a build leaves there
EXTRA_DIST += tests/corpus/hostile/hostile.py tests/corpus/hostile/matrix.py tests/corpus/hostile/texts

# The engine judged by fail2ban's samples, where its package is installed.
check_SCRIPTS += tests/corpus/run-corpus.sh tests/corpus/run-gate.sh
EXTRA_DIST += tests/corpus/run-corpus.sh tests/corpus/run-gate.sh
noinst_PROGRAMS += corpus
corpus_SOURCES = tests/corpus/corpus.c
corpus_LDADD = libfilter.a libbase.a $(PCRE2_LIBS) $(JANSSON_LIBS)

check_PROGRAMS += test_date
test_date_SOURCES = tests/unit/test_date.c
test_date_LDADD = libfilter.a libbase.a $(PCRE2_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += test_foreign
test_foreign_SOURCES = tests/unit/test_foreign.c
test_foreign_LDADD = libfilter.a libbase.a $(PCRE2_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += test_explain
test_explain_SOURCES = tests/unit/test_explain.c
test_explain_LDADD = libfilter.a libbase.a $(PCRE2_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += test_lint
test_lint_SOURCES = tests/unit/test_lint.c
test_lint_CPPFLAGS = $(AM_CPPFLAGS) -DFILTERS='"$(abs_top_srcdir)/filters"'
test_lint_LDADD = libfilter.a libbase.a $(PCRE2_LIBS) $(CMOCKA_LIBS)

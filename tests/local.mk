# SPDX-License-Identifier: GPL-2.0-or-later
# Tests that are more than one room's units: the machine (tests/vm/run) and the benchmark (make bench).

# Built by make bench alone.
bench_tools = bench-gen-log bench-bare-loop
EXTRA_PROGRAMS = $(bench_tools)
CLEANFILES += $(bench_tools)

bench_gen_log_SOURCES = tests/bench/gen-log.c
bench_bare_loop_SOURCES = tests/bench/bare-loop.c
bench_bare_loop_LDADD = $(PCRE2_LIBS)

# As root, against the real kernel: make check-system. tools/check does it all.
EXTRA_DIST += tests/skips tests/system
check-system: all
	PB_BUILD='$(abs_builddir)' PB_SRC='$(abs_srcdir)' '$(srcdir)/tests/system/run'
.PHONY: check-system

EXTRA_DIST += \
	tests/vm/README.md tests/vm/boot tests/vm/build-image tests/vm/build-product tests/vm/common.sh tests/vm/run \
	tests/vm/guest/ban.sh tests/vm/guest/hello.sh tests/vm/guest/install.sh tests/vm/guest/lib.sh \
	tests/vm/guest/pptpraw.py \
	tests/vm/overlay/etc/rsyslog.d/vmtest.conf \
	tests/vm/overlay/etc/systemd/system/vmtest-scenario.service \
	tests/vm/overlay/etc/systemd/system/vmtest.mount \
	tests/vm/overlay/etc/systemd/system/vmtest.target

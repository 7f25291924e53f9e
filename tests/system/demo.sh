#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What a newcomer sees: tools/run --demo plays the captured attack, and the three who guess passwords in it are banned
# in a real set, and nobody else; --observe bans nobody. Nothing of it stays behind.
. "$(dirname "$0")/lib.sh"
need_root
need_commands ip ipset

addresses() { grep -o -E '\b(192|198|203)\.[0-9]+\.[0-9]+\.[0-9]+\b' | sort -u | tr '\n' ' '; }

traces() { ip netns list | grep pptpban-try; ls -d /run/pptpban-try-* 2>/dev/null; ipset list -n | grep pptpban; }
before=$(traces)
"$PB_SRC/tools/run" --demo >"$T/out" 2>&1
is "it ends well" 0 $?
is "each ban is shown as it happens" "203.0.113.21 203.0.113.22 203.0.113.24 " "$(grep -E '^[0-9:. -]+ ban ' "$T/out" | addresses)"
is "list shows them" "203.0.113.21 203.0.113.22 203.0.113.24 " "$(grep -E '^203[^ ]+ +pptpd ' "$T/out" | addresses)"
is "they are in the kernel" "203.0.113.21 203.0.113.22 203.0.113.24 " \
	"$(grep -E '^[0-9.]+ timeout [0-9]+ |elements = |203.*timeout .*expires' "$T/out" | addresses)"
is "why shows the lines" yes "$(grep -q 'pppd\[[0-9]*\]: Peer root failed CHAP authentication' "$T/out" && echo yes)"
is "it says how to install" 1 "$(grep -c 'systemctl enable --now pptpban' "$T/out")"
is "nothing stays behind" "$before" "$(traces)"
[ $failures = 0 ] || sed 's/^/# /' "$T/out"

"$PB_SRC/tools/run" --demo --observe >"$T/out" 2>&1
is "observing ends well" 0 $?
is "it says who would be banned" 3 "$(grep -c ' would ban ' "$T/out")"
is "and bans nobody" 1 "$(grep -c '^nobody is banned$' "$T/out")"

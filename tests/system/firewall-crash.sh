#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The base ruleset when its commands die: killed at each step of apply, confirm, remove and rollback, with files that are
# damaged, gone or have no room, and with somebody stopped who holds the lock. In the end there is the old ruleset, or
# the new one that was confirmed; never half of one, and never one that nobody takes back.
# lane: the locks and modules of iptables, and what all namespaces share
. "$(dirname "$0")/lib.sh"
private_mounts "$@"
need_root
need_commands nft ipset iptables-nft iptables-legacy cc
pptpban=$PB_BUILD/pptpban

# A library that kills the command, and none of its children, at its Nth step: a call that changes files or the kernel,
# or starts somebody. Beyond the last one it leaves a note.
cat >"$T/die.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>
static pid_t own;
static int left;
__attribute__((constructor)) static void begin(void)
{
    const char *n = getenv("DIE_AT");
    own = getpid();
    left = n ? atoi(n) : 0;
}
static void step(void)
{
    if (getpid() == own && left > 0 && --left == 0)
        kill(own, SIGKILL);
}
#define STEP(type, name, args, call) type name args { step(); return ((type (*) args)dlsym(RTLD_NEXT, #name)) call; }
STEP(int, rename, (const char *a, const char *b), (a, b))
STEP(int, unlink, (const char *a), (a))
STEP(int, truncate, (const char *a, off_t n), (a, n))
STEP(int, fsync, (int fd), (fd))
STEP(pid_t, fork, (void), ())
STEP(int, fclose, (FILE *f), (f))
STEP(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags))
END
cc -shared -fPIC -o "$T/die.so" "$T/die.c" -ldl 2>/dev/null || skip_all "needs a C compiler"

# place NAME BACKEND: a namespace $NAME and its configuration $T/NAME.conf
place() {
	netns_new ns
	eval "$1=$ns"
	cat >"$T/$1.conf" <<END
[pptpban]
state_dir = $T/$1.state
runtime_dir = $T/$1.run
[firewall]
enabled = yes
backend = $2
deny_from = 192.0.2.9
END
}

# fw PLACE VERB...
fw() {
	eval "_n=\$$1"
	_c=$T/$1.conf
	shift
	ip netns exec "$_n" "$pptpban" firewall "$@" --config "$_c"
}

# dying PLACE STEP VERB...
dying() {
	eval "_n=\$$1"
	_c=$T/$1.conf _s=$2
	shift 2
	ip netns exec "$_n" env DIE_AT="$_s" LD_PRELOAD="$T/die.so" "$pptpban" firewall "$@" --config "$_c"
}

# all PLACE: its rules and sets, but what counts and what runs out
all() {
	eval "_n=\$$1"
	ip netns exec "$_n" sh -c 'nft list ruleset; iptables-legacy-save; ip6tables-legacy-save; ipset save' 2>/dev/null |
		sed 's/packets [0-9]* bytes [0-9]*//; s/^[ \t]*//; s/initval 0x[0-9a-f]*//' |
		grep -v -e expires -e '^[#:*}]' -e '^COMMIT' -e '^$' -e '^chain ' -e '^table ip6\? ' -e '^type ' | sort
}
good() { sed -n '1s/.* \([0-9a-f]\{16\}\) .*/\1/p' "$T/$1.state-firewall/last-good" 2>/dev/null; }
settled() { [ ! -s "$T/$1.run-firewall/pending" ]; }

# PB_EVERY=1 tries each step, which takes ten minutes; PB_CHANGES="confirm: apply:no" those of some commands alone.
every=${PB_EVERY:-13} least=60
[ -z "${PB_CHANGES:-}" ] || least=12

# --- apply and confirm, killed at each step, each in a place of its own, and all of them waiting at once
for backend in ${PB_FIREWALL:-nftables iptables-nft iptables-legacy}; do
	b=${backend//-/_}
	place "old_$b" $backend
	fw "old_$b" apply --no-confirm >/dev/null
	sed 's/192.0.2.9/192.0.2.10/' -i "$T/old_$b.conf"
	all "old_$b" >"$T/old_$b.all"
	old=$(good "old_$b")
	fw "old_$b" apply --no-confirm >/dev/null
	all "old_$b" >"$T/new_$b.all"
	new=$(good "old_$b")
	ok "$backend: two rulesets" sh -c "[ -n '$old' ] && [ -n '$new' ] && [ '$old' != '$new' ] && ! cmp -s '$T/old_$b.all' '$T/new_$b.all'"

	places='' died=0
	for verb in ${PB_CHANGES:-apply:10s apply:no confirm: rollback: remove:}; do
		IFS=: read -r what how <<<"$verb"
		for ((step = 1; step < 200; step += every)); do
			p=k_${b}_${what}_${how}_$step
			place "$p" $backend
			fw "$p" apply --no-confirm >/dev/null
			sed 's/192.0.2.9/192.0.2.10/' -i "$T/$p.conf"
			case $what in
			apply) dying "$p" $step apply --no-wait $([ "$how" = no ] && echo --no-confirm || echo "--confirm $how") ;;
			*)
				fw "$p" apply --no-wait --confirm 20s
				dying "$p" $step "$what"
				;;
			esac >/dev/null 2>&1
			status=$?
			places="$places $p"
			[ $status = 137 ] || break
			died=$((died + 1))
		done
	done
	echo "# $backend: died at $died steps"
	eval "places_$b=\$places"
	ok "$backend: killed at many steps" [ $died -ge $((least / every)) ]
	eval "old_of_$b=$old new_of_$b=$new"
done
sleep 33 # all of them are overdue
for backend in ${PB_FIREWALL:-nftables iptables-nft iptables-legacy}; do
	b=${backend//-/_}
	eval "places=\$places_$b old=\$old_of_$b new=\$new_of_$b"
	bad=''
	for p in $places; do
		# who died before there was a guard changed nothing; whoever comes next clears it up
		settled "$p" || fw "$p" restore >/dev/null 2>&1
		all "$p" >"$T/now"
		sort -o "$T/now" "$T/now"
		now=neither
		for which in old new; do cmp -s "$T/now" "$T/${which}_$b.all" && now=$which; done
		[ -s "$T/now" ] || now=none
		case $now-$(good "$p") in
		old-$old | new-$new | none-) ;;
		new-$old) bad="$bad $p:$now-confirmed-old" ;;
		none-*) case $p in *_remove_*) ;; *) bad="$bad $p:none" ;; esac ;;
		*) bad="$bad $p:$now-$(good "$p")" ;;
		esac
		settled "$p" || bad="$bad $p:waits"
	done
	is "$backend: in the end it is the old ruleset, or the new one, and nothing waits" "" "$bad"
done

# --- files that are gone or damaged, and a lock that somebody holds for ever
wait_back() { # WHAT PLACE SECONDS
	ok "$1: it is taken back" wait_for "$3" same_as_old "$2"
}
same_as_old() { all "$1" >"$T/now" && cmp -s "$T/now" "$T/old_nftables.all"; }
waiting() { # NAME: a place with a change that waits for ten seconds
	place "$1" nftables
	fw "$1" apply --no-confirm >/dev/null
	sed 's/192.0.2.9/192.0.2.10/' -i "$T/$1.conf"
	fw "$1" apply --no-wait --confirm 10s >/dev/null 2>&1
}
if [ -s "$T/old_nftables.all" ]; then
	for p in gone damaged stopped broken; do waiting "$p"; done
	all gone >"$T/now"
	ok "it stands" cmp -s "$T/now" "$T/new_nftables.all"
	rm -rf "$T/gone.run-firewall"
	echo "nonsense" >"$T/damaged.run-firewall/pending"
	: >"$T/damaged.run-firewall/pending.before"
	echo "what is this" >>"$T/broken.conf"
	( exec 9<"$T/stopped.run-firewall/lock" && flock 9 && exec sleep 60 ) &
	started $!
	fw broken confirm >"$T/out" 2>&1
	is "a configuration that is broken meanwhile is told" 1 $?
	ok "with file and line" grep -q "broken.conf:[0-9]" "$T/out"
	wait_back "the directory is gone" gone 20
	wait_back "the files are damaged" damaged 20
	wait_back "the configuration is broken" broken 20
	wait_back "somebody holds the lock" stopped 40

	# without a guard, and with the file that says until when
	waiting half2
	kill -9 $(ip netns pids "$half2")
	echo "nonsense" >"$T/half2.run-firewall/pending"
	fw half2 status >/dev/null 2>&1
	is "a damaged change waits" 4 $?
	fw half2 confirm >"$T/out" 2>&1
	ok "and is no longer to be confirmed" same_as_old half2
	ok "which is told" grep -q "taken back first" "$T/out"
	waiting half3
	kill -9 $(ip netns pids "$half3")
	rm "$T"/half3.run-firewall/pending.before
	echo "nonsense" >"$T/half3.run-firewall/pending"
	fw half3 rollback >"$T/out" 2>&1
	is "what cannot be taken back" 1 $?
	ok "is told, with what helps" grep -q "pptpban firewall remove" "$T/out"
	fw half3 remove >/dev/null
	is "which helps" 0 $?
	fw half3 apply --no-confirm >/dev/null
	is "and then all goes on" 0 $?

	# a change that waits is removed: nobody brings anything back
	waiting removed
	fw removed remove >/dev/null
	sleep 11
	is "nothing comes back after a removal" "" "$(all removed)"

	# no room
	place full nftables
	mkdir "$T/full.run-firewall" "$T/full.state-firewall"
	mount -t tmpfs -o size=16k,mode=700 tmpfs "$T/full.run-firewall"
	dd if=/dev/zero of="$T/full.run-firewall/filler" bs=4k 2>/dev/null
	fw full apply --no-wait --confirm 10s >"$T/out" 2>&1
	is "no room for the way back" 1 $?
	ok "is told, too" grep -q "No space left" "$T/out"
	is "and nothing is changed" "" "$(all full)"
	umount "$T/full.run-firewall"
	mount -t tmpfs -o size=64k,mode=700 tmpfs "$T/full.state-firewall"
	fw full apply --no-wait --confirm 10s >/dev/null 2>&1
	dd if=/dev/zero of="$T/full.state-firewall/filler" bs=4k 2>/dev/null
	fw full confirm >"$T/out" 2>&1
	is "what there is no room for cannot be confirmed" 1 $?
	ok "which is told" grep -q "No space left" "$T/out"
	ok "and is taken back" wait_for 15 sh -c "! ip netns exec $full nft list table inet pptpban_fw 2>/dev/null"
	fw full apply --no-confirm >/dev/null 2>&1
	is "nor does it stay without confirmation" 1 $?
	is "but goes at once" "" "$(all full)"
	umount "$T/full.state-firewall"
fi

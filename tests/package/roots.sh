# SPDX-License-Identifier: GPL-2.0-or-later
# Roots of Debian that packages are proved in, for tools/package and packaging/check-rpm. Sourced, after tests/vm/common.sh.
# $suite is the release, $top the tree; $work keeps the roots, source/ and deb/ of this release, which the roots see as
# /src and /deb.

# in_root ROOT OPTION... COMMAND...: its own mounts and processes; --private-network: its own network too, which whatever
# could touch a firewall must have
in_root() {
	local root=$1
	shift
	SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn -q --register=no --keep-unit --as-pid2 --pipe -M "pptpban-$suite-$$" \
		--console=pipe --timezone=off -D "$root" --bind-ro="$work/source:/src" --bind="$work/deb:/deb" \
		--bind="$work/archives:/var/cache/apt/archives" --setenv=DEBIAN_FRONTEND=noninteractive --setenv=LC_ALL=C.UTF-8 \
		--setenv=DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:-}" "$@"
}

# boot ROOT STAGE: tests/package/guest STAGE as a service of a booted system, whose end is that of the system
boot() {
	local root=$1 stage=$2
	cat >"$work/prove.service" <<-END
		[Unit]
		After=multi-user.target
		[Service]
		Type=simple
		Environment=LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
		StandardOutput=file:/deb/$stage.out
		StandardError=inherit
		ExecStart=/src/tests/package/guest $stage
		ExecStopPost=+/bin/systemctl --no-block poweroff
	END
	rm -f "$work/deb/$stage.out"
	SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 timeout --kill-after=10 300 systemd-nspawn -q --register=no --keep-unit --private-network \
		-M "pptpban-$suite-$$" --console=pipe --timezone=off -D "$root" --bind-ro="$work/source:/src" --bind="$work/deb:/deb" \
		--bind-ro="$work/prove.service:/etc/systemd/system/prove.service" -b systemd.wants=prove.service systemd.unit=multi-user.target
	cat "$work/deb/$stage.out"
	grep -qx "# end of $stage" "$work/deb/$stage.out" && ! grep -q '^not ok' "$work/deb/$stage.out"
}

make_base() { # the smallest root with apt
	mirror_lines "$suite" | mmdebstrap --variant=apt --mode=root --format=tar \
		--aptopt='Acquire::Languages "none"' --dpkgopt=force-unsafe-io "$suite" "$work/base.tar.new" - && mv "$work/base.tar.new" "$work/base.tar"
}

fresh_root() { # NAME
	rm -rf --one-file-system "${work:?}/$1"
	mkdir -p "$work/$1" && tar -C "$work/$1" -xf "$work/base.tar"
}

snapshot() { # what git knows or would, without what was built
	rm -rf "${work:?}/source"
	mkdir -p "$work/source"
	if git -C "$top" rev-parse --git-dir >/dev/null 2>&1; then
		git -C "$top" ls-files -z --cached --others --exclude-standard | tar -C "$top" --null -T - -c --ignore-failed-read
	else
		tar -C "$top" --exclude=./build -c .
	fi | tar -C "$work/source" -x
}

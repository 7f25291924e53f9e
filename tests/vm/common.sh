# SPDX-License-Identifier: GPL-2.0-or-later
# What the scripts of this directory share on the host: where images lie, which mirror serves, what must be there.

vm_cache=${PPTPBAN_VM_CACHE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/vm}

image_dir() { echo "$vm_cache/$1"; }

# need_commands COMMAND:PACKAGE...: installs what is missing
need_commands() {
	local c missing=()
	for c; do
		command -v "${c%%:*}" >/dev/null || missing+=("${c##*:}")
	done
	[ ${#missing[@]} = 0 ] && return
	apt-get update -q
	DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
}

# mirror_lines SUITE: sources.list lines for it, from the Debian mirrors that this host's apt uses
mirror_lines() {
	local own
	own=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
		'Origin: Debian' | sort -u)
	[ -n "$own" ] || own="http://deb.debian.org/debian $1 main"
	# The host's suites (bookworm, bookworm-updates ...) stand for those of the wanted release.
	awk -v want="$1" '$3 == "main" {
		release = $2; sub(/^[a-z]+/, want, release)
		line = "deb " $1 " " release " main"
		if (!seen[line]++) print line
	}' <<<"$own"
}

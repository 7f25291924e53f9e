# SPDX-License-Identifier: GPL-2.0-or-later
# The packet filters that the firewall tests try: loads what pptpban renders for one, takes single rules of it out again,
# fills sets, reads counters. Always in one network namespace.
import os
import re
import subprocess

BUILD = os.environ["PB_BUILD"]


def run(command, stdin=None, **environment):
    done = subprocess.run(command, input=stdin, text=True, capture_output=True, env={**os.environ, **environment})
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()[:400]}")
    return done.stdout


class Backend:
    def __init__(self, namespace):
        self.inside = ["ip", "netns", "exec", namespace]
        self.text = None

    def load(self, configuration):
        """Renders the configuration file and installs it over whatever is there."""
        self.text = run([f"{BUILD}/pptpban", "firewall", "show", "--config", configuration, "--format", self.format])
        self.again()

    def without(self, ids):
        """Takes the rules with these ids out of what is installed; how many there were."""
        return sum(self._delete(i) for i in ids)


class Nftables(Backend):
    name, format, ban_backend = "nftables", "nftables", "nftables"

    def again(self):
        run(self.inside + ["nft", "-c", "-f", "-"], self.text)
        run(self.inside + ["nft", "-f", "-"], self.text)

    def _rules(self, ident):
        chain = None
        for line in run(self.inside + ["nft", "-a", "list", "table", "inet", "pptpban_fw"]).split("\n"):
            if begin := re.match(r"\s*chain (\S+) {", line):
                chain = begin[1]
            elif f'comment "{ident}"' in line:
                yield chain, line

    def _delete(self, ident):
        found = [f"delete rule inet pptpban_fw {c} handle {line.rsplit(None, 1)[1]}" for c, line in self._rules(ident)]
        run(self.inside + ["nft", "-f", "-"], "\n".join(found) + "\n")
        return len(found)

    def packets(self, ident):
        return sum(int(re.search(r"counter packets (\d+)", line)[1]) for _, line in self._rules(ident))

    def fill(self, name, address, seconds):
        run(self.inside + ["nft", "add", "element", "inet", "pptpban_fw", f"{name}4", f"{{ {address} timeout {seconds}s }}"])

    def foreign(self, source):
        """Somebody else's rule, which drops what comes from there."""
        run(self.inside + ["nft", "-f", "-"], "table inet foreign {\n chain in {\n type filter hook input priority 0;\n"
            f" ip saddr {source} drop\n }}\n}}\n")

    def foreign_text(self):
        return run(self.inside + ["nft", "list", "table", "inet", "foreign"])


class Iptables(Backend):
    format, ban_backend = "iptables", "ipset"
    tables = ("raw", "mangle", "nat", "filter")

    def __init__(self, namespace, kind):
        super().__init__(namespace)
        self.name = f"iptables-{kind}"
        self.programs = {f: f"{f}-{kind}" for f in ("iptables", "ip6tables")}

    def again(self):
        for program, part in zip(self.programs.values(), self.text.split("--noflush <<'END'\n")[1:]):
            run(self.inside + ["sh", "-e"], self.text.split("\n\"$")[0])  # sets, for the rules that name them
            run(self.inside + [f"{program}-restore", "--test", "--noflush"], part.split("\nEND")[0] + "\n")
        run(self.inside + ["sh"], self.text, IPTABLES=self.programs["iptables"], IP6TABLES=self.programs["ip6tables"])

    def _rules(self, program, table, ident):
        number = {}
        for line in run(self.inside + [f"{program}-save", "-c", "-t", table]).split("\n"):
            if rule := re.match(r"\[(\d+):\d+\] -A (\S+) ", line):
                number[rule[2]] = number.get(rule[2], 0) + 1
                if re.search(f'--comment "?{ident}"? ', line + " "):
                    yield rule[2], number[rule[2]], int(rule[1])

    def _delete(self, ident):
        n = 0
        for program in self.programs.values():
            for table in self.tables:
                found = list(self._rules(program, table, ident))
                lines = [f"-D {chain} {number}" for chain, number, _ in reversed(found)]
                if lines:
                    run(self.inside + [f"{program}-restore", "--noflush"], "\n".join([f"*{table}", *lines, "COMMIT", ""]))
                n += len(lines)
        return n

    def packets(self, ident):
        return sum(packets for program in self.programs.values() for table in self.tables
                   for _, _, packets in self._rules(program, table, ident))

    def fill(self, name, address, seconds):
        run(self.inside + ["ipset", "-exist", "add", f"pptpban-{name}4", address, "timeout", str(seconds)])

    def foreign(self, source):
        run(self.inside + [self.programs["iptables"], "-A", "INPUT", "-s", source, "-j", "DROP"])

    def foreign_text(self):
        return "\n".join(line for line in run(self.inside + [self.programs["iptables"], "-S"]).split("\n") if "PPTPBAN" not in line)


def backend_of(name, namespace):
    return Nftables(namespace) if name == "nftables" else Iptables(namespace, name.split("-")[1])

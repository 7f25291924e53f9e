# SPDX-License-Identifier: GPL-2.0-or-later
"""The hostile corpus: the texts of the file "texts", those made of the samples of every filter, and doubles of what servers
and log writers do to a text before it stands in a log. Judges nothing."""
import glob
import os
import re
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "..", "replay")]
import detect  # noqa: E402
import stacks  # noqa: E402
from simulate import conv_q, conv_v  # noqa: E402,F401

VICTIM = detect.VICTIM.encode()
SIMPLE = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"e": b"\x1b", b"0": b"\0", b"\\": b"\\"}


def unescape(text):
    """The bytes that a line of "texts" means."""
    def one(m):
        if m[1]:
            return bytes([int(m[1][1:], 16)])
        if m[2]:
            return chr(int(m[2][1:], 16)).encode("utf-8", "surrogatepass")
        if m[3] is not None:
            return int(m[3]) * unescape(m[4])
        return SIMPLE[m[5]]
    return re.sub(rb"\\(?:(x[0-9a-f]{2})|(u[0-9a-f]{4}|U[0-9a-f]{8})|\{(\d+)\*([^}]*)\}|([nrte0\\]))", one, text)


def written():
    """(id, bytes) of the file "texts"."""
    out = []
    with open(os.path.join(HERE, "texts"), "rb") as f:
        for line in f.read().split(b"\n"):
            if line and not line.startswith(b"#"):
                name, _, text = line.partition(b" ")
                out.append((name.decode(), unescape(text)))
    if len(set(n for n, _ in out)) != len(out):
        raise ValueError("an id stands twice in %s/texts" % HERE)
    return out


def messages(sample):
    """(identifier, message, line) of each line of a sample; identifier and message are None where the line has no syslog header."""
    if sample.journal:
        for entry in detect.jsonl_entries(sample.data):
            entry = dict(entry)
            if b"MESSAGE" in entry:
                yield entry.get(b"SYSLOG_IDENTIFIER"), entry[b"MESSAGE"], None
        return
    for line in sample.data.split(b"\n"):
        form, _ = stacks.form_of(line)
        m = form and re.match(detect.FORMS[form], line, re.S)
        if m:
            yield m["ident"], m["msg"], line
        elif line:
            yield None, None, line


def samples(name):
    return [stacks.Sample(p) for p in sorted(glob.glob(os.path.join(stacks.STACKS, name, "*.log")) +
                                             glob.glob(os.path.join(stacks.STACKS, name, "*.jsonl")))]


def filters():
    """Every shipped filter: what is new joins by itself."""
    return sorted(os.path.basename(p)[:-5] for p in glob.glob(os.path.join(stacks.FILTERS, "*.conf")))


def look_alikes(longest=600):
    """(id, bytes): each line of another shape in any filter's samples, its addresses those of the innocent."""
    seen, out = set(), []
    for name in filters():
        n = 0
        for sample in samples(name):
            for _, message, line in messages(sample):
                text = re.sub(detect.ADDR, VICTIM, line if message is None else message)
                shape = re.sub(rb"[0-9a-f]*\d[0-9a-f]*", b"0", text)
                if shape not in seen and 0 < len(text) <= longest:
                    seen.add(shape)
                    n += 1
                    out.append(("%s-%d" % (name, n), text))
    return out


def idents():
    """The names that the filters' programs log as."""
    out = {b"pptpband", b"radiusd", b"kernel"}
    for name in filters():
        for sample in samples(name):
            out.update(i for i, _, _ in messages(sample) if i)
    return out


# ---- what servers do to a name, by the beginning of the message. pppd: utils.c, vslprintf() (%q, %v, %s), and who cleans it first.

def pppd(name, message):
    if message.startswith(b"EAP-TLS: "):
        return name.split(b"\0")[0][:900]
    if message.startswith((b"EAP: ", b"No CHAP secret found")):
        return conv_q(name)[:900]
    if message.startswith(b"no PAP secret"):
        return conv_v(name, 255)
    if message.startswith((b"rcvd ", b"sent ")):
        return re.sub(rb'["\\\0-\x1f\x7f-\xff]', lambda m: b"\\%03o" % m[0][0], name[:200])
    return conv_q(conv_v(name, 255 if b"PAP peer" in message else 256))


def radius(name, message):
    return re.sub(rb"[\0-\x1f\x7f]", b" ", re.sub(rb"[\x80-\xff]", b"?", name[:253]))


def raw(name, message):
    return name.split(b"\0")[0][:1400] or b" " # accel-ppp: an empty name in front is that of a session before its login


def ours(name, message):
    """src/base/text.c, but that it shows harmless letters as they are."""
    return re.sub(rb"[\0-\x1f\x7f-\xff]", lambda m: b"\\x%02x" % m[0][0], re.sub(rb'(["\\])', rb"\\\1", name))[:120]


def json_string(name, message):
    """As Suricata prints text of packets: what is no letter of ASCII is a dot, or escaped."""
    return re.sub(rb'["\\\0-\x1f\x7f-\xff]', lambda m: b"\\" + m[0] if m[0] in b'"\\' else b"\\u%04x" % m[0][0], name[:4000])


QUOTING = {"pptpd": pppd, "xl2tpd": pppd, "freeradius": radius, "recidive": ours, "suricata-eve": json_string}


# Where the samples have a client's text that comes out in no outcome.
UNSAID = {"recidive": rb'last user \\?"(\w+)', "suricata-eve": rb'\{"x":"(\w+)'}


def quoting(name):
    """Of the filter's server; who is new here is taken for one that quotes nothing."""
    return QUOTING.get(name, raw)


def rsyslog(text):
    """$EscapeControlCharactersOnReceive, which is on unless it is switched off."""
    return re.sub(rb"[\0-\x1f\x7f]", lambda m: b"#%03o" % m[0][0], text)

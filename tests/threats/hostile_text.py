"""P13, C10, C11, C12, C13: text of strangers in every output.

  hostile_text.py BIN
Calls whose names, numbers and Call-IDs are formulas, control sequences, ill-formed UTF-8, paths and markup go through both
programs. Every output must be valid UTF-8 without control characters, every CSV must be what Python's csv reads back, no
cell may begin a formula, and no file may appear but the fixed ones.
"""
import csv
import io
import json
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
import law  # noqa: E402

HOSTILE = [
    "=cmd|'/C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝cmd", "＋1", "－1", "＠x", '"', '""', "a,b", "a;b", "a|b", "a\\,b", "'", "'=1",
    "../../etc/x", "..\\..\\x", "/etc/passwd", "C:\\x", "a\0b", "%s%n%x", "$(reboot)", "`id`", "${jndi:ldap://x}", "<script>alert(1)</script>", "</script>", "&lt;",
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x7f", "\x80", "a\u202eb", "\u2066x\u2069", "\ufeff", "\ufffe", "\u2028", "line\x0bfeed", "x" * 4096, "é" * 3000, "日本", "\U0001f600",
]
RAW = [b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x9b31m", b"a\xc3("]


def hostile():
    return [s.encode("utf-8", "surrogatepass") for s in HOSTILE] + RAW


def packet(payload, ident):
    udp = struct.pack(">HHHH", 5060, 5060, 8 + len(payload), 0) + payload
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), ident & 0xFFFF, 0, 64, 17, 0, bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])) + udp


def capture(path):
    texts = hostile()
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for i, text in enumerate(texts):
            clean = text.replace(b"\r", b" ").replace(b"\n", b" ")
            for line, cseq in ((b"INVITE sip:" + clean[:200].replace(b" ", b"_") + b"@h SIP/2.0", b"1 INVITE"), (b"SIP/2.0 486 " + clean, b"1 INVITE")):
                message = (line + b"\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK" + clean[:100] + b"\r\nFrom: \"" + clean + b"\" <sip:" + clean + b"@h>;tag=" + clean[:50] +
                           b"\r\nTo: <sip:b@h>;tag=x\r\nCall-ID: " + clean + b"\r\nCSeq: " + cseq + b"\r\nUser-Agent: " + clean +
                           b"\r\nReason: Q.850;cause=17;text=\"" + clean + b"\"\r\nP-Asserted-Identity: " + clean + b"\r\nContent-Length: 0\r\n\r\n")
                octets = packet(message, i)
                f.write(struct.pack("<IIII", 1700000000 + i, 0, len(octets), len(octets)) + octets)
    return len(texts)


def expect(condition, what, problems):
    if not condition:
        problems.append(what)


def check_text(name, octets, problems):
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as e:
        return problems.append(f"{name}: {e}")
    bad = sorted({hex(ord(c)) for c in text if (ord(c) < 32 and c not in "\r\n\t") or 0x7F <= ord(c) <= 0x9F})
    expect(not bad, f"{name}: control characters {bad}", problems)
    expect("\t" not in text or name.startswith("log"), f"{name}: a tab", problems)


def check_csv(name, text, problems):
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    expect(len({len(r) for r in rows}) == 1, f"{name}: rows of different widths", problems)
    for row in rows[1:]:
        for cell in row:
            if cell[:1] in "=+-@＝＋－＠\t\r" and cell and not re.fullmatch(r"-?[0-9.]+(e-?[0-9]+)?", cell):
                problems.append(f"{name}: a formula {cell[:40]!r}")
    again = io.StringIO(newline="")
    csv.writer(again, lineterminator="\r\n" if "\r\n" in text else "\n").writerows(rows)
    expect(list(csv.reader(io.StringIO(again.getvalue(), newline=""))) == rows, f"{name}: does not come back", problems)
    return rows


def main():
    bin_dir = Path(sys.argv[1]).resolve()
    problems = []
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        calls = capture(work / "hostile.pcap")
        out = work / "out"
        out.mkdir()
        log = open(work / "collector.log", "wb")
        collector = subprocess.Popen([bin_dir / "voipcollector", "-l", "udp://127.0.0.1:0", "-o", out / "csv", "--sink", f"jsonl:{out}/json", "--explain-column", "on", "-v", "-v",
                                      "--stats=json"], stderr=log, stdout=subprocess.PIPE, text=True)
        for _ in range(100):
            found = re.search(rb":(\d+)\n", (work / "collector.log").read_bytes())
            if found:
                break
            time.sleep(0.1)
        probe = subprocess.run([bin_dir / "voipprobe", "-i", work / "hostile.pcap", "-n", f"127.0.0.1:{int(found.group(1))}", "-T", "voip-full", "-P", out / "dump",
                                "--dump-format", "csv", "-v", "-v", "-n", f"file:{out}/records.ipfix", "-i", work / "no\x1b[31m\nsuch"], capture_output=True)
        expect(probe.returncode == 2, f"exit {probe.returncode}", problems)  # the missing file is named, without its control characters
        check_text("log of a refused name", probe.stderr, problems)
        probe = subprocess.run([bin_dir / "voipprobe", "-i", work / "hostile.pcap", "-n", f"127.0.0.1:{int(found.group(1))}", "-T", "voip-full", "-P", out / "dump",
                                "--dump-format", "csv", "-v", "-v", "-n", f"file:{out}/records.ipfix", "--stats=json"], capture_output=True)
        expect(probe.returncode == 0, probe.stderr.decode(errors="replace"), problems)
        time.sleep(1)
        collector.send_signal(signal.SIGTERM)
        received = collector.communicate(timeout=20)[0]
        law.whole(json.loads(probe.stdout), json.loads(received), out / "csv", work / "hostile.pcap", destinations=2)
        check_text("statistics of the probe", probe.stdout, problems)
        check_text("statistics of the collector", received.encode(), problems)
        check_text("log of the probe", probe.stderr, problems)
        check_text("log of the collector", (work / "collector.log").read_bytes(), problems)
        shown = subprocess.run([bin_dir / "flowdump", out / "records.ipfix"], capture_output=True)
        check_text("log of flowdump", shown.stdout, problems)
        names = sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file())
        for name in names:
            expect(re.fullmatch(r"records\.ipfix|(csv|json)/[a-z-]+(-\d+)?\.(csv|jsonl)|dump/\d{4}/\d\d/\d\d/\d\d_\d\d-[a-z-]+\.csv", name), f"a file {name!r}", problems)
            octets = (out / name).read_bytes()
            if name.endswith(".ipfix"):
                continue
            check_text(name, octets, problems)
            if name.startswith("csv/"):
                rows = check_csv(name, octets.decode("utf-8"), problems)
                if name == "csv/calls.csv":
                    expect(len(rows) - 1 >= calls - 6, f"{len(rows) - 1} of {calls} calls", problems)  # some Call-IDs are blank
            elif name.endswith(".jsonl"):
                for line in octets.decode("utf-8").split("\n")[:-1]:
                    json.loads(line)
                expect(b"<script" not in octets and b"</" not in octets, f"{name}: markup", problems)  # safe inside a page
        expect(sorted(p.name for p in work.iterdir()) == ["collector.log", "hostile.pcap", "out"], "files elsewhere", problems)
    print(f"{calls} hostile calls, {len(names)} files, {len(problems)} problems", *problems[:20], sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

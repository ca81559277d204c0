#!/usr/bin/env python3
"""RTCP XR and SDES through both programs, as typed: every RTCP packet of a generated capture gets blocks about the stream that
it reports on, and the answers' SDP says what their score is. The reported_* cells hold what was written into the blocks, every
other cell is the same as without them, and the names of SDES are there when the template asks for them, by --privacy not as sent.

  extended_reports.py BIN_FOLDER
"""
import csv
import os
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "interop"))
import law  # noqa: E402

BIN = sys.argv[1]
HEAD = 14 + 20 + 8
failures = []


def check(ok, text):
    if not ok:
        failures.append(text)


def read_pcap(path):
    with open(path, "rb") as f:
        head = f.read(24)
        while len(record := f.read(16)) == 16:
            yield head, record, f.read(struct.unpack("<IIII", record)[2])


def with_payload(frame, payload):
    """The same Ethernet, IPv4 and UDP headers around other octets; no UDP checksum."""
    ip, udp = bytearray(frame[14:34]), bytearray(frame[34:42])
    struct.pack_into(">H", ip, 2, 28 + len(payload))
    struct.pack_into(">H", ip, 10, 0)
    total = sum(struct.unpack(">10H", ip))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    struct.pack_into(">H", ip, 10, total ^ 0xFFFF)
    struct.pack_into(">HH", udp, 4, 8 + len(payload), 0)
    return frame[:14] + bytes(ip) + bytes(udp) + payload


def words(*values):
    return struct.pack(f">{len(values)}I", *values)


def blocks(about, n):
    """The n-th report: RFC 6776, 7002, 6958, 6843, 7266; 1000 numbers each time."""
    return (words(0x18E00002, about, 20 + n) + words(0x18D00002, about, 5)            # 24: late, early, of the whole stream
            + words(0x14C00005, about, 0x10000064, 8 << 8, 32 << 16 | 2 << 4, 5000)   # 20: 8 of 32 packets in 2 bursts
            + words(0x10C00006, about, 0x4000, 0x3000, 0x5000, 0, 0x10000000)         # 16: 250 ms, end 62.5 ms
            + words(0x1DC00002, about, 1 << 23 | 0 << 16 | 2048 + n)                  # 29: CAID 1, payload type 0, 4.0 and a bit
            + words(0x0E000007, about, 1000, 1500, 1999, 65536, 2, 0))                # 14


def prepare(source, path):
    """Adds blocks and SDP; returns how many reports there were about each SSRC, and the last cumulative loss."""
    reports, lost = {}, {}
    with open(path, "wb") as out:
        for i, (head, record, frame) in enumerate(read_pcap(source)):
            if i == 0:
                out.write(head)
            payload = frame[HEAD:]
            if frame[23] == 17 and b"m=audio" in payload and b"\r\n\r\n" in payload:
                header, body = payload.split(b"\r\n\r\n", 1)
                body = re.sub(rb"(m=audio [^\r]*\r\n)", rb"\1a=rtcp-xr:mos-metric=calg:1=P564\r\n", body)
                header = re.sub(rb"(Content-Length: *)\d+", rb"\g<1>%d" % len(body), header)
                frame = with_payload(frame, header + b"\r\n\r\n" + body)
            elif frame[23] == 17 and len(payload) > 8 and payload[1] in (200, 201) and payload[0] & 0x1F == 1:
                at = 8 if payload[1] == 201 else 28
                sender, about = payload[4:8], struct.unpack(">I", payload[at:at + 4])[0]
                lost[about] = int.from_bytes(payload[at + 5:at + 8], "big", signed=True)
                reports[about] = reports.get(about, 0) + 1
                xr = blocks(about, reports[about])
                tool = sender + b"\x06\x07=phone1\x00\x00\x00"
                frame = with_payload(frame, payload + struct.pack(">BBH", 0x80, 207, len(xr) // 4 + 1) + sender + xr
                                     + struct.pack(">BBH", 0x81, 202, len(tool) // 4) + tool)
            seconds, fraction = struct.unpack("<II", record[:8])
            out.write(struct.pack("<IIII", seconds, fraction, len(frame), len(frame)) + frame)
    return reports, lost


def rows(path):
    with open(path, newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def near(row, column, value, within):
    check(row[column] != "" and abs(float(row[column]) - value) <= within, f"{column} is {row[column]!r}, not {value}")


def main():
    with tempfile.TemporaryDirectory() as work:
        plain, full = f"{work}/plain.pcap", f"{work}/full.pcap"
        subprocess.run([f"{BIN}/pcapgen", "-o", plain, "-q", "--calls", "3", "--duration", "16", "--rtcp", "--loss", "0.03", "--jitter", "6", "--seed", "5"], check=True)
        reports, lost = prepare(plain, full)
        check(len(reports) == 6 and min(reports.values()) >= 2, f"reports about {reports}")
        template = f"{work}/names.tmpl"
        with open(os.path.join(HERE, "..", "..", "templates", "voip-full.tmpl"), encoding="utf-8") as f:
            text = f.read()
        with open(template, "w", encoding="utf-8") as f:
            f.write(text.replace("%STREAM_LOST_IN_SPEECH", "%STREAM_LOST_IN_SPEECH %STREAM_CNAME %STREAM_TOOL"))
        law.through_file(BIN, plain, f"{work}/plain", "-T", f"@{template}")
        law.through_file(BIN, full, f"{work}/full", "-T", f"@{template}")
        before, after = rows(f"{work}/plain/streams.csv"), rows(f"{work}/full/streams.csv")
        details = {d["record_id"]: d for d in rows(f"{work}/full/stream-details.csv")}
        check(len(after) == 6 and len(details) == 6, f"{len(after)} streams, {len(details)} details")
        for old, new in zip(before, after):
            for column in old:
                check(old[column] == new[column] or column == "reported_mos_lq", f"XR changed {column}: {old[column]!r} to {new[column]!r}")
            check(old["reported_mos_lq"] == "", f"a score that nobody reported: {old['reported_mos_lq']}")
            ssrc = int(new["ssrc"], 0)
            near(new, "reported_mos_lq", (2048 + reports[ssrc]) / 512, 0.005)
            d = details[new["record_id"]]
            check(d["reported_by"] == "rtcp;xr", f"reported_by is {d['reported_by']}")
            near(d, "reported_discard_pct", (25 + reports[ssrc]) / 10, 1e-3)
            near(d, "reported_burst_density", 0.25, 1e-6)
            if lost[ssrc] >= 8:
                near(d, "reported_gap_density", (lost[ssrc] - 8) / 968, 1e-6)
            else:
                check(d["reported_gap_density"] == "", "a density of fewer losses than lay within bursts")
            near(d, "reported_rtt_ms", 250, 1e-3)
            near(d, "reported_end_delay_ms", 62.5, 1e-3)
            check(d["cname"].lstrip("'").endswith("@pcapgen"), f"cname is {d['cname']!r}")
            check(d["tool"] == "'=phone1", f"tool is {d['tool']!r}")
        check(any(lost[int(r["ssrc"], 0)] >= 8 for r in after), "no stream with losses enough for a gap density")
        for r in rows(f"{work}/plain/stream-details.csv"):
            check(r["reported_discard_pct"] == "" and r["tool"] == "" and r["cname"] != "", f"without XR: {r}")
        key = f"{work}/key"
        with open(os.open(key, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as f:
            f.write(bytes(range(32)))
        for mode, looks, more in (("hash", r"[0-9a-f]{32}", ["--privacy-key", key]), ("drop", "", [])):
            law.through_file(BIN, full, f"{work}/{mode}", "-T", f"@{template}", "--privacy", mode, *more)
            names = [d["cname"] for d in rows(f"{work}/{mode}/stream-details.csv")]
            check(len(names) == 6 and all(re.fullmatch(looks, n) for n in names), f"--privacy {mode}: {names}")
    for f in failures[:30]:
        print(f)
    print("FAILED" if failures else "ok")
    sys.exit(1 if failures else 0)


main()

#!/usr/bin/env python3
"""The confusion matrix of verdicts, from packets: for each verdict 24 generated calls are spoilt in the capture itself
(packets taken out, held back, the codec renamed), one side of each call, and read by voipprobe and voipcollector.

  verdicts.py BIN_FOLDER

Every call must get its verdict, and the evidence must name the side whose media was spoilt: a swap of caller and callee
anywhere between the packets and the row fails here.
"""
import csv
import os
import random
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import datetime

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
import law  # noqa: E402

CALLS = 24
SECOND = 1_000_000


def microseconds(text):
    whole, _, fraction = text.rstrip("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole + "+00:00").timestamp())
    return seconds * SECOND + int(fraction or 0)


def read_capture(path):
    """Packets as [time in us, octets]: pcap, microseconds, Ethernet, as pcapgen writes it."""
    data = open(path, "rb").read()
    packets, at = [], 24
    while at < len(data):
        seconds, us, kept, _ = struct.unpack_from("<IIII", data, at)
        packets.append([seconds * SECOND + us, data[at + 16:at + 16 + kept]])
        at += 16 + kept
    return data[:24], packets


def write_capture(path, header, packets):
    with open(path, "wb") as f:
        f.write(header)
        for time, octets in sorted(packets, key=lambda p: p[0]):
            f.write(struct.pack("<IIII", time // SECOND, time % SECOND, len(octets), len(octets)) + octets)


def ssrc_of(octets):
    """The SSRC of an RTP packet over UDP and IPv4, else nothing (SIP has its own port)."""
    if octets[12:14] != b"\x08\x00" or octets[23] != 17:
        return None
    source, destination = struct.unpack_from(">HH", octets, 34)
    if 5060 in (source, destination) or octets[42] >> 6 != 2:
        return None
    return struct.unpack_from(">I", octets, 50)[0]


def table(path):
    with open(path, newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


class Spoiler:
    """What happens to the packets of the stream that the bad side hears. keep() gives the packet's new time, or nothing."""

    def __init__(self, dice, call, stream):
        self.dice, self.call, self.stream = dice, call, stream
        self.ok, self.bye = (microseconds(call[c]) if call[c] else 0 for c in ("ok_time", "bye_time"))
        self.depth = dice.uniform(0, 1)
        self.burst = 0
        self.last = 0

    def late_media(self, time):
        return time if time > self.ok + 2_100_000 + int(self.depth * 2 * SECOND) else None

    def early_stop(self, time):
        return time if time < self.bye - 5_100_000 - int(self.depth * 2 * SECOND) else None

    def loss(self, time):
        return time if self.dice.random() > 0.05 + 0.05 * self.depth else None

    def burst_loss(self, time):
        if self.burst == 0 and self.dice.random() < 0.005 + 0.005 * self.depth:
            self.burst = 8
        if self.burst > 0:
            self.burst -= 1
            return None
        return time

    def jitter(self, time):
        self.last = max(self.last, time + self.dice.randrange(0, 150_000 + int(150_000 * self.depth)))
        return self.last


def spoil(folder, name, dice, keep_of):
    """Writes bad.pcap; gives {call id: side that suffers}."""
    calls = {c["call_id"]: c for c in table(f"{folder}/{name}.calls.csv")}
    chosen, spoilers = {}, {}
    for stream in table(f"{folder}/{name}.streams.csv"):
        side = chosen.setdefault(stream["call_id"], dice.choice(["caller", "callee"]))
        if stream["side"] == side:
            spoilers[int(stream["ssrc"], 16)] = Spoiler(dice, calls[stream["call_id"]], stream)
    header, packets = read_capture(f"{folder}/{name}.pcap")
    out = []
    for time, octets in packets:
        spoiler = spoilers.get(ssrc_of(octets))
        if spoiler is not None:
            time = getattr(spoiler, keep_of)(time)
        if time is not None:
            out.append((time, octets))
    write_capture(f"{folder}/bad.pcap", header, out)
    return chosen


def failed_verdict(call):
    """What pcapgen's ways to fail are called: by the code, and by whether it rang before the CANCEL."""
    return {"486": "busy", "603": "rejected", "480": "no_answer", "503": "failed", "404": "failed",
            "487": "no_answer" if call["ringing_time"] else "cancelled"}[call["response_code"]]


def main():
    bin_dir = sys.argv[1]
    matrix, problems = Counter(), []

    def measured(folder, capture):
        rows_of = f"{folder}/{os.path.basename(capture)}-{len(os.listdir(folder))}"
        law.through_file(bin_dir, capture, rows_of)
        return {r["call_id"]: r for r in table(f"{rows_of}/calls.csv")}

    def expect(call, row, verdict, side=None):
        if row is None:
            problems.append(f"{call}: no row where {verdict} was due")
            return
        matrix[verdict, row["verdict"]] += 1
        if row["verdict"] != verdict:
            problems.append(f"{call}: {row['verdict']} ({row['evidence']}) where {verdict} was due")
        elif side and not row["evidence"].startswith(side):
            problems.append(f"{call}: {verdict} with evidence {row['evidence']!r}, spoilt was the {side}'s hearing")

    def generated(folder, seed, *options):
        subprocess.run([f"{bin_dir}/pcapgen", "-q", "-o", f"{folder}/good.pcap", "--calls", str(CALLS), "--rate", "2", "--duration", "12",
                        "--seed", str(seed), *options], check=True)

    for seed, verdict in enumerate(["late_media", "early_stop", "loss", "burst_loss", "jitter"]):
        with tempfile.TemporaryDirectory() as folder:
            generated(folder, 100 + seed)
            sides = spoil(folder, "good", random.Random(seed), verdict)
            rows = measured(folder, f"{folder}/bad.pcap")
            for call, side in sides.items():
                expect(call, rows.get(call), verdict, side)

    with tempfile.TemporaryDirectory() as folder:  # one side, then both without a packet
        generated(folder, 200)
        header, packets = read_capture(f"{folder}/good.pcap")
        dice = random.Random(200)
        streams = table(f"{folder}/good.streams.csv")
        sides = {c["call_id"]: dice.choice(["caller", "callee"]) for c in table(f"{folder}/good.calls.csv")}
        silent = {int(s["ssrc"], 16) for s in streams if s["side"] == sides[s["call_id"]]}
        write_capture(f"{folder}/bad.pcap", header, [p for p in packets if ssrc_of(p[1]) not in silent])
        rows = measured(folder, f"{folder}/bad.pcap")
        for call, side in sides.items():
            expect(call, rows.get(call), "one_way", side)
        write_capture(f"{folder}/bad.pcap", header, [p for p in packets if ssrc_of(p[1]) is None])
        rows = measured(folder, f"{folder}/bad.pcap")
        for call in sides:
            expect(call, rows.get(call), "no_audio")

    with tempfile.TemporaryDirectory() as folder:  # Ie of G.726 at 16 kbit/s is 50 (ITU-T G.113)
        generated(folder, 300, "--codec", "G726-32")
        header, packets = read_capture(f"{folder}/good.pcap")
        write_capture(f"{folder}/bad.pcap", header, [(t, o.replace(b"G726-32/8000", b"G726-16/8000")) for t, o in packets])
        rows = measured(folder, f"{folder}/bad.pcap")
        for call in table(f"{folder}/good.calls.csv"):
            expect(call["call_id"], rows.get(call["call_id"]), "codec")

    with tempfile.TemporaryDirectory() as folder:  # calls that fail, each as pcapgen made it
        subprocess.run([f"{bin_dir}/pcapgen", "-q", "-o", f"{folder}/good.pcap", "--calls", "300", "--rate", "20", "--duration", "1", "--failed", "1",
                        "--seed", "400"], check=True)
        rows = measured(folder, f"{folder}/good.pcap")
        for call in table(f"{folder}/good.calls.csv"):
            expect(call["call_id"], rows.get(call["call_id"]), failed_verdict(call))

    with tempfile.TemporaryDirectory() as folder:
        generated(folder, 500, "--jitter", "8", "--loss", "0.003")
        rows = measured(folder, f"{folder}/good.pcap")
        for call in table(f"{folder}/good.calls.csv"):
            expect(call["call_id"], rows.get(call["call_id"]), "ok")

    meant = sorted({m for m, _ in matrix})
    for verdict in meant:
        print(f"{verdict:12}", " ".join(f"{got}:{n}" for (m, got), n in sorted(matrix.items()) if m == verdict))
        if sum(n for (m, _), n in matrix.items() if m == verdict) < 20:
            problems.append(f"{verdict}: fewer than 20 calls")
    if len(meant) != 14:
        problems.append(f"{len(meant)} of 14 verdicts were made")
    for p in problems[:40]:
        print("FAILED", p)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

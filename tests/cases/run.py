#!/usr/bin/env python3
"""Runs one end-to-end case: pcapgen -> voipprobe -> (IPFIX/UDP, NetFlow v9/UDP, IPFIX file) -> voipcollector -> CSV.

  run.py CASE_FOLDER BIN_FOLDER

CASE_FOLDER/case.conf: lines of `generate: ARGS` (pcapgen), `probe: ARGS`, `expect: NAME = VALUE` (row counts of
calls, streams, flows). The three ways must give byte-identical calls.csv and streams.csv; these must equal the
generator's truth: counts and times exactly, milliseconds within 0.001 (calls: 3 decimals) or 0.000002.
"""
import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
import law  # noqa: E402

# our column -> truth's column, tolerance (None: text equality)
CALLS = {
    "call_id": "call_id", "caller": "caller", "callee": "callee", "caller_ip": "caller_ip", "callee_ip": "callee_ip",
    "caller_port": "caller_port", "callee_port": "callee_port", "state": "state", "codecs": "codecs",
    "invite_time": "invite_time", "trying_time": "trying_time", "ringing_time": "ringing_time",
    "progress_time": "progress_time", "ok_time": "ok_time", "ack_time": "ack_time", "cancel_time": "cancel_time",
    "bye_time": "bye_time", "bye_ok_time": "bye_ok_time", "failure_time": "failure_time",
    "response_code": "response_code", "retransmissions": "retransmissions",
}
STREAM_TEXT = ["call_id", "side", "payload_type", "codec", "clock_rate", "packets", "octets", "expected", "lost",
               "duplicates", "reordered", "first_seq", "last_seq", "first_time", "last_time"]
STREAM_MS = ["max_gap_ms", "max_delta_ms", "jitter_last", "jitter_mean", "jitter_median", "jitter_max", "jitter_iqr",
             "jitter_std_dev"]
RTT_TOLERANCE = 1.0  # ms: DLSR and NTP fractions are rounded on the wire
JITTER_TOLERANCE = 0.000003  # ms: float32 of the exact series, and rounding to 6 decimals

failures = []


def fail(text):
    failures.append(text)


def rows(path):
    with open(path, newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def read_case(folder):
    case = {"generate": [], "probe": [], "expect": {}}
    with open(os.path.join(folder, "case.conf"), encoding="utf-8") as f:
        for line in f:
            line = line.split("#")[0].strip()
            if not line:
                continue
            key, value = (s.strip() for s in line.split(":", 1))
            if key == "expect":
                name, count = (s.strip() for s in value.split("="))
                case["expect"][name] = int(count)
            else:
                case[key] += shlex.split(value)
    return case


def collect_udp(bin_dir, capture, out, probe_args):
    collector = subprocess.Popen([f"{bin_dir}/voipcollector", "-l", "udp://127.0.0.1:0", "-o", out, "--stats=json"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = collector.stderr.readline()
        port = re.search(r":(\d+)\s*$", line)
        if not port:
            raise SystemExit(f"the collector did not say where it listens: {line!r}")
        stats = probe(bin_dir, capture, f"127.0.0.1:{port.group(1)}", probe_args)
    finally:
        collector.send_signal(signal.SIGTERM)
        output, errors = collector.communicate(timeout=30)
    if collector.returncode != 0:
        fail(f"voipcollector left with {collector.returncode}: {errors}")
    return stats, json.loads(output)


def probe(bin_dir, capture, destination, args):
    run = subprocess.run([f"{bin_dir}/voipprobe", "-i", capture, "-n", destination, "--stats=json", *args],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
    if run.returncode != 0:
        fail(f"voipprobe left with {run.returncode}: {run.stderr}")
    return json.loads(run.stdout)


def compare_calls(ours, truth):
    by_id = {r["call_id"]: r for r in ours}
    if len(by_id) != len(ours):
        fail("a Call-ID has more than one row")
    for t in truth:
        r = by_id.pop(t["call_id"], None)
        if r is None:
            fail(f"call {t['call_id']} is missing")
            continue
        for mine, theirs in CALLS.items():
            if theirs in t and r[mine] != t[theirs]:
                fail(f"call {t['call_id']}: {mine} is {r[mine]!r}, truth {t[theirs]!r}")
    for extra in by_id.values():
        if extra["state"] != "MEDIA_ONLY":
            fail(f"call {extra['call_id']} was invented")


def tolerance(column, truth):
    """Milliseconds. Beyond 4096 packets quartiles come from the histogram: 1.56 % of each (docs/metrics.md)."""
    exact = max(JITTER_TOLERANCE, 2e-7 * float(truth[column]))
    if int(truth["packets"]) > 4096 and column in ("jitter_median", "jitter_iqr"):
        return 0.0156 * 2 * float(truth["jitter_median"])
    return exact


def compare_streams(ours, truth):
    def key(r):
        return (r["src_ip"], r["src_port"], r["dst_ip"], r["dst_port"], int(r["ssrc"], 16))
    by_key = {}
    for r in ours:
        if key(r) in by_key:
            fail(f"stream {key(r)} has more than one row")
        by_key[key(r)] = r
    for t in truth:
        r = by_key.pop(key(t), None)
        if r is None:
            fail(f"stream {key(t)} is missing")
            continue
        for c in STREAM_TEXT:
            if r[c] != t[c]:
                fail(f"stream {key(t)}: {c} is {r[c]!r}, truth {t[c]!r}")
        for c in STREAM_MS:
            if (r[c] == "") != (t[c] == ""):
                fail(f"stream {key(t)}: {c} is {r[c]!r}, truth {t[c]!r}")
            elif r[c] and abs(float(r[c]) - float(t[c])) > tolerance(c, t):
                fail(f"stream {key(t)}: {c} is {r[c]}, truth {t[c]}")
        if t.get("rtt_ms"):
            if not r["rtt_ms"] or abs(float(r["rtt_ms"]) - float(t["rtt_ms"])) > RTT_TOLERANCE:
                fail(f"stream {key(t)}: rtt_ms is {r['rtt_ms']!r}, truth {t['rtt_ms']}")
            if r["mos_lq"] and not r["mos_cq"]:
                fail(f"stream {key(t)}: a round trip, but no mos_cq")
            reported = float(r["reported_loss_pct"] or -1)
            if reported < 0 or abs(reported - float(r["loss_pct"])) > 3:
                fail(f"stream {key(t)}: the receiver reported {r['reported_loss_pct']} % loss, measured {r['loss_pct']}")
    for k in by_key:
        fail(f"stream {k} was invented")


def check_intervals(folder, streams):
    """Intervals add up to their stream."""
    path = f"{folder}/intervals.csv"
    if not os.path.exists(path):
        return
    intervals = rows(path)
    for s in streams:
        own = [i for i in intervals if i["stream_record_id"] == s["record_id"]]
        for column in ("packets", "discard_adaptive"):
            total = sum(int(i[column] or 0) for i in own)
            if total != int(s[column] or 0):
                fail(f"stream {s['record_id']}: {column} {s[column]}, its {len(own)} intervals have {total}")


def compare_heard(calls, streams):
    """X_ figures are those of the stream that X hears."""
    for c in calls:
        for side in ("caller", "callee"):
            heard = [s for s in streams if s["call_id"] == c["call_id"] and s["side"] == side]
            if str(len(heard)) != c[f"{side}_streams"]:
                fail(f"call {c['call_id']}: {side}_streams is {c[f'{side}_streams']}, {len(heard)} rows")
            if len(heard) == 1:
                for column in ("packets", "lost", "duplicates", "jitter_mean", "codec", "mos_lq"):
                    if c[f"{side}_{column}"] != heard[0][column]:
                        fail(f"call {c['call_id']}: {side}_{column} is {c[f'{side}_{column}']}, its stream has {heard[0][column]}")


def main():
    folder, bin_dir = sys.argv[1], sys.argv[2]
    case = read_case(folder)
    with tempfile.TemporaryDirectory() as work:
        capture, truth = f"{work}/in.pcap", f"{work}/truth"
        subprocess.run([f"{bin_dir}/pcapgen", "-o", capture, "--truth", truth + ".csv", "-q", *case["generate"]], check=True)
        ways = {"ipfix": [], "v9": ["-V", "9"]}
        for way, args in ways.items():
            stats, received = collect_udp(bin_dir, capture, f"{work}/{way}", [*args, *case["probe"]])
            law.whole(stats, received, f"{work}/{way}", capture)
            if stats["export"]["send_errors"]:
                fail(f"{way}: {stats['export']}")
        law.through_file(bin_dir, capture, f"{work}/file", *case["probe"])
        for name in ("calls.csv", "streams.csv"):
            contents = {way: open(f"{work}/{way}/{name}", "rb").read() for way in ("ipfix", "v9", "file")}
            for way in ("v9", "file"):
                if contents[way] != contents["ipfix"]:
                    fail(f"{name} differs between ipfix and {way}")
        calls, streams = rows(f"{work}/ipfix/calls.csv"), rows(f"{work}/ipfix/streams.csv")
        compare_calls(calls, rows(truth + ".calls.csv"))
        compare_streams(streams, rows(truth + ".streams.csv"))
        compare_heard(calls, streams)
        check_intervals(f"{work}/ipfix", streams)
        for name, count in case["expect"].items():
            found = len(rows(f"{work}/ipfix/{name}.csv"))
            if found != count:
                fail(f"{name}.csv has {found} rows, expected {count}")
    for f in failures[:40]:
        print(f)
    print(f"{os.path.basename(folder.rstrip('/'))}: {'FAILED' if failures else 'ok'}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""voipcollector --explain, --explain-column, --rescore and voipprobe -T voip-full with --dtmf on, as typed.

  explain_rescore.py BIN_FOLDER
"""
import csv
import io
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
import law  # noqa: E402

BIN = sys.argv[1]
failures = []


def check(ok, text):
    if not ok:
        failures.append(text)


def run(*command, code=0):
    done = subprocess.run([f"{BIN}/{command[0]}", *command[1:]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    check(done.returncode == code, f"{' '.join(command)} left with {done.returncode}: {done.stderr}")
    return done


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def read(path):
    with open(path, newline="", encoding="utf-8") as f:
        return f.read()


def main():
    with tempfile.TemporaryDirectory() as work:
        run("pcapgen", "-o", f"{work}/in.pcap", "-q", "--calls", "2", "--gilbert", "0.05,0.4", "--jitter", "25", "--rtcp", "--seed", "7")
        law.through_file(BIN, f"{work}/in.pcap", work, "-T", "voip-full", "--dtmf", "on", via=f"{work}/x.ipfix")
        calls, streams_text = rows(read(f"{work}/calls.csv")), read(f"{work}/streams.csv")
        streams = rows(streams_text)
        check("explain" not in calls[0], "calls.csv has a column explain that nobody asked for")

        # --explain CALL-ID: a sentence per direction that names the score of the row, then the verdict
        said = run("voipcollector", "-r", f"{work}/x.ipfix", "-o", f"{work}/2", "-q", "--explain", calls[0]["call_id"]).stdout
        lines = said.splitlines()
        check(len(lines) == 3, f"--explain printed {len(lines)} lines: {said}")
        for side, line in zip(("caller", "callee"), lines):
            check(line.startswith(f"what the {side} hears: MOS {calls[0][side + '_mos_lq']} NB ("), f"--explain said: {line}")
            check("packet loss" in line and line.endswith("."), f"--explain gives no reason: {line}")
        check(lines[-1].startswith(f"verdict: {calls[0]['verdict']}"), f"--explain ends with: {lines[-1]}")
        said = run("voipcollector", "-r", f"{work}/x.ipfix", "-o", f"{work}/3", "-q", "--explain", "nobody@nowhere").stdout
        check(said == "no call nobody@nowhere was written\n", f"--explain of an unknown call said: {said}")

        # --explain-column on: the last column
        run("voipcollector", "-r", f"{work}/x.ipfix", "-o", f"{work}/4", "-q", "--explain-column", "on")
        explained = rows(read(f"{work}/4/calls.csv"))
        check(list(explained[0])[-1] == "explain", "the last column is not explain")
        for row in explained:
            check(f"The callee hears: MOS {row['callee_mos_lq']} NB" in row["explain"], f"explain is: {row['explain']}")

        # --rescore without --what-if gives the file back
        again = run("voipcollector", "--rescore", f"{work}/streams.csv").stdout
        for old, new in zip(streams, rows(again)):
            for column, value in old.items():
                near = column in ("r_factor", "mos_lq", "mos_cq", "mos_common") and value and abs(float(value) - float(new[column])) < 0.015
                check(value == new[column] or near, f"--rescore changed {column}: {value!r} to {new[column]!r}")
        worse = rows(run("voipcollector", "--rescore", f"{work}/streams.csv", "--what-if", "jb=60,plc=off").stdout)
        for old, new in zip(streams, worse):
            if old["codec"] in ("PCMU", "PCMA"):
                check(float(new["mos_lq"]) < float(old["mos_lq"]) and new["mos_basis"] == "standard no-plc", f"jb=60,plc=off gives {new['mos_lq']} for {old['mos_lq']}")
        run("voipcollector", "--rescore", f"{work}/streams.csv", "--what-if", "jb=61", code=2)
        run("voipcollector", "--what-if", "jb=60", code=2)
        run("voipcollector", "--rescore", f"{work}/calls.csv", code=3)
        run("voipcollector", "--rescore", f"{work}/absent.csv", code=1)

        # voip-full: one detail row for every stream
        details = rows(read(f"{work}/stream-details.csv"))
        check(sorted(d["record_id"] for d in details) == sorted(s["record_id"] for s in streams), "stream-details.csv has other streams")
        for d in details:
            check(d["delay_p95"] and float(d["delay_median"]) <= float(d["delay_p95"]) <= float(d["delay_max"]) * 1.02, f"relative delay: {d}")
            check(d["reported_by"] == "rtcp", f"reported_by is {d['reported_by']!r}")
        check(os.path.exists(f"{work}/intervals.csv") and os.path.exists(f"{work}/messages.csv"), "voip-full without intervals or messages")
    for f in failures[:30]:
        print(f)
    print("FAILED" if failures else "ok")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

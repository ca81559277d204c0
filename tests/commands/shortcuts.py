#!/usr/bin/env python3
"""A packet is measured the same whichever way it takes: most find the place where they wait by what is on the wire, but
with --flow-key vlan every packet is looked up by its flow first.

  shortcuts.py BIN
Generated captures without VLANs, where the flow key changes nothing.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

from workers import records

CALLS = {
    "plain": ["--calls", "200", "--concurrent", "60", "--duration", "25"],
    "impaired": ["--calls", "120", "--concurrent", "60", "--duration", "40", "--loss", "0.02", "--jitter", "30", "--jitter-reorders",
                 "--duplicate", "0.02", "--rtcp", "--hold", "--telephone-event", "--early-media"],
    "unsignalled": ["--calls", "60", "--concurrent", "30", "--duration", "30", "--no-sip", "--rtcp"],
    "many": ["--calls", "9000", "--concurrent", "9000", "--duration", "2"],  # more streams than the first index has places
    "mixed": ["--calls", "60", "--concurrent", "30", "--duration", "20", "--background", "3000", "--background-share", "0.5"],
    "ipv6": ["--calls", "60", "--concurrent", "30", "--duration", "20", "--ipv6", "--loss", "0.01"],
    "modes": ["--calls", "60", "--concurrent", "30", "--duration", "25", "--codec", "AMR,AMR-WB,EVS,opus", "--jitter", "10", "--rtcp"],
    "cut": ["--calls", "60", "--concurrent", "30", "--duration", "20", "--snaplen", "60", "--duplicate", "0.05"],
}


def main():
    bin_dir = Path(sys.argv[1])
    failures, total = 0, 0
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        for name, options in CALLS.items():
            capture = work / f"{name}.pcap"
            subprocess.run([bin_dir / "pcapgen", "-o", capture, "--truth", "off", "-q", *options], check=True, timeout=120)
            expected = records(bin_dir / "voipprobe", capture, 1, work / "wire")
            got = records(bin_dir / "voipprobe", capture, 1, work / "flow", "--flow-key", "vlan")
            total += len(expected[2])
            if got != expected:
                failures += 1
                print(f"{name}: {len(got[2])} records by flow, {len(expected[2])} by what is on the wire")
                print(*list(set(got[2]) ^ set(expected[2]))[:2], sep="\n")
    print(f"{total} records each way, {failures} of {len(CALLS)} captures differ")
    return 1 if failures or total < 10_000 else 0


if __name__ == "__main__":
    sys.exit(main())

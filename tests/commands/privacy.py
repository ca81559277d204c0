"""--privacy: nothing that names a person is in any output; the same number has the same token in all of them.

  privacy.py BIN
"""
import csv
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
import law  # noqa: E402


def originals(truth):
    """What must not be seen: user parts, Call-IDs."""
    words = set()
    with open(truth) as f:
        for row in csv.DictReader(f):
            words.add(row["call_id"])
            for party in (row["caller"], row["callee"]):
                user = re.search(r"(?:sips?:|tel:)?([^@;>]+)", party).group(1)
                words.add(user)
    return {w for w in words if len(w) > 3}


def run(bin_dir, work, capture, mode, extra):
    """All octets that come out of both programs."""
    out = work / mode
    out.mkdir()
    collector = subprocess.Popen([bin_dir / "voipcollector", "-l", "tcp://127.0.0.1:0", "-o", out / "csv", "--idle-exit", "2", "-v", "--stats=json",
                                  "--sink", f"jsonl:{out}/json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    port = None
    for line in collector.stderr:
        found = re.search(r"127\.0\.0\.1:(\d+)", line)
        if found:
            port = int(found.group(1))
            break
    probe = subprocess.run([bin_dir / "voipprobe", "-i", capture, "-n", f"tcp://127.0.0.1:{port}", "-n", f"file:{out}/records.ipfix",
                            "-P", out / "dump", "--dump-format", "json", "-T", "voip-full", "--dtmf", "on", "-v", "-v", "--stats=json", *extra],
                           capture_output=True, timeout=120)
    assert probe.returncode == 0, probe.stderr.decode()
    said, log = collector.communicate(timeout=60)
    law.whole(json.loads(probe.stdout), json.loads(said), out / "csv", capture, destinations=2)
    octets = {"probe": probe.stdout + probe.stderr, "collector": said.encode() + log.encode()}
    for file in out.rglob("*"):
        if file.is_file():
            octets[str(file.relative_to(out))] = file.read_bytes()
    return out, octets


def main():
    bin_dir = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        capture = work / "calls.pcap"
        subprocess.run([bin_dir / "pcapgen", "-o", capture, "-q", "--calls", "12", "--rate", "2", "--duration", "6", "--telephone-event",
                        "--proxy", "--register", "3",
                        "--rtt", "7.3"], check=True)  # no figure may look like a number of a party: 1 ms is 1000000 ns
        words = originals(next(work.glob("*.calls.csv")))
        assert len(words) >= 24, words
        key = work / "key"
        key.write_bytes(bytes(range(32)))
        key.chmod(0o600)
        _, plain = run(bin_dir, work, capture, "off", [])
        unseen = [w for w in words if not any(w.encode() in o for o in plain.values())]
        assert not unseen, f"the test looks for what is never there: {unseen}"
        for mode in ("hash", "drop"):
            out, octets = run(bin_dir, work, capture, mode, ["--privacy", mode] + (["--privacy-key", key] if mode == "hash" else []))
            leaks = [(w, name) for w in words for name, o in octets.items() if w.encode() in o]
            assert not leaks, f"--privacy {mode}: {leaks[:5]}"
            with open(out / "csv" / "calls.csv") as f:
                rows = list(csv.DictReader(f))
            assert len(rows) >= 12, len(rows)
            assert all(r["caller_packets"] for r in rows), "the streams no longer find their call"
            callers = {r["caller"] for r in rows}
            if mode == "hash":
                assert all(re.fullmatch(r"(sip:[0-9a-f]{20}@.*|tel:[0-9a-f]{20})", c) for c in callers), callers
                assert all(re.fullmatch(r"[0-9a-f]{32}", r["call_id"]) for r in rows)
                with open(out / "csv" / "streams.csv") as f:
                    streams = {r["call_id"] for r in csv.DictReader(f)}
                assert streams <= {r["call_id"] for r in rows}
            else:
                assert callers == {""}, callers
        print(f"{len(words)} names and Call-IDs, none of them in {len(octets)} outputs")


if __name__ == "__main__":
    main()

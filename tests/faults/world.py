"""What the faults are tried on: a capture fed slowly to the probe, a collector that may die, and the rows it left."""
import glob
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
import law  # noqa: E402
from exchange import *  # noqa: F401,F403,E402
from exchange import Collector, check, generate, rows  # noqa: E402

CALLS = ["--calls", "200", "--duration", "1", "--rate", "40"]
SOON = ["-d", "2", "-t", "4"]  # records long before the end of the capture
TABLES = ("calls", "streams", "flows")
TRACED = ["strace", "-f", "-E", "ASAN_OPTIONS=detect_leaks=0"]  # LeakSanitizer traces by itself, which two cannot


class World:
    def __init__(self, bin_dir, work, rounds=10):
        self.bin, self.work, self.rounds = str(bin_dir), str(work), rounds
        self._capture = None

    def path(self, name):
        return f"{self.work}/{name}"

    @property
    def capture(self):
        if self._capture is None:
            self._capture = generate(self.bin, self.path("in.pcap"), *CALLS)
        return self._capture

    def undisturbed(self, capture=None):
        """The rows of a run in which nothing happens."""
        folder = self.path("reference")
        if not os.path.isdir(folder):
            law.through_file(self.bin, capture or self.capture, folder, *SOON, via=self.path("x.ipfix"))
        return folder

    def sender(self, destination, *args, prefix=()):
        return subprocess.Popen([*prefix, f"{self.bin}/voipprobe", "-i", "-", "-n", destination, "--stats=json", *SOON, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def feed(self, sender, parts=20, pause=0.05, each=None, data=None):
        data = data or open(self.capture, "rb").read()
        for part in range(parts):
            sender.stdin.write(data[len(data) * part // parts: len(data) * (part + 1) // parts])
            sender.stdin.flush()
            time.sleep(pause)
            if each:
                each(part)

    def finished(self, sender, seconds=60):
        output, errors = sender.communicate(timeout=seconds)
        check(sender.returncode == 0, f"voipprobe left with {sender.returncode}: {errors.decode()}")
        stats = json.loads(output)
        law.of_packets(stats)
        law.of_records_made(stats, stats["export"]["records_lost"] + stats["export"]["records_dropped"])
        return stats["export"]


def content(folder, name):
    return sorted(tuple(sorted(r.items())) for r in rows(f"{folder}/{name}.csv", f"{folder}/{name}-*.csv", f"{folder}/{name}.csv.part"))


def whole_lines(folder):
    """Every line of every CSV has the columns of its header."""
    import csv
    for path in glob.glob(f"{folder}/*.csv*"):
        octets = open(path, "rb").read()
        check(not octets or octets.endswith(b"\n"), f"{path}: the last line is torn")
        with open(path, newline="", encoding="utf-8") as f:
            widths = {len(r) for r in csv.reader(f, strict=True)}
        check(len(widths) <= 1, f"{path}: lines of {sorted(widths)} cells")


def same_as_undisturbed(world, folder, tables=TABLES):
    reference = world.undisturbed()
    whole_lines(folder)
    counted = []
    for name in tables:
        got, want = content(folder, name), content(reference, name)
        check(len(want) > 50, f"only {len(want)} {name}")
        check(got == want, f"{name}: {len(got)} rows, {len(want)} undisturbed; missing {len(set(want) - set(got))}, extra {len(set(got) - set(want))}, twice {len(got) - len(set(got))}")
        counted.append(f"{len(got)} {name}")
    return ", ".join(counted)


def conserved(exported, stats, more_lost=0):
    """Every record that the probe made was received, or is in a loss counter."""
    law.of_records_received(stats)
    made = exported["records_submitted"] + exported["options_records"]
    got = stats["records"]["received"]
    lost = exported["records_dropped"] + exported["records_lost"] + more_lost
    check(made == got + lost, f"{made} records made, {got} received, {lost} counted as lost")
    return f"{made} records = {got} received + {lost} lost"


def end_descendants():
    """What a failed fault left running would hold the test's output open, and the test with it."""
    parents = {}
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            text = open(stat).read()
        except OSError:
            continue  # ended meanwhile
        parents.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(int(text.split()[0]))
    waiting, all_of_them = [os.getpid()], []
    while waiting:
        children = parents.get(waiting.pop(), [])
        all_of_them += children
        waiting += children
    for process in all_of_them:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass


def in_namespace(script, id_, bin_dir, *unshare):
    """Runs one fault again within new namespaces."""
    need("unshare", "ip")  # noqa: F405
    if os.geteuid() != 0:
        skip("needs root for a namespace of its own")  # noqa: F405
    run = subprocess.run(["unshare", *unshare, sys.executable, script, bin_dir, id_, "--inside"], capture_output=True, text=True, timeout=300)
    if "unshare failed" in run.stderr or "Operation not permitted" in run.stderr:
        skip("namespaces are not allowed here")  # noqa: F405
    check(run.returncode == 0, f"in the namespace: {run.stdout} {run.stderr}")
    return run.stdout.strip().splitlines()[-1]

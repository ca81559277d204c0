"""--workers N changes nothing: the records of every capture are the same for 1, 2, 3, 8 and 16 workers.

  workers.py BIN [--every]
Generated captures always, with every number; those under VOIPPROBE_CORPUS when it is set, each with one of the numbers in turn
(--every: with all of them; 1,500 processes, minutes of starting programs on a busy machine).
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
import law  # noqa: E402

WORKERS = (2, 3, 8, 16)


def records(binary, capture, workers, folder, *options):
    """Exit code, words on stderr, and every record of the run as a line of text, sorted. No record is missing from the files."""
    run = subprocess.run([binary, "-i", capture, "-n", "none", "-P", folder, "--dump-format", "csv", "-T", "voip-full", "-q", "--stats=json",
                          "--workers", str(workers), *options], capture_output=True, text=True, timeout=120)
    lines, headers = [], 0
    for file in folder.rglob("*"):
        if file.is_file():
            lines += file.read_bytes().splitlines()
            headers += 1
    if run.stdout:  # not of a file that cannot be opened
        stats = json.loads(run.stdout)
        law.of_packets(stats)
        law.of_records_made(stats)
        if len(lines) - headers != stats["export"]["records_submitted"]:
            raise law.NotConserved(f"{capture}: {len(lines) - headers} lines of {stats['export']['records_submitted']} records")
    shutil.rmtree(folder, ignore_errors=True)
    return run.returncode, run.stderr, sorted(lines)


def main():
    bin_dir = Path(sys.argv[1])
    failures, compared, total = 0, 0, 0
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as work:
        work = Path(work)
        generated = {
            "calls": ["--calls", "300", "--concurrent", "100", "--duration", "20", "--loss", "0.02", "--jitter", "8", "--rtcp"],
            "busy": ["--calls", "40", "--concurrent", "3", "--duration", "40", "--jitter", "30", "--rtcp"],
        }
        captures = []
        for name, options in generated.items():
            captures.append(work / f"{name}.pcap")
            subprocess.run([bin_dir / "pcapgen", "-o", captures[-1], "--truth", "off", "-q", *options], check=True, timeout=120)
        corpus = os.environ.get("VOIPPROBE_CORPUS")
        if corpus:
            captures += sorted(p for p in Path(corpus).rglob("*") if p.suffix in (".pcap", ".pcapng", ".cap"))
        else:
            print("VOIPPROBE_CORPUS is not set: generated captures only")
        def compare(number):
            """The records of one capture, and of the numbers of workers with which they were others."""
            capture, folder = captures[number], Path(tempfile.mkdtemp(dir=work))
            every = number < len(generated) or "--every" in sys.argv
            expected = records(bin_dir / "voipprobe", capture, 1, folder / "out")
            others = {n: records(bin_dir / "voipprobe", capture, n, folder / "out") for n in (WORKERS if every else [WORKERS[number % len(WORKERS)]])}
            return expected, others

        with ThreadPoolExecutor(2) as pool:
            for capture, (expected, others) in zip(captures, pool.map(compare, range(len(captures)))):
                total += len(expected[2])
                compared += len(others)
                for workers, got in others.items():
                    if got == expected:
                        continue
                    failures += 1
                    if failures <= 5:
                        print(f"{capture}: {workers} workers: exit {got[0]} (1 worker: {expected[0]}), {len(got[2])} records "
                              f"({len(expected[2])}), {got[1].strip()}")
                        print(*list(set(got[2]) ^ set(expected[2]))[:2], sep="\n")
    print(f"{len(captures)} captures, {total} records each time, {compared} comparisons, {failures} differ")
    return 1 if failures or total < 1000 else 0


if __name__ == "__main__":
    sys.exit(main())

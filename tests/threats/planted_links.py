#!/usr/bin/env python3
"""Who may write to the output folder plants links in it: nothing outside is touched, and each program says so (C12).

  planted_links.py BIN_FOLDER

Once with openat2, and once with a kernel that has none (strace says ENOSYS), when strace is there.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
from exchange import check, generate, rows  # noqa: E402

SECRET = "as it was\n"


def planted(work, name, *links):
    """A folder with links to a file and a folder outside."""
    inside, outside = Path(work, name), Path(work, name + "-outside")
    inside.mkdir()
    (outside / "folder").mkdir(parents=True)
    (outside / "file").write_text(SECRET)
    for link, target in links:
        (inside / link).symlink_to(outside / target)
    return inside, outside


def untouched(outside, what):
    check((outside / "file").read_text() == SECRET, f"{what}: the file outside was written to")
    left = sorted(p.name for p in outside.iterdir()) + [p.name for p in (outside / "folder").iterdir()]
    check(left == ["file", "folder"], f"{what}: {left} outside")


def run(prefix, command, code, words=""):
    done = subprocess.run([*prefix, *map(str, command)], capture_output=True, text=True, timeout=120)
    check(done.returncode == code, f"{command}: left with {done.returncode}: {done.stderr}")
    check(words in done.stderr, f"{command}: said {done.stderr!r}, not {words!r}")


def attempt(bin_dir, work, capture, prefix):
    ipfix = f"{work}/good.ipfix"
    run(prefix, [f"{bin_dir}/voipprobe", "-i", capture, "-n", f"file:{ipfix}", "-q", "--sandbox", "off"], 0)
    probe, collector = [f"{bin_dir}/voipprobe", "-i", capture, "--sandbox", "off"], [f"{bin_dir}/voipcollector", "-r", ipfix, "-q", "--sandbox", "off"]

    inside, outside = planted(work, "csv", ("calls.csv.part", "file"))
    run(prefix, [*collector, "-o", inside], 1, "calls.csv.part")
    untouched(outside, "calls.csv.part")

    inside, outside = planted(work, "lazily", ("flows.csv.part", "new"))  # opened when the first flow comes
    subprocess.run([*prefix, *map(str, [*collector, "-o", inside])], capture_output=True, timeout=120)
    untouched(outside, "flows.csv.part")
    check(len(rows(f"{inside}/calls.csv")) == 2, "the calls are written all the same")

    inside, outside = planted(work, "final", ("calls.csv", "file"))  # replaced, not followed
    run(prefix, [*collector, "-o", inside], 0)
    untouched(outside, "calls.csv")
    check(not (inside / "calls.csv").is_symlink() and len(rows(f"{inside}/calls.csv")) == 2, "calls.csv is not the rows")

    inside, outside = planted(work, "state", ("templates.json.part", "file"))
    run(prefix, [*collector, "-o", f"{work}/out", "--state", inside], 1, "--state")
    untouched(outside, "templates.json.part")

    inside, outside = planted(work, "sink", ("x.ipfix.part", "file"))
    run(prefix, [*collector, "-o", f"{work}/out", "--sink", f"ipfix:file:{inside}/x.ipfix"], 1, "--sink")
    untouched(outside, "--sink")

    inside, outside = planted(work, "file", ("x.ipfix.part", "file"))
    run(prefix, [*probe, "-q", "-n", f"file:{inside}/x.ipfix"], 1, "x.ipfix")
    untouched(outside, "file:")

    year = "2023"  # of the generator's packets
    inside, outside = planted(work, "dump", (year, "folder"))
    run(prefix, [*probe, "-n", "none", "-P", inside], 0, "-P")
    untouched(outside, "-P, a year")

    run(prefix, [*probe, "-q", "-n", "none", "-P", f"{work}/plain"], 0)
    made = sorted(p.relative_to(f"{work}/plain") for p in Path(work, "plain").rglob("*") if p.is_file())
    check(made and str(made[0]).startswith(year), f"-P made {made}")
    inside, outside = planted(work, "temp")
    for path in made:
        (inside / path).parent.mkdir(parents=True, exist_ok=True)
        (inside / (str(path) + ".temp")).symlink_to(outside / "file")
    run(prefix, [*probe, "-n", "none", "-P", inside], 0, "-P")
    untouched(outside, "-P, a file")


def main():
    bin_dir = sys.argv[1]
    prefixes = {"openat2": []}
    if shutil.which("strace"):
        prefixes["no openat2"] = ["strace", "-f", "-E", "ASAN_OPTIONS=detect_leaks=0", "-o", "/dev/null", "-e", "trace=openat2", "-e", "inject=openat2:error=ENOSYS"]
    for name, prefix in prefixes.items():
        with tempfile.TemporaryDirectory() as work:
            capture = generate(bin_dir, f"{work}/in.pcap", "--calls", "2", "--duration", "1")
            attempt(bin_dir, work, capture, prefix)
        print(f"{name}: no link led outside")


if __name__ == "__main__":
    main()

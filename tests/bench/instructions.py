#!/usr/bin/env python3
"""How many instructions voipprobe spends on three fixed inputs, counted by valgrind and compared with instructions.tsv: time
on a shared machine says little, instructions say the same everywhere.

  instructions.py BIN_FOLDER COMPILER            fails when an input costs 5 % more than the file says
  instructions.py BIN_FOLDER COMPILER --update   writes the file anew
COMPILER is what the file's first line must name: another compiler counts other instructions (then: skipped, 77).
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "instructions.tsv")
INPUTS = {
    "calls": ["--calls", "2000", "--concurrent", "200", "--duration", "20", "--loss", "0.01", "--jitter", "5", "--rtcp", "--max-packets", "200000"],
    "mixed": ["--calls", "1000", "--concurrent", "40", "--duration", "20", "--rtcp", "--background", "10000", "--background-share", "0.9",
              "--max-packets", "200000"],
    "flood": ["--calls", "0", "--background-flood", "--background-packets", "100000"],
}
MOST = 1.05


def count(bin_dir, capture):
    run = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", f"{bin_dir}/voipprobe", "--sandbox", "off", "-q", "-i",
                          capture, "-n", "none"], capture_output=True, text=True, timeout=600)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found:
        sys.exit(f"instructions: {capture}: exit {run.returncode}\n{run.stderr[-2000:]}")
    return int(found.group(1))


def main():
    bin_dir, compiler = sys.argv[1:3]
    if not shutil.which("valgrind"):
        print("skipped: valgrind is not installed")
        return 77
    known = {}
    with open(FILE, encoding="utf-8") as f:
        first = f.readline().strip("# \n")
        for line in f:
            name, value = line.split("\t")
            known[name] = int(value)
    update = "--update" in sys.argv
    if first != compiler and not update:
        print(f"skipped: counted with {first}, this is {compiler}")
        return 77
    counted = {}
    with tempfile.TemporaryDirectory() as work:
        for name, options in INPUTS.items():
            capture = os.path.join(work, f"{name}.pcap")
            subprocess.run([f"{bin_dir}/pcapgen", "-o", capture, "--truth", "off", "-q", *options], check=True)
            counted[name] = count(bin_dir, capture)
    if update:
        with open(FILE, "w", encoding="utf-8") as f:
            f.write(f"# {compiler}\n" + "".join(f"{n}\t{v}\n" for n, v in counted.items()))
    failed = False
    for name, value in counted.items():
        ratio = value / known.get(name, value)
        print(f"{name:8}{value:14,}  {ratio:.3f} of what the file says")
        if ratio > MOST and not update:
            failed = True
            print(f"FAILED: {name} costs {100 * (ratio - 1):.1f} % more; if that is meant: {os.path.basename(__file__)} ... --update, and say why")
        elif ratio < 2 - MOST and not update:
            print(f"{name} costs less: write it down with --update, or the next regression hides behind it")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

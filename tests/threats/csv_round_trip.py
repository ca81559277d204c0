"""C10: random strings written as CSV come back through Python's csv; none begins a formula when the guard is on.

  csv_round_trip.py BIN NUMBER
"""
import csv
import io
import random
import struct
import subprocess
import sys
from pathlib import Path

COLUMNS = 5
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
ALPHABET = list("=+-@＝＋－＠\t\r\n\"\"\",,;'| \\abc0123é日\U0001f600\u202e\x00\x1b")


def text(dice):
    n = dice.choice((0, 1, 1, 2, 3, 5, 8, 30))
    if dice.random() < 0.7:
        return "".join(dice.choices(ALPHABET, k=n))
    return "".join(chr(dice.choice((dice.randrange(0x20, 0x7F), dice.randrange(0xA0, 0xD800), dice.randrange(0xE000, 0x110000)))) for _ in range(n))


def main():
    number = int(sys.argv[2]) // COLUMNS * COLUMNS
    dice = random.Random(20261122)
    texts = [text(dice) for _ in range(number)]
    octets = [t.encode() for t in texts]
    stream = b"".join(struct.pack("<I", len(o)) + o for o in octets)
    failures = 0
    for guard in ("on", "off"):
        out = subprocess.run([Path(sys.argv[1]) / "csv_lines", guard, str(COLUMNS)], input=stream, capture_output=True, check=True).stdout.decode()
        got = [cell for row in csv.reader(io.StringIO(out, newline=""), strict=True) for cell in row]
        expected = ["'" + t if guard == "on" and t.startswith(DANGEROUS) else t for t in texts]
        wrong = [(a, b) for a, b in zip(expected, got) if a != b]
        failures += len(wrong) + abs(len(expected) - len(got))
        if guard == "on":
            failures += sum(cell.startswith(DANGEROUS) for cell in got)
        print(f"guard {guard}: {len(got)} strings, {len(wrong)} differ", *wrong[:3], sep="\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

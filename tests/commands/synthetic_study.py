#!/usr/bin/env python3
"""tools/synthetic_study: stops cleanly without scorer, and runs through with one (a stand-in that says 3.0 to everything).

  synthetic_study.py SOURCE_FOLDER BIN_FOLDER
"""
import math
import subprocess
import sys
import tempfile
import wave


def run(*arguments):
    return subprocess.run([sys.executable, f"{sys.argv[1]}/tools/synthetic_study/study.py", *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)


def main():
    without = run()
    if without.returncode != 0 or "no scorer" not in without.stdout:
        print("without scorer:", without.returncode, without.stdout)
        return 1
    with tempfile.NamedTemporaryFile(suffix=".wav") as f:
        with wave.open(f.name, "wb") as w:
            w.setnchannels(1)
            w.setsampwidth(2)
            w.setframerate(8000)
            w.writeframes(b"".join(int(8000 * math.sin(i / 9) * math.sin(i / 3000)).to_bytes(2, "little", signed=True) for i in range(16000)))
        done = run("--scorer", "echo MOS-LQO 3.0", "--speech", f.name, "--bin", sys.argv[2])
    print(done.stdout)
    ok = done.returncode == 0 and "mos_lqo_est: " in done.stdout and "PCMU no plc" in done.stdout
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())

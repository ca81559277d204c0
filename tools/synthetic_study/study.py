#!/usr/bin/env python3
"""How far mos_lqo_est and mos_lq are from an instrumental score, on speech with known losses.

    tools/synthetic_study/study.py --scorer 'pesq +8000 {reference} {degraded}' [--speech FILE.wav ...] [--bin build/bin]

speech -> codec -> loss pattern -> concealment -> scorer; the same losses as a row of streams.csv -> `voipcollector
--rescore` -> our estimate. Printed: a line for each codec, loss and burst length, then bias, RMSE and r.

--scorer   any program that compares two 8 kHz WAV files and ends its output with the score (MOS-LQO): PESQ, ViSQOL ... It is
           not part of this project. Without it nothing can be scored: the script says so and leaves with 0.
--speech   8 kHz mono 16-bit WAV files. Without it espeak-ng (and sox) speak some sentences.
Codecs: PCMU with and without concealment are built in; GSM needs sox with GSM support. Concealment repeats the last good
frame, 60 ms at most, fading; a missing GSM frame is replaced by the one before. Deterministic (--seed).
"""
import argparse
import csv
import io
import math
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import wave

FRAME = 160  # samples of 20 ms
SENTENCES = ["The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background.",
             "These days a chicken leg is a rare dish. Rice is often served in round bowls.",
             "The juice of lemons makes fine punch. The box was thrown beside the parked truck.",
             "Four hours of steady work faced us. A large size in stockings is hard to sell."]  # Harvard sentences, list 1
LOSSES = (0, 1, 2, 5, 10, 20)  # percent
BURSTS = (1.0, 2.0, 4.0)       # BurstR


def read_wav(path):
    with wave.open(path, "rb") as w:
        if (w.getnchannels(), w.getsampwidth(), w.getframerate()) != (1, 2, 8000):
            raise SystemExit(f"{path}: not 8 kHz, mono, 16 bit")
        data = w.readframes(w.getnframes())
    return [int.from_bytes(data[i:i + 2], "little", signed=True) for i in range(0, len(data), 2)]


def write_wav(path, samples):
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(8000)
        w.writeframes(b"".join(max(-32768, min(32767, int(s))).to_bytes(2, "little", signed=True) for s in samples))


def speak(folder):
    if shutil.which("espeak-ng") is None or shutil.which("sox") is None:
        return []
    out = []
    for i, text in enumerate(SENTENCES):
        raw, path = f"{folder}/raw{i}.wav", f"{folder}/speech{i}.wav"
        subprocess.run(["espeak-ng", "-v", "en", "-w", raw, text], check=True)
        subprocess.run(["sox", raw, "-r", "8000", "-c", "1", "-b", "16", path], check=True)
        out.append(path)
    return out


def ulaw(sample):
    """G.711 mu-law there and back."""
    sign, magnitude = (-1, -sample) if sample < 0 else (1, sample)
    magnitude = min(magnitude, 32635) + 132
    exponent = max(magnitude.bit_length() - 8, 0)
    mantissa = magnitude >> (exponent + 3) & 15
    return sign * (((mantissa << 3) + 132 << exponent) - 132)


def gilbert(frames, percent, burst_r, rng):
    """Lost frames: loss probability p, mean run burst_r / (1 - p)."""
    p = percent / 100
    if p == 0:
        return [False] * frames
    leave = (1 - p) / burst_r              # from lost to received
    enter = leave * p / (1 - p)
    lost, out = rng.random() < p, []
    for _ in range(frames):
        out.append(lost)
        lost = rng.random() >= leave if lost else rng.random() < enter
    return out


def pcmu(samples, lost, conceal):
    out, last, run = [], [0] * FRAME, 0
    for i, gone in enumerate(lost):
        frame = [ulaw(s) for s in samples[i * FRAME:(i + 1) * FRAME]]
        if not gone:
            run, last = 0, frame
        else:
            run += 1
            frame = [s * max(0.0, 1 - (run - 1) / 3) for s in last] if conceal else [0] * FRAME
        out += frame
    return out


def gsm(samples, lost, folder):
    write_wav(f"{folder}/g.wav", samples)
    subprocess.run(["sox", f"{folder}/g.wav", f"{folder}/g.gsm"], check=True)
    with open(f"{folder}/g.gsm", "rb") as f:
        data = f.read()
    frames = [data[i:i + 33] for i in range(0, len(data) - 32, 33)]
    last = frames[0]
    with open(f"{folder}/d.gsm", "wb") as f:
        for frame, gone in zip(frames, lost):
            last = last if gone else frame
            f.write(last)
    subprocess.run(["sox", "-r", "8000", "-c", "1", f"{folder}/d.gsm", "-b", "16", f"{folder}/d.wav"], check=True)
    return read_wav(f"{folder}/d.wav")


def has_gsm():
    if shutil.which("sox") is None:
        return False
    return " gsm" in subprocess.run(["sox", "--help"], stdout=subprocess.PIPE, text=True, check=False).stdout


def score(scorer, reference, degraded):
    command = [part.format(reference=reference, degraded=degraded) for part in shlex.split(scorer)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    numbers = re.findall(r"(?<![\w.])\d+\.\d+", done.stdout)
    if done.returncode != 0 or not numbers:
        raise SystemExit(f"the scorer failed: {' '.join(command)}\n{done.stdout[-500:]}")
    return float(numbers[-1])


def estimates(bin_dir, conditions):
    """(mos_lqo_est, mos_lq) of each (codec, lost flags) by voipcollector --rescore."""
    columns = ["codec", "clock_rate", "ptime_ms", "packets", "expected", "lost", "discard_adaptive", "burst_r", "jitter_mean",
               "jitter_std_dev", "r_factor", "mos_lq", "mos_cq", "mos_lqo_est", "mos_scale", "mos_common", "mos_basis"]
    text = io.StringIO()
    table = csv.DictWriter(text, columns, restval="")
    table.writeheader()
    for codec, lost in conditions:
        n, gone = len(lost), sum(lost)
        runs = sum(1 for a, b in zip([False, *lost], lost) if b and not a)
        burst = gone / runs * (1 - gone / n) if runs else 1
        table.writerow({"codec": codec.split()[0], "clock_rate": 8000, "ptime_ms": 20, "packets": n - gone, "expected": n,
                        "lost": gone, "discard_adaptive": 0, "burst_r": f"{burst:.3f}", "jitter_mean": 0, "jitter_std_dev": 0,
                        "mos_basis": "standard no-plc" if codec.endswith("no plc") else "standard"})
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as f:
        f.write(text.getvalue())
        f.flush()
        out = subprocess.run([f"{bin_dir}/voipcollector", "--rescore", f.name], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [(float(r["mos_lqo_est"]), float(r["mos_lq"])) for r in csv.DictReader(io.StringIO(out))]


def report(name, pairs):
    errors = [e - s for s, e in pairs]
    mean_s, mean_e = (sum(x) / len(pairs) for x in zip(*pairs))
    spread = math.sqrt(sum((s - mean_s) ** 2 for s, _ in pairs) * sum((e - mean_e) ** 2 for _, e in pairs))
    r = sum((s - mean_s) * (e - mean_e) for s, e in pairs) / spread if spread > 0 else 0
    print(f"{name}: {len(pairs)} samples, bias {sum(errors) / len(errors):+.3f}, RMSE "
          f"{math.sqrt(sum(e * e for e in errors) / len(errors)):.3f}, r {r:.3f}")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--scorer")
    options.add_argument("--speech", nargs="+", default=[])
    options.add_argument("--bin", default=os.path.join(os.path.dirname(__file__), "../../build/bin"))
    options.add_argument("--seed", type=int, default=1)
    o = options.parse_args()
    if not o.scorer:
        print("no scorer given (--scorer 'pesq +8000 {reference} {degraded}'): there is nothing to compare with. Stopped.")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        speech = o.speech or speak(folder)
        if not speech:
            print("no speech: give --speech FILE.wav, or install espeak-ng and sox. Stopped.")
            return 0
        codecs = ["PCMU", "PCMU no plc"] + (["GSM"] if has_gsm() else [])
        if "GSM" not in codecs:
            print("GSM left out: no sox with GSM support")
        rng, done = random.Random(o.seed), []
        for path in speech:
            samples = read_wav(path)
            frames = len(samples) // FRAME
            reference, degraded = f"{folder}/reference.wav", f"{folder}/degraded.wav"
            write_wav(reference, samples[:frames * FRAME])
            for codec in codecs:
                for loss in LOSSES:
                    for burst in BURSTS if loss else BURSTS[:1]:
                        lost = gilbert(frames, loss, burst, rng)
                        write_wav(degraded, gsm(samples, lost, folder) if codec == "GSM" else pcmu(samples, lost, codec == "PCMU"))
                        done.append((codec, loss, burst, lost, score(o.scorer, reference, degraded)))
        ours = estimates(o.bin, [(codec, lost) for codec, _, _, lost, _ in done])
        print(f"{'codec':12} {'loss %':>6} {'BurstR':>6} {'scorer':>7} {'lqo_est':>7} {'mos_lq':>7}")
        for key in dict.fromkeys((c, l, b) for c, l, b, _, _ in done):
            at = [i for i, d in enumerate(done) if d[:3] == key]
            means = [sum(v) / len(at) for v in zip(*((done[i][4], *ours[i]) for i in at))]
            print(f"{key[0]:12} {key[1]:6} {key[2]:6.1f} {means[0]:7.3f} {means[1]:7.3f} {means[2]:7.3f}")
        report("mos_lqo_est", [(d[4], e[0]) for d, e in zip(done, ours)])
        report("mos_lq", [(d[4], e[1]) for d, e in zip(done, ours)])
    return 0


if __name__ == "__main__":
    sys.exit(main())

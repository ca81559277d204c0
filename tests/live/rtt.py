#!/usr/bin/env python3
"""Two baresips, 40 ms one way and 60 ms back between them: the round trip in streams.csv is within 1 ms of that.

  rtt.py BIN_FOLDER      skips (77), saying why, without baresip, tcpdump or the right to capture
"""
import csv
import math
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import wave

from delay_relay import DelayRelay

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
import law  # noqa: E402

MODULES = "/usr/lib/baresip/modules"
SECONDS = 17             # baresip reports about every 5 s
DELAYS = (0.040, 0.060)  # s
TOLERANCE_MS = 1.0
ADDRESS = "127.0.0.1"


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((ADDRESS, 0))
        return s.getsockname()[1]


def make_tone(path):
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(8000)
        w.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(2 * math.pi * 440 * i / 8000))) for i in range(8000 * 30)))


def configure(folder, user, port, rtp_ports, answer, tone):
    os.makedirs(folder)
    lines = ["poll_method epoll", f"sip_listen {ADDRESS}:{port}", f"net_interface {ADDRESS}", f"audio_player aubridge,sink-{user}",
             f"audio_source aufile,{tone}", f"audio_alert aubridge,alert-{user}", f"rtp_ports {rtp_ports}",
             "rtcp_mux no", "jitter_buffer_delay 5-10", f"module_path {MODULES}"]
    lines += [f"module {m}.so" for m in ("g711", "aubridge", "aufile", "uuid") if os.path.exists(f"{MODULES}/{m}.so")]
    lines += [f"module_app {m}.so" for m in ("account", "contact", "menu") if os.path.exists(f"{MODULES}/{m}.so")]
    files = {"config": "\n".join(lines) + "\n", "contacts": "",
             "accounts": f"<sip:{user}@{ADDRESS}:{port}>;regint=0;answermode={answer};audio_codecs=PCMU\n"}
    for name, content in files.items():
        with open(f"{folder}/{name}", "w", encoding="utf-8") as f:
            f.write(content)


def call(work):
    """Runs the call through the relay; the relay and the capture file."""
    tone, capture = f"{work}/tone.wav", f"{work}/call.pcap"
    make_tone(tone)
    caller, callee, relay_port = free_port(), free_port(), free_port()
    configure(f"{work}/a", "alice", caller, "20000-20100", "manual", tone)
    configure(f"{work}/b", "bob", callee, "30000-30100", "auto", tone)
    # Both hops, caller - relay - callee, between the same addresses: every stream is seen twice.
    dump = subprocess.Popen(["tcpdump", "-i", "lo", "-U", "-s", "0", "-w", capture,
                             f"udp and (portrange 20000-30100 or port {callee} or port {caller})"], stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    if dump.poll() is not None:
        skip("tcpdump may not capture here: " + dump.stderr.read().strip().splitlines()[-1])
    relay = DelayRelay(ADDRESS, relay_port, (ADDRESS, callee), DELAYS)
    end = [time.monotonic() + SECONDS + 6]
    thread = threading.Thread(target=relay.run, args=(lambda: end[0],))
    thread.start()
    bob = subprocess.Popen(["baresip", "-f", f"{work}/b", "-t", str(SECONDS + 5)], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    time.sleep(1)
    alice = subprocess.run(["baresip", "-f", f"{work}/a", "-e", f"/dial sip:bob@{ADDRESS}:{relay_port}", "-t", str(SECONDS)],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    time.sleep(1)
    for p in (bob, dump):
        p.terminate()
        p.wait()
    end[0] = 0
    thread.join()
    if "established" not in alice.stdout.lower():
        print(alice.stdout[-2000:])
        skip("baresip made no call here")
    return relay, capture


def mean_ms(values):
    return 1000 * sum(values) / len(values)


def main():
    for program in ("baresip", "tcpdump"):
        if shutil.which(program) is None:
            skip(f"{program} is not installed")
    bin_dir = sys.argv[1]
    with tempfile.TemporaryDirectory() as work:
        relay, capture = call(work)
        if not all(relay.rtcp_delays):
            print("no RTCP passed the relay")
            return 1
        there, back = (mean_ms(d) for d in relay.rtcp_delays)
        least, most = (1000 * sum(f(d) for d in relay.rtcp_delays) for f in (min, max))
        law.through_file(bin_dir, capture, work, via=f"{work}/x.ipfix")
        with open(f"{work}/streams.csv", newline="", encoding="utf-8") as f:
            rows = [r for r in csv.DictReader(f) if int(r["packets"]) > 100]
        print(f"relay: {there:.3f} ms to the callee and {back:.3f} ms back, {sum(map(len, relay.rtcp_delays))} RTCP packets")
        failed = len(rows) != 4
        for r in rows:
            print(f"stream to {r['dst_port']}: rtt_ms {r['rtt_ms'] or 'none'}, mos_lq {r['mos_lq']}, mos_cq {r['mos_cq']}")
            # Of some of these packets: between the quickest and the slowest ways that the relay itself took for them.
            failed |= not r["rtt_ms"] or not least - TOLERANCE_MS <= float(r["rtt_ms"]) <= most + TOLERANCE_MS
            failed |= not r["mos_cq"]
        print("FAILED" if failed else "ok")
        return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

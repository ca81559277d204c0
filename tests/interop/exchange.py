"""What the interop tests share: captures with known calls, the probe's datagrams as a capture, programs of others."""
import csv
import glob
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import law

SKIP = 77


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(SKIP)


def need(*programs):
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    os.environ["PATH"] = path
    missing = [p for p in programs if shutil.which(p) is None]
    if missing:
        skip(f"{', '.join(missing)} not installed (tools/install-deps --tests)")


def check(ok, text):
    if not ok:
        raise SystemExit(f"FAILED: {text}")


def generate(bin_dir, path, *args):
    subprocess.run([f"{bin_dir}/pcapgen", "-o", path, "--truth", path + ".truth", "-q", *args], check=True)
    return path


def probe(bin_dir, capture, destination, *args, **kw):
    """One run over a capture; its account, the law checked."""
    run = subprocess.run([f"{bin_dir}/voipprobe", "-i", capture, "-n", destination, "--stats=json", *args], capture_output=True, text=True, timeout=120, **kw)
    check(run.returncode == 0, f"voipprobe {args} left with {run.returncode}: {run.stderr}")
    stats = json.loads(run.stdout)
    law.of_packets(stats, capture)
    if "records=" not in destination:  # of some kinds only
        law.of_records_made(stats, stats["export"]["records_lost"] + stats["export"]["records_dropped"])
    return stats


def collect(bin_dir, path, out, *args):
    """A file of messages into rows; the account, the law checked."""
    run = subprocess.run([f"{bin_dir}/voipcollector", "-r", path, "-o", out, "-q", "--stats=json", *args], stdout=subprocess.PIPE, text=True, check=True, timeout=120)
    stats = json.loads(run.stdout)
    law.of_records_received(stats, out)
    return stats


class Datagrams:
    """A UDP port whose datagrams become a capture (raw IP) that tshark and flowdump read."""

    def __init__(self, family=socket.AF_INET):
        self.family = family
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.host = "127.0.0.1" if family == socket.AF_INET else "::1"
        self.socket.bind((self.host, 0))
        self.socket.settimeout(0.2)
        self.port = self.socket.getsockname()[1]
        self.packets = []
        self.done = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def url(self):
        return f"127.0.0.1:{self.port}" if self.family == socket.AF_INET else f"[::1]:{self.port}"

    def run(self):
        while True:
            try:
                data, source = self.socket.recvfrom(65535)
            except socket.timeout:
                if self.done:
                    return
                continue
            self.packets.append((source[1], data))

    def write(self, path):
        self.done = True
        self.thread.join()
        with open(path, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))
            for n, (port, data) in enumerate(self.packets):
                udp = struct.pack(">HHHH", port, self.port, 8 + len(data), 0) + data
                if self.family == socket.AF_INET:
                    head = bytearray(struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), n & 0xFFFF, 0, 64, 17, 0, bytes([127, 0, 0, 1]), bytes([127, 0, 0, 1])))
                    total = sum(struct.unpack(">10H", bytes(head)))
                    total = (total & 0xFFFF) + (total >> 16)
                    struct.pack_into(">H", head, 10, ~(total + (total >> 16)) & 0xFFFF)
                else:
                    one = socket.inet_pton(socket.AF_INET6, "::1")
                    head = struct.pack(">IHBB16s16s", 0x60000000, len(udp), 17, 64, one, one)
                    covered = one + one + struct.pack(">II", len(udp), 17) + udp + b"\0" * (len(udp) % 2)
                    total = sum(struct.unpack(f">{len(covered) // 2}H", covered))
                    while total >> 16:
                        total = (total & 0xFFFF) + (total >> 16)
                    udp = udp[:6] + struct.pack(">H", ~total & 0xFFFF or 0xFFFF) + udp[8:]
                packet = bytes(head) + udp
                out.write(struct.pack("<IIII", 1700000000 + n // 1000, n % 1000 * 1000, len(packet), len(packet)) + packet)


def rows(*patterns):
    out = []
    for pattern in patterns:
        for path in sorted(glob.glob(pattern)):
            with open(path, newline="", encoding="utf-8") as f:
                out += list(csv.DictReader(f))
    return out


def capture_totals(path):
    """IP packets and octets (IP total length) of a pcap file of pcapgen's."""
    packets = octets = 0
    out = subprocess.run(["tshark", "-r", path, "-T", "fields", "-e", "ip.len", "-e", "ipv6.plen"], capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        v4, _, v6 = line.partition("\t")
        if v4 or v6:
            packets += 1
            octets += int(v4.split(",")[0]) if v4 else int(v6.split(",")[0]) + 40
    return packets, octets


class Collector:
    """voipcollector on a port of the kernel's choice."""

    def __init__(self, bin_dir, out, listen="udp://127.0.0.1:0", *args):
        self.process = subprocess.Popen([f"{bin_dir}/voipcollector", "-l", listen, "-o", out, "--stats=json", *args],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        found = re.search(r":(\d+)\s*$", line)
        check(found, f"the collector did not say where it listens: {line!r}")
        self.port = int(found.group(1))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        out, errors = self.process.communicate(timeout=30)
        check(self.process.returncode == 0, f"voipcollector left with {self.process.returncode}: {errors}")
        stats = json.loads(out)
        law.of_records_received(stats)
        return stats

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def free_port(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.1)
    raise SystemExit(f"FAILED: {what} did not happen within {seconds} s")

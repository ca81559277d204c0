#!/usr/bin/env python3
"""The live capture itself, in a network namespace of its own.

  capture.py BIN_FOLDER SCENARIO

idle      a silent link: flows still expire, SIGTERM ends the probe in under a second
reopen    the interface goes down and up, is removed and made anew; what comes after is captured
drops     a ring of 1 MiB and a probe that is stopped for a while: packets are lost, counted, and every record says so
several   two interfaces and `any` at once
flood     200,000 packets a second for a minute: none is lost; prints the probe's CPU per packet (SECONDS_OF_FLOOD=n, PACKETS_PER_SECOND=n)
"""
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from stage import Checks, require, rows, skip

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
import law  # noqa: E402

A, B = "10.78.0.1", "10.78.0.2"


class Link:
    """Two namespaces and a cable: packets are sent in one and captured in the other."""

    def __init__(self, bin_dir, work):
        require("ip")
        self.bin, self.work, self.probes = bin_dir, work, []
        self.a, self.b = f"vpc{os.getpid()}a", f"vpc{os.getpid()}b"

    def __enter__(self):
        for space in (self.a, self.b):
            made = subprocess.run(["ip", "netns", "add", space], capture_output=True, text=True, check=False)
            if made.returncode:
                skip("network namespaces may not be made here: " + made.stderr.strip())
            self.ip(space, "link set lo up")
        self.cable("eth0")
        return self

    def cable(self, name, net="10.78.0"):
        self.ip(self.a, f"link add name {name} type veth peer name {name} netns {self.b}")
        for space, host in ((self.a, 1), (self.b, 2)):
            self.ip(space, f"addr add {net}.{host}/24 dev {name}")
            self.ip(space, f"link set {name} up")
        # Nobody asks who has the address, so that every packet is one of ours.
        mac = json.loads(subprocess.run(["ip", "-n", self.b, "-j", "link", "show", name], capture_output=True, text=True, check=True).stdout)[0]["address"]
        self.ip(self.a, f"neigh replace {net}.2 lladdr {mac} dev {name}")

    def ip(self, space, command):
        made = subprocess.run(["ip", "-n", space, *command.split()], capture_output=True, text=True, check=False)
        if made.returncode:
            skip(f"ip {command}: {made.stderr.strip()}")

    def start(self, *arguments):
        """The probe on the receiving side; returns when it captures."""
        self.errors = open(f"{self.work}/probe.err", "w+", encoding="utf-8")
        p = subprocess.Popen(["ip", "netns", "exec", self.b, f"{self.bin}/voipprobe", *arguments, "-n", f"file:{self.work}/x.ipfix", "--stats=json", "-v"],
                             stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.probes.append(p)
        for _ in range(100):
            with open(f"{self.work}/probe.err", encoding="utf-8") as f:
                text = f.read()
            if "capturing on" in text:
                time.sleep(0.3)
                return p
            if p.poll() is not None:
                skip("capturing is not allowed here: " + text.strip())
            time.sleep(0.1)
        raise RuntimeError("the probe does not capture")

    def end(self, probe):
        """SIGTERM; the seconds it took, the statistics and the rows of streams.csv and flows.csv."""
        begin = time.monotonic()
        probe.send_signal(signal.SIGTERM)
        out, _ = probe.communicate(timeout=30)
        took = time.monotonic() - begin
        if probe.returncode != 0:
            raise RuntimeError(f"voipprobe left with {probe.returncode}: " + open(f"{self.work}/probe.err", encoding="utf-8").read())
        stats = json.loads(out)
        shutil.rmtree(f"{self.work}/csv", ignore_errors=True)  # of a probe before: its rows would be counted with these
        received = subprocess.run([f"{self.bin}/voipcollector", "-r", f"{self.work}/x.ipfix", "-o", f"{self.work}/csv", "-q", "--stats=json"],
                                  stdout=subprocess.PIPE, text=True, check=True).stdout
        law.whole(stats, json.loads(received), f"{self.work}/csv")
        csv = {name: rows(f"{self.work}/csv/{name}.csv") if os.path.exists(f"{self.work}/csv/{name}.csv") else [] for name in ("streams", "flows")}
        return took, stats, csv

    def flood(self, rate, seconds, streams=10, to=B, port=20000):
        sent = subprocess.run(["ip", "netns", "exec", self.a, f"{self.bin}/rtpflood", to, str(port), "--rate", str(rate), "--seconds", str(seconds),
                               "--streams", str(streams)], capture_output=True, text=True, check=False)
        if sent.returncode:
            raise RuntimeError(sent.stderr)
        return json.loads(sent.stdout)

    def __exit__(self, *_):
        for p in self.probes:
            if p.poll() is None:
                p.kill()
        for space in (self.a, self.b):
            subprocess.run(["ip", "netns", "del", space], check=False)


def rtp_packets(csv):
    return sum(int(s["packets"]) for s in csv["streams"])


def idle(link, checks):
    probe = link.start("-i", "eth0", "-d", "2", "-f", "udp")
    sent = link.flood(500, 1, 2)["sent"]
    time.sleep(6)  # nothing comes
    probe.send_signal(signal.SIGUSR1)
    time.sleep(0.5)
    took, stats, csv = end_after_report(link, probe, checks)
    checks.that(took < 1, f"SIGTERM took {took:.3f} s")
    checks.equal("packets", stats["packets"]["in"], sent)
    checks.equal("rtp packets in rows", rtp_packets(csv), sent)
    print(f"ended {took * 1000:.0f} ms after SIGTERM")


def end_after_report(link, probe, checks):
    """SIGUSR1 printed one report before the last one."""
    begin = time.monotonic()
    probe.send_signal(signal.SIGTERM)
    out, _ = probe.communicate(timeout=30)
    took = time.monotonic() - begin
    decoder = json.JSONDecoder()
    first, at = decoder.raw_decode(out)
    last, _ = decoder.raw_decode(out[at:].lstrip())
    checks.equal("flows open while the link was silent", first["flows"]["open"], 0)
    subprocess.run([f"{link.bin}/voipcollector", "-r", f"{link.work}/x.ipfix", "-o", f"{link.work}/csv", "-q"], check=True)
    return took, last, {"streams": rows(f"{link.work}/csv/streams.csv")}


def reopen(link, checks):
    probe = link.start("-i", "eth0", "-f", "udp")
    sent = link.flood(500, 1, 2)["sent"]
    link.ip(link.b, "link set eth0 down")
    time.sleep(0.5)
    link.ip(link.b, "link set eth0 up")
    time.sleep(0.5)
    mac = json.loads(subprocess.run(["ip", "-n", link.b, "-j", "link", "show", "eth0"], capture_output=True, text=True, check=True).stdout)[0]["address"]
    link.ip(link.a, f"neigh replace {B} lladdr {mac} dev eth0")
    after_down = link.flood(500, 1, 2)["sent"]
    for pause in (3, 0):  # gone for a while, and made anew at once
        link.ip(link.a, "link del eth0")
        time.sleep(pause)
        link.cable("eth0")
        time.sleep(3)  # it looks once a second
        sent += link.flood(500, 1, 2)["sent"]
    took, stats, csv = link.end(probe)
    checks.equal("packets", stats["packets"]["in"], sent + after_down)
    checks.equal("reopened", stats["capture"]["reopened"], 2)
    checks.that(took < 1, f"SIGTERM took {took:.3f} s")


def drops(link, checks):
    probe = link.start("-i", "eth0", "-f", "udp", "--ring-size", "1", "-d", "2")
    quiet = link.flood(500, 1, 2)["sent"]
    time.sleep(6)  # its streams are over before anything is lost
    pids = subprocess.run(["pgrep", "-P", str(probe.pid)], capture_output=True, text=True, check=False).stdout.split() or [str(probe.pid)]
    os.kill(int(pids[0]), signal.SIGSTOP)
    lossy = link.flood(20000, 2, 2, port=30000)["sent"]
    os.kill(int(pids[0]), signal.SIGCONT)
    time.sleep(2)
    _, stats, csv = link.end(probe)
    lost = stats["capture"]["kernel_drops"]
    checks.that(lost > 0, "nothing was lost: the test did not do its work")
    checks.equal("captured + lost", stats["packets"]["in"] + lost, quiet + lossy)
    for s in csv["streams"]:
        before = int(s["dst_port"]) < 30000
        checks.that((s["capture_loss"] == "0") == before, f"stream to {s['dst_port']}: capture_loss {s['capture_loss']!r}")
        if not before:
            checks.equal("its loss", s["capture_loss"], str(lost))
    checks.that(len(csv["streams"]) >= 4, f"{len(csv['streams'])} streams")
    print(f"{quiet + lossy} packets = {stats['packets']['in']} read + {lost} counted as dropped; every record of that time says so")


def several(link, checks):
    link.cable("eth1", "10.77.0")
    probe = link.start("-i", "eth0", "-i", "eth1", "-f", "udp", "--promiscuous", "off")
    sent = link.flood(500, 1, 2)["sent"] + link.flood(500, 1, 2, "10.77.0.2")["sent"]
    _, stats, csv = link.end(probe)
    checks.equal("packets of both", stats["packets"]["in"], sent)
    checks.equal("streams", len(csv["streams"]), 4)
    probe = link.start("-i", "any", "-f", "udp and dst portrange 20000-20100", "--workers", "3")
    sent = link.flood(500, 1, 2)["sent"] + link.flood(500, 1, 2, "10.77.0.2")["sent"]
    _, stats, csv = link.end(probe)
    checks.equal("packets of any", stats["packets"]["in"], sent)
    checks.equal("packets of streams", sum(int(s["packets"]) for s in csv["streams"]), sent)


def flood(link, checks):
    seconds = int(os.environ.get("SECONDS_OF_FLOOD", "60"))
    probe = link.start("-i", "eth0", "-f", "udp")
    report = link.flood(int(os.environ.get("PACKETS_PER_SECOND", "200000")), seconds, 1000)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _, stats, csv = link.end(probe)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    user, system = ((y - x) / report["sent"] * 1e9 for x, y in ((before.ru_utime, after.ru_utime), (before.ru_stime, after.ru_stime)))
    checks.equal("packets", stats["packets"]["in"], report["sent"])
    checks.equal("lost", stats["capture"]["kernel_drops"] + stats["capture"]["interface_drops"], 0)
    checks.equal("rows", rtp_packets(csv), report["sent"])
    print(f"{report['sent']} packets in {report['seconds']} s, {report['late']} bursts late; of CPU a packet {user:.0f} ns user, {system:.0f} ns system "
          "(probe and collector)")


SCENARIOS = {f.__name__: f for f in (idle, reopen, drops, several, flood)}


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in SCENARIOS:
        print(__doc__)
        return 2
    checks = Checks()
    with tempfile.TemporaryDirectory() as work, Link(os.path.abspath(sys.argv[1]), work) as link:
        SCENARIOS[sys.argv[2]](link, checks)
        return checks.result()


if __name__ == "__main__":
    sys.exit(main())

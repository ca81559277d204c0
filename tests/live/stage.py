"""A stage for real programs: network namespaces on one bridge, what crosses it captured, read by the probe as a file."""
import csv
import json
import os
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
import law  # noqa: E402

PACKAGES = {"sipp": "sip-tester", "baresip": "baresip-core", "kamailio": "kamailio", "rtpengine": "rtpengine-daemon",
            "tcpdump": "tcpdump", "ip": "iproute2"}
NETWORK = "10.79.0."


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def require(*programs):
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [p for p in programs if shutil.which(p) is None]
    if missing:
        skip(f"{', '.join(missing)} not installed (Debian: {' '.join(PACKAGES.get(p, p) for p in missing)}; tools/install-deps --live)")


class Stage:
    """Hosts of their own on a bridge of their own; nothing leaves it, and leaving it ends what was started on it."""

    def __init__(self, work, *hosts, probe=None):
        """`probe`: the words of a voipprobe that measures on the bridge while tcpdump keeps what it saw."""
        require("ip", "tcpdump")
        self.work, self.processes, self.spaces, self.probe_words, self.probe = work, [], [], probe, None
        self.address = {host: f"{NETWORK}{10 + i}" for i, host in enumerate(hosts)}
        self.capture = f"{work}/calls.pcap"
        self.dump = None

    def space(self, host):
        return f"vp{os.getpid()}{host}"

    def __enter__(self):
        try:
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def build(self):
        self.add_space("bridge")
        self.ip("bridge", "link add name br0 type bridge")
        self.ip("bridge", "link set br0 up")
        for host, address in self.address.items():
            self.add_space(host)
            self.ip("bridge", f"link add name to-{host} type veth peer name eth0 netns {self.space(host)}")
            self.ip("bridge", f"link set dev to-{host} master br0 up")
            self.ip(host, "link set lo up")
            self.ip(host, "link set eth0 up")
            self.ip(host, f"addr add {address}/24 dev eth0")
            self.ip(host, f"route add default via {NETWORK}1")  # agents take the address of the default route
        self.dump = self.start("bridge", "tcpdump", ["tcpdump", "-Z", "root", "-i", "br0", "-U", "-s", "0", "-B", "32768", "-w",
                                                     self.capture, "udp or tcp"])
        time.sleep(1)
        if self.dump.poll() is not None:
            skip("tcpdump may not capture here: " + self.log("tcpdump").strip().splitlines()[-1])
        if self.probe_words:
            self.probe = self.start("bridge", "probe", [*self.probe_words, "-i", "br0", "-n", f"file:{self.work}/live.ipfix"])
            time.sleep(1)
            if self.probe.poll() is not None:
                raise RuntimeError("voipprobe: " + self.log("probe"))

    def add_space(self, host):
        made = subprocess.run(["ip", "netns", "add", self.space(host)], capture_output=True, text=True, check=False)
        if made.returncode:
            skip("network namespaces may not be made here: " + made.stderr.strip())
        self.spaces.append(self.space(host))

    def ip(self, host, command):
        made = subprocess.run(["ip", "-n", self.space(host), *command.split()], capture_output=True, text=True, check=False)
        if made.returncode:
            skip(f"ip {command}: {made.stderr.strip()}")

    def start(self, host, name, command):
        """Starts a program on a host; what it prints goes to its log."""
        with open(f"{self.work}/{name}.log", "w", encoding="utf-8") as log:
            p = subprocess.Popen(["ip", "netns", "exec", self.space(host), *command], cwd=self.work, stdin=subprocess.DEVNULL,
                                 stdout=log, stderr=subprocess.STDOUT)
        self.processes.append(p)
        return p

    def log(self, name):
        with open(f"{self.work}/{name}.log", encoding="utf-8", errors="replace") as f:
            return f.read()

    def stop(self, process, wait=3):
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(wait)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def end_capture(self):
        time.sleep(1)
        if self.probe is not None:
            self.stop(self.probe, 10)
            if self.probe.returncode != 0:
                raise RuntimeError(f"voipprobe left with {self.probe.returncode}: " + self.log("probe"))
        self.stop(self.dump)
        dropped = [line for line in self.log("tcpdump").splitlines() if "dropped by kernel" in line]
        if not dropped or not dropped[0].startswith("0 "):
            skip("the capture is not complete: " + " ".join(dropped))

    def __exit__(self, *_):
        for process in reversed(self.processes):
            self.stop(process)
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space], check=False)
        self.spaces = []


def rows(path):
    with open(path, newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def measured_live(bin_dir, stage):
    """The rows of calls.csv and streams.csv of what the probe on the stage measured."""
    out = f"{stage.work}/live"
    received = subprocess.run([f"{bin_dir}/voipcollector", "-r", f"{stage.work}/live.ipfix", "-o", out, "-q", "--strict", "--stats=json"],
                              stdout=subprocess.PIPE, text=True, check=True).stdout
    law.of_records_received(json.loads(received), out)
    return rows(f"{out}/calls.csv"), rows(f"{out}/streams.csv")


def measure(bin_dir, capture, work, *options):
    """The rows of calls.csv and streams.csv: the capture through the probe and, by IPFIX over UDP, the collector."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    out = f"{work}/csv"
    collector = subprocess.Popen([f"{bin_dir}/voipcollector", "-l", f"udp://127.0.0.1:{port}", "-o", out, "--idle-exit", "2", "-q",
                                  "--strict", "--stats=json"], stdout=subprocess.PIPE, text=True)
    time.sleep(1)
    made = subprocess.run([f"{bin_dir}/voipprobe", "-i", capture, "-n", f"127.0.0.1:{port}", "-q", "--stats=json", *options],
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    received = collector.communicate(timeout=60)[0]
    if collector.returncode != 0:
        raise RuntimeError(f"voipcollector left with {collector.returncode}")
    law.whole(json.loads(made), json.loads(received), out, capture)
    return rows(f"{out}/calls.csv"), rows(f"{out}/streams.csv")


class Checks:
    """Compares, prints what differs, counts."""

    def __init__(self):
        self.done = self.failed = 0

    def equal(self, what, row, truth):
        self.that(row == truth, f"{what}: row {row!r}, endpoint {truth!r}")

    def near(self, what, row, truth, tolerance):
        good = row not in ("", None) and truth is not None and abs(float(row) - float(truth)) <= tolerance
        self.that(good, f"{what}: row {row!r}, endpoint {truth!r}, tolerance {tolerance}")

    def that(self, good, what):
        self.done += 1
        if not good:
            self.failed += 1
            print(f"FAILED {what}")

    def result(self):
        print(f"{self.done} comparisons, {self.failed} differ")
        return 1 if self.failed or not self.done else 0

"""F10-F18, F20-F23: interfaces, signals, clocks, memory, failing system calls, configurations."""
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from world import *  # noqa: F403
from world import TRACED, Collector, check, conserved, content, free_port, generate, same_as_undisturbed


def sh(command):
    subprocess.run(command, shell=True, check=True)


def cpu_of(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def frame(i, payload=b"x" * 100, sport=4000, dport=4002, source=bytes([192, 0, 2, 1])):
    udp = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), i & 0xFFFF, 0, 64, 17, 0, source, bytes([192, 0, 2, 2]))
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip + udp


def on_interface(w, *args):
    sh("ip link add vp0 type veth peer name vp1; ip link set vp0 up; ip link set vp1 up; ip link set lo up; sysctl -qw net.ipv6.conf.all.disable_ipv6=1 2>/dev/null || true")
    log = open(w.path("probe.log"), "w+")
    run = subprocess.Popen([f"{w.bin}/voipprobe", "-i", "vp1", *(() if "-n" in args else ("-n", "none")), "--stats=json", "-T", "ntop", *args], stdout=subprocess.PIPE, stderr=log, text=True)
    wait_for(lambda: "capturing" in open(w.path("probe.log")).read(), 10, "capturing")  # noqa: F405
    return run


def sent(n, dport=4002):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind(("vp0", 0))
        for i in range(n):
            s.send(frame(i, dport=dport))


def leaves(run, seconds=5):
    run.send_signal(signal.SIGTERM)
    began = time.monotonic()
    out, _ = run.communicate(timeout=30)
    took = time.monotonic() - began
    check(run.returncode == 0 and took <= seconds, f"left with {run.returncode} after {took:.1f} s")
    return json.loads(out), took


def f10_link_down(w):
    """The interface goes down and up."""
    run = on_interface(w)
    time.sleep(0.5)
    sent(100)
    sh("ip link set vp1 down"); time.sleep(1.2); sh("ip link set vp1 up; sleep 0.3")
    sent(100)
    time.sleep(0.5)
    stats, _ = leaves(run)
    check(stats["packets"]["in"] == 200, f"{stats['packets']['in']} of 200 packets")
    return "200 of 200 packets"


def f11_interface_made_anew(w):
    """The interface is removed; another of its name comes."""
    run = on_interface(w)
    time.sleep(0.5)
    sent(100)
    time.sleep(0.4)
    sh("ip link del vp0"); time.sleep(1.5)
    sh("ip link add vp0 type veth peer name vp1; ip link set vp0 up; ip link set vp1 up"); time.sleep(2.5)
    sent(100)
    time.sleep(0.5)
    stats, _ = leaves(run)
    check(stats["capture"]["reopened"] == 1, f"{stats['capture']}")
    check(stats["packets"]["in"] >= 200, f"{stats['packets']['in']} packets")
    return f"{stats['packets']['in']} packets, reopened once"


def f12_idle_link(w):
    """Nothing comes any more: flows end by their timeout all the same, SIGTERM is heard."""
    sh("ip link set lo up")
    port = free_port()
    collector = Collector(w.bin, w.path("csv"), f"udp://127.0.0.1:{port}")
    run = on_interface(w, "-d", "2", "-l", "1", "-n", f"127.0.0.1:{port}")
    time.sleep(0.3)
    sent(10)
    wait_for(lambda: [r for r in rows(w.path("csv/flows.csv.part")) if r["IPV4_SRC_ADDR"] == "192.0.2.1"], 6, "the record of the flow")  # noqa: F405
    stats, took = leaves(run, 2)
    collector.stop()
    return f"record within 6 s on a silent link, SIGTERM {took:.1f} s"


def f13_sigterm(w, flows=None):
    """SIGTERM with a table full of flows: all of them leave within 5 s."""
    flows = flows or (1_000_000 if w.rounds >= 100 else 100_000)
    run = subprocess.Popen([f"{w.bin}/voipprobe", "-i", "-", "-n", f"file:{w.path('all.ipfix')}", "--stats=json", "-T", "ntop", "-d", "3600", "-t", "3600", "-M", "2000000"],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    run.stdin.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
    head = struct.pack("<IIII", 1700000000, 0, 40, 40)
    block = bytearray()
    for i in range(flows):
        block += head + struct.pack(">BBHHHBBHI4s", 0x45, 0, 40, i & 0xFFFF, 0, 64, 17, 0, 0x0A000000 + i, bytes([192, 0, 2, 2])) + struct.pack(">HHHH12x", 4000, 53, 20, 0)
        if len(block) > 1 << 20:
            run.stdin.write(block)
            block.clear()
    run.stdin.write(block)
    run.stdin.flush()
    before, at = -1.0, 0.0
    while before != at:  # all read: it does nothing more
        before, at = at, cpu_of(run.pid)
        time.sleep(1)
    run.send_signal(signal.SIGTERM)
    began = time.monotonic()
    before = cpu_of(run.pid)
    run.stdin.close()
    out, errors = run.stdout.read(), run.stderr.read()
    took = time.monotonic() - began
    _, status, usage = os.wait4(run.pid, 0)
    cpu = usage.ru_utime + usage.ru_stime - before
    check(status == 0, f"left with {status}: {errors.decode()}")
    stats = json.loads(out)
    check(stats["flows"]["seen"] == flows, f"{stats['flows']}")
    check(stats["export"]["records_sent"] == stats["export"]["records_submitted"], f"{stats['export']}")
    check(stats["packets"]["conserved"], f"{stats['packets']}")
    # On a machine that others load the share of it is what counts.
    busy = os.getloadavg()[0] > os.cpu_count() + 1
    check(cpu <= 5 and (took <= 5 or busy), f"{took:.1f} s, {cpu:.1f} s of CPU for {flows} flows, load {os.getloadavg()[0]:.0f}")
    return f"{flows} flows out after {took:.1f} s ({cpu:.1f} s of CPU, load {os.getloadavg()[0]:.0f}), {stats['export']['records_sent']} records, nothing lost"


def f13_live(w):
    """The same on an interface, with a collector over UDP: what waits in the table is not dropped at the end, nor sent faster than it is read."""
    flows = 1_000_000 if w.rounds >= 100 else 100_000
    sh("ip link set lo up")
    collector = Collector(w.bin, w.path("csv"), "udp://127.0.0.1:0")
    run = on_interface(w, "-n", f"127.0.0.1:{collector.port}", "-d", "3600", "-t", "3600", "-M", "2000000", "--ring-size", "64")
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind(("vp0", 0))
        for i in range(flows):
            s.send(frame(i, b"x" * 12, source=struct.pack(">I", 0x0A000000 + i)))
            if i % 1000 == 0:
                time.sleep(0.005)
    before, at = -1.0, 0.0
    while before != at:
        before, at = at, cpu_of(run.pid)
        time.sleep(1)
    stats, took = leaves(run, 60)
    spent = -1
    while spent != (spent := cpu_of(collector.process.pid)):
        time.sleep(1)
    received = collector.stop()
    check(stats["packets"]["in"] + stats["capture"]["kernel_drops"] >= flows and stats["flows"]["seen"] >= 0.99 * flows, f"{stats['capture']} {stats['flows']}")
    law.of_packets(stats)
    law.of_records_made(stats)  # none dropped
    law.of_records_received(received, w.path("csv"))
    made = stats["export"]["records_submitted"] + stats["export"]["options_records"]
    got, lost = received["records"]["received"], received["sequence"]["lost"]
    check(made == got + lost, f"{made} records made, {got} received, {lost} lost by their numbers")
    busy = os.getloadavg()[0] > os.cpu_count() + 1
    check(took <= 5 or busy, f"{took:.1f} s for {flows} flows, load {os.getloadavg()[0]:.0f}")
    return f"{flows} flows over UDP after {took:.1f} s (load {os.getloadavg()[0]:.0f}): {made} records = {got} received + {lost} lost"


def f14_sighup(w):
    """SIGHUP twenty times in mid-capture, half of them with a configuration that does not hold."""
    config = w.path("probe.yaml")
    open(config, "w").write("verbose: 1\n")
    port, out = free_port(), w.path("csv")
    collector = Collector(w.bin, out, f"udp://127.0.0.1:{port}")
    sender = w.sender(f"127.0.0.1:{port}", "--config", config)

    def again(part):
        open(config, "w").write("verbose: 1\nstrict: on\n" if part % 2 else "workers: many\n")
        sender.send_signal(signal.SIGHUP)
        collector.process.send_signal(signal.SIGHUP)

    w.feed(sender, pause=0.1, each=again)
    exported = w.finished(sender)
    time.sleep(1)
    stats = collector.stop()
    return f"{conserved(exported, stats)}; {same_as_undisturbed(w, out)}"


def f15_ring_drops(w):
    """A ring too small and a probe that stands still: what the kernel dropped is counted, and every record of that time says so."""
    run = subprocess.run([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live", "capture.py"), w.bin, "drops"],
                         capture_output=True, text=True, timeout=120)
    if run.returncode == 77:
        skip(run.stdout.strip())  # noqa: F405
    check(run.returncode == 0, run.stdout + run.stderr)
    return run.stdout.strip().splitlines()[0]


def f16_no_memory(w):
    """Every n-th allocation fails: the program says so and leaves with 1, or goes on; it never crashes."""
    if b"__asan_init" in Path(f"{w.bin}/voipprobe").read_bytes():
        skip("AddressSanitizer has the allocator")  # noqa: F405
    source = w.path("nalloc.c")
    open(source, "w").write("""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <stddef.h>
#include <unistd.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
static long fail_at = -1, count;
void *malloc(size_t n) {
    static void *(*real)(size_t);
    if (!real) { real = dlsym(RTLD_NEXT, "malloc"); char *e = getenv("FAIL_AT"); fail_at = e ? atol(e) : -1; }
    Dl_info from;  /* GLib, of libfixbuf, reports want of memory by asking for more, without end: not ours to change */
    if (dladdr(__builtin_return_address(0), &from) && from.dli_fname && strstr(from.dli_fname, "libglib")) return real(n);
    if (__atomic_add_fetch(&count, 1, __ATOMIC_RELAXED) >= fail_at && fail_at > 0) { errno = ENOMEM; return NULL; }
    return real(n);
}
__attribute__((destructor)) static void told(void) {
    char *name = getenv("COUNT_TO");
    if (name) { FILE *f = fopen(name, "w"); fprintf(f, "%ld", count); fclose(f); }
}
""")
    library = w.path("nalloc.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    ends = {}
    probe(w.bin, w.capture, f"file:{w.path('x.ipfix')}")  # noqa: F405
    nothing = w.path("nothing.pcap")
    open(nothing, "wb").write(open(w.capture, "rb").read(24))
    programs = {"voipprobe": lambda capture, out: [f"{w.bin}/voipprobe", "-i", capture, "-n", f"file:{out}.ipfix", "-q", "--sandbox", "off"],
                "voipcollector": lambda capture, out: [f"{w.bin}/voipcollector", "-r", w.path("x.ipfix") if capture == w.capture else w.path("nothing.ipfix"), "-o", out, "-q", "--sandbox", "off"]}
    probe(w.bin, nothing, f"file:{w.path('nothing.ipfix')}")  # noqa: F405
    for program, command in programs.items():
        env = {**os.environ, "LD_PRELOAD": library, "COUNT_TO": w.path("count")}
        subprocess.run(command(nothing, w.path("empty")), check=True, env=env)
        started = int(open(w.path("count")).read())
        for more in (50, 100, 200, 500, 1000, 2000, 3000, 5000, 10_000, 20_000):
            run = subprocess.run(command(w.capture, w.path(f"out{more}")), capture_output=True, text=True, env={**env, "FAIL_AT": str(started + more)}, timeout=60)
            check(run.returncode in (0, 1), f"{program} with allocation {started} + {more} failing: {run.returncode} {run.stderr}")
            check(run.returncode == 0 or "out of memory" in run.stderr, f"{run.stderr}")
            ends[run.returncode] = ends.get(run.returncode, 0) + 1
    check(ends.get(1, 0) > 0, "no allocation failed")
    return f"{ends.get(1, 0)} runs left with exit code 1 and a line, {ends.get(0, 0)} had no need of it; no crash after start-up"


def f17_failing_calls(w):
    """EINTR, EAGAIN, ENOBUFS and EMFILE where they can come; input that ends in mid-packet."""
    need("strace")  # noqa: F405
    said = []
    for what in ("sendmmsg:error=EINTR:when=2+3", "sendmmsg:error=ENOBUFS:when=3+5", "read:error=EINTR:when=40+3"):  # the first two dozen reads are the loader's
        port, out = free_port(), w.path("csv-" + what.replace(":", "-"))
        collector = Collector(w.bin, out, f"udp://127.0.0.1:{port}")
        name = what.split(":")[0]
        sender = w.sender(f"127.0.0.1:{port}", "--sandbox", "off", prefix=[*TRACED, "-o", w.path("s.log"), "-e", f"trace={name}", "-e", f"inject={what}"])
        w.feed(sender, parts=60, pause=0.02)
        exported = w.finished(sender)
        time.sleep(0.7)
        stats = collector.stop()
        check("INJECTED" in open(w.path("s.log")).read(), f"{what}: nothing was injected")
        conserved(exported, stats)
        said.append(what.split(":")[1][6:] + " in " + name)
    for what in ("recvmmsg:error=EINTR:when=2+3", "recvmmsg:error=EAGAIN:when=3+4", "accept:error=EMFILE:when=1..3"):
        from storage import ended, injected
        collector, port, out = injected(w, ["-e", f"trace={what.split(':')[0]}", "-e", f"inject={what}"])
        sender = w.sender(f"127.0.0.1:{port}")
        w.feed(sender)
        exported = w.finished(sender)
        time.sleep(0.7)
        conserved(exported, ended(w, collector))
        os.rename(out, out + what.replace(":", "-"))
        said.append(what.split(":")[1][6:] + " in " + what.split(":")[0])
    data = open(w.capture, "rb").read()
    cut = subprocess.run([f"{w.bin}/voipprobe", "-i", "-", "-n", "none", "-q"], input=data[:-7], capture_output=True)
    check(cut.returncode == 3, f"input that ends in mid-packet: {cut.returncode}")
    return ", ".join(said) + ": nothing lost; a pipe that ends in mid-packet: exit code 3"


def f18_clock_steps(w):
    """The machine's clock steps by a day, forward and back, while both run (libfaketime)."""
    library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
    if not os.path.exists(library):
        skip("libfaketime is not installed")  # noqa: F405
    clock = w.path("clock")
    open(clock, "w").write("+0")
    env = {**os.environ, "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    port, out = free_port(), w.path("csv")
    collector = subprocess.Popen([f"{w.bin}/voipcollector", "-l", f"udp://127.0.0.1:{port}", "-o", out, "--stats=json", "--sandbox", "off", "--rotate-time", "3600"], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, env=env)
    collector.stderr.readline()
    sender = subprocess.Popen([f"{w.bin}/voipprobe", "-i", "-", "-n", f"127.0.0.1:{port}", "--stats=json", "--sandbox", "off", *SOON], stdin=subprocess.PIPE, stdout=subprocess.PIPE,  # noqa: F405
                              stderr=subprocess.PIPE, env=env)
    steps = ["+1d", "-1d", "+0", "+5000d", "+20000d", "-3000d"]

    def step(part):
        if part % 3 == 0:
            open(clock, "w").write(steps[part // 3 % len(steps)])

    w.feed(sender, pause=0.1, each=step)
    exported = w.finished(sender)
    time.sleep(1.2)
    collector.send_signal(signal.SIGTERM)
    stats = json.loads(collector.communicate(timeout=30)[0])
    return f"{conserved(exported, stats)}; {same_as_undisturbed(w, out)}"


def f20_stalled(w):
    """64 threads on this machine's cores, all of them stopped for 2 s under load: the ring holds or the drops are counted."""
    run = on_interface(w, "--workers", "64")
    time.sleep(0.5)
    sent(2000)
    run.send_signal(signal.SIGSTOP)
    sent(20_000, 5000)
    time.sleep(2)
    run.send_signal(signal.SIGCONT)
    sent(2000, 6000)
    time.sleep(1)
    stats, _ = leaves(run)
    got, drops = stats["packets"]["in"], stats["capture"]["kernel_drops"] + stats["capture"]["interface_drops"]
    check(got + drops == 24_000, f"{got} packets and {drops} drops of 24000")
    return f"24000 packets = {got} read + {drops} counted as dropped"


def f21_memory_limit(w):
    """Ten times more flows than -M allows: memory stays at what that many take."""
    sizes = {}
    for flows in (100_000, 1_000_000):
        path = w.path(f"{flows}.pcap")
        with open(path, "wb") as f:
            f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
            for i in range(flows):
                f.write(struct.pack("<IIII", 1700000000 + i // 100_000, i % 100_000, 40, 40) + struct.pack(">BBHHHBBHI4s", 0x45, 0, 40, i & 0xFFFF, 0, 64, 17, 0, 0x0A000000 + i, bytes([192, 0, 2, 2])) +
                        struct.pack(">HHHH12x", 4000, 53, 20, 0))
        run = subprocess.Popen([f"{w.bin}/voipprobe", "-i", path, "-n", "none", "-M", "100000", "-T", "ntop", "--stats=json"], stdout=subprocess.PIPE, text=True)
        out = run.stdout.read()
        _, status, usage = os.wait4(run.pid, 0)
        check(status == 0, f"left with {status}")
        stats = json.loads(out)
        check(stats["packets"]["conserved"], f"{stats['packets']}")
        sizes[flows] = usage.ru_maxrss / 1024
    check(sizes[1_000_000] <= sizes[100_000] * 1.05 + 4, f"{sizes} MiB")
    return f"-M 100000: {sizes[100_000]:.0f} MiB with 100,000 flows, {sizes[1_000_000]:.0f} MiB with 1,000,000"


def f22_configurations(w):
    """YAML that nests, refers to itself or is too much: exit code 2, at once, in little memory."""
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(12))
    texts = {"nested": "snaplen: " + "[" * 500_000, "nested maps": "".join(" " * i + "a:\n" for i in range(1000)), "aliases": bomb, "scalar": "template: " + "x" * (1 << 20), "unknown": "snaplan: 5\n",
             "twice": "snaplen: 100\nsnaplen: 200\n", "self": "a: &a [*a]\n", "tabs": "\tsnaplen: 100\n", "binary": "\0\1\2\xff", "mapping": "snaplen: {a: b}\n", "huge": "x" * (2 << 20)}
    worst = 0.0
    for name, text in texts.items():
        path = w.path("bad.yaml")
        open(path, "w", encoding="latin-1").write(text)
        for program in ("voipprobe", "voipcollector"):
            began = time.monotonic()
            run = subprocess.Popen([f"{w.bin}/{program}", "--config", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
            errors = run.stderr.read()
            _, status, usage = os.wait4(run.pid, 0)
            check(time.monotonic() - began < 20, f"{program}, {name}: does not end")
            took = usage.ru_utime + usage.ru_stime  # what others take of the machine is not its doing
            worst = max(worst, took)
            check(os.waitstatus_to_exitcode(status) == 2, f"{program}, {name}: {status} {errors[:200]}")
            check(took < 1 and usage.ru_maxrss < 64 << 10, f"{program}, {name}: {took:.2f} s of CPU, {usage.ru_maxrss >> 10} MiB")
            check(errors.count("\n") == 1, f"{name}: {errors[:200]}")
    return f"{len(texts)} configurations refused by both programs with one line, at most {worst:.2f} s of CPU"


def f23_mirrored_twice(w):
    """Every packet twice, as from a mirror of both sides: the rows are those of the packets once, but that copies are counted."""
    data = open(w.capture, "rb").read()
    twice, at = bytearray(data[:24]), 24
    while at < len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        record = data[at:at + 16 + length]
        twice += record + record
        at += 16 + length
    path = w.path("twice.pcap")
    open(path, "wb").write(twice)
    law.through_file(w.bin, path, w.path("csv"), *SOON, via=w.path("twice.ipfix"))  # noqa: F405
    told = 0
    for name in ("calls", "streams", "flows"):
        got, want = content(w.path("csv"), name), content(w.undisturbed(), name)
        check(len(got) == len(want) > 50, f"{name}: {len(got)} rows, {len(want)} undisturbed")

        def without_counts(table):
            return sorted(tuple((k, v) for k, v in row if not k.endswith(("packets", "octets", "duplicates", "bitrate_kbps", "packet_rate", "gap_mean_ms"))) for row in table)

        check(without_counts(got) == without_counts(want), f"{name} differ in more than their counts")
        told += sum(int(v) for row in got for k, v in row if k.endswith("_duplicates") and v)
    check(told > 1000, f"{told} copies were told")
    return f"same calls, streams and flows, same jitter and loss; {told} copies told apart"

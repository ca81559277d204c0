"""F01, F03-F05: the collector killed while it writes, a full disk, a disk that fails or is slow, a crash while renaming."""
import os
import random
import subprocess
import time

from world import *  # noqa: F403
from world import TRACED, Collector, check, conserved, content, free_port, generate, same_as_undisturbed, wait_for, whole_lines


def f01_kill_collector(w):
    """kill -9 at random instants; the exporter sends the window again, copies are recognised."""
    rounds = w.rounds
    w._capture = generate(w.bin, w.path("in.pcap"), "--calls", str(max(200, rounds * 15)), "--duration", "1", "--rate", "40")
    dice, out, port = random.Random(1), w.path("csv"), free_port(__import__("socket").SOCK_STREAM)
    listen = f"tcp://127.0.0.1:{port}"
    state = {"collector": Collector(w.bin, out, listen), "kills": 0}
    sender = w.sender(f"{listen}?resend=on", "--reconnect", "1")
    part_lines = []

    def kill(part):
        time.sleep(dice.uniform(0, 0.25))
        state["collector"].kill()
        state["kills"] += 1
        for name in ("calls", "streams", "flows"):  # what is on disk at that instant: whole lines, but for the last
            path = f"{out}/{name}.csv.part"
            if os.path.exists(path):
                part_lines.append(open(path, "rb").read().count(b"\n"))
        time.sleep(dice.uniform(0, 0.1))
        state["collector"] = Collector(w.bin, out, listen)
        time.sleep(1.05 if part % 4 == 0 else dice.uniform(0.2, 0.6))  # long enough to connect again

    w.feed(sender, parts=rounds, pause=0.05, each=kill)
    exported = w.finished(sender, 120)
    time.sleep(1)
    state["collector"].stop()
    check(exported["records_lost"] == 0, f"records lost: {exported}")
    return f"{state['kills']} kills: {same_as_undisturbed(w, out)}; 0 torn, 0 twice, 0 missing; {exported['records_resent']} records sent again"


def f03_full_disk(w):
    """tmpfs of 100 KiB in a mount namespace; rows wait and go out when there is room, what did not fit in memory is counted."""
    disk = w.path("disk")
    os.mkdir(disk)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "none", disk], check=True)
    try:
        return on_full_disk(w, disk)
    finally:
        subprocess.run(["umount", "-l", disk])


def on_full_disk(w, disk):
    port = free_port()
    collector = Collector(w.bin, f"{disk}/csv", f"udp://127.0.0.1:{port}")
    sender = w.sender(f"127.0.0.1:{port}")
    w.feed(sender)
    w.finished(sender)
    wait_for(lambda: os.statvfs(disk).f_bavail < 8, 10, "the full disk")  # the rest is less than one write
    time.sleep(1.5)
    for name in ("calls", "streams", "flows"):
        with open(f"{disk}/csv/{name}.csv.part", "rb") as f:
            octets = f.read()
        check(not octets or octets.endswith(b"\n"), f"{name}: torn by the full disk")
    before = sum(len(content(f"{disk}/csv", t)) for t in ("calls", "streams", "flows"))
    check(before < sum(len(content(w.undisturbed(), t)) for t in ("calls", "streams", "flows")), "the disk held all rows")
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    began = time.monotonic()
    wait_for(lambda: sum(len(content(f"{disk}/csv", t)) for t in ("calls", "streams", "flows")) > before, 5, "writing again")
    resumed = time.monotonic() - began
    stats = collector.stop()
    check(stats["dropped_rows"] == 0, f"{stats['dropped_rows']} rows dropped")
    return f"full, then writes again after {resumed:.1f} s: {same_as_undisturbed(w, f'{disk}/csv')}"


def injected(w, what, options=()):
    """A run whose collector has a system call fail as `what` says."""
    port, out = free_port(), w.path("csv")
    log = open(w.path("collector.log"), "w+")
    collector = subprocess.Popen([*TRACED, "-o", w.path("strace.log"), *what, f"{w.bin}/voipcollector", "-l", f"udp://127.0.0.1:{port}", "-o", out, "--stats=json", *options],
                                 stdout=open(w.path("stats.json"), "w"), stderr=log)
    wait_for(lambda: "listening" in open(w.path("collector.log")).read(), 30, "listening")
    return collector, port, out


def ended(w, collector):
    import json
    import signal
    children = open(f"/proc/{collector.pid}/task/{collector.pid}/children").read().split()
    os.kill(int(children[0]), signal.SIGTERM)
    check(collector.wait(timeout=60) == 0, open(w.path("collector.log")).read())
    return json.load(open(w.path("stats.json")))


def f04_failing_disk(w):
    """Writes fail with EIO for a while; every other later one takes 0.5 s."""
    need("strace")  # noqa: F405
    collector, port, out = injected(w, ["-e", "trace=pwrite64,fsync", "-e", "inject=pwrite64:error=EIO:when=3..20"])
    sender = w.sender(f"127.0.0.1:{port}")
    w.feed(sender, pause=0.1)
    exported = w.finished(sender)
    time.sleep(1)
    stats = ended(w, collector)
    failed = open(w.path("strace.log")).read().count("EIO")
    check(failed > 5, f"{failed} writes failed")
    law = conserved(exported, stats)
    same = same_as_undisturbed(w, out)
    os.rename(out, out + "-eio")
    collector, port, out = injected(w, ["-e", "trace=pwrite64", "-e", "inject=pwrite64:delay_enter=500000:when=3+2"])
    sender = w.sender(f"127.0.0.1:{port}")
    w.feed(sender, pause=0.1)
    exported = w.finished(sender)
    time.sleep(1)
    stats = ended(w, collector)
    return f"{failed} writes failed: {same}; slow: {conserved(exported, stats, stats['messages']['kernel']['drops'] if isinstance(stats['messages'].get('kernel'), dict) else 0)}, {same_as_undisturbed(w, out)}"


def f05_rename_crash(w):
    """Killed at the first, second ... rename of a rotation; the next start goes on."""
    need("strace")  # noqa: F405
    total = []
    w._capture = generate(w.bin, w.path("in.pcap"), "--calls", "600", "--duration", "1", "--rate", "30")
    for when in range(1, 6):
        out = w.path(f"csv{when}")
        port = free_port(__import__("socket").SOCK_STREAM)
        listen = f"tcp://127.0.0.1:{port}"
        said = w.path(f"first{when}.log")
        first = subprocess.Popen([*TRACED, "-o", w.path("s.log"), "-e", "trace=renameat", "-e", f"inject=renameat:signal=KILL:when={when}", f"{w.bin}/voipcollector", "-l", listen,
                                  "-o", out, "--rotate-size", "20K"], stderr=open(said, "w"))
        wait_for(lambda: "listening" in open(said).read(), 30, "listening")
        sender = w.sender(f"{listen}?resend=on", "--reconnect", "1")
        data = open(w.capture, "rb").read()
        w.feed(sender, pause=0.2, data=data[:len(data) * 4 // 5])
        wait_for(lambda: first.poll() is not None, 30, f"rename number {when}")
        second = Collector(w.bin, out, listen, "--rotate-size", "20K")
        w.feed(sender, parts=5, data=data[len(data) * 4 // 5:])
        exported = w.finished(sender)
        time.sleep(1)
        second.stop()
        check(exported["records_lost"] == 0, f"{exported}")
        total.append(same_as_undisturbed(w, out))
    return f"killed at renames 1 to 5: each time {total[-1]}"

"""F02, F06-F09, F19, F24: probes and collectors that die, ports that refuse, paths that lose, repeat and reorder."""
import os
import subprocess
import sys
import time
from pathlib import Path

from relay import Relay
from world import *  # noqa: F403
from world import Collector, check, conserved, content, free_port, same_as_undisturbed

TRANSPORT = Path(__file__).resolve().parent.parent / "interop" / "transport.py"


def by_transport(scenario):
    """Faults that tests/interop/transport.py is about."""
    def run(w):
        done = subprocess.run([sys.executable, TRANSPORT, scenario, w.bin], capture_output=True, text=True, timeout=200)
        if done.returncode == 77:
            skip(done.stdout.strip())  # noqa: F405
        check(done.returncode == 0, done.stdout + done.stderr)
        return done.stdout.strip().splitlines()[-2]
    run.__doc__ = f"transport.py {scenario}"
    return run


def f02_kill_probe(w):
    """kill -9 of the probe in mid-capture; another one starts: a new session, no loss, no copies."""
    port, out = free_port(), w.path("csv")
    collector = Collector(w.bin, out, f"udp://127.0.0.1:{port}")
    first = w.sender(f"127.0.0.1:{port}")
    data = open(w.capture, "rb").read()
    w.feed(first, parts=10, data=data[:len(data) // 2])
    first.kill()
    first.communicate()
    second = w.sender(f"127.0.0.1:{port}")
    w.feed(second, parts=10)
    exported = w.finished(second)
    time.sleep(1)
    stats = collector.stop()
    check(stats["sequence"]["lost"] == 0, f"{stats['sequence']}")
    check(stats["records"]["received"] >= exported["records_submitted"], f"{stats['records']}")
    return f"{stats['records']['received']} records of both, sequence {stats['sequence']['lost']} lost, {stats['sequence']['resets']} resets"


def f06_refused(w):
    """Nobody listens at first, then for a while in the middle: each second send fails and is counted, templates come first on return."""
    port, out = free_port(), w.path("csv")
    sender = w.sender(f"127.0.0.1:{port}")
    collectors, seen = [], []

    def comes_and_goes(part):
        if part in (6, 16):
            collectors.append(Collector(w.bin, f"{out}{part}", f"udp://127.0.0.1:{port}"))
        if part == 11:
            time.sleep(0.3)
            seen.append(collectors[0].stop())

    w.feed(sender, pause=0.2, each=comes_and_goes)
    exported = w.finished(sender)
    time.sleep(1)
    seen.append(collectors[1].stop())
    got = sum(s["records"]["received"] for s in seen)
    check(exported["refusals"] > 0, f"{exported}")
    check(all(s["sets"]["dropped"] == 0 for s in seen), f"data without template: {[s['sets'] for s in seen]}")
    made = exported["records_submitted"] + exported["options_records"]
    silent = made - got - exported["records_lost"]
    # Each refusal stands for one message that found nobody; the last ones of a pause are heard too late.
    check((silent > 0) == (exported["refusals"] > 0), f"{made} made, {got} received, {exported}")
    return f"{made} made, {got} received, {silent} in messages that found nobody: {exported['refusals']} refusals counted"


def impaired(w):
    """Loss 5 %, copies 5 %, reordering 10 %, then corruption: what is missing is what the sequence numbers say."""
    out = w.path("csv")
    said = []
    for name, options in (("loss", {"loss": 0.05}), ("copies", {"copies": 0.05}), ("reordering", {"reorder": 0.1}), ("all", {"loss": 0.05, "copies": 0.05, "reorder": 0.1})):
        collector = Collector(w.bin, f"{out}-{name}")
        relay = Relay(collector.port, **options)
        sender = w.sender(f"127.0.0.1:{relay.port}", "-o", "1")
        w.feed(sender, parts=10)
        exported = w.finished(sender)
        did = relay.stop()
        time.sleep(0.5)
        stats = collector.stop()
        made = exported["records_submitted"] + exported["options_records"]
        got, lost, twice = stats["records"]["received"], stats["sequence"]["lost"], stats["sequence"]["duplicates"]
        check((did["lost"] > 0) == ("loss" in options), f"{did}")
        # A loss at the very end shows only in the next message; there is none.
        tail = made - (got - twice + lost)
        check(0 <= tail <= (60 if "loss" in options else 0), f"{name}: {made} made, {got} received, {twice} twice, {lost} lost")
        said.append(f"{name}: {made} = {got} - {twice} copies + {lost} lost" + (f" + {tail} in the last messages" if tail else ""))
    collector = Collector(w.bin, f"{out}-corrupt")
    relay = Relay(collector.port, corrupt=0.3)
    sender = w.sender(f"127.0.0.1:{relay.port}")
    w.feed(sender, parts=10)
    w.finished(sender)
    relay.stop()
    time.sleep(0.5)
    stats = collector.stop()
    whole_lines(f"{out}-corrupt")  # noqa: F405
    return "; ".join(said) + f"; corrupted: {stats['records']['received']} records read, {sum(v for v in stats['messages'].get('refused', {}).values())} messages refused"


def f24_same_domain(w):
    """Two probes with one domain id: told apart by where they send from."""
    port, out = free_port(), w.path("csv")
    collector = Collector(w.bin, out, f"udp://127.0.0.1:{port}")
    both = [w.sender(f"127.0.0.1:{port}") for _ in range(2)]
    data = open(w.capture, "rb").read()
    for part in range(10):
        for sender in both:
            sender.stdin.write(data[len(data) * part // 10: len(data) * (part + 1) // 10])
            sender.stdin.flush()
        time.sleep(0.05)
    exported = [w.finished(sender) for sender in both]
    time.sleep(1)
    stats = collector.stop()
    check(stats["sequence"]["lost"] == 0 and stats["sequence"]["duplicates"] == 0, f"{stats['sequence']}")
    made = sum(e["records_submitted"] + e["options_records"] for e in exported)
    check(made == stats["records"]["received"], f"{made} made, {stats['records']['received']} received")
    return f"{made} records made, {stats['records']['received']} received, nothing lost or twice"


def f09_no_name_at_start(w):
    """The collector's name resolves only when the probe has been at work for a while: it starts, counts what it lost, and goes on."""
    from system import leaves, on_interface, sent, sh
    hosts = w.path("hosts")

    def names(*lines):
        open(hosts, "w").write("127.0.0.1 localhost\n" + "".join(f"{line}\n" for line in lines))

    names()
    open(w.path("resolv.conf"), "w").write("nameserver 127.0.0.9\noptions timeout:1 attempts:1\n")
    sh(f"ip link set lo up; mount --bind {hosts} /etc/hosts; mount --bind {w.path('resolv.conf')} /etc/resolv.conf")
    collector = Collector(w.bin, w.path("csv"), "udp://127.0.0.1:0")
    run = on_interface(w, "-n", f"collector.test:{collector.port}", "-d", "1", "-t", "2")
    check("does not resolve yet" in open(w.path("probe.log")).read(), "nothing was said of the name")
    for port in range(5000, 5010):
        sent(1, port)
    time.sleep(4)
    names("127.0.0.1 collector.test")
    for port in range(6000, 6080):  # it looks again every 5 s
        sent(1, port)
        time.sleep(0.15)
    time.sleep(1)
    stats, _ = leaves(run, 5)
    time.sleep(0.5)
    received = collector.stop()
    lost = stats["export"]["records_lost"]
    law.of_packets(stats)
    law.of_records_received(received, w.path("csv"))
    made = stats["export"]["records_submitted"]
    got = received["records"]["received"] - received["records"]["options"]
    check(got > 30 and lost >= 10 and made == got + lost, f"{made} records made, {got} received, {lost} lost")
    check(received["sets"]["dropped"] == 0, "the first message there had no templates")
    return f"{made} records = {got} received + {lost} lost while the name did not resolve"

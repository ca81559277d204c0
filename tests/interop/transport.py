#!/usr/bin/env python3
"""Collectors that are killed and come back, and TLS: what arrives is what was sent, or the sequence numbers say what is missing.

  transport.py SCENARIO BIN_FOLDER
"""
import json
import os
import subprocess
import sys
import tempfile
import time

import law
from exchange import *  # noqa: F403

CALLS = ["--calls", "300", "--duration", "1", "--rate", "8"]
SOON = ["-d", "2", "-t", "4"]  # records long before the end of the capture


def account(output):
    """What the probe exported, its account of packets and records checked."""
    stats = json.loads(output)
    law.of_packets(stats)
    law.of_records_made(stats, stats["export"]["records_lost"] + stats["export"]["records_dropped"])
    return stats["export"]


def content(folder, name, key):
    return sorted(tuple(sorted(r.items())) for r in rows(f"{folder}/{name}.csv", f"{folder}/{name}-*.csv", f"{folder}/{name}.csv.part"))


def undisturbed(bin_dir, work, capture):
    law.through_file(bin_dir, capture, f"{work}/reference", *SOON, via=f"{work}/x.ipfix")
    return f"{work}/reference"


def restart_tcp(bin_dir, work):
    capture = generate(bin_dir, f"{work}/in.pcap", *CALLS)
    reference = undisturbed(bin_dir, work, capture)
    out = f"{work}/tcp"
    port = free_port(socket.SOCK_STREAM)
    collector = Collector(bin_dir, out, f"tcp://127.0.0.1:{port}")
    sender = subprocess.Popen([f"{bin_dir}/voipprobe", "-i", "-", "-n", f"tcp://127.0.0.1:{port}?resend=on", "--reconnect", "1", "--stats=json", *SOON],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    data = open(capture, "rb").read()
    kills = 0
    for part in range(20):  # slowly, so that records are on their way when the collector dies
        sender.stdin.write(data[len(data) * part // 20: len(data) * (part + 1) // 20])
        sender.stdin.flush()
        time.sleep(0.15)
        if part in (6, 13):
            collector.kill()
            kills += 1
            time.sleep(0.3)
            collector = Collector(bin_dir, out, f"tcp://127.0.0.1:{port}")
    output, errors = sender.communicate(timeout=60)
    check(sender.returncode == 0, f"voipprobe left with {sender.returncode}: {errors.decode()}")
    exported = account(output)
    time.sleep(1)
    stats = collector.stop()
    check(exported["connections"] == kills + 1, f"{exported['connections']} connections after {kills} kills")
    check(exported["records_lost"] == 0, f"records lost: {exported}")
    for name in ("calls", "streams", "flows"):
        got, want = content(out, name, None), content(reference, name, None)
        check(len(want) > 50, f"only {len(want)} {name}")
        check(got == want, f"{name}: {len(got)} rows, {len(want)} in the undisturbed run; missing {len(set(want) - set(got))}, extra {len(set(got) - set(want))}, "
                           f"twice {len(got) - len(set(got))}\nfirst missing: {sorted(set(want) - set(got))[:1]}\nfirst extra: {sorted(set(got) - set(want))[:1]}")
    print(f"tcp: killed {kills} times, {exported['records_resent']} records sent again, {stats['records'].get('copies')} copies left out; calls, streams and flows as undisturbed")


def restart_udp(bin_dir, work):
    """What is lost equals what the sequence numbers say, and with --state data is read before the first template."""
    capture = generate(bin_dir, f"{work}/in.pcap", *CALLS)
    state, out = f"{work}/state", f"{work}/udp"
    port = free_port()
    first = Collector(bin_dir, out, f"udp://127.0.0.1:{port}", "--state", state)
    # Templates only once: without the stored ones the second collector could read nothing.
    sender = subprocess.Popen([f"{bin_dir}/voipprobe", "-i", "-", "-n", f"udp://127.0.0.1:{port}", "-o", "0", "--stats=json", *SOON],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    data = open(capture, "rb").read()
    half = len(data) // 2
    for part in range(10):
        sender.stdin.write(data[half * part // 10: half * (part + 1) // 10])
        sender.stdin.flush()
        time.sleep(0.15)
    time.sleep(1.2)  # a flush, so that the templates are on disk
    first.kill()
    second = Collector(bin_dir, f"{work}/udp2", f"udp://127.0.0.1:{port}", "--state", state)
    sender.stdin.write(data[half:])
    sender.stdin.flush()
    output, errors = sender.communicate(timeout=60)
    check(sender.returncode == 0, f"voipprobe left with {sender.returncode}: {errors.decode()}")
    exported = account(output)
    time.sleep(1)
    stats = second.stop()
    check(stats["templates"]["restored"] > 0, f"no template was restored: {stats['templates']}")
    check(stats["records"]["received"] > 100, f"{stats['records']['received']} records")
    check(stats["sets"]["dropped"] == 0, f"data without template: {stats['sets']}")
    check(stats["sequence"]["lost"] == exported["send_errors"] == 0, f"lost {stats['sequence']}, {exported['send_errors']} errors")
    print(f"udp: {stats['templates']['restored']} templates restored, {stats['records']['received']} records read without a new template")


def tls(bin_dir, work):
    need("openssl")
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=work, check=True, capture_output=True)
    with open(f"{work}/names", "w") as f:
        f.write("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    for name in ("server", "client"):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", f"{name}.pem")
    capture = generate(bin_dir, f"{work}/in.pcap", "--calls", "30", "--duration", "2", "--rate", "20")
    reference = undisturbed(bin_dir, work, capture)
    out = f"{work}/tls"
    collector = Collector(bin_dir, out, "tls://127.0.0.1:0", "--tls-cert", f"{work}/server.pem", "--tls-key", f"{work}/server.key", "--tls-ca", f"{work}/ca.pem")
    url = f"tls://127.0.0.1:{collector.port}"
    def attempt(*args):
        return subprocess.run([f"{bin_dir}/voipprobe", "-i", capture, "-n", url, "--reconnect", "1", "--stats=json", *SOON, *args], capture_output=True, text=True, timeout=120)
    wrong = attempt("--tls-ca", f"{work}/other.pem")
    check(wrong.returncode == 1 and "TLS:" in wrong.stderr, f"a collector under another authority was taken: {wrong.returncode} {wrong.stderr}")
    good = attempt("--tls-ca", f"{work}/ca.pem", "--tls-cert", f"{work}/client.pem", "--tls-key", f"{work}/client.key")
    check(good.returncode == 0, f"{good.returncode} {good.stderr}")
    time.sleep(1)
    stats = collector.stop()
    law.whole(json.loads(good.stdout), stats, out, capture)
    check(stats["messages"]["bad_connections"] >= 1, f"the refused connection was not counted: {stats['messages']}")
    for name in ("calls", "streams", "flows"):
        check(content(out, name, None) == content(reference, name, None), f"{name} differ from those of the file")
    # without a client certificate the collector does not take a single record
    out = f"{work}/tls2"
    collector = Collector(bin_dir, out, "tls://127.0.0.1:0", "--tls-cert", f"{work}/server.pem", "--tls-key", f"{work}/server.key", "--tls-ca", f"{work}/ca.pem")
    url = f"tls://127.0.0.1:{collector.port}"
    anonymous = subprocess.Popen([f"{bin_dir}/voipprobe", "-i", capture, "-n", url, "--tls-ca", f"{work}/ca.pem"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(2)
    anonymous.kill()
    anonymous.communicate()
    stats = collector.stop()
    check(stats["records"]["received"] == 0, f"{stats['records']['received']} records of an exporter without certificate")
    print("tls: own authority, both certificates; another authority and no certificate refused")


def dispatch(bin_dir, work):
    """Two collectors share the work: nothing twice, nothing lost, sequence numbers of each without a gap; hash-call keeps calls whole."""
    capture = generate(bin_dir, f"{work}/in.pcap", *CALLS)
    reference = undisturbed(bin_dir, work, capture)
    for way in ("round-robin", "hash-call"):
        both = [Collector(bin_dir, f"{work}/{way}-{n}") for n in range(2)]
        made = probe(bin_dir, capture, ",".join(f"127.0.0.1:{c.port}" for c in both), "--dispatch", way, *SOON)["export"]
        time.sleep(1)
        stats = [c.stop() for c in both]
        got = sum(s["records"]["received"] - s["records"]["options"] for s in stats)
        check(got == made["records_submitted"], f"{way}: {got} records received, {made['records_submitted']} made")
        check(all(s["sequence"]["lost"] == 0 and s["sets"]["dropped"] == 0 for s in stats), f"{way}: {[s['sequence'] for s in stats]}")
        tables = ("flows", "calls", "streams") if way == "hash-call" else ("flows",)
        for name in tables:
            got = sorted(content(f"{work}/{way}-0", name, None) + content(f"{work}/{way}-1", name, None))
            check(got == content(reference, name, None), f"{way}: {name} of both are not those of one collector")
            share = len(content(f"{work}/{way}-0", name, None)) / len(got)
            check(0.3 < share < 0.7, f"{way}: {share:.0%} of {name} went to the first")
        print(f"dispatch {way}: {[s['records']['rows']['flows'] for s in stats]} flows")


def in_namespace(bin_dir, scenario, *unshare):
    need("unshare", "ip")
    if os.geteuid() != 0:
        skip("needs root for a namespace of its own")
    run = subprocess.run(["unshare", *unshare, sys.executable, os.path.abspath(__file__), scenario, bin_dir], capture_output=True, text=True, timeout=100)
    print(run.stdout + run.stderr, end="")
    if "unshare failed" in run.stderr or "Operation not permitted" in run.stderr:
        skip("namespaces are not allowed here")
    check(run.returncode == 0, "in the namespace")


def path_mtu(bin_dir, work):
    in_namespace(bin_dir, "path-mtu-inside", "-n")


def path_mtu_inside(bin_dir, work):
    """A path of 900 octets: one message goes in fragments, the others fit, nothing is lost."""
    subprocess.run(["ip", "link", "set", "lo", "mtu", "900", "up"], check=True)
    capture = generate(bin_dir, f"{work}/in.pcap", *CALLS)
    for version in ("9", "10"):
        port = Datagrams()
        stats = probe(bin_dir, capture, port.url(), "-V", version, "-T", "rtp", *SOON)["export"]
        port.write(f"{work}/{version}.pcap")
        sizes = [len(data) for _, data in port.packets]
        check(stats["records_lost"] == 0 and stats["send_errors"] == 0, f"{stats}")
        # messages of one batch were made before the first was found too large
        check(max(sizes) > 872 and sizes.count(max(sizes)) <= 64 and max(sizes[-3:]) <= 872, f"version {version}: sizes {sizes}")
        lint = subprocess.run([f"{bin_dir}/flowdump", "--lint", f"{work}/{version}.pcap"], capture_output=True, text=True)
        check(lint.returncode == 0, lint.stdout)
        print(f"path-mtu version {version}: messages of {max(sizes)} octets, then at most {max(sizes[-3:])}; none lost")


def names(bin_dir, work):
    in_namespace(bin_dir, "names-inside", "-m")


def names_inside(bin_dir, work):
    """The collector's name moves to another address: the probe follows, with templates first."""
    hosts = f"{work}/hosts"
    def point(address):
        with open(hosts, "w") as f:
            f.write(f"127.0.0.1 localhost\n{address} collector.test\n")
    point("127.0.0.1")
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
    capture = generate(bin_dir, f"{work}/in.pcap", *CALLS)
    port = free_port()
    first = Collector(bin_dir, f"{work}/first", f"udp://127.0.0.1:{port}")
    sender = subprocess.Popen([f"{bin_dir}/voipprobe", "-i", "-", "-n", f"udp://collector.test:{port}", "--stats=json", *SOON],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    data = open(capture, "rb").read()
    second = None
    for part in range(40):
        sender.stdin.write(data[len(data) * part // 40: len(data) * (part + 1) // 40])
        sender.stdin.flush()
        time.sleep(0.25)
        if part == 10:
            first.stop()
            point("127.0.0.2")
            second = Collector(bin_dir, f"{work}/second", f"udp://127.0.0.2:{port}")
    output, errors = sender.communicate(timeout=60)
    check(sender.returncode == 0, f"voipprobe left with {sender.returncode}: {errors.decode()}")
    time.sleep(1)
    account(output)
    stats = second.stop()
    check(stats["records"]["received"] > 100, f"the new address got {stats['records']['received']} records")
    check(stats["sets"]["dropped"] == 0 and stats["sequence"]["lost"] == 0, f"{stats['sets']} {stats['sequence']}")
    print(f"names: {stats['records']['received']} records at the new address, templates first")


SCENARIOS = {"dispatch": dispatch, "path-mtu": path_mtu, "path-mtu-inside": path_mtu_inside, "names": names, "names-inside": names_inside, "restart-tcp": restart_tcp, "restart-udp": restart_udp, "tls": tls}

if __name__ == "__main__":
    scenario, bin_dir = sys.argv[1], os.path.abspath(sys.argv[2])
    with tempfile.TemporaryDirectory() as work:
        SCENARIOS[scenario](bin_dir, work)
    print(f"{scenario}: ok")

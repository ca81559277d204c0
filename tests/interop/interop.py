#!/usr/bin/env python3
"""Our messages before other people's programs, and theirs before our collector (docs/interop.md).

  interop.py SCENARIO BIN_FOLDER      leaves with 77 and says why when a program is missing
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

from exchange import *  # noqa: F403

NPROBE = [  # nProbe's users type these: %A%B, a trailing %, blanks behind %, stray words that are elements
    "%IPV4_SRC_ADDR %IPV4_DST_ADDR %INPUT_SNMP %OUTPUT_SNMP %IN_PKTS %IN_BYTES %FIRST_SWITCHED %LAST_SWITCHED %L4_SRC_PORT %L4_DST_PORT %TCP_FLAGS %PROTOCOL %SRC_TOS %SRC_AS %DST_AS",
    "%IPV4_SRC_ADDR%IPV4_DST_ADDR%IN_BYTES%OUT_BYTES @SIP@ @RTP@",
    "%IPV4_SRC_ADDR %L4_SRC_PORT %RTP_SSRC% %RTP_MOS%",
    "%IPV4_SRC_ADDR %IPV4_DST_ADDR % FIRST_SWITCHED %LAST_SWITCHED IN_PKTS %SIP_CALL_ID %SIP_OK_TIME %RTP_FIRST_SSRC",
    "@NTOPNG@ @SIP@ @RTP@",
]
BUNDLED = ["voip", "voip-full", "basic", "sip", "rtp", "ntop"]
CALLS = ["--calls", "6", "--duration", "3", "--rate", "2", "--codec", "PCMU,opus"]


def tshark_scenario(bin_dir, work):
    need("tshark")
    for family, name in ((socket.AF_INET, "ipv4"), (socket.AF_INET6, "ipv6")):
        capture = generate(bin_dir, f"{work}/{name}.pcap", *CALLS, *(["--ipv6"] if name == "ipv6" else []))
        for version in ("9", "10"):
            port = Datagrams(family)
            ways = [["-T", t] for t in BUNDLED + NPROBE]
            ways += [["-T", "voip", "--biflow", "off"]] + ([["-T", "voip", "--biflow", "rfc5103"]] if version == "10" else [])
            for way in ways:
                probe(bin_dir, capture, port.url(), "-V", version, "-t", "2", *way)
            out = f"{work}/{name}-{version}.pcap"
            port.write(out)
            check(len(port.packets) > 50, f"only {len(port.packets)} messages")
            common = ["tshark", "-n", "-r", out, "-d", f"udp.port=={port.port},cflow"]
            bad = subprocess.run([*common, "-Y", "cflow.unexpected_sequence_number || cflow.no_template_found || cflow.flowset_length.invalid || "
                                  "_ws.malformed || _ws.expert.severity >= 6291456"], capture_output=True, text=True)
            check(bad.stdout.strip() == "", f"tshark complains ({name}, version {version}):\n{bad.stdout[:2000]}")
            named = subprocess.run([*common, "-T", "fields", "-e", "cflow.pie.ntop.sip_call_id", "-e", "cflow.pie.ntop.rtp_in_jitter",
                                    "-e", "cflow.pie.ntop.rtp_in_mos"], capture_output=True, text=True).stdout
            check("@" in named and re.search(r"\t\d", named), f"tshark shows no VoIP fields by name ({name}, version {version})")
            lint = subprocess.run([f"{bin_dir}/flowdump", "--lint", out], capture_output=True, text=True)
            check(lint.returncode == 0, f"flowdump --lint ({name}, version {version}):\n{lint.stdout[:2000]}{lint.stderr}")
            print(f"tshark {name} version {version}: {len(port.packets)} messages, {lint.stderr.strip()}")


def nfdump_scenario(bin_dir, work):
    need("tshark", "nfcapd", "nfdump")
    capture = generate(bin_dir, f"{work}/in.pcap", *CALLS)
    packets, octets = capture_totals(capture)
    for version in ("9", "10"):
        for query, biflow in (("", "ntop"), ("?records=flow", "ntop"), ("", "rfc5103"), ("", "off")):
            if biflow == "rfc5103" and version == "9":
                continue
            folder = f"{work}/nf-{version}-{biflow}-{len(query)}"
            os.mkdir(folder)
            port = free_port()
            daemon = subprocess.Popen(["nfcapd", "-w", folder, "-p", str(port), "-b", "127.0.0.1", "-t", "3600", "-v", "2"],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            time.sleep(1)
            probe(bin_dir, capture, f"127.0.0.1:{port}{query}", "-V", version, "--biflow", biflow)
            time.sleep(1)
            daemon.send_signal(signal.SIGTERM)
            log = daemon.communicate(timeout=20)[0]
            check("Sequence Errors: 0, Bad Packets: 0" in log, f"nfcapd ({version}, {biflow}, {query!r}) says:\n{log[-1500:]}")
            out = subprocess.run(["nfdump", "-q", "-R", folder, "-N", "-o", "fmt:%pkt %byt %opkt %obyt"], capture_output=True, text=True).stdout
            numbers = [[int(n) for n in line.split()] for line in out.splitlines() if re.fullmatch(r"[\d\s]+", line)]
            seen = (sum(n[0] + n[2] for n in numbers), sum(n[1] + n[3] for n in numbers))
            check(seen == (packets, octets), f"nfdump ({version}, {biflow}, {query!r}) counts {seen}, the capture has {(packets, octets)}")
            print(f"nfdump version {version} {biflow} {query or '(all kinds)'}: {seen[0]} packets, {seen[1]} octets")


def pmacct_scenario(bin_dir, work):
    need("nfacctd")
    capture = generate(bin_dir, f"{work}/in.pcap", *CALLS)
    for version in ("9", "10"):
        primitives = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"../../templates/interop/pmacct-{'v9' if version == '9' else 'ipfix'}-sip.lst")
        port = free_port()
        config = f"{work}/nfacctd-{version}.conf"
        output = f"{work}/nfacctd-{version}.json"
        with open(config, "w") as f:
            f.write(f"nfacctd_ip: 127.0.0.1\nnfacctd_port: {port}\nnfacctd_time_new: true\nnfacctd_disable_checks: false\nplugins: print[voip]\n"
                    f"aggregate_primitives: {primitives}\naggregate[voip]: src_host, dst_host, sip_call_id, sip_call_state, sip_response_code\n"
                    f"print_output[voip]: json\nprint_output_file[voip]: {output}\nprint_refresh_time[voip]: 3600\nlogfile: {work}/nfacctd.log\n")
        daemon = subprocess.Popen(["nfacctd", "-f", config], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        time.sleep(2)
        probe(bin_dir, capture, f"127.0.0.1:{port}", "-V", version, "-T", "sip",
              "--export-options", "off")  # pmacct 1.7.7 miscounts options data of variable length, docs/interop.md
        time.sleep(1)
        daemon.send_signal(signal.SIGINT)
        log = (daemon.communicate(timeout=20)[0] or "") + open(f"{work}/nfacctd.log").read()
        check("expecting flow" not in log, f"nfacctd counts other sequence numbers:\n{log[-1500:]}")
        seen = [json.loads(line) for line in open(output)]
        ids = {r.get("sip_call_id") for r in seen}
        truth = {r["call_id"] for r in rows(capture + ".truth.calls.csv")}
        check(truth <= ids, f"nfacctd (version {version}) shows {ids}, the calls are {truth}; log:\n{log[-800:]}")
        codes = {str(r.get("sip_response_code")) for r in seen}
        check("200" in codes, f"nfacctd shows response codes {codes}")
        print(f"nfacctd version {version}: {len(seen)} rows with our names")


def ipfixdump_scenario(bin_dir, work):
    need("ipfixDump")
    capture = generate(bin_dir, f"{work}/in.pcap", *CALLS)
    xml = os.path.join(os.path.dirname(__file__), "../../templates/interop/libfixbuf.xml")
    for template in ("voip-full", "ntop"):
        path = f"{work}/{template}.ipfix"
        probe(bin_dir, capture, f"file:{path}", "-T", template)
        for way in (["--rfc5610"], ["-e", xml]):
            out = subprocess.run(["ipfixDump", *way, "--in", path], capture_output=True, text=True)
            text = out.stdout
            check(out.returncode == 0, f"ipfixDump {way}: {out.stderr[:500]}")
            check("_alienInformationElement" not in text and "(alien)" not in text, f"ipfixDump {way} does not know an element of {template}")
            for name in ("SIP_CALL_ID", "SIP_CALL_STATE") + (("recordId", "streamJitterMean") if template == "voip-full" else ("RTP_IN_JITTER",)):
                check(name in text, f"ipfixDump {way} does not name {name} ({template})")
        lint = subprocess.run([f"{bin_dir}/flowdump", "--lint", path], capture_output=True, text=True)
        check(lint.returncode == 0, f"flowdump --lint {template}:\n{lint.stdout[:2000]}")
        print(f"ipfixDump {template}: every element by name, by RFC 5610 and by our XML; {lint.stderr.strip()}")


def softflowd_scenario(bin_dir, work):
    need("tshark", "softflowd")
    capture = generate(bin_dir, f"{work}/in.pcap", *CALLS)
    packets, octets = capture_totals(capture)
    for version in ("9", "10"):
        out = f"{work}/soft-{version}"
        collector = Collector(bin_dir, out)
        run = subprocess.run(["softflowd", "-d", "-r", "in.pcap", "-n", f"127.0.0.1:{collector.port}", "-v", version, "-p", "pid", "-c", "ctl"],
                             capture_output=True, text=True, timeout=60, cwd=work)  # it takes short names only
        check(run.returncode == 0, f"softflowd: {run.stderr[-500:]}")
        time.sleep(1)
        stats = collector.stop()
        flows = rows(f"{out}/flows*.csv")
        names = set().union(*(r.keys() for r in flows)) if flows else set()
        check({"IPV4_SRC_ADDR", "L4_SRC_PORT", "IN_BYTES", "IN_PKTS"} <= names, f"softflowd version {version}: columns {names}")
        check(not any(n.startswith(("pen", "v9.")) for n in names), f"softflowd version {version}: unnamed elements {names}")
        seen = (sum(int(r["IN_PKTS"] or 0) for r in flows), sum(int(r["IN_BYTES"] or 0) for r in flows))
        check(seen == (packets, octets), f"softflowd version {version}: flows.csv has {seen}, the capture {(packets, octets)}")
        check(stats["sequence"]["lost"] == 0 and stats["sets"]["dropped"] == 0, f"softflowd version {version}: {stats['sequence']} {stats['sets']}")
        print(f"softflowd version {version}: {len(flows)} rows, {seen[0]} packets, {seen[1]} octets")


def nfreplay_scenario(bin_dir, work):
    need("tshark", "nfcapd", "nfreplay")
    capture = generate(bin_dir, f"{work}/in.pcap", *CALLS)
    packets, octets = capture_totals(capture)
    folder = f"{work}/nf"
    os.mkdir(folder)
    port = free_port()
    daemon = subprocess.Popen(["nfcapd", "-w", folder, "-p", str(port), "-b", "127.0.0.1", "-t", "3600"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    probe(bin_dir, capture, f"127.0.0.1:{port}?records=flow", "--biflow", "off")
    time.sleep(1)
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(timeout=20)
    out = f"{work}/replay"
    collector = Collector(bin_dir, out)
    stored = [f for f in os.listdir(folder) if f.startswith("nfcapd.")]
    run = subprocess.run(["nfreplay", "-v", "9", "-H", "127.0.0.1", "-p", str(collector.port), "-r", f"{folder}/{stored[0]}"], capture_output=True, text=True, timeout=60)
    check(run.returncode == 0, f"nfreplay: {run.stderr}")
    time.sleep(1)
    collector.stop()
    flows = rows(f"{out}/flows*.csv")
    seen = (sum(int(r["IN_PKTS"] or 0) for r in flows), sum(int(r["IN_BYTES"] or 0) for r in flows))
    check(seen == (packets, octets), f"nfreplay: flows.csv has {seen}, the capture {(packets, octets)}")
    print(f"nfreplay: {len(flows)} rows, {seen[0]} packets, {seen[1]} octets")


def yaf_scenario(bin_dir, work):
    """An IPFIX file as YAF writes it: totals, reverse elements, CERT's elements, variable lengths; made here octet by octet."""
    import struct
    CERT, REVERSE = 6871, 29305
    fields = [(152, 8, 0), (153, 8, 0), (85, 8, 0), (85, 8, REVERSE), (86, 8, 0), (86, 8, REVERSE), (8, 4, 0), (12, 4, 0), (7, 2, 0), (11, 2, 0), (4, 1, 0),
              (136, 1, 0), (58, 2, 0), (33, 2, CERT), (14, 1, CERT), (21, 4, CERT), (82, 65535, 0)]
    template = struct.pack(">HH", 0xB110, len(fields))
    for number, length, pen in fields:
        template += struct.pack(">HHI", number | 0x8000, length, pen) if pen else struct.pack(">HH", number, length)
    record = struct.pack(">QQQQQQ4s4sHHBBHHBI", 1700000000123, 1700000001123, 1500, 900, 10, 6, bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2]), 40000, 5060, 17, 1, 5, 5060, 2, 12)
    record += b"\x03eth"
    def message(sequence, *sets):
        body = b"".join(struct.pack(">HH", i, len(b) + 4) + b for i, b in sets)
        return struct.pack(">HHIII", 10, 16 + len(body), 1700000002, sequence, 7) + body
    with open(f"{work}/yaf.ipfix", "wb") as f:
        f.write(message(0, (2, template)) + message(0, (0xB110, record * 3)))
    lint = subprocess.run([f"{bin_dir}/flowdump", "--lint", f"{work}/yaf.ipfix"], capture_output=True, text=True)
    check(lint.returncode == 0, f"the file is not valid: {lint.stdout}")
    collect(bin_dir, f"{work}/yaf.ipfix", f"{work}/out")
    seen = rows(f"{work}/out/flows.csv")
    check(len(seen) == 3, f"{len(seen)} rows")
    r = seen[0]
    expect = {"OCTET_TOTAL": "1500", "reverseOctetTotalCount": "900", "PACKET_TOTAL": "10", "reversePacketTotalCount": "6", "IPV4_SRC_ADDR": "192.0.2.1",
              "L4_DST_PORT": "5060", "SRC_VLAN": "5", "INTERFACE_NAME": "eth", "FLOW_START_MILLISECONDS": "2023-11-14T22:13:20.123000Z"}
    for name, value in expect.items():
        check(r.get(name) == value, f"{name} is {r.get(name)!r}, not {value!r}; columns {list(r)}")
    if os.path.exists("/usr/share/libfixbuf/cert_ipfix.xml"):
        check(r.get("silkAppLabel") == "5060" and r.get("reverseFlowDeltaMilliseconds") == "12", f"CERT's elements: {list(r)}")
    print(f"YAF-style file: {len(seen)} rows, {len(r)} columns by name")


def mediator_scenario(bin_dir, work):
    """Through --sink ipfix: a second collector makes the same rows, but for the probe's name; v9 becomes IPFIX."""
    capture = generate(bin_dir, f"{work}/in.pcap", *CALLS)
    probe(bin_dir, capture, f"file:{work}/in.ipfix")
    port = Datagrams()
    probe(bin_dir, capture, port.url(), "-V", "9")
    port.write(f"{work}/v9.pcap")
    for name in ("in.ipfix", "v9.pcap"):
        once, twice, sent = f"{work}/{name}-once", f"{work}/{name}-twice", f"{work}/{name}-sent.ipfix"
        collect(bin_dir, f"{work}/{name}", once, "--sink", f"ipfix:file:{sent}")
        lint = subprocess.run([f"{bin_dir}/flowdump", "--lint", sent], capture_output=True, text=True)
        check(lint.returncode == 0, f"flowdump --lint {name}:\n{lint.stdout[:1500]}")
        collect(bin_dir, sent, twice)
        for table in ("calls", "streams"):
            want, got = rows(f"{once}/{table}.csv"), rows(f"{twice}/{table}.csv")
            for r in want + got:
                r.pop("probe")
            check(len(want) > 0 and sorted(want, key=str) == sorted(got, key=str), f"{name}: {table}.csv differs behind the mediator")
        print(f"mediator {name}: {lint.stderr.strip()}; calls and streams the same")


SCENARIOS = {n[: -len("_scenario")]: f for n, f in list(globals().items()) if n.endswith("_scenario")}

if __name__ == "__main__":
    scenario, bin_dir = sys.argv[1], os.path.abspath(sys.argv[2])
    with tempfile.TemporaryDirectory() as work:
        SCENARIOS[scenario](bin_dir, work)
    print(f"{scenario}: ok")

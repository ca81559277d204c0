#!/usr/bin/env python3
"""The same calls over UDP, TCP, WebSocket, TLS 1.2, TLS 1.3 and WebSocket over TLS: the programs as typed, calls.csv the same but for
the transport. SIP of a generated capture is put into TCP connections; TLS comes from Python's ssl (OpenSSL) with its key log.

  sip_over_streams.py BIN_FOLDER
"""
import csv
import os
import ssl
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
import law  # noqa: E402

BIN = sys.argv[1]
ETHERNET = bytes(12) + b"\x08\x00"
REQUEST = (b"GET / HTTP/1.1\r\nHost: sip.example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n\r\n")
RESPONSE = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: sip\r\n\r\n")


def read_pcap(path):
    """(time in us, frame)"""
    with open(path, "rb") as f:
        head = f.read(24)
        nano = struct.unpack("<I", head[:4])[0] == 0xA1B23C4D
        while len(record := f.read(16)) == 16:
            seconds, fraction, length, _ = struct.unpack("<IIII", record)
            yield seconds * 10**6 + (fraction // 1000 if nano else fraction), f.read(length)


def write_pcap(path, packets):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for t, frame in sorted(packets, key=lambda p: p[0]):
            f.write(struct.pack("<IIII", t // 10**6, t % 10**6, len(frame), len(frame)) + frame)


def websocket(text, masked):
    mask = b"\x37\xfa\x21\x3d" if masked else b""
    bit = 0x80 if masked else 0
    out = b"\x81" + (bytes([bit | len(text)]) if len(text) < 126 else bytes([bit | 126]) + struct.pack(">H", len(text))) + mask
    return out + (bytes(c ^ mask[i & 3] for i, c in enumerate(text)) if masked else text)


class Plain:
    """Octets of a connection as they are."""

    def start(self):
        return []

    def write(self, client, data):
        return [(client, data)]


class Tls:
    """Both ends of a TLS connection in memory."""

    def __init__(self, version, key_log, certificate):
        client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for context in (client, server):
            context.minimum_version = context.maximum_version = version
        client.check_hostname, client.verify_mode, client.keylog_filename = False, ssl.CERT_NONE, key_log
        server.load_cert_chain(certificate)
        self.to, self.ends = {True: ssl.MemoryBIO(), False: ssl.MemoryBIO()}, {}
        self.ends[True] = client.wrap_bio(self.to[True], self.to[False], server_hostname="sip.example.org")
        self.ends[False] = server.wrap_bio(self.to[False], self.to[True], server_side=True)

    def start(self):
        out = []
        for _ in range(3):
            for client in (True, False):
                self.handshake(client, out)
        return out

    def handshake(self, client, out):
        try:
            self.ends[client].do_handshake()
        except ssl.SSLWantReadError:
            pass
        data = self.to[not client].read()
        self.to[not client].write(data)
        if data:
            out.append((client, data))

    def write(self, client, data):
        out = []
        try:  # tickets of the other end
            self.ends[client].read(65536)
        except ssl.SSLWantReadError:
            pass
        self.ends[client].write(data)
        sent = self.to[not client].read()
        self.to[not client].write(sent)
        out.append((client, sent))
        self.ends[not client].read(65536)
        return out


class Connection:
    def __init__(self, client, server, layer, frames):
        self.ends, self.layer, self.frames, self.next, self.id = {True: client, False: server}, layer, frames, {True: 100, False: 900}, 0

    def segment(self, t, client, flags, data, out):
        (a, pa), (b, pb) = self.ends[client], self.ends[not client]
        for at in range(0, max(len(data), 1), 1300):
            part = data[at:at + 1300]
            self.id += 1
            tcp = struct.pack(">HHIIBBHHH", pa, pb, self.next[client], self.next[not client], 0x50, flags, 65535, 0, 0) + part
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), self.id & 0xFFFF, 0, 64, 6, 0, a, b)
            out.append((t, ETHERNET + ip + tcp))
            self.next[client] += len(part) + (1 if flags & 2 else 0)

    def start(self, t, out):
        self.segment(t, True, 2, b"", out)
        self.segment(t, False, 0x12, b"", out)
        for client, data in self.layer.start():
            self.segment(t, client, 0x18, data, out)
        if self.frames:
            for client, data in ((True, REQUEST), (False, RESPONSE)):
                for way, octets in self.layer.write(client, data):
                    self.segment(t, way, 0x18, octets, out)

    def message(self, t, client, text, out):
        for way, octets in self.layer.write(client, websocket(text, client) if self.frames else text):
            self.segment(t, way, 0x18, octets, out)


def over_tcp(capture, layer, frames, path):
    out, connections = [], {}
    for t, frame in read_pcap(capture):
        ip = frame[14:]
        if ip[9] != 17 or not (b"SIP/2.0" in ip[28:400]):
            out.append((t, frame))
            continue
        ports = struct.unpack(">HH", ip[20:24])
        source, target = (ip[12:16], ports[0]), (ip[16:20], ports[1])
        key = (source, target) if (source, target) in connections else (target, source)
        if key not in connections:
            key = (source, target)
            connections[key] = Connection(source, target, layer(), frames)
            connections[key].start(t - 1000, out)
        connections[key].message(t, key[0] == source, ip[28:], out)
    write_pcap(path, out)


def run(*command):
    done = subprocess.run([f"{BIN}/{command[0]}", *command[1:]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} left with {done.returncode}: {done.stderr}")


def calls(capture, work, name, *arguments):
    law.through_file(BIN, capture, f"{work}/{name}", "-T", "voip-full", *arguments)
    with open(f"{work}/{name}/calls.csv", newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f)), open(f"{work}/{name}/flows.csv", encoding="utf-8").read()


def main():
    failures = []
    with tempfile.TemporaryDirectory() as work:
        run("pcapgen", "-o", f"{work}/udp.pcap", "-q", "--calls", "6", "--seed", "3")
        certificate, key_log = f"{work}/certificate.pem", f"{work}/keys.log"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=sip.example.org", "-days", "2", "-keyout", certificate,
                        "-out", f"{work}/c.pem"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(certificate, "a", encoding="utf-8") as f:
            f.write(open(f"{work}/c.pem", encoding="utf-8").read())
        want, _ = calls(f"{work}/udp.pcap", work, "udp")
        if len(want) != 6 or {c["transport"] for c in want} != {"UDP"}:
            failures.append(f"{len(want)} calls over UDP")

        def tls(version):
            return lambda: Tls(version, key_log, certificate)

        ways = {"tcp": (Plain, False, "TCP"), "ws": (Plain, True, "WS"), "tls12": (tls(ssl.TLSVersion.TLSv1_2), False, "TLS"),
                "tls13": (tls(ssl.TLSVersion.TLSv1_3), False, "TLS"), "wss": (tls(ssl.TLSVersion.TLSv1_3), True, "WSS")}
        for name, (layer, frames, transport) in ways.items():
            over_tcp(f"{work}/udp.pcap", layer, frames, f"{work}/{name}.pcap")
            keys = ["--tls-keylog", key_log] if transport in ("TLS", "WSS") else []
            got, flows = calls(f"{work}/{name}.pcap", work, name, *keys)
            if {c["transport"] for c in got} != {transport}:
                failures.append(f"{name}: transports {[c['transport'] for c in got]}")
            if keys and "sip.example.org" not in flows:
                failures.append(f"{name}: no server name in flows.csv")
            for c in (*want, *got):
                c.pop("transport", None)
            if got != want:
                for a, b in zip(want, got):
                    failures += [f"{name}: {a['call_id']}: {k} is {b[k]!r}, over UDP {a[k]!r}" for k in a if a[k] != b[k]]
                failures.append(f"{name}: {len(got)} calls, over UDP {len(want)}")
            if keys:  # without them media still makes calls
                closed, _ = calls(f"{work}/{name}.pcap", work, name + "-closed")
                answered = sum(c["ok_time"] != "" for c in want)
                if {c["state"] for c in closed} != {"MEDIA_ONLY"} or len(closed) != answered:
                    failures.append(f"{name}: {[c['state'] for c in closed]} without keys, {answered} answered")
    for f in failures[:40]:
        print(f)
    print("FAILED" if failures else "ok")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""CPU time per flow record of voipcollector (to flows.csv), nfcapd (to its files) and nfacctd (print, CSV) on the same messages.

  collect_compare.py BIN_FOLDER      prints, judges nothing: machines differ. A record that a program did not take is said.
"""
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
from exchange import free_port, need  # noqa: E402

RECORDS = 1_000_000


def cpu(pid):
    total = 0.0
    for p in [pid] + [int(x) for x in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()]:
        try:
            fields = open(f"/proc/{p}/stat").read().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except OSError:
            pass
    return total


def send(path, port):
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.connect(("127.0.0.1", port))
    data = open(path, "rb").read()
    at = n = 0
    while at < len(data):
        (size,) = struct.unpack_from("<H", data, at)
        try:
            out.send(data[at + 2: at + 2 + size])
        except ConnectionRefusedError:
            pass
        at += 2 + size
        n += 1
        if n % 50 == 0:
            time.sleep(0.004)  # slow enough for every one of them


def measure(name, command, port, messages, ready=1.5):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    time.sleep(ready)
    before = cpu(process.pid)
    send(messages, port)
    time.sleep(2)
    used = cpu(process.pid) - before
    process.send_signal(signal.SIGTERM if name != "nfacctd" else signal.SIGINT)
    text = process.communicate(timeout=30)[0]
    return used, text


def main(bin_dir):
    need("nfcapd", "nfacctd")
    with tempfile.TemporaryDirectory() as work:
        messages = f"{work}/messages"
        subprocess.run([f"{bin_dir}/collect_bench", "messages", messages], check=True)
        port = free_port()
        used, text = measure("voipcollector", [f"{bin_dir}/voipcollector", "-l", f"udp://127.0.0.1:{port}", "-o", f"{work}/csv", "--stats=json"], port, messages)
        taken = re.search(r'"flows":(\d+)', text).group(1)
        print(f"voipcollector  {used / RECORDS * 1e9:6.0f} ns/record  {RECORDS / used / 1e6:5.2f} M/s per core  ({taken} of {RECORDS} records, as CSV)")
        os.mkdir(f"{work}/nf")
        port = free_port()
        used, text = measure("nfcapd", ["nfcapd", "-w", f"{work}/nf", "-p", str(port), "-b", "127.0.0.1", "-t", "3600"], port, messages)
        taken = re.search(r"Flows: (\d+)", text)
        print(f"nfcapd         {used / RECORDS * 1e9:6.0f} ns/record  {RECORDS / used / 1e6:5.2f} M/s per core  ({taken.group(1) if taken else '?'} of {RECORDS} records, its own format)")
        port = free_port()
        with open(f"{work}/conf", "w") as f:
            f.write(f"nfacctd_ip: 127.0.0.1\nnfacctd_port: {port}\nplugins: print[a]\naggregate[a]: src_host, dst_host, src_port, dst_port, proto\nprint_output[a]: csv\n"
                    f"print_output_file[a]: {work}/out.csv\nprint_refresh_time[a]: 3600\nplugin_buffer_size: 102400\nplugin_pipe_size: 102400000\nlogfile: {work}/log\n")
        used, text = measure("nfacctd", ["nfacctd", "-f", f"{work}/conf"], port, messages, 2)
        print(f"nfacctd        {used / RECORDS * 1e9:6.0f} ns/record  {RECORDS / used / 1e6:5.2f} M/s per core  (aggregated by 5-tuple, CSV at the end)")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))

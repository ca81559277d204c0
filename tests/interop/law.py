"""The conservation law of docs/reliability.md, from packets to CSV rows, for every test that runs the programs.

The sums are made here from the parts that --stats=json names, and the rows are counted in the files: neither program's
own word that the law holds is taken for it. Raises NotConserved.
"""
import csv
import glob
import json
import struct
import subprocess

# kind of row in the collector's --stats: its files; rows that no record gave (made of others) have a key in derived_rows
FILES = {"calls": "calls", "streams": "streams", "messages": "messages", "intervals": "intervals", "stream_details": "stream-details", "flows": "flows"}


class NotConserved(Exception):
    pass


def _equal(got, want, what, parts):
    if got != want:
        raise NotConserved(f"{what}: {got} is not {want}: {parts}")


def packets_of(path):
    """Packets in a capture file; None for what is no whole pcap of this byte order."""
    with open(path, "rb") as f:
        data = f.read()
    if len(data) < 24 or struct.unpack_from("<I", data)[0] not in (0xA1B2C3D4, 0xA1B23C4D):
        return None
    at, n = 24, 0
    while at + 16 <= len(data):
        at += 16 + struct.unpack_from("<I", data, at + 8)[0]
        n += 1
    return n if at == len(data) else None


def of_packets(stats, capture=None):
    """Packets in = decoded + dropped, by reason; decoded = of flow records + of unsent flows + copies + joined fragments."""
    p = stats["packets"]
    _equal(sum(p["dropped_by_reason"].values()), p["dropped"], "drops by reason", p)
    _equal(p["decoded"] + p["dropped"], p["in"], "decoded and dropped", p)
    _equal(p["in_flow_records"] + p["in_unsent_flows"] + p["duplicates"] + p["joined"], p["decoded"], "where the decoded went", p)
    _equal(p["conserved"], True, "the probe's own sum", p)
    there = packets_of(capture) if capture else None
    if there is not None:
        _equal(p["in"], there, "packets of the capture", p)
    return p["in"]


def of_records_made(stats, lost=0, destinations=1):
    """Every record made was sent or is in a loss counter; `lost`: as many as that are, and no more."""
    e = stats["export"]
    _equal(e["records_submitted"], sum(stats["records"]["made"].values()), "records submitted", (stats["records"], e))
    _equal(e["records_sent"] + e["records_lost"] + destinations * e["records_dropped"], destinations * e["records_submitted"], "records sent and lost", e)
    _equal(e["records_lost"] + e["records_dropped"], lost, "records lost", e)


def of_records_received(stats, folder=None, dropped=0):
    """Every record received is in one account, every row in a file."""
    r = stats["records"]
    _equal(sum(r["rows"].values()) + r["superseded"] + r["copies"] + r["options"] + r["stats"] + sum(r["rejected"].values()), r["received"], "records received", r)
    _equal(stats["dropped_rows"], dropped, "rows dropped", stats["dropped_rows"])
    if folder is None:
        return
    for kind, name in FILES.items():
        written = 0
        for path in glob.glob(f"{glob.escape(str(folder))}/{name}*.csv"):
            rest = path[len(str(folder)) + 1 + len(name):-len(".csv")]
            if rest == "" or (rest[0] == "-" and rest[1:2].isdigit()):  # flows-2.csv, calls-20231114T221320Z.csv
                with open(path, newline="", encoding="utf-8") as f:
                    written += sum(1 for _ in csv.reader(f)) - 1
        _equal(written, r["rows"][kind] + stats["derived_rows"].get(kind, 0), f"rows in {name}.csv", (r, stats["derived_rows"]))


def between(probe, collector, lost=0, destinations=1):
    """What the collector received is what was made, but for what the counters say."""
    e, r = probe["export"], collector["records"]
    _equal(r["received"] - r["options"] + lost, e["records_submitted"], "data records received and lost", (e, r))
    if destinations == 1 and lost == 0:
        _equal(r["options"], e["options_records"], "options records", (e, r))


def whole(probe, collector, folder, capture=None, destinations=1):
    """Nothing was lost anywhere."""
    of_packets(probe, capture)
    of_records_made(probe, 0, destinations)
    between(probe, collector, 0, destinations)
    of_records_received(collector, folder)


def through_file(bin_dir, capture, folder, *probe_options, collector=(), via=None):
    """A capture through both programs and an IPFIX file into rows; gives both accounts, the law checked."""
    via = via or f"{folder}.ipfix"
    accounts = []
    for command in ([f"{bin_dir}/voipprobe", "-i", capture, "-n", f"file:{via}", "-q", "--stats=json", *probe_options],
                    [f"{bin_dir}/voipcollector", "-r", via, "-o", folder, "-q", "--stats=json", *collector]):
        run = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300)
        if run.returncode != 0:
            raise RuntimeError(f"{command} left with {run.returncode}: {run.stderr}")
        accounts.append(json.loads(run.stdout[run.stdout.index("{"):]))
    whole(*accounts, folder, capture)
    return accounts

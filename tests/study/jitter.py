"""The RFC 3550 jitter series of one RTP stream in a raw-IP pcap, and its statistics: plain arithmetic, for comparison."""
import math
import struct


def packets(path, src, port, ssrc):
    """[(arrival in ns, RTP timestamp)] of one stream, in arrival order; raw IPv4 link type."""
    with open(path, "rb") as f:
        data = f.read()
    unit = {0xa1b2c3d4: 1000, 0xa1b23c4d: 1}[struct.unpack("<I", data[:4])[0]]
    source = bytes(int(x) for x in src.split("."))
    at, out = 24, []
    while at + 16 <= len(data):
        seconds, fraction, captured, _ = struct.unpack("<IIII", data[at:at + 16])
        ip = data[at + 16:at + 16 + captured]
        at += 16 + captured
        if len(ip) < 20 or ip[0] >> 4 != 4 or ip[9] != 17 or ip[12:16] != source:
            continue
        udp = ip[(ip[0] & 15) * 4:]
        rtp = udp[8:]
        if len(rtp) < 12 or rtp[0] >> 6 != 2 or 192 <= rtp[1] <= 223 or struct.unpack(">H", udp[:2])[0] != port:
            continue
        timestamp, source_id = struct.unpack(">II", rtp[4:12])
        if source_id == ssrc:
            out.append((seconds * 10**9 + fraction * unit, timestamp))
    return out


def series(stream, clock):
    """J in ms at every packet, J0 = 0 (RFC 3550 6.4.1)."""
    j, out = 0.0, [0.0]
    for (t0, s0), (t1, s1) in zip(stream, stream[1:]):
        step = (s1 - s0 + 2**31) % 2**32 - 2**31
        j += (abs((t1 - t0) / 1e9 - step / clock) - j) / 16
        out.append(j * 1000)
    return out


def quantile(ordered, p):
    rank = (len(ordered) - 1) * p
    low = int(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (rank - low) * (ordered[high] - ordered[low])


def statistics(values):
    """Quantiles type 7, deviation n - 1."""
    ordered, mean = sorted(values), sum(values) / len(values)
    return {"mean": mean, "median": quantile(ordered, .5), "max": ordered[-1], "range": ordered[-1] - ordered[0],
            "iqr": quantile(ordered, .75) - quantile(ordered, .25),
            "std_dev": math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))}

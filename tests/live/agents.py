#!/usr/bin/env python3
"""Real agents in network namespaces, captured by tcpdump: rows agree with what the agents themselves print.

  agents.py BIN_DIR SCENARIO    one of those below; skips (77), saying why, without the programs or the right to capture
  agents.py BIN_DIR all         each in turn; fails if one fails
"""
import os
import subprocess
import sys
import tempfile
import time

import baresip_calls
import proxies
import sipp_calls
from stage import Checks, Stage, measure, require

KINDS = {"answered": 10, "busy": 6, "cancelled": 4}
FEWER = {"answered": 5, "busy": 4, "cancelled": 4}


def with_sipp(bin_dir, work, checks, transport="UDP"):
    require("sipp")
    with Stage(work, "a", "b") as stage:
        checks.equal("SIPp's exit codes", set(sipp_calls.run(stage, KINDS, "t1" if transport == "TCP" else "u1")), {0})
        stage.end_capture()
    sipp_calls.check(checks, stage, KINDS, *measure(bin_dir, stage.capture, work), transport=transport)


def with_baresip(bin_dir, work, checks, codec, encryption=None):
    require("baresip")
    with Stage(work, "a", "b") as stage:
        alice, bob = baresip_calls.run(stage, codec, encryption)
        stage.end_capture()
    baresip_calls.check(checks, stage, codec, encryption, alice, bob, *measure(bin_dir, stage.capture, work))


def with_proxy(bin_dir, work, checks, anchor, transport="UDP"):
    """SIPp, Kamailio, SIPp. Signalling passes two hops, and so does media when rtpengine anchors it."""
    require("sipp", "kamailio", *(["rtpengine"] if anchor else []))
    with Stage(work, "a", "b", "proxy") as stage:
        if anchor:
            proxies.start_rtpengine(stage, "proxy")
        proxies.start_kamailio(stage, "proxy", anchor)
        checks.equal("SIPp's exit codes", set(sipp_calls.run(stage, FEWER, "t1" if transport == "TCP" else "u1",
                                                             proxy=stage.address["proxy"])), {0})
        time.sleep(1)
        stage.end_capture()
    calls, streams = measure(bin_dir, stage.capture, work)
    sipp_calls.check(checks, stage, FEWER, calls, streams, transport, hops=2 if anchor else 1, proxied=True)
    if anchor:
        check_anchored(checks, stage, streams, 2 * FEWER["answered"])


def with_relay(bin_dir, work, checks, codec):
    """baresip, Kamailio and rtpengine, baresip."""
    require("baresip", "kamailio", "rtpengine")
    with Stage(work, "a", "b", "proxy") as stage:
        proxies.start_rtpengine(stage, "proxy")
        proxies.start_kamailio(stage, "proxy", True)
        alice, bob = baresip_calls.run(stage, codec, proxy=stage.address["proxy"])
        stage.end_capture()
    calls, streams = measure(bin_dir, stage.capture, work)
    baresip_calls.check(checks, stage, codec, None, alice, bob, calls, streams, hops=2)
    check_anchored(checks, stage, streams, 2)


def check_anchored(checks, stage, streams, wanted):
    """Each stream that came to rtpengine, by rtpengine's own count and Call-ID, has its row, on the right side."""
    heard = proxies.heard_by_rtpengine(stage)
    checks.equal("streams to rtpengine", sum(s["dst_ip"] == stage.address["proxy"] for s in streams), len(heard))
    checks.equal("streams of rtpengine", len(heard), wanted)
    for h in heard:
        own = [s for s in streams if (s["src_ip"], s["src_port"], s["dst_port"], s["ssrc"]) == (h.ip, h.port, h.local_port, h.ssrc)]
        checks.equal(f"{h.call_id} {h.ip}:{h.port}: rows", [s["call_id"] for s in own], [h.call_id])
        for s in own:
            checks.equal(f"{h.call_id}: side", s["side"], "callee" if h.ip == stage.address["a"] else "caller")
            # rtpengine counts until the call is deleted, a packet or two before the last one.
            checks.that(0 <= int(s["packets"]) - h.packets <= 2, f"{h.call_id}: row {s['packets']}, rtpengine {h.packets} packets")
    print(f"rtpengine: {len(heard)} streams, {sum(h.packets for h in heard)} packets")


SCENARIOS = {
    "sipp-udp": (with_sipp,),
    "sipp-tcp": (with_sipp, "TCP"),
    "baresip-rtp": (with_baresip, "PCMU"),
    "baresip-g722": (with_baresip, "G722"),
    "baresip-srtp": (with_baresip, "PCMU", "srtp"),
    "baresip-dtls-srtp": (with_baresip, "opus", "dtls_srtp"),
    "kamailio": (with_proxy, False),
    "kamailio-tcp": (with_proxy, False, "TCP"),
    "kamailio-rtpengine": (with_proxy, True),
    "kamailio-rtpengine-baresip": (with_relay, "PCMU"),
}


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in (*SCENARIOS, "all"):
        print(__doc__ + "\n  " + " ".join(SCENARIOS))
        return 2
    bin_dir, name = os.path.abspath(sys.argv[1]), sys.argv[2]
    if name == "all":
        codes = []
        for each in SCENARIOS:
            print(f"== {each}", flush=True)
            codes.append(subprocess.run([sys.executable, __file__, bin_dir, each], check=False).returncode)
        return 1 if set(codes) - {0, 77} else 77 if set(codes) == {77} else 0
    run, *arguments = SCENARIOS[name]
    checks = Checks()
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o755)
        run(bin_dir, work, checks, *arguments)
        result = checks.result()
        if result and os.environ.get("KEEP"):
            subprocess.run(["cp", "-r", work, os.environ["KEEP"]], check=False)
        return result


if __name__ == "__main__":
    sys.exit(main())

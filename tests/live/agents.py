#!/usr/bin/env python3
"""Real agents in network namespaces, captured by tcpdump and, in those called live, by the probe itself: rows agree with
what the agents themselves print.

  agents.py BIN_DIR SCENARIO    one of those below; skips (77), saying why, without the programs or the right to capture
  agents.py BIN_DIR all         each in turn; fails if one fails
"""
import json
import os
import subprocess
import sys
import tempfile
import time

import baresip_calls
import proxies
import sipp_calls
from stage import Checks, Stage, measure, measured_live, require, rows

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
import law  # noqa: E402

KINDS = {"answered": 10, "busy": 6, "cancelled": 4}
FEWER = {"answered": 5, "busy": 4, "cancelled": 4}


def with_sipp(bin_dir, work, checks, transport="UDP", live=False):
    require("sipp")
    with Stage(work, "a", "b", probe=[f"{bin_dir}/voipprobe", "-v"] if live else None) as stage:
        checks.equal("SIPp's exit codes", set(sipp_calls.run(stage, KINDS, "t1" if transport == "TCP" else "u1")), {0})
        stage.end_capture()
    seen = measured_live(bin_dir, stage) if live else measure(bin_dir, stage.capture, work)
    sipp_calls.check(checks, stage, KINDS, *seen, transport=transport)


def with_baresip(bin_dir, work, checks, codec, encryption=None, live=False):
    require("baresip")
    with Stage(work, "a", "b", probe=[f"{bin_dir}/voipprobe", "-v"] if live else None) as stage:
        alice, bob = baresip_calls.run(stage, codec, encryption)
        stage.end_capture()
    seen = measured_live(bin_dir, stage) if live else measure(bin_dir, stage.capture, work)
    baresip_calls.check(checks, stage, codec, encryption, alice, bob, *seen)


def with_baresip_over_tls(bin_dir, work, checks):
    """SIP over TLS, its keys written by the agents' own OpenSSL: live and from tcpdump's file the call is like any other;
    without keys its media still makes a call."""
    require("baresip", "openssl")
    keys = f"{work}/keys.log"
    with Stage(work, "a", "b", probe=[f"{bin_dir}/voipprobe", "-v", "--tls-keylog", keys]) as stage:
        alice, bob = baresip_calls.run(stage, "PCMU", tls_keys=keys, preload=f"{bin_dir}/keylog_preload.so")
        stage.end_capture()
    for how, seen in (("live", measured_live(bin_dir, stage)),
                      ("file", measure(bin_dir, stage.capture, work, "--tls-keylog", keys))):
        print(how)
        baresip_calls.check(checks, stage, "PCMU", None, alice, bob, *seen)
        checks.equal(f"{how}: transport", [c["transport"] for c in seen[0]], ["TLS"])
    os.makedirs(f"{work}/blind")
    calls, streams = measure(bin_dir, stage.capture, f"{work}/blind")
    checks.equal("without keys", [(c["state"], c["call_id"]) for c in calls], [("MEDIA_ONLY", "")])
    checks.equal("without keys: streams", sorted(int(s["packets"]) for s in streams), sorted((alice.sent, bob.sent)))


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


def with_hep(bin_dir, work, checks, transport="UDP"):
    """SIPp, Kamailio, SIPp; the probe sees only what Kamailio sends it by HEP, and knows each call as SIPp does."""
    require("sipp", "kamailio")
    with Stage(work, "a", "b", "proxy") as stage:
        stage.ip("proxy", "link set lo up")
        probe = stage.start("proxy", "voipprobe", [f"{bin_dir}/voipprobe", "-i", f"hep://127.0.0.1:{proxies.HEP_PORT}", "-n",
                                                   f"file:{work}/hep.ipfix", "-v", "--stats=json"])
        proxies.start_kamailio(stage, "proxy", False, hep=True)
        checks.equal("SIPp's exit codes", set(sipp_calls.run(stage, FEWER, "t1" if transport == "TCP" else "u1",
                                                             proxy=stage.address["proxy"])), {0})
        time.sleep(1)
        stage.stop(probe)
        said = stage.log("voipprobe")
        law.of_packets(json.loads(said[said.index("\n{\n"):said.index("\n}\n") + 2]))
        print("\n".join(line for line in stage.log("voipprobe").splitlines() if "refused" in line or "messages" in line))
    subprocess.run([f"{bin_dir}/voipcollector", "-r", f"{work}/hep.ipfix", "-o", f"{work}/csv", "-q"], check=True)
    calls = {c["call_id"]: c for c in rows(f"{work}/csv/calls.csv")}
    callee = sipp_calls.messages(stage, "uas")
    checks.equal("rows", len(calls), sum(FEWER.values()))
    for kind in FEWER:
        for call_id, seen in sipp_calls.messages(stage, kind).items():
            row = calls.get(call_id, {})
            final = sipp_calls.FINALS[kind]
            checks.equal(f"{call_id} state", row.get("state"), sipp_calls.STATES[kind])
            checks.equal(f"{call_id} response_code", row.get("response_code"), final)
            checks.equal(f"{call_id} transport", row.get("transport"), transport)
            checks.equal(f"{call_id} caller_ip", row.get("caller_ip"), stage.address["a"])
            if row:  # Kamailio's clock is SIPp's
                checks.near(f"{call_id} invite_time", sipp_calls.seconds(row["invite_time"]), seen[("S", "INVITE", "INVITE")], 0.1)
                checks.near(f"{call_id} final", sipp_calls.seconds(row["ok_time" if kind == "answered" else "failure_time"]),
                            callee[call_id][("S", final, "INVITE")], 0.1)


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
    "sipp-udp-live": (with_sipp, "UDP", True),
    "sipp-tcp-live": (with_sipp, "TCP", True),
    "baresip-rtp": (with_baresip, "PCMU"),
    "baresip-rtp-live": (with_baresip, "PCMU", None, True),
    "baresip-tls-live": (with_baresip_over_tls,),
    "baresip-g722": (with_baresip, "G722"),
    "baresip-srtp": (with_baresip, "PCMU", "srtp"),
    "baresip-dtls-srtp": (with_baresip, "opus", "dtls_srtp"),
    "kamailio": (with_proxy, False),
    "kamailio-tcp": (with_proxy, False, "TCP"),
    "kamailio-hep": (with_hep,),
    "kamailio-hep-tcp": (with_hep, "TCP"),
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

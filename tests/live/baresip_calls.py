"""Calls of baresip to baresip, and what each prints of its call at the end."""
import math
import os
import re
import struct
import subprocess
import time
import wave

from stage import skip

MODULES = "/usr/lib/baresip/modules"
SECONDS = 8  # baresip sends its reports after about 5 s and 10 s: one, so that the mean of the reports is the last
PAYLOAD = {"PCMU": ("g711", "PCMU", 8000, 1), "G722": ("g722", "G722/16000/1", 16000, 1), "opus": ("opus", "opus/48000/2", 48000, 2)}


def need_modules(*names):
    missing = [n for n in names if not os.path.exists(f"{MODULES}/{n}.so")]
    if missing:
        skip(f"baresip has no module {', '.join(missing)} here")


def make_tone(path, rate, channels):
    with wave.open(path, "wb") as w:
        w.setnchannels(channels)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(2 * math.pi * 440 * i / rate))) * channels for i in range(rate * 20)))


def make_certificate(path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=live", "-keyout",
                    f"{path}.key", "-out", f"{path}.crt"], check=True, capture_output=True)
    with open(path, "w", encoding="utf-8") as f:
        for part in ("key", "crt"):
            with open(f"{path}.{part}", encoding="utf-8") as p:
                f.write(p.read())


def configure(stage, host, user, codec, encryption, proxy, tls=False):
    module, spec, rate, channels = PAYLOAD[codec]
    folder, tone = f"{stage.work}/{user}", f"{stage.work}/{user}.wav"
    os.makedirs(folder)
    make_tone(tone, rate, channels)
    modules = [module, "aubridge", "aufile", "uuid", "rtcpsummary"] + ([encryption] if encryption else [])
    need_modules(*modules, "account", "contact", "menu")
    lines = ["poll_method epoll", f"sip_listen {stage.address[host]}:5060", f"audio_player aubridge,sink-{user}",
             f"audio_source aufile,{tone}", f"audio_alert aubridge,alert-{user}", "rtp_ports 20000-20100", "rtcp_mux no",
             "jitter_buffer_delay 5-10", "rtp_stats yes", f"module_path {MODULES}"]
    lines += [f"module {m}.so" for m in modules] + [f"module_app {m}.so" for m in ("account", "contact", "menu")]
    if tls:
        make_certificate(f"{folder}/own.pem")
        lines.append(f"sip_certificate {folder}/own.pem")
    account = f"<sip:{user}@{stage.address[host]}{';transport=tls' if tls else ''}>;regint=0;answermode={'manual' if user == 'alice' else 'auto'};audio_codecs={spec}"
    account += f";mediaenc={encryption}" if encryption else ""
    account += f';outbound="sip:{proxy};lr"' if proxy and user == "alice" else ""
    for name, content in {"config": "\n".join(lines) + "\n", "contacts": "", "accounts": account + "\n"}.items():
        with open(f"{folder}/{name}", "w", encoding="utf-8") as f:
            f.write(content)


def run(stage, codec="PCMU", encryption=None, proxy=None, tls_keys=None, preload=None):
    """alice on host a calls bob on host b; what each of them says. `tls_keys`: SIP goes over TLS, its secrets into that file
    with the help of `preload`."""
    configure(stage, "a", "alice", codec, encryption, proxy, tls_keys is not None)
    configure(stage, "b", "bob", codec, encryption, proxy, tls_keys is not None)
    prefix = ["env", f"LD_PRELOAD={preload}", f"SSLKEYLOGFILE={tls_keys}"] if tls_keys else []
    uri = f"sip:bob@{stage.address['b']}" + (":5061;transport=tls" if tls_keys else "")

    def baresip(host, user, seconds, *more):
        return stage.start(host, user, [*prefix, "baresip", "-s", "-f", f"{stage.work}/{user}", "-t", str(seconds), *more])

    bob = baresip("b", "bob", SECONDS + 6)
    time.sleep(1.5)
    alice = baresip("a", "alice", SECONDS, "-e", f"/dial {uri}")
    alice.wait(SECONDS + 20)
    time.sleep(1)
    stage.stop(bob)
    if "Call established" not in stage.log("alice"):
        print(stage.log("alice")[-3000:])
        skip("baresip made no call here")
    return Side(stage.log("alice")), Side(stage.log("bob"))


class Side:
    """One baresip's last words: packets it sent and heard, and the statistics of its last report (X-RTP-Stat)."""

    def __init__(self, log):
        counts = re.findall(r"packets:\s+(\d+)\s+(\d+)", log)
        self.sent, self.heard = (int(n) for n in counts[-1]) if counts else (None, None)
        self.call_id = re.search(r"^Call-ID: *(\S+)", log, re.M).group(1)
        # Both sides' SDP and statistics are in either log, the caller's first.
        self.ssrcs = [f"0x{int(n):08x}" for n in re.findall(r"^a=ssrc:(\d+) ", log, re.M)]
        self.ports = re.findall(r"^m=audio (\d+) ", log, re.M)
        self.statistics = [dict(pair.split("=", 1) for pair in line.strip().split(";"))
                           for line in re.findall(r"^X-RTP-Stat: *(EX=\S+)", log, re.M)]
        self.secure = len(re.findall(r"SRTP is Enabled|DTLS-SRTP complete", log))


def check(checks, stage, codec, encryption, alice, bob, calls, streams, hops=1):
    """Rows against what both baresips print. X_ is what X hears: the other one's packets and SSRC."""
    checks.equal("calls", [c["call_id"] for c in calls], [alice.call_id])
    checks.equal("streams", len(streams), 2 * hops)
    if len(calls) != 1:
        return
    call, rate = calls[0], PAYLOAD[codec][2]
    parties = tuple(call[side].removesuffix(":5061") for side in ("caller", "callee"))  # the port that TLS was dialled with
    checks.equal("parties", parties, tuple(f"sip:{u}@{stage.address[h]}" for u, h in (("alice", "a"), ("bob", "b"))))
    checks.equal("state", (call["state"], call["response_code"], call["hangup_by"]), ("CALL_COMPLETED", "200", "caller"))
    checks.equal("retransmissions", call["retransmissions"], "0")
    if encryption:
        checks.that(alice.secure and bob.secure, "a baresip did not encrypt")
    print(f"{codec} {encryption or 'plain'}: alice sent {alice.sent} heard {alice.heard}, bob sent {bob.sent} heard {bob.heard}; "
          f"rows: callee {call['callee_packets']}, caller {call['caller_packets']}")
    last = alice.statistics[0] if alice.statistics else {}
    checks.that(last.get("EN", "").startswith(codec), f"baresip's own statistics name another codec: {last}")
    for place, (side, heard, sender, host, to) in enumerate((("caller", alice.heard, bob, "b", "a"), ("callee", bob.heard, alice, "a", "b"))):
        own = [s for s in streams if s["side"] == side]
        ssrc = alice.ssrcs[0] if side == "callee" else bob.ssrcs[-1]
        first = [s for s in own if s["src_ip"] == stage.address[host]]
        at_ear = [s for s in own if s["dst_ip"] == stage.address[to]]
        checks.equal(f"{side}: streams", (len(own), len(first), len(at_ear)), (hops, 1, 1))
        checks.equal(f"{side}: SSRC", {s["ssrc"] for s in own}, {ssrc})
        checks.equal(f"{side}: codec", {s["codec"].split("/")[0] for s in own} | {call[f"{side}_codec"].split("/")[0]}, {codec})
        checks.equal(f"{side}: match", {s["match"] for s in own}, {"sdp"})
        for s in first:
            checks.equal(f"{side}: packets of the sender", int(s["packets"]), sender.sent)
        # The last packets may cross the hang-up: captured, no longer counted by the one who hung up.
        checks.that(0 <= int(call[f"{side}_packets"]) - heard <= 2, f"{side}_packets {call[f'{side}_packets']}, heard {heard}")
        for s in at_ear:
            checks.equal(f"{side}: row of the hop at the ear", call[f"{side}_packets"], s["packets"])
        checks.equal(f"{side}: lost", call[f"{side}_lost"], last.get("PL", ",").split(",")[place])
        for column in ("jitter_mean", "jitter_last", "mos_lq", "r_factor"):
            checks.that(call[f"{side}_{column}"] != "", f"{side}_{column} is empty")
        for s in own:
            if encryption:
                checks.equal(f"{side}: reported_jitter_ms of encrypted RTCP", s["reported_jitter_ms"], "")
            else:
                # JI: jitter in samples (of G722 twice the RTP clock, RFC 3551 4.5.2), of what alice heard and of what bob told her.
                told = 1000 * float(last.get("JI", "nan,nan").split(",")[place]) / rate
                checks.near(f"{side}: reported_jitter_ms", s["reported_jitter_ms"], told, 0.126)  # one unit of 8 kHz on the wire

"""Calls of SIPp: answered with RTP, busy, cancelled; and what both SIPps say of them."""
import collections
import csv
import datetime
import math
import time

REQUEST = """
{method} sip:[service]@[remote_ip]:[remote_port];transport=[transport] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}
From: <sip:caller-[call_number]@[local_ip]>;tag=a[pid]x[call_number]
To: <sip:[service]@[remote_ip]>{to_tag}
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:caller@[local_ip]:[local_port];transport=[transport]>
{routes}Max-Forwards: 70
User-Agent: live-caller
"""
RESPONSE = """
SIP/2.0 {status}
[last_Via:]
[last_From:]
{to}
[last_Call-ID:]
{cseq}
[last_Record-Route:]
Contact: <sip:callee@[local_ip]:[local_port];transport=[transport]>
Server: live-callee
"""
SDP = """Content-Type: application/sdp
Content-Length: [len]

v=0
o={user} 1 1 IN IP[local_ip_type] [local_ip]
s=live
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio {port} RTP/AVP 8
a=rtpmap:8 PCMA/8000
a=ptime:20
"""
NO_BODY = "Content-Length: 0\n\n"
RING_MS, TALK_MS, TONE_SECONDS = 400, 1500, 2
STATES = {"answered": "CALL_COMPLETED", "busy": "CALL_ERROR", "cancelled": "CALL_CANCELED"}
FINALS = {"answered": "200", "busy": "486", "cancelled": "487"}
EVENTS = {  # column: who sends it first, the message, the method of its CSeq
    "invite_time": ("caller", "INVITE", "INVITE"), "ringing_time": ("callee", "180", "INVITE"), "ok_time": ("callee", "200", "INVITE"),
    "ack_time": ("caller", "ACK", "ACK"), "cancel_time": ("caller", "CANCEL", "CANCEL"), "bye_time": ("caller", "BYE", "BYE"),
    "bye_ok_time": ("callee", "200", "BYE"), "failure_time": ("callee", "final", "INVITE")}


def send(text, retrans=False):
    return f'<send{" retrans=" + chr(34) + "500" + chr(34) if retrans else ""}><![CDATA[{text}]]></send>\n'


def request(method, cseq, body=NO_BODY, branch="[branch]", to_tag="[peer_tag_param]", routes="[routes]\n", retrans=True):
    return send(REQUEST.format(method=method, cseq=cseq, branch=branch, to_tag=to_tag, routes=routes) + body, retrans)


def response(status, body=NO_BODY, to="[last_To:]", cseq="[last_CSeq:]", retrans=False):
    return send(RESPONSE.format(status=status, to=to, cseq=cseq) + body, retrans)


def receive(*, request_name="", code="", extra=""):
    return f'<recv {"request" if request_name else "response"}="{request_name or code}" {extra}/>\n'


def pause(ms):
    return f'<pause milliseconds="{ms}"/>\n'


def scenario(name, steps):
    return f'<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="{name}">\n{"".join(steps)}</scenario>\n'


def caller(kind, tone):
    """The [branch-N] of an ACK or CANCEL reaches back N messages, to the INVITE's."""
    invite = request("INVITE", 1, SDP.format(user="caller", port="[rtpstream_audio_port]"), to_tag="", routes="")
    trying, ringing = receive(code="100", extra='optional="true"'), receive(code="180")
    if kind == "answered":
        play = f'<nop><action><exec rtp_stream="{tone},1,8,PCMA/8000"/></action></nop>\n'
        return [invite, trying, ringing, receive(code="200", extra='rrs="true"'), request("ACK", 1, retrans=False), play, pause(TALK_MS),
                '<nop><action><exec rtp_stream="pause"/></action></nop>\n', request("BYE", 2), receive(code="200")]
    if kind == "busy":
        return [invite, trying, ringing, receive(code="486"), request("ACK", 1, branch="[branch-4]", routes="", retrans=False)]
    return [invite, trying, ringing, pause(RING_MS), request("CANCEL", 1, branch="[branch-4]", to_tag="", routes=""), receive(code="200"),
            receive(code="487"), request("ACK", 1, branch="[branch-7]", routes="", retrans=False)]


def callee(linger_ms):
    """One scenario for all: the user part of To says what becomes of the call. Over TCP it must not linger: SIPp counts a
    call as failed when the other SIPp, being done, closes the connection."""
    tagged = "[last_To:];tag=b[pid]x[call_number]"
    chosen = "".join(f'<ereg regexp="sip:{kind}@" search_in="hdr" header="To:" check_it="false" assign_to="{kind}"/>'
                     for kind in ("busy", "cancelled"))
    return [f'<recv request="INVITE"><action>{chosen}</action></recv>\n', response("180 Ringing", to=tagged),
            '<nop next="busy" test="busy"/>\n<nop next="cancelled" test="cancelled"/>\n',
            pause(RING_MS), response("200 OK", SDP.format(user="callee", port="[media_port]"), to=tagged, retrans=True),
            receive(request_name="ACK"), receive(request_name="BYE"), response("200 OK"), '<nop next="end"/>\n',
            '<label id="busy"/>\n', pause(RING_MS), response("486 Busy Here", to=tagged, retrans=True), receive(request_name="ACK"),
            '<nop next="end"/>\n',
            '<label id="cancelled"/>\n', receive(request_name="CANCEL"), response("200 OK", to=tagged),
            response("487 Request Terminated", to=tagged, cseq="CSeq: 1 INVITE", retrans=True), receive(request_name="ACK"),
            '<label id="end"/>\n', *([f'<timewait milliseconds="{linger_ms}"/>\n'] if linger_ms else [])]


def run(stage, counts, transport="u1", caller_host="a", callee_host="b", proxy=None):
    """Makes the calls, the kinds side by side and each kind's one after another: SIPp plays all RTP from one port, so
    that calls at one time could not be told apart. The exit codes of the SIPps: 0, every call went as written."""
    with open(f"{stage.work}/tone.al", "wb") as f:
        f.write(bytes(a_law(int(8000 * math.sin(2 * math.pi * 440 * i / 8000))) for i in range(8000 * TONE_SECONDS)))
    files = {"uas": scenario("callee", callee(500 if transport == "u1" else 0))}
    files.update({kind: scenario(f"caller {kind}", caller(kind, "tone.al")) for kind in counts})
    for name, content in files.items():
        with open(f"{stage.work}/{name}.xml", "w", encoding="utf-8") as f:
            f.write(content)

    def sipp(host, name, count, port, media, *more):
        address = stage.address[host]
        return stage.start(host, f"sipp-{name}", [
            "sipp", "-sf", f"{name}.xml", "-i", address, "-p", str(port), "-mi", address, "-t", transport, "-m", str(count), "-nostdin",
            "-trace_stat", "-stf", f"{name}.stat", "-fd", "1", "-trace_shortmsg", "-shortmessage_file", f"{name}.short",
            "-trace_err", "-error_file", f"{name}.err", "-timeout", "40s", *media, *more])

    uas = sipp(callee_host, "uas", sum(counts.values()), 5060, ["-mp", "40000"], "-rtp_echo")
    time.sleep(1)
    target = f"{stage.address[callee_host]}:5060"
    way = ["-rsa", f"{proxy}:5060"] if proxy else []
    ports = {"answered": 20000, "busy": 21000, "cancelled": 22000}
    callers = [sipp(caller_host, kind, n, 5070 + i, ["-mp", str(ports[kind])],
                    "-r", "4", "-l", "1", "-s", kind, *way, target) for i, (kind, n) in enumerate(counts.items())]
    return [p.wait(60) for p in (*callers, uas)]


def a_law(sample):
    """ITU-T G.711: one octet for a 13-bit sample (here given in 16 bits)."""
    mask = 0xD5 if sample >= 0 else 0x55
    magnitude = min(abs(sample) >> 4, 2047)
    segment = max(0, magnitude.bit_length() - 5)
    return (segment << 4 | ((magnitude >> max(1, segment)) & 0xF)) ^ mask


def last_statistics(stage, name):
    """The last line of SIPp's own statistics: column -> text."""
    with open(f"{stage.work}/{name}.stat", encoding="utf-8") as f:
        return list(csv.DictReader(f, delimiter=";"))[-1]


def messages(stage, name):
    """Call-ID -> {(sent, first line, CSeq): time} of the first copies a SIPp sent ('S') or received ('R'), by its own clock."""
    by_call = collections.defaultdict(dict)
    with open(f"{stage.work}/{name}.short", encoding="utf-8") as f:
        for line in f:
            _, _, time, sent, call_id, cseq, first_line = line.rstrip("\n").split("\t")
            what = first_line.split()[1 if first_line.startswith("SIP/2.0") else 0]
            by_call[call_id].setdefault((sent, what, cseq.split()[-1]), float(time))
    return by_call


def check(checks, stage, counts, calls, streams, transport="UDP", hops=1, proxied=False):
    """Rows against both SIPps' own traces and statistics; the largest difference of times in ms."""
    totals = {kind: last_statistics(stage, kind) for kind in (*counts, "uas")}
    for kind, n in counts.items():
        checks.equal(f"{kind}: calls of SIPp", n, int(totals[kind]["TotalCallCreated"]))
        checks.equal(f"{kind}: {STATES[kind]} rows", sum(c["state"] == STATES[kind] for c in calls), int(totals[kind]["TotalCallCreated"]))
    retransmitted = sum(int(t["Retransmissions(C)"]) for t in totals.values())
    if not proxied or retransmitted == 0:  # a proxy keeps copies from the next hop, and makes its own
        checks.equal("retransmissions", sum(int(c["retransmissions"]) for c in calls), retransmitted)
    by_id, callee_side, worst = {c["call_id"]: c for c in calls}, messages(stage, "uas"), 0.0
    checks.equal("rows", len(calls), len(callee_side))
    checks.equal("rows have one Call-ID each", len(by_id), len(calls))
    for kind in counts:
        for call_id, seen in messages(stage, kind).items():
            row = by_id.get(call_id)
            if row is None:
                checks.that(False, f"{call_id} has no row")
                continue
            final = FINALS[kind]
            checks.equal(f"{call_id} state", row["state"], STATES[kind])
            checks.equal(f"{call_id} response_code", row["response_code"], final)
            checks.equal(f"{call_id} response of SIPp", ("R", final, "INVITE") in seen, True)
            checks.equal(f"{call_id} callee", row["callee"], f"sip:{kind}@{stage.address['b']}")
            checks.equal(f"{call_id} transport", row["transport"], transport)
            checks.equal(f"{call_id} user agents", (row["user_agent_caller"], row["user_agent_callee"]), ("live-caller", "live-callee"))
            checks.equal(f"{call_id} hangup_by", row["hangup_by"], "" if kind == "busy" else "caller")
            for column, (side, message, method) in EVENTS.items():
                if column == "failure_time":
                    message = final
                # A request is first seen leaving the caller, a response leaving the callee.
                own = (seen if side == "caller" else callee_side[call_id]).get(("S", message, method))
                if column == "ack_time" and kind != "answered" or column == "failure_time" and kind == "answered":
                    own = None
                checks.equal(f"{call_id} has {column}", bool(row[column]), own is not None)
                if row[column] and own is not None:
                    checks.near(f"{call_id} {column}", seconds(row[column]), own, 0.05)
                    worst = max(worst, abs(seconds(row[column]) - own))
            check_media(checks, row, [s for s in streams if s["call_id"] == call_id], 2 * hops if kind == "answered" else 0)
    checks.equal("streams of no call", [s for s in streams if s["call_id"] not in by_id], [])
    print(f"{len(calls)} calls, {len(streams)} streams, {retransmitted} retransmissions; times differ by at most {1000 * worst:.3f} ms")


def check_media(checks, row, own, wanted):
    """The callee echoes: both hear the same, one packet each 20 ms while the caller talks."""
    checks.equal(f"{row['call_id']} streams", len(own), wanted)
    if not wanted:
        return
    checks.equal(f"{row['call_id']} SSRCs", len({s["ssrc"] for s in own}), 1)
    for s in own:
        checks.equal(f"{row['call_id']} stream", (s["codec"], s["match"], s["lost"]), ("PCMA", "sdp", "0"))
    for side in ("caller", "callee"):
        checks.near(f"{row['call_id']} {side}_packets", row[f"{side}_packets"], TALK_MS / 20, 20)  # SIPp counts none itself
        checks.that(row[f"{side}_mos_lq"] != "", f"{row['call_id']} has no {side}_mos_lq")
    checks.near(f"{row['call_id']} echo", row["caller_packets"], row["callee_packets"], 1)


def seconds(cell):
    return datetime.datetime.fromisoformat(cell.replace("Z", "+00:00")).timestamp()

"""A SIP-aware UDP relay that delays media by a known time, and says how long it really took for each RTCP packet.

One SIP port; in SDP that passes, address and port are replaced by the relay's own: every packet of the media goes through
it. Threads: one, with a queue of packets by the time they are due.
"""
import heapq
import re
import select
import socket
import time


class DelayRelay:
    """`callee`: where SIP from the caller goes. `delays`: seconds from caller to callee, and back."""

    def __init__(self, address, sip_port, callee, delays):
        self.address, self.callee, self.delays = address, callee, delays
        self.sip = self.bind(sip_port)
        self.caller = None
        self.media = {}   # our socket -> (socket to send from, where to, way)
        self.asked = {}   # side -> (address, port) in its SDP
        self.own = {}     # side -> our RTP and RTCP socket that stand for it
        self.queue, self.serial = [], 0
        self.rtcp_delays = ([], [])

    def bind(self, port):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((self.address, port))
        return s

    def pair(self):
        for port in range(24000, 25000, 2):
            try:
                return self.bind(port), self.bind(port + 1)
            except OSError:
                continue
        raise RuntimeError("no free ports")

    def rewrite(self, text, side):
        """SDP of `side`: the other end shall send to us."""
        found = re.search(rb"\r\nm=audio (\d+) ", text)
        if not found:
            return text
        where = re.search(rb"\r\nc=IN IP4 (\S+)", text)
        self.asked[side] = (where.group(1).decode(), int(found.group(1)))
        if side not in self.own:
            self.own[side] = self.pair()
        port = self.own[side][0].getsockname()[1]
        head, body = text.split(b"\r\n\r\n", 1)
        body = re.sub(rb"(?m)^m=audio \d+ ", b"m=audio %d " % port, body)
        body = re.sub(rb"(?m)^c=IN IP4 \S+", b"c=IN IP4 " + self.address.encode(), body)
        body = re.sub(rb"(?m)^a=rtcp:.*\r\n", b"", body)
        head = re.sub(rb"(?i)Content-Length: *\d+", b"Content-Length: %d" % len(body), head)
        if len(self.own) == 2:
            for k in (0, 1):  # RTP, RTCP; what comes for B leaves where B's own packets come in for A, and back
                (a, pa), (b, pb) = self.asked["a"], self.asked["b"]
                self.media[self.own["b"][k]] = (self.own["a"][k], (b, pb + k), 0, k)
                self.media[self.own["a"][k]] = (self.own["b"][k], (a, pa + k), 1, k)
        return head + b"\r\n\r\n" + body

    def on_sip(self):
        data, source = self.sip.recvfrom(65536)
        from_callee = source == self.callee
        if not from_callee:
            self.caller = source
        data = self.rewrite(data, "b" if from_callee else "a")
        self.sip.sendto(data, self.caller if from_callee else self.callee)

    def on_media(self, s):
        data, _ = s.recvfrom(65536)
        now = time.monotonic()
        out, where, way, is_rtcp = self.media[s]
        self.serial += 1
        heapq.heappush(self.queue, (now + self.delays[way], self.serial, now, out, where, way, is_rtcp, data))

    def run(self, until):
        while time.monotonic() < until():
            due = self.queue[0][0] if self.queue else time.monotonic() + 0.05
            wait = max(0.0, due - time.monotonic() - 0.0005)  # the rest is spent looking at the clock
            ready, _, _ = select.select([self.sip, *self.media], [], [], min(wait, 0.05))
            for s in ready:
                self.on_sip() if s is self.sip else self.on_media(s)
            while self.queue and self.queue[0][0] - time.monotonic() < 0.0005:
                due, _, came, out, where, way, is_rtcp, data = heapq.heappop(self.queue)
                while time.monotonic() < due:
                    pass
                out.sendto(data, where)
                if is_rtcp:
                    self.rtcp_delays[way].append(time.monotonic() - came)

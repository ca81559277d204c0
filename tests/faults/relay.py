"""A UDP relay that impairs: loses, repeats, reorders, delays and corrupts datagrams as told, and counts what it did."""
import heapq
import random
import select
import socket
import threading
import time


class Relay:
    def __init__(self, to_port, loss=0.0, copies=0.0, reorder=0.0, corrupt=0.0, delay=0.0, seed=1):
        self.to = ("127.0.0.1", to_port)
        self.chance = {"lost": loss, "copied": copies, "reordered": reorder, "corrupted": corrupt}
        self.delay, self.dice = delay, random.Random(seed)
        self.did = dict.fromkeys(("passed", "lost", "copied", "reordered", "corrupted"), 0)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.queue, self.serial, self.stopping = [], 0, False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def later(self, seconds, data):
        self.serial += 1
        heapq.heappush(self.queue, (time.monotonic() + seconds, self.serial, data))

    def take(self, data):
        hit = {what: self.dice.random() < chance for what, chance in self.chance.items()}
        for what in hit:
            self.did[what] += hit[what]
        if hit["lost"]:
            return
        self.did["passed"] += 1
        if hit["corrupted"]:
            data = bytearray(data)
            data[self.dice.randrange(len(data))] ^= 1 << self.dice.randrange(8)
        self.later(self.delay + (0.02 if hit["reordered"] else 0), bytes(data))
        if hit["copied"]:
            self.later(self.delay + 0.01, bytes(data))

    def run(self):
        while not self.stopping or self.queue:
            wait = max(0.0, self.queue[0][0] - time.monotonic()) if self.queue else 0.1
            if select.select([self.socket], [], [], min(wait, 0.1))[0]:
                self.take(self.socket.recv(65535))
            while self.queue and self.queue[0][0] <= time.monotonic():
                self.out.sendto(heapq.heappop(self.queue)[2], self.to)

    def stop(self):
        time.sleep(0.3)
        self.stopping = True
        self.thread.join()
        return self.did

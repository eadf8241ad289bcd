"""The air between nodes: a network namespace for each, one bridge, and nft losing what comes in, at random.

The bridge has a namespace of its own, so nothing of the machine's network is touched. Each node throws away
its own incoming datagrams, so that a broadcast is lost for one and heard by another, as on a radio. A
capture on the bridge sees everything that was sent, before any loss.
"""
import ctypes
import os
import select
import socket
import struct
import subprocess
import threading
import time
from collections import namedtuple

PORT = 7100
ETHERNET, IPV4, UDP = 14, 20, 8
CLONE_NEWNET = 0x40000000
EVERYTHING = 3  # ETH_P_ALL: the bridge takes a packet before narrower taps see it
IPV4_TYPE = b"\x08\x00"

Sent = namedtuple("Sent", "at source payload")


def shell(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Air:
    """Namespaces `nodlab-PID-air` (the bridge) and `nodlab-PID-0` and so on (the nodes)."""

    def __init__(self, nodes, loss_percent):
        self.nodes = nodes
        self.loss_percent = loss_percent
        self.prefix = f"nodlab-{os.getpid()}"
        self.made = []

    def __enter__(self):
        try:
            self._make(self.bridge_name)
            self._inside(self.bridge_name, "ip", "link", "add", "air", "type", "bridge")
            self._inside(self.bridge_name, "ip", "link", "set", "air", "up")
            for node in range(self.nodes):
                self._add(node)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in reversed(self.made):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
        self.made = []

    @property
    def bridge_name(self):
        return f"{self.prefix}-air"

    def namespace(self, node):
        return f"{self.prefix}-{node}"

    def address(self, node):
        return f"10.77.0.{node + 1}"

    def station(self, node):
        """A fixed link address, so that nobody ever has to ask for it."""
        return f"02:77:00:00:00:{node + 1:02x}"

    def keep_only(self, pairs):
        """Cuts every link, both ways, but those between the pairs that are named; None: all links are there again."""
        for node in range(self.nodes):
            name = self.namespace(node)
            self._inside(name, "nft", "flush", "chain", "inet", "air", "links")
            if pairs is None:
                continue
            heard = {a if b == node else b for a, b in pairs if node in (a, b)}
            for other in range(self.nodes):
                if other != node and other not in heard:
                    self._inside(name, "nft", f"add rule inet air links ip saddr {self.address(other)} drop")

    def dropped(self, node):
        """Datagrams (arrived, thrown away) at a node since the loss was set."""
        listing = self._inside(self.namespace(node), "nft", "list", "chain", "inet", "air", "in")
        return tuple(int(line.split("packets ")[1].split()[0])
                     for line in listing.splitlines() if "packets" in line)

    def _make(self, name):
        shell("ip", "netns", "add", name)
        self.made.append(name)
        self._inside(name, "ip", "link", "set", "lo", "up")

    def _inside(self, name, *words):
        return shell("ip", "netns", "exec", name, *words)

    def _add(self, node):
        name = self.namespace(node)
        self._make(name)
        shell("ip", "-n", name, "link", "add", "radio", "address", self.station(node), "type", "veth",
              "peer", "name", f"node{node}", "netns", self.bridge_name)
        shell("ip", "-n", self.bridge_name, "link", "set", f"node{node}", "master", "air", "up")
        shell("ip", "-n", name, "addr", "add", f"{self.address(node)}/24", "dev", "radio")
        shell("ip", "-n", name, "link", "set", "radio", "up")
        for other in range(self.nodes):
            if other != node:
                shell("ip", "-n", name, "neigh", "add", self.address(other), "lladdr", self.station(other),
                      "dev", "radio", "nud", "permanent")
        self._inside(name, "nft", "add", "table", "inet", "air")
        self._inside(name, "nft", "add chain inet air in { type filter hook input priority 0; }")
        self._inside(name, "nft", "add chain inet air links { type filter hook input priority -1; }")
        self._inside(name, "nft", f"add rule inet air in udp dport {PORT} counter")
        if self.loss_percent:
            self._inside(name, "nft", f"add rule inet air in udp dport {PORT} numgen random mod 100 "
                                      f"< {self.loss_percent} counter drop")


class Capture(threading.Thread):
    """Everything that nodes send, in order. One frame to n-1 peers is n-1 equal datagrams."""

    def __init__(self, air):
        super().__init__(daemon=True)
        self.air = air
        self.datagrams = []
        self.ended = threading.Event()
        self.ready = threading.Event()

    def __enter__(self):
        self.start()
        if not self.ready.wait(10):
            raise RuntimeError("the capture did not start")
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()

    def run(self):
        # setns moves this thread only.
        with open(f"/run/netns/{self.air.bridge_name}") as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        taps = []
        for node in range(self.air.nodes):
            tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERYTHING))
            tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            tap.bind((f"node{node}", EVERYTHING))
            tap.setblocking(False)
            taps.append(tap)
        self.ready.set()
        while not self.ended.is_set():
            for tap in select.select(taps, [], [], 0.1)[0]:
                self._take(tap, taps.index(tap))
        for tap in taps:
            tap.close()

    def _take(self, tap, node):
        while True:
            try:
                packet, origin = tap.recvfrom(2048)
            except BlockingIOError:
                return
            # What the bridge sends towards the node is seen at its sender's port already.
            if origin[2] == socket.PACKET_OUTGOING or len(packet) < ETHERNET + IPV4 + UDP:
                continue
            head = ETHERNET + 4 * (packet[ETHERNET] & 15)
            if packet[12:14] != IPV4_TYPE or packet[ETHERNET + 9] != socket.IPPROTO_UDP:
                continue
            if struct.unpack_from("!H", packet, head + 2)[0] == PORT:
                length = struct.unpack_from("!H", packet, head + 4)[0] - UDP
                payload = packet[head + UDP:head + UDP + length]
                self.datagrams.append(Sent(time.monotonic(), node, bytes(payload)))

    def frames(self, begin, end):
        """The frames sent in a stretch of time: each once, however many peers it went to."""
        seen = {}
        for sent in list(self.datagrams):
            if begin <= sent.at < end:
                seen.setdefault((sent.source, sent.payload), sent)
        return sorted(seen.values(), key=lambda sent: sent.at)

    def datagram_count(self, begin, end):
        return sum(1 for sent in list(self.datagrams) if begin <= sent.at < end)

"""What an outsider can send: noise, broken frames, and recordings of real ones. None may be answered, change anything,
or stop the cluster; all of it is counted.
"""

import random
import socket
import time
import unittest

from air import cluster_on_air
from fixture import BINARIES, PATIENCE, PERIOD_MS, ClusterTest, SafeWriter, until

NOISE_DATAGRAMS = 20_000


def rejections(node):
    """The counters of INFO that tell why frames were worth nothing."""
    lines = node.call("INFO", "radio").split("\r\n")
    pairs = (line.split(":") for line in lines if line.startswith("rejected_"))
    return {name: int(value) for name, value in pairs}


class Outsider:
    """Sends datagrams to the agents' ears from a socket of its own, and listens whether anybody answers."""

    def __init__(self, listeners):
        self.listeners = listeners
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)

    def send(self, data, slot):
        try:
            self.socket.sendto(data, self.listeners[slot])
        except OSError:
            pass  # its ear is full or gone: lost

    def answers(self):
        count = 0
        while True:
            try:
                self.socket.recv(2048)
                count += 1
            except BlockingIOError:
                return count
            except ConnectionRefusedError:
                continue

    def close(self):
        self.socket.close()


class Outsiders(ClusterTest):
    def setUp(self):
        self.cluster, self.air = cluster_on_air(BINARIES, period_ms=PERIOD_MS, timeout_ms=3000)
        self.addCleanup(self.cluster.close)
        self.addCleanup(self._show_logs, self.cluster)
        self.addCleanup(self.air.close)
        self.outsider = Outsider(self.air.listeners)
        self.addCleanup(self.outsider.close)
        self.cluster.start()
        self.cluster.wait_leader(PATIENCE)

    def write(self, count, prefix):
        writer = SafeWriter(self.cluster.nodes)
        written = {}
        for number in range(count):
            node = self.cluster[number % 3]
            writer.write("SET", f"{prefix}/{number}", f"{prefix} {number}", first=node, seconds=PATIENCE)
            written[f"{prefix}/{number}"] = f"{prefix} {number}"
        return written

    def test_noise_is_counted_and_not_answered_and_the_cluster_goes_on(self):
        draw = random.Random(7)
        written = self.write(10, "before")
        real = [data for _, data in self.air.captured]
        began = time.monotonic()
        for number in range(NOISE_DATAGRAMS):
            kind = number % 4
            if kind == 0:
                data = draw.randbytes(draw.randrange(0, 1400))
            elif kind == 1:
                data = draw.choice(real)[: draw.randrange(0, 40)]
            else:
                data = bytearray(draw.choice(real))
                data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
            self.outsider.send(bytes(data), number % 3)
            if number % 2000 == 1999:
                written |= self.write(1, f"amid {number}")
        rate = NOISE_DATAGRAMS / (time.monotonic() - began)
        written |= self.write(10, "after")
        self.assertEqual(self.outsider.answers(), 0)
        for node in self.cluster:
            found = rejections(node)
            self.assertGreater(sum(found.values()), 100, f"{node.name}: {found}")
            for reason in ("rejected_too_short", "rejected_bad_tag"):
                self.assertGreater(found[reason], 0, f"{node.name}: {found}")
        self.assert_on_all(self.cluster, written)
        print(f"noise: {NOISE_DATAGRAMS} datagrams, {rate:.0f} a second, "
              f"{sum(sum(rejections(node).values()) for node in self.cluster)} heard and rejected", flush=True)

    def test_recorded_frames_are_rejected_at_once_and_after_a_restart_of_the_receiver(self):
        self.cluster[0].call("SET", "valve", "open")
        written = self.write(20, "before")
        until(lambda: len(self.air.captured) > 60, PATIENCE, "frames to record")
        recording = list(self.air.captured)
        self.air.is_recording = False
        self.cluster[0].call("SET", "valve", "closed")
        index, digest = self.cluster.wait_same_log(PATIENCE)
        victim = self.cluster[1]
        before = sum(rejections(victim).values())
        self.replay(recording, 3)
        self.assertGreater(sum(rejections(victim).values()), before, "a frame played back at once counts as rejected")

        victim.kill()
        victim.start()
        until(lambda: victim.status(), PATIENCE, "the victim to answer")
        self.replay(recording, 5)
        victim.wait_healthy(PATIENCE)
        self.replay(recording, 2)
        self.assertGreater(sum(rejections(victim).values()), 0)
        self.assertEqual(self.outsider.answers(), 0)
        for node in self.cluster:
            self.assertEqual(node.call("NOD", "READ", "valve"), "closed")
        again, digest_again = self.cluster.wait_same_log(PATIENCE)
        if again == index:
            self.assertEqual(digest_again, digest)
        written |= self.write(5, "after")
        self.assert_on_all(self.cluster, written)

    def replay(self, recording, seconds):
        """Plays the recording to whom it was meant for, over and over, so that some of it meets every window."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for slot, data in recording:
                self.outsider.send(data, slot)
                time.sleep(0.0005)


if __name__ == "__main__":
    unittest.main()

"""Disks that are full, nearly full, or read-only: the node says so, the others go on without it, with another leader if
it led, and it comes back. Needs root, for small file systems of its own.
"""

import os
import shutil
import subprocess
import time
import unittest

from fixture import PATIENCE, PERIOD_MS, ClusterTest, SafeWriter, until

DISK_BYTES = 1 << 20
# Windows that one write may take while the leader's disk gives out: its beacon says that it resigns, an election
# without loss takes two or three, and a caller may wait for its time-out of 15 before it asks another node.
HAND_OVER_WINDOWS = 25
QUIET_WINDOWS = 40


class SmallDisk:
    """A file system of one megabyte at a node's state directory, with what was there before."""

    def __init__(self, directory):
        self.directory = directory
        self.filler = directory / "filler"
        saved = directory.parent / "saved"
        shutil.copytree(directory, saved)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700", "none", directory], check=True,
                       stdin=subprocess.DEVNULL)
        shutil.copytree(saved, directory, dirs_exist_ok=True)
        shutil.rmtree(saved)

    def fill(self, but=0):
        """Takes all the space there is, up to the last byte, or `but` bytes before it."""
        with open(self.filler, "ab", buffering=0) as file:
            if but:
                about = os.statvfs(self.directory)
                file.write(b"\0" * max(0, about.f_bavail * about.f_frsize - but))
                return
            for size in (4096, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    pass

    def free(self):
        os.remove(self.filler)

    def close(self):
        subprocess.run(["umount", "-l", self.directory], check=False, stdin=subprocess.DEVNULL)


class LoopDisk:
    """A file system that a failure can make read-only, as errors=remount-ro does on a card: ext4 in a file, with the
    option that aborts its journal. Nothing brings it back but a new mount.
    """

    def __init__(self, directory):
        self.directory = directory
        self.image = directory.parent / "image"
        with open(self.image, "wb") as file:
            file.truncate(8 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0", self.image], check=True,
                       stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        saved = directory.parent / "saved"
        shutil.copytree(directory, saved)
        self.mount()
        shutil.copytree(saved, directory, dirs_exist_ok=True)
        shutil.rmtree(saved)

    def mount(self):
        subprocess.run(["mount", "-o", "loop,errors=remount-ro", self.image, self.directory], check=True,
                       stdin=subprocess.DEVNULL)

    def abort(self):
        subprocess.run(["mount", "-o", "remount,abort", self.directory], check=False, stdin=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def mount_anew(self):
        subprocess.run(["umount", self.directory], check=True, stdin=subprocess.DEVNULL)
        self.mount()

    def close(self):
        subprocess.run(["umount", "-l", self.directory], check=False, stdin=subprocess.DEVNULL)


def may_mount():
    if os.geteuid() != 0:
        return False
    # Some containers let root do nothing.
    probe = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], stdin=subprocess.DEVNULL,
                           capture_output=True)
    return probe.returncode == 0


def may_loop():
    if not may_mount() or shutil.which("mkfs.ext4") is None:
        return False
    probe = subprocess.run(["losetup", "-f"], stdin=subprocess.DEVNULL, capture_output=True)
    return probe.returncode == 0


class DiskTest(ClusterTest):
    def with_disks(self, make_disk, choose, min_free_kb):
        """A cluster with a small disk for each node; the node that is to suffer, and its disk."""
        cluster = self.make(timeout_ms=3000, cluster_keys=["snapshot_every = 64"])
        for node in cluster:
            with open(node.configuration, "a") as file:
                file.write(f"\n[disk]\nmin_free_kb = {min_free_kb}\n")
        disks = {}
        for node in cluster:
            disks[node.name] = make_disk(node.state)
            self.addCleanup(disks[node.name].close)
        self.addCleanup(cluster.close)
        cluster.start()
        leader = cluster.wait_leader(PATIENCE)
        victim = leader if choose == "leader" else next(node for node in cluster if node is not leader)
        return cluster, victim, disks[victim.name]

    def write_through_others(self, cluster, victim, count, prefix):
        others = [node for node in cluster if node is not victim]
        writer = SafeWriter(others)
        written = {}
        for number in range(count):
            value = f"{number}" * 200
            writer.write("SET", f"{prefix}/{number}", value, first=others[number % 2], seconds=PATIENCE)
            written[f"{prefix}/{number}"] = value
        return written

    def await_saying(self, victim, why):
        def said():
            status = victim.status()
            return status and status["healthy"] == 0 and why in status["why"]

        until(said, PATIENCE, f"{victim.name} to say that its disk is {why}", interval=0.02)

    def write_through_hand_over(self, cluster, victim, count, prefix):
        """What the others are asked to write while the leader's disk gives out: the slowest of it had to wait for
        another leader, and that was elected within a bounded number of windows."""
        written, slowest = {}, 0
        for number in range(count):
            began = time.monotonic()
            written |= self.write_through_others(cluster, victim, 1, f"{prefix}/{number}")
            slowest = max(slowest, (time.monotonic() - began) / (PERIOD_MS / 1000))
        others = [node for node in cluster if node is not victim]
        cluster.wait_leader(PATIENCE, among=others, besides=victim)
        print(f"(slowest write: {slowest:.1f} windows) ", end="", flush=True)
        self.assertLess(slowest, HAND_OVER_WINDOWS)
        return written

    def frames(self, nodes):
        return {node.name: node.status()["frames_sent"] for node in nodes}

    def assert_costs_nobody(self, cluster):
        """While nothing happens, a cluster with a sick node says what a healthy one does: a beacon a window, and each
        node's word in a full window."""
        until(lambda: self.quiet(cluster) <= 2.2 * QUIET_WINDOWS, PATIENCE, "the cluster to be quiet again")

    def quiet(self, cluster):
        before = self.frames(cluster)
        time.sleep(QUIET_WINDOWS * PERIOD_MS / 1000)
        after = self.frames(cluster)
        sent = {name: after[name] - before[name] for name in before}
        print(f"(frames in {QUIET_WINDOWS} windows: {sent}) ", end="", flush=True)
        return sum(sent.values())


@unittest.skipUnless(may_mount(), "SKIPPED: the disk tests need root and the right to mount")
class FullDisk(DiskTest):
    def go_through(self, choose, why="the disk does not take writes", min_free_kb=0, left=0):
        cluster, victim, disk = self.with_disks(SmallDisk, choose, min_free_kb)
        written = self.write_through_others(cluster, victim, 10, "before")
        disk.fill(but=left)
        # What it has room for within its last block may still go well; then it must notice.
        write = self.write_through_hand_over if choose == "leader" else self.write_through_others
        written |= write(cluster, victim, 30, "full")
        self.await_saying(victim, why)
        self.assertTrue(victim.is_running)
        written |= self.write_through_others(cluster, victim, 10, "without it")
        self.assert_costs_nobody(cluster)
        disk.free()
        victim.wait_healthy(PATIENCE)
        written |= self.write_through_others(cluster, victim, 5, "after")
        self.assert_on_all(cluster, written)
        wake_ups = victim.status()["wake_ups"]
        time.sleep(QUIET_WINDOWS * PERIOD_MS / 1000)
        self.assertLess(victim.status()["wake_ups"] - wake_ups, 10 * QUIET_WINDOWS, "it sleeps again")
        victim.kill()
        victim.start()
        victim.wait_healthy(PATIENCE)
        self.assert_on_all(cluster, written)
        return victim

    def test_a_follower_whose_disk_is_full_says_so_and_comes_back(self):
        self.assertIn("No space left", self.go_through("follower").log_text())

    def test_a_leader_whose_disk_is_full_hands_over_and_comes_back(self):
        self.assertIn("No space left", self.go_through("leader").log_text())

    def test_a_follower_with_less_than_min_free_kb_stops_before_the_disk_is_full(self):
        victim = self.go_through("follower", why="min_free_kb = 200", min_free_kb=200, left=100 << 10)
        self.assertNotIn("No space left", victim.log_text())

    def test_a_leader_with_less_than_min_free_kb_hands_over_and_comes_back(self):
        victim = self.go_through("leader", why="min_free_kb = 200", min_free_kb=200, left=100 << 10)
        self.assertNotIn("No space left", victim.log_text())


@unittest.skipUnless(may_loop(), "SKIPPED: the read-only disk tests need root, loop devices and mkfs.ext4")
class ReadOnlyDisk(DiskTest):
    def go_through(self, choose):
        cluster, victim, disk = self.with_disks(LoopDisk, choose, min_free_kb=0)
        written = self.write_through_others(cluster, victim, 10, "before")
        disk.abort()
        write = self.write_through_hand_over if choose == "leader" else self.write_through_others
        written |= write(cluster, victim, 30, "read-only")
        self.await_saying(victim, "the disk does not take writes")
        self.assert_costs_nobody(cluster)
        self.assertTrue(victim.is_running)
        victim.kill()
        disk.mount_anew()
        victim.start()
        victim.wait_healthy(PATIENCE)
        written |= self.write_through_others(cluster, victim, 5, "after")
        self.assert_on_all(cluster, written)

    def test_a_follower_whose_disk_becomes_read_only_says_so_and_is_back_after_a_restart(self):
        self.go_through("follower")

    def test_a_leader_whose_disk_becomes_read_only_hands_over_and_is_back_after_a_restart(self):
        self.go_through("leader")


if __name__ == "__main__":
    unittest.main()

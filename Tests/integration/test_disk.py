"""A disk that is full: the node says so, the others go on without it, and it comes back by itself. Needs root, for a
small file system of its own.
"""

import os
import shutil
import subprocess
import unittest

from fixture import PATIENCE, ClusterTest, SafeWriter, until

DISK_BYTES = 1 << 20


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

    def fill(self):
        """Takes all the space there is, up to the last byte."""
        with open(self.filler, "ab", buffering=0) as file:
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


def may_mount():
    if os.geteuid() != 0:
        return False
    # Some containers let root do nothing.
    probe = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], stdin=subprocess.DEVNULL,
                           capture_output=True)
    return probe.returncode == 0


@unittest.skipUnless(may_mount(), "SKIPPED: the disk tests need root and the right to mount")
class FullDisk(ClusterTest):
    def with_small_disk(self, choose):
        cluster = self.make(timeout_ms=3000, cluster_keys=["snapshot_every = 64"])
        disks = {node.name: SmallDisk(node.state) for node in cluster}
        for disk in disks.values():
            self.addCleanup(disk.close)
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

    def go_through(self, choose):
        cluster, victim, disk = self.with_small_disk(choose)
        written = self.write_through_others(cluster, victim, 10, "before")
        disk.fill()
        # What it has room for within its last block may still go well; then it must notice.
        written |= self.write_through_others(cluster, victim, 30, "full")

        def said():
            status = victim.status()
            return status and status["healthy"] == 0 and "disk" in status["why"] and status["disk_failures"] > 0

        until(said, PATIENCE, f"{victim.name} to say that its disk is full")
        self.assertIn("No space left", victim.log_text())
        self.assertTrue(victim.is_running)
        if choose == "leader":
            cluster.wait_leader(PATIENCE, among=[node for node in cluster if node is not victim], besides=victim)
        written |= self.write_through_others(cluster, victim, 10, "without it")
        disk.free()
        victim.wait_healthy(PATIENCE)
        written |= self.write_through_others(cluster, victim, 5, "after")
        self.assert_on_all(cluster, written)
        victim.kill()
        victim.start()
        victim.wait_healthy(PATIENCE)
        self.assert_on_all(cluster, written)

    def test_a_follower_whose_disk_is_full_says_so_and_comes_back(self):
        self.go_through("follower")

    def test_a_leader_whose_disk_is_full_hands_over_and_comes_back(self):
        self.go_through("leader")


if __name__ == "__main__":
    unittest.main()

"""Agents of several architectures in one cluster: the Embedded builds of tools/build-board, those for ARM under qemu's
user emulation, and the workstation's build among them. They speak over real UDP on loopback; commands go to each
agent's own Unix socket. NOD_BOARDS names the directory of the builds; tools/test boards makes them and sets it.
"""

import os
import pathlib
import struct
import subprocess
import time
import unittest

from fixture import PATIENCE, BINARIES, ClusterTest, SafeWriter, until

BOARDS = os.environ.get("NOD_BOARDS")
# What runs each build, and what its file is: class and machine of its ELF header.
EMULATORS = {
    "x86_64": [],
    "aarch64": ["qemu-aarch64-static"],
    "armv7": ["qemu-arm-static", "-cpu", "cortex-a7"],
    "armv6": ["qemu-arm-static", "-cpu", "arm1176"],  # the processor of a Raspberry Pi Zero
}
MACHINES = {"x86_64": (2, 62), "aarch64": (2, 183), "armv7": (1, 40), "armv6": (1, 40)}
HOST = "host"
# An emulated agent takes some milliseconds for what a board does in less.
ROSTER = ("slot_us = 8000",)
PERIOD_MS = 500


def program(architecture):
    if architecture == HOST:
        return [BINARIES / "nodd"]
    return [*EMULATORS[architecture], pathlib.Path(BOARDS) / f"nodd-{architecture}"]


@unittest.skipUnless(BOARDS, "the boards' builds are tested by tools/test boards")
class MixedCluster(ClusterTest):
    def mixed(self, *architectures, **options):
        options.setdefault("period_ms", PERIOD_MS)
        cluster = self.make(members=len(architectures), cluster_keys=ROSTER, **options)
        for node, architecture in zip(cluster, architectures):
            node.program = program(architecture)
        return cluster

    def write_at_each(self, cluster, what):
        """One key and one count at every node; what was acknowledged."""
        writer = SafeWriter(cluster.nodes)
        promised = {}
        for node in cluster:
            writer.write("SET", f"{what}/{node.name}", f"by {node.name}", first=node, seconds=PATIENCE)
            promised[f"{what}/{node.name}"] = f"by {node.name}"
            count, _ = writer.write("INCR", f"{what}/count", first=node, seconds=PATIENCE)
            promised[f"{what}/count"] = str(count)
        return promised

    def kill_and_restart(self, cluster, victims):
        for node in victims:
            node.kill()
        for node in victims:
            node.start()
        for node in cluster:
            node.wait_healthy(PATIENCE)

    def agree_through_kills(self, cluster):
        cluster.start()
        cluster.wait_leader(PATIENCE)
        promised = self.write_at_each(cluster, "first")
        self.assert_on_all(cluster, promised)
        for node in cluster:
            self.kill_and_restart(cluster, [node])
            promised |= self.write_at_each(cluster, f"after {node.name}")
        self.kill_and_restart(cluster, cluster.nodes)
        promised |= self.write_at_each(cluster, "after all")
        self.assert_on_all(cluster, promised)

    def test_builds_are_of_their_architecture_and_those_for_arm_need_no_library(self):
        for architecture, expected in MACHINES.items():
            path = program(architecture)[-1]
            with open(path, "rb") as file:
                head = file.read(20)
            self.assertEqual((head[4], struct.unpack_from("<H", head, 18)[0]), expected, path)
            needed = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
            libraries = [line for line in needed.splitlines() if "(NEEDED)" in line]
            self.assertEqual(bool(libraries), architecture == "x86_64", f"{path}: {libraries}")
            ran = subprocess.run([*program(architecture), "--version"], capture_output=True, text=True)
            self.assertEqual((ran.returncode, ran.stdout.split()[:1]), (0, ["nodd"]), ran.stderr)

    def test_three_architectures_agree_are_killed_and_agree_again(self):
        self.agree_through_kills(self.mixed("armv7", "aarch64", "x86_64"))

    def test_all_four_architectures_and_the_workstation_agree_through_losses_and_kills(self):
        self.agree_through_kills(self.mixed("armv6", "armv7", "aarch64", "x86_64", HOST, drop_percent=10))

    def test_a_state_directory_goes_on_under_another_architecture(self):
        cluster = self.mixed("armv6", "x86_64", "aarch64").start()
        cluster.wait_leader(PATIENCE)
        promised = self.write_at_each(cluster, "before")
        for node in cluster:
            node.kill()
        for node, architecture in zip(cluster, ("x86_64", "armv7", HOST)):
            node.program = program(architecture)
            node.start()
        cluster.wait_leader(PATIENCE)
        promised |= self.write_at_each(cluster, "after")
        self.assert_on_all(cluster, promised)
        for node in cluster:
            self.assertEqual(node.status()["votes"], 1, f"{node.name}: {node.log_text()}")

    def test_the_longest_period_is_no_number_too_large_for_32_bits(self):
        cluster = self.mixed("armv6", "armv7", "x86_64", period_ms=900_000)
        for node in cluster.nodes[:2]:
            node.start()
            until(node.status, PATIENCE, f"{node.name} to answer")
        time.sleep(1)
        for node in cluster.nodes[:2]:
            self.assertTrue(node.is_running, node.log_text())


if __name__ == "__main__":
    unittest.main()

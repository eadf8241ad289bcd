"""nodctl doctor, each trouble made with real agents: it finds that one, says where, and ends with 1; and where nothing
is wrong it finds nothing. Some troubles need root: a namespace with a filter, a small disk, another user.
"""

import ctypes
import json
import os
import pathlib
import re
import secrets
import shutil
import socket
import subprocess
import unittest

from fixture import BINARIES, PATIENCE, ClusterTest, until
from test_disk import SmallDisk

ROOT = os.geteuid() == 0
SHIM = pathlib.Path(__file__).with_name("fast_clock.c")


def find(*words, nodes=(), user=None):
    """What the doctor finds, and its exit code."""
    command = [BINARIES / "nodctl", "doctor", "--json", *words]
    for node in nodes:
        command += ["--node", node.directory]
    if user is not None:
        command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    return [json.loads(line) for line in ran.stdout.splitlines()], ran.returncode


def rewrite(path, pattern, text):
    """Changes what stands behind `pattern`, once."""
    changed, count = re.subn(pattern, text, path.read_text(), count=1, flags=re.M)
    assert count == 1, f"{pattern} is not in {path}"
    path.write_text(changed)


class DoctorTest(ClusterTest):
    def expect(self, kind, where, *words, **how):
        """That the doctor finds this trouble at this place, now. Returns the finding, and the kinds of all."""
        found, code = find(*words, **how)
        fitting = [finding for finding in found if finding["kind"] == kind and where in finding["where"]]
        self.assertTrue(fitting, f"only {[(finding['kind'], finding['where']) for finding in found]}")
        self.assertEqual(code, 1)
        self.assertTrue(fitting[0]["do"])
        return fitting[0], {finding["kind"] for finding in found}

    def expect_soon(self, kind, where, nodes, seconds=PATIENCE, meanwhile=lambda: None):
        def is_found():
            meanwhile()
            return any(finding["kind"] == kind and where in finding["where"] for finding in find(nodes=nodes)[0])

        until(is_found, seconds, f"the doctor to find {kind} at {where}")
        return self.expect(kind, where, nodes=nodes)


class Running(DoctorTest):
    def test_a_healthy_cluster_has_nothing(self):
        cluster = self.started()
        found, code = until(lambda: (lambda it: it if not it[0] else None)(find(nodes=cluster)), PATIENCE,
                            "the doctor to find nothing")
        self.assertEqual((found, code), ([], 0))

    def test_agents_that_are_down_and_a_quorum_that_is_gone(self):
        cluster = self.started()
        cluster[1].stop()
        _, kinds = self.expect("agent-not-running", "n2", nodes=cluster)
        self.assertNotIn("port-in-use", kinds)
        cluster[2].stop()
        self.expect_soon("no-quorum", "n1", [cluster[0]])

    def test_an_agent_that_is_stopped_is_stuck(self):
        cluster = self.started()
        cluster[0].signal(19)
        self.expect("agent-stuck", "n1", nodes=[cluster[0]])

    def test_a_port_that_another_process_has(self):
        cluster = self.make()
        host, port = cluster.addresses[0].split(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((host, int(port)))
            cluster[0].start().process.wait(10)
            finding, _ = self.expect("port-in-use", "n1", nodes=[cluster[0]])
        self.assertIn(port, finding["what"])

    def test_another_period(self):
        cluster = self.make()
        rewrite(cluster[2].directory / "roster", r"^period_ms = \d+", "period_ms = 350")
        cluster.start()
        for node in cluster:
            until(node.status, PATIENCE, f"{node.name} to answer")
        self.expect("wrong-period", "n3", nodes=cluster)

    def test_another_roster(self):
        cluster = self.make()
        rewrite(cluster[2].directory / "roster", r"^id = .*", "id = " + secrets.token_hex(16))
        self.expect("rosters-differ", "n3", nodes=cluster)

    def test_other_keys(self):
        cluster = self.make()
        self.seal_another_key(cluster, 2)
        _, kinds = self.expect("keys-differ", "n3", nodes=cluster)
        self.assertIn("agent-not-running", kinds)
        cluster.start()
        cluster.wait_leader(PATIENCE, among=[cluster[0], cluster[1]])
        self.expect("keys-differ", "n3", nodes=cluster)
        # From one of them alone: frames come that do not open.
        self.expect_soon("keys-differ", "n3", [cluster[2]])

    def seal_another_key(self, cluster, slot):
        roster = (cluster[slot].directory / "roster").read_text()
        public = re.findall(r"^public_key = ([0-9a-f]+)", roster, flags=re.M)[slot]
        sodium = ctypes.CDLL("libsodium.so.23")
        sodium.sodium_init()
        sealed = ctypes.create_string_buffer(80)
        sodium.crypto_box_seal(sealed, secrets.token_bytes(32), ctypes.c_ulonglong(32), bytes.fromhex(public))
        rewrite(cluster[slot].directory / "group.key", r"^sealed = .*", "sealed = " + sealed.raw.hex())

    def test_a_period_that_the_air_time_cannot_carry(self):
        cluster = self.make(period_ms=60000, profile="lora-sf9-eu868")
        rewrite(cluster[0].directory / "roster", r"^period_ms = \d+", "period_ms = 1000")
        self.expect("period-refused", "n1", nodes=[cluster[0]])

    def test_a_wrong_line_in_a_file(self):
        cluster = self.make()
        rewrite(cluster[0].configuration, r"^name = .*", "name = nobody")
        self.expect("configuration", "n1", nodes=[cluster[0]])

    def test_a_node_that_lost_its_journal(self):
        cluster = self.started()
        cluster[1].stop()
        for file in cluster[1].state.iterdir():
            file.unlink()
        cluster[1].start()
        self.expect_soon("does-not-vote", "n2", [cluster[1]])

    def test_a_clock_that_is_off(self):
        if not shutil.which("cc"):
            self.skipTest("SKIPPED: no C compiler for the clock that runs fast")
        cluster = self.make()
        shim = cluster.base / "fast_clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", shim, SHIM, "-ldl"], check=True)
        cluster[2].program = ["env", f"LD_PRELOAD={shim}", "FAST_PPM=1500", *cluster[2].program]
        cluster.start()
        cluster.wait_leader(PATIENCE)
        finding, _ = self.expect_soon("clock", "", cluster)
        self.assertIn("ppm", finding["what"])


@unittest.skipUnless(ROOT, "SKIPPED: needs root")
class AsRoot(DoctorTest):
    def test_a_socket_that_may_not_be_used(self):
        cluster = self.started()
        self.expect("permission", "n1", nodes=[cluster[0]], user=65534)
        self.expect("permission", "n1", "--socket", cluster[0].socket, user=65534)

    def test_a_full_disk(self):
        cluster = self.make()
        with open(cluster[0].configuration, "a") as file:
            file.write("\n[disk]\nmin_free_kb = 0\n")
        disk = SmallDisk(cluster[0].state)
        self.addCleanup(disk.close)
        cluster.start()
        cluster.wait_leader(PATIENCE)
        disk.fill()
        # What is left of the journal's last block holds some more entries.
        self.expect_soon("disk", "n1", [cluster[0]], meanwhile=lambda: cluster[1].call("SET", "a", "x" * 1000))

    @unittest.skip("SKIPPED: known defect: a link that was one-way from the first moment is not found within 140 s")
    def test_a_link_that_carries_one_way_only(self):
        name = f"nod-doctor-{os.getpid()}"
        if subprocess.run(["ip", "netns", "add", name], capture_output=True, stdin=subprocess.DEVNULL).returncode:
            self.skipTest("SKIPPED: no network namespaces here")
        self.addCleanup(subprocess.run, ["ip", "netns", "del", name], stdin=subprocess.DEVNULL)
        inside = ["ip", "netns", "exec", name]
        subprocess.run([*inside, "ip", "link", "set", "lo", "up"], check=True, stdin=subprocess.DEVNULL)
        cluster = self.make()
        from_port, to_port = (address.split(":")[1] for address in cluster.addresses[1:3])
        rules = f"""
        table inet cut {{
          chain arriving {{
            type filter hook input priority 0;
            udp sport {from_port} udp dport {to_port} drop
          }}
        }}
        """
        subprocess.run([*inside, "nft", "-f", "-"], input=rules, text=True, check=True)
        for node in cluster:
            node.program = [*inside, *node.program]
        cluster.start()
        cluster.wait_leader(PATIENCE)
        self.expect_soon("one-way-link", "n2 to n3", [cluster[0]])


if __name__ == "__main__":
    unittest.main()

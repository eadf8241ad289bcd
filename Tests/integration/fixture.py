"""What the integration tests share: where the binaries are, a cluster that is ended whatever happens, and the agents'
logs when a test fails. NOD_BIN names the directory of nodd and nodctl; without it they are those of .build/release.
"""

import os
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from localcluster import Connection, LocalCluster, ReplyError, SafeWriter, free_udp_ports, until  # noqa: E402,F401

BINARIES = pathlib.Path(os.environ.get("NOD_BIN", ROOT / ".build/release"))
PERIOD_MS = 200
# Longer than anything that was ever seen on a loaded machine of two cores, shorter than a person's patience.
PATIENCE = 60


class ClusterTest(unittest.TestCase):
    """A test with clusters of its own."""

    def make(self, **options):
        options.setdefault("period_ms", PERIOD_MS)
        cluster = LocalCluster(BINARIES, **options)
        self.addCleanup(cluster.close)
        self.addCleanup(self._show_logs, cluster)
        return cluster

    def started(self, **options):
        cluster = self.make(**options).start()
        cluster.wait_leader(PATIENCE)
        return cluster

    def _show_logs(self, cluster):
        outcome = self._outcome.result
        broken = [test for test, _ in outcome.failures + outcome.errors]
        if any(test is self for test in broken):
            for node in cluster:
                tail = node.log_text().splitlines()[-15:]
                print(f"--- log of {node.name}", *tail, sep="\n", file=sys.stderr)

    def assert_on_all(self, cluster, expected, nodes=None):
        """Every key has its value on every node, as each node itself knows it, and the logs are the same."""
        cluster.wait_same_log(PATIENCE, among=nodes)
        for node in nodes or cluster:
            with node.connect() as connection:
                found = {key: connection.call("GET", key) for key in expected}
            wrong = {key: (value, expected[key]) for key, value in found.items() if value != expected[key]}
            self.assertEqual(wrong, {}, f"{node.name}: key: (found, acknowledged)")

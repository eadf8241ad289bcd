"""Power cuts, pauses and lost state directories, done to real agents: whatever was acknowledged must be there, on every
node, exactly once.
"""

import os
import shutil
import signal
import subprocess
import threading
import time
import unittest

from fixture import PATIENCE, ClusterTest, ReplyError, SafeWriter, until


class Writers:
    """Clients that write all the time, one per node first asked, each under tokens, and remember what was promised."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.acknowledged = {}
        self.trouble = []
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(slot,)) for slot in range(len(cluster.nodes))]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def _run(self, slot):
        writer = SafeWriter(self.cluster.nodes)
        number = 0
        try:
            while not self._ends.is_set():
                number += 1
                value, _ = writer.write("INCR", f"count/{slot}", first=self.cluster[slot], seconds=PATIENCE)
                if value != number:
                    self.trouble.append(f"count/{slot} said {value} after {number} increments")
                    return
                writer.write("SET", f"{slot}/{number}", f"v{number}", first=self.cluster[slot], seconds=PATIENCE)
                self.acknowledged[f"{slot}/{number}"] = f"v{number}"
                self.acknowledged[f"count/{slot}"] = str(number)
                time.sleep(0.02)
        except AssertionError as trouble:
            self.trouble.append(str(trouble))
        except ReplyError as trouble:
            self.trouble.append(str(trouble))

    def wait_for_more(self, count):
        target = len(self.acknowledged) + count
        until(lambda: self.trouble or len(self.acknowledged) >= target, PATIENCE, f"{count} more acknowledgements")


class PowerCuts(ClusterTest):
    def test_each_node_in_turn_is_killed_under_writes_and_nothing_acknowledged_is_lost(self):
        cluster = self.started(timeout_ms=3000)
        with Writers(cluster) as writers:
            for round_ in range(2):
                for node in cluster:
                    writers.wait_for_more(20)
                    node.kill()
                    writers.wait_for_more(20)
                    node.start()
                    node.wait_healthy(PATIENCE)
            writers.wait_for_more(20)
        self.assertEqual(writers.trouble, [])
        self.assert_on_all(cluster, writers.acknowledged)

    def test_all_nodes_lose_power_at_once_and_nothing_acknowledged_is_lost(self):
        cluster = self.started(timeout_ms=3000)
        with Writers(cluster) as writers:
            for round_ in range(3):
                writers.wait_for_more(20)
                for node in cluster:
                    node.kill()
                for node in cluster:
                    node.start()
                cluster.wait_leader(PATIENCE)
            writers.wait_for_more(20)
        self.assertEqual(writers.trouble, [])
        self.assert_on_all(cluster, writers.acknowledged)

    def test_the_leader_dies_and_another_leads_with_a_higher_ballot(self):
        cluster = self.started()
        leader = cluster.wait_leader(PATIENCE)
        ballot = leader.status()["ballot"]
        leader.kill()
        rest = [node for node in cluster if node is not leader]
        second = cluster.wait_leader(PATIENCE, among=rest, besides=leader)
        self.assertGreater(int(second.status()["ballot"].split(".")[0]), int(ballot.split(".")[0]))
        leader.start()
        leader.wait_healthy(PATIENCE)
        self.assertEqual(cluster.wait_leader(PATIENCE), second, "a returning node must not unseat a working leader")


class Ends(ClusterTest):
    def test_sigterm_ends_every_agent_within_a_second_also_under_writes(self):
        cluster = self.started()
        leader = cluster.wait_leader(PATIENCE)
        stop = threading.Event()

        def write():
            while not stop.is_set():
                try:
                    leader.call("INCR", "busy", timeout=2)
                except (OSError, ReplyError):
                    return

        threads = [threading.Thread(target=write) for _ in range(8)]
        for thread in threads:
            thread.start()
        try:
            until(lambda: int(leader.call("GET", "busy") or 0) > 50, PATIENCE, "some traffic")
            for node in [leader] + [node for node in cluster if node is not leader]:
                began = time.monotonic()
                self.assertEqual(node.stop(), 0)
                self.assertLess(time.monotonic() - began, 1.0, node.name)
                self.assertFalse(node.socket.exists(), "the socket is taken away at a clean end")
        finally:
            stop.set()
            for thread in threads:
                thread.join()


class Pauses(ClusterTest):
    def test_a_leader_stopped_for_five_seconds_comes_back_and_nothing_is_lost(self):
        cluster = self.started(timeout_ms=3000)
        leader = cluster.wait_leader(PATIENCE)
        rest = [node for node in cluster if node is not leader]
        with Writers(cluster) as writers:
            writers.wait_for_more(20)
            leader.signal(signal.SIGSTOP)
            began = time.monotonic()
            cluster.wait_leader(PATIENCE, among=rest, besides=leader)
            until(lambda: time.monotonic() - began > 5, 10, "the five seconds to pass")
            leader.signal(signal.SIGCONT)
            status = leader.wait_healthy(PATIENCE)
            self.assertGreaterEqual(status["pauses"], 1)
            writers.wait_for_more(20)
        self.assertEqual(writers.trouble, [])
        self.assert_on_all(cluster, writers.acknowledged)


class StateDirectories(ClusterTest):
    def test_a_second_agent_on_the_same_state_directory_is_refused(self):
        cluster = self.started()
        again = subprocess.run([cluster.nodd, "--config", cluster[0].configuration], stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, timeout=20)
        self.assertEqual(again.returncode, 1)
        self.assertIn(str(cluster[0].state), again.stderr)
        self.assertIn("in use", again.stderr)
        self.assertEqual(cluster[0].call("SET", "still", "here"), "OK")

    def test_a_node_with_an_empty_state_directory_learns_and_does_not_vote(self):
        cluster = self.started(timeout_ms=2000)
        cluster[0].call("SET", "before", "yes")
        lost = cluster[2]
        lost.stop()
        shutil.rmtree(lost.state)
        os.mkdir(lost.state, 0o700)
        lost.start()
        until(lambda: lost.status() and lost.call("GET", "before") == "yes", PATIENCE, "the learner to catch up")
        self.assertEqual(lost.status()["votes"], 0)
        self.assertIn("does not vote", lost.log_text() + lost.status()["why"])
        # One voter and one learner are no quorum: nothing may be decided.
        cluster[1].kill()
        with self.assertRaises(ReplyError) as caught:
            cluster[0].call("SET", "without quorum", "1")
        self.assertIn(caught.exception.kind, ("TIMEOUT", "BUSY"))
        self.assertIsNone(lost.call("GET", "without quorum"))
        cluster[1].start()
        SafeWriter(cluster.nodes).write("SET", "after", "yes", seconds=PATIENCE)
        self.assert_on_all(cluster, {"before": "yes", "after": "yes"})
        self.assertEqual(lost.status()["votes"], 0, "it must never vote again by itself")

    def test_a_learner_stays_one_over_a_restart(self):
        cluster = self.started()
        lost = cluster[1]
        lost.stop()
        shutil.rmtree(lost.state)
        os.mkdir(lost.state, 0o700)
        for _ in range(2):
            lost.start()
            until(lambda: lost.status() and lost.status()["leader"], PATIENCE, "the learner to hear a leader")
            self.assertEqual(lost.status()["votes"], 0)
            lost.kill()


if __name__ == "__main__":
    unittest.main()

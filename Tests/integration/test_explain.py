"""nodctl explain on real agents and on a trace of the simulator: in which window an entry was decided, and that a
quorum was known to have it before. And a trace in a file serves as the nodes themselves do.
"""

import json
import subprocess
import unittest

from fixture import BINARIES, PATIENCE, ClusterTest, until


def nodctl(*words, code=0):
    ran = subprocess.run([BINARIES / "nodctl", *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True,
                         text=True, timeout=60)
    assert ran.returncode == code, f"{words}: {ran.returncode}: {ran.stdout}{ran.stderr}"
    return ran.stdout


class ExplainTest(ClusterTest):
    def test_an_entry_of_running_nodes_and_the_same_from_their_files(self):
        cluster = self.started(drop_percent=20)
        nodes = [word for node in cluster for word in ("--node", node.directory)]
        cluster[1].call("SET", "valve", "open")
        index = json.loads(nodctl("log", "--json", "--node", cluster[1].directory))[-1]["index"]
        cluster.wait_same_log(PATIENCE)

        def explained():
            told = json.loads(nodctl("explain", index, *nodes, "--json"))
            return told if len(told["learned"]) == 3 else None

        told = until(explained, PATIENCE, "all three to tell that they know the decision")
        steps = [step for window in told["windows"] for step in window["steps"]]
        decided = next(i for i, step in enumerate(steps) if step["kind"] == "decided")
        known = [step for step in steps[:decided + 1] if step["kind"] == "votes" and len(step["votes"]) >= 2]
        self.assertTrue(known, "a quorum's votes are known before anybody knows the decision")
        self.assertTrue(any(step["kind"] == "sent" and "entries" in step["says"] for step in steps))
        files = []
        for node in cluster:
            file = cluster.base / f"{node.name}.jsonl"
            file.write_text(nodctl("trace", "--json", "--since", "0", "--dump", "--node", node.directory))
            files.append(file)
        again = json.loads(nodctl("explain", index, "--json", "--trace", *files))
        self.assertEqual([one["window"] for one in again["learned"]], [one["window"] for one in told["learned"]])
        text = nodctl("explain", index, *nodes)
        self.assertIn("set valve = open", text)
        self.assertIn("a quorum", text)

    def test_an_entry_that_nobody_has_is_no(self):
        cluster = self.started()
        nodctl("explain", 100000, "--node", cluster[0].directory, code=1)

    def test_an_entry_of_the_simulator(self):
        cluster = self.make()
        file = cluster.base / "events.jsonl"
        nodctl("sim", "--nodes", 5, "--loss", 20, "--load", 2, "--hours", "0.1", "--trace", file)
        told = json.loads(nodctl("explain", 3, "--json", "--trace", file))
        self.assertEqual(len(told["learned"]), 5)
        self.assertTrue(any(step["kind"] == "decided" for window in told["windows"] for step in window["steps"]))


if __name__ == "__main__":
    unittest.main()

"""A node that has lost its memory, or got an old copy of it back: it never votes again, and always finds back in."""

import shutil
import unittest

from fixture import PATIENCE, ClusterTest, SafeWriter, until

LOSSES = 6


class LostMemory(ClusterTest):
    def prepare(self):
        cluster = self.started(cluster_keys=["snapshot_every = 64"])
        leader = cluster.wait_leader(PATIENCE)
        victim = next(node for node in cluster if node is not leader)
        return cluster, victim, SafeWriter([node for node in cluster if node is not victim])

    def await_return(self, cluster, victim):
        def back():
            status = victim.status()
            return status if status and status["votes"] == 0 and status["leader"] is not None else None

        status = until(back, PATIENCE, f"{victim.name} to follow a leader again, without a vote")
        return status["incarnation"]

    def test_a_state_directory_lost_again_and_again_never_keeps_a_node_out(self):
        cluster, victim, writer = self.prepare()
        written, numbers = {}, []
        for loss in range(LOSSES):
            victim.kill()
            for file in victim.state.glob("journal-*"):
                file.unlink()
            writer.write("SET", f"loss/{loss}", "kept", seconds=PATIENCE)
            written[f"loss/{loss}"] = "kept"
            victim.start()
            numbers.append(self.await_return(cluster, victim))
            self.assert_on_all(cluster, written)
            # It asks for commands like any other, under a number that nobody had before.
            SafeWriter([victim]).write("INCR", "asked by it", seconds=PATIENCE)
        self.assertEqual(victim.call("NOD", "READ", "asked by it"), str(LOSSES))
        # Each is above what the others remember: a recording of any earlier start is refused.
        self.assertEqual(numbers, sorted(set(numbers)))

    def test_an_old_copy_of_a_state_directory_costs_the_vote_and_not_the_place(self):
        cluster, victim, writer = self.prepare()
        before = victim.status()["incarnation"]
        victim.kill()
        copy = victim.directory / "copy"
        shutil.copytree(victim.state, copy)
        for start in range(2):
            victim.start()
            victim.wait_healthy(PATIENCE)
            writer.write("SET", f"since/{start}", "x", seconds=PATIENCE)
            victim.kill()
        shutil.rmtree(victim.state)
        shutil.copytree(copy, victim.state)
        victim.start()
        self.assertGreater(self.await_return(cluster, victim), before + 2)
        self.assert_on_all(cluster, {"since/0": "x", "since/1": "x"})
        self.assertIn("does not vote any more", victim.log_text())
        victim.kill()
        victim.start()
        self.await_return(cluster, victim)


if __name__ == "__main__":
    unittest.main()

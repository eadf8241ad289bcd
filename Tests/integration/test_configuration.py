"""What nodd and nodctl say to a person who made a mistake: the file, the line, the key, and what is allowed."""

import os
import shutil
import subprocess
import unittest

from fixture import BINARIES, ClusterTest


class Mistakes(ClusterTest):
    def setUp(self):
        self.cluster = self.make()
        self.node = self.cluster[0]

    def check(self, *arguments):
        return subprocess.run([self.cluster.nodd, "--config", self.node.configuration, *(arguments or ("--check",))],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)

    def edit(self, path, old, new):
        text = path.read_text()
        self.assertIn(old, text)
        text = text.replace(old, new, 1)
        path.write_text(text)
        return text[: text.index(new)].count("\n") + new[: new.rindex("=")].count("\n") + 1

    def assert_refused(self, path, line, *words):
        for arguments in (("--check",), ()):
            done = subprocess.run([self.cluster.nodd, "--config", self.node.configuration, *arguments],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(f"{path}:{line}: " if line else str(path), done.stderr)
            for word in words:
                self.assertIn(word, done.stderr)

    def test_nothing_wrong_is_said_and_is_exit_code_0(self):
        done = self.check()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("nothing wrong", done.stdout)

    def test_a_value_out_of_range_names_file_line_key_and_what_is_allowed(self):
        line = self.edit(self.node.configuration, "timeout_ms = 4000", "timeout_ms = 5")
        self.assert_refused(self.node.configuration, line, "[local] timeout_ms = 5", "100 to 600000")

    def test_an_unknown_key_is_named(self):
        line = self.edit(self.node.configuration, "timeout_ms = 4000", "time_out = 4000")
        self.assert_refused(self.node.configuration, line, "time_out")

    def test_an_unknown_profile_is_told_with_those_there_are(self):
        with open(self.node.configuration, "a") as file:
            file.write("\n[radio]\nprofile = lorax\n")
        line = len(self.node.configuration.read_text().splitlines())
        self.assert_refused(self.node.configuration, line, "[radio] profile = lorax", "lora-sf7-eu868")

    def test_all_mistakes_are_told_at_once(self):
        self.edit(self.node.configuration, "timeout_ms = 4000", "timeout_ms = 5")
        self.edit(self.node.configuration, "level = info", "level = loud")
        done = self.check()
        self.assertEqual(done.returncode, 1)
        self.assertIn("timeout_ms = 5", done.stderr)
        self.assertIn("level = loud", done.stderr)

    def test_a_mistake_in_the_roster_names_the_roster(self):
        roster = self.node.directory / "roster"
        line = self.edit(roster, "period_ms = 200", "period_ms = 20")
        self.assert_refused(roster, line, "[cluster] period_ms = 20", "100 to 900000")

    def test_a_key_file_that_others_may_read_is_refused(self):
        path = self.node.directory / "node.key"
        os.chmod(path, 0o644)
        self.assert_refused(path, None, "node.key")

    def test_the_key_of_another_node_is_refused_at_the_start(self):
        shutil.copy2(self.cluster[1].directory / "node.key", self.node.directory / "node.key")
        done = self.check("--config", self.node.configuration)
        self.assertEqual(done.returncode, 1)
        self.assertIn("public key", done.stderr)

    def test_a_missing_file_is_named(self):
        os.remove(self.node.directory / "roster")
        self.assert_refused(self.node.directory / "roster", None, "roster")

    def test_a_state_directory_of_another_node_is_refused(self):
        shutil.rmtree(self.node.state)
        shutil.copytree(self.cluster[1].state, self.node.state)
        done = self.check("--config", self.node.configuration)
        self.assertEqual(done.returncode, 1)
        self.assertIn("belongs to node 1", done.stderr)

    def test_a_wrong_option_is_exit_code_2(self):
        done = subprocess.run([self.cluster.nodd, "--fast"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--fast", done.stderr)


class AirTime(ClusterTest):
    def lora(self, period_ms):
        cluster = self.make(period_ms=period_ms, profile="lora-sf7-eu868")
        return cluster, subprocess.run([cluster.nodd, "--config", cluster[0].configuration, "--check"],
                                       stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)

    def test_a_period_that_the_radios_budget_cannot_carry_is_refused_with_the_least_that_it_can(self):
        cluster, done = self.lora(10_000)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("period_ms = 10000", done.stderr)
        found = [word for word in done.stderr.replace(",", " ").split() if word.isdigit()]
        least = int(found[-1])
        self.assertIn("least period", done.stderr)
        self.assertGreater(least, 10_000)
        _, done = self.lora(least)
        self.assertEqual(done.returncode, 0, done.stderr)
        _, done = self.lora(least - 100)
        self.assertEqual(done.returncode, 1, "the least period is the least")


class Provisioning(unittest.TestCase):
    def test_nodctl_without_an_agent_says_what_to_start(self):
        done = subprocess.run([BINARIES / "nodctl", "status", "--socket", "/nonexistent/nod.sock"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, 3)
        self.assertIn("nodd", done.stderr)


if __name__ == "__main__":
    unittest.main()

"""Programs that nodd runs: on changes of role and of keys, round the windows. Real agents, real processes; what a
program may rely on is docs/hooks.md.
"""

import os
import pathlib
import stat
import subprocess
import unittest

from fixture import PATIENCE, ClusterTest, SafeWriter, until

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# A line for each run, written at once: what is told of, in which order.
RECORD = 'printf "%s %s %s %s\\n" "$NOD_EVENT" "${NOD_KEY:-}" "${NOD_VALUE:-}" "$NOD_INDEX" >>"{file}"'


class HookTest(ClusterTest):
    def script(self, cluster, name, body, mode=0o755):
        path = cluster.base / name
        path.write_text("#!/bin/sh\n" + body.replace("{file}", str(cluster.base / (name + ".out"))) + "\n")
        os.chmod(path, mode)
        return path

    def add(self, node, section, **keys):
        """Adds keys to a section of the node's nod.conf."""
        text = node.configuration.read_text()
        lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
        head = f"[{section}]\n"
        text = text.replace(head, head + lines) if head in text else f"{text}\n{head}{lines}"
        node.configuration.write_text(text)

    def lines(self, cluster, name):
        file = cluster.base / (name + ".out")
        return [line.split(" ") for line in file.read_text().splitlines()] if file.exists() else []

    def hooks(self, node):
        rows = [dict(zip(flat[::2], flat[1::2])) for flat in node.call("NOD", "HOOKS")]
        return {row["name"]: row for row in rows}

    def alone(self, **options):
        """A cluster of one, that is quick to agree with itself."""
        cluster = self.make(members=1, **options)
        return cluster, cluster[0]

    def run_alone(self, cluster):
        cluster.start()
        cluster.wait_leader(PATIENCE)
        return cluster[0]


class KeyHooks(HookTest):
    def test_the_environment_is_what_is_documented_and_no_descriptor_is_inherited(self):
        cluster, node = self.alone()
        body = 'tr "\\0" "\\n" </proc/$$/environ >"{file}.$NOD_EVENT"; ls -l /proc/$$/fd >"{file}.fds"; '
        body += 'cat >"{file}.stdin"; pwd >"{file}.pwd"; ps -o pgid= -p $$ >"{file}.group"; echo $$ >>"{file}.group"'
        script = self.script(cluster, "env.sh", body)
        self.add(node, "hook.one", on="key", pattern="valve/*", run=script)
        self.run_alone(cluster)
        node.call("SET", "other/1", "x")
        node.call("SET", "valve/1", "open")
        out = str(script) + ".out"
        until(lambda: os.path.exists(out + ".group") and os.path.exists(out + ".set"), PATIENCE, "the hook to run")
        until(lambda: self.hooks(node)["one"]["running"] == 0, PATIENCE, "the hook to end")

        def written(part):
            return pathlib.Path(f"{out}.{part}").read_text()

        found = dict(line.split("=", 1) for line in written("set").splitlines())
        status = node.status()
        round_, slot = map(int, status["accepted_ballot"].split("."))
        self.assertEqual(found, {
            "PATH": PATH, "NOD_HOOK": "one", "NOD_EVENT": "set", "NOD_NODE": "n1", "NOD_CLUSTER": "local",
            "NOD_ROLE": "leader", "NOD_LEADER": "n1", "NOD_BALLOT": status["accepted_ballot"],
            "NOD_FENCE": str(round_ << 8 | slot), "NOD_INDEX": str(status["applied_index"]),
            "NOD_KEY": "valve/1", "NOD_VALUE": "open", "NOD_VALUE_BYTES": "4"})
        self.assertEqual(written("stdin"), "open")
        self.assertEqual(written("pwd"), "/\n")
        for ours in ("socket:", "anon_inode:", str(node.directory)):
            self.assertNotIn(ours, written("fds"))
        group, own = written("group").split()
        self.assertEqual(group, own)

    def test_a_flood_of_changes_leaves_the_last_value_of_every_key_last(self):
        cluster, node = self.alone()
        script = self.script(cluster, "flood.sh", RECORD)
        self.add(node, "hook.flood", on="key", pattern="k/*", run=script)
        self.run_alone(cluster)
        expected = {}
        with node.connect() as connection:
            for turn in range(3):
                for number in range(1000):
                    if turn < 2 and number % 10:
                        continue
                    expected[f"k/{number}"] = f"{turn}"
                    connection.call("SET", f"k/{number}", f"{turn}")
            connection.call("DEL", "k/7")
            del expected["k/7"]
            connection.call("SET", "k/8", "last")
            expected["k/8"] = "last"
        until(lambda: [line[2] for line in self.lines(cluster, "flood.sh") if line[1] == "k/8"][-1:] == ["last"],
              180, "the last change to be told")
        lines = self.lines(cluster, "flood.sh")
        indices = [int(line[3]) for line in lines if line[0] != "resync"]
        self.assertEqual(indices, sorted(indices), "in the order of the log")
        self.assertEqual(lines[-1][1:3], ["k/8", "last"])
        last = {line[1]: line[2] for line in lines if line[0] == "set"}
        gone = {line[1] for line in lines if line[0] == "del"}
        self.assertEqual(gone - {"k/7"}, set())
        for key, value in expected.items():
            self.assertEqual(last[key], value, key)

    def test_deletion_and_expiry_are_told_and_a_value_of_any_kind_comes_on_standard_input(self):
        cluster, node = self.alone()
        body = RECORD + '; cat >"{file}.stdin.$NOD_EVENT.$NOD_INDEX"; echo "${NOD_VALUE-none}" >>"{file}.value"'
        script = self.script(cluster, "all.sh", body)
        self.add(node, "hook.all", on="key", pattern="*", run=script)
        self.run_alone(cluster)
        binary = bytes(range(256)) * 8
        node.call("SET", "a", binary)
        index = until(lambda: next((line[3] for line in self.lines(cluster, "all.sh") if line[1] == "a"), None),
                      PATIENCE, "the hook to be told of a")
        stdin = cluster.base / f"all.sh.out.stdin.set.{index}"
        until(lambda: stdin.exists() and stdin.stat().st_size == len(binary), PATIENCE, "the whole value")
        self.assertEqual(stdin.read_bytes(), binary)
        self.assertEqual((cluster.base / "all.sh.out.value").read_text().splitlines()[-1], "none")
        node.call("SET", "b", "1", "PX", "300")
        node.call("DEL", "a")
        # Cluster time moves with the log: something must be decided after the moment at which it expires.
        until(lambda: node.call("SET", "tick", "1") and any(
            line[:2] == ["expired", "b"] for line in self.lines(cluster, "all.sh")), PATIENCE, "the expiry", 0.2)
        self.assertIn(["del", "a"], [line[:2] for line in self.lines(cluster, "all.sh")])

    def test_after_a_restart_the_present_state_is_told_again(self):
        cluster, node = self.alone()
        script = self.script(cluster, "again.sh", RECORD)
        self.add(node, "hook.again", on="key", pattern="valve/*", run=script)
        self.run_alone(cluster)
        node.call("SET", "valve/1", "open")
        node.call("SET", "valve/2", "shut")
        until(lambda: len(self.lines(cluster, "again.sh")) == 3, PATIENCE, "three runs")
        node.kill()
        node.start()
        until(lambda: len(self.lines(cluster, "again.sh")) == 6, PATIENCE, "three more runs")
        told = [line[:3] for line in self.lines(cluster, "again.sh")]
        self.assertEqual(told[:3], [["resync", "", ""], ["set", "valve/1", "open"], ["set", "valve/2", "shut"]])
        self.assertEqual(told[3:], told[:3])


class Trouble(HookTest):
    def test_a_hung_hook_is_ended_with_what_it_started_and_reported(self):
        cluster, node = self.alone()
        body = '[ "$NOD_EVENT" = set ] || exit 0; trap "" TERM; sleep 300 & echo $! $$ >"{file}.pids"; '
        body += 'echo stuck in the mud; sleep 300; sleep 300'
        script = self.script(cluster, "hang.sh", body)
        self.add(node, "hook.hang", on="key", pattern="k", run=script, timeout_ms=300)
        self.run_alone(cluster)
        node.call("SET", "k", "1")
        until(lambda: self.hooks(node)["hang"]["ended"] == 1, PATIENCE, "the hook to be ended")
        for pid in (cluster.base / "hang.sh.out.pids").read_text().split():
            until(lambda: not is_alive(pid), 10, f"process {pid} to be gone")
        row = self.hooks(node)["hang"]
        self.assertEqual((row["failures"], row["running"], row["last_exit"]), (1, 0, 128 + 9))
        self.assertIn("nodd: error: hook hang: its 300 ms were up: it was ended; it said: stuck in the mud",
                      node.log_text())
        # The agent lives, and the next change is told.
        node.call("SET", "k", "2")
        until(lambda: self.hooks(node)["hang"]["ended"] == 2, PATIENCE, "the second run to be ended")
        self.assertEqual(node.log_text().count("hook hang: its 300 ms"), 1, "said once")

    def test_a_failure_is_reported_with_its_status_and_the_end_of_it_too(self):
        cluster, node = self.alone()
        script = self.script(cluster, "fail.sh", 'echo no such valve >&2; [ "${NOD_VALUE:-}" = good ] || exit 3')
        self.add(node, "hook.fail", on="key", pattern="k", run=script)
        self.run_alone(cluster)
        node.call("SET", "k", "bad")
        until(lambda: self.hooks(node)["fail"]["failures"] == 2, PATIENCE, "resync and set to fail")
        self.assertEqual(self.hooks(node)["fail"]["last_exit"], 3)
        self.assertIn("nodd: error: hook fail: exit status 3; it said: no such valve", node.log_text())
        node.call("SET", "k", "good")
        until(lambda: self.hooks(node)["fail"]["last_exit"] == 0, PATIENCE, "a good run")
        self.assertIn("nodd: warn: hook fail works again", node.log_text())

    def test_a_program_that_may_not_be_run_is_named_by_check_and_costs_only_itself(self):
        cluster, node = self.alone()
        open_to_all = self.script(cluster, "open.sh", RECORD, mode=0o757)
        plain = self.script(cluster, "plain.sh", RECORD, mode=0o644)
        good = self.script(cluster, "good.sh", RECORD)
        self.add(node, "hook.a", on="role", run=open_to_all)
        self.add(node, "hook.b", on="role", run=plain)
        self.add(node, "hook.c", on="role", run=cluster.base / "absent.sh")
        self.add(node, "hook.d", on="role", run=good)
        done = subprocess.run([cluster.nodd, "--config", node.configuration, "--check"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"[hook.a] run = {open_to_all}: everybody may write to it", done.stderr)
        self.assertIn("not executable", done.stderr)
        self.assertIn("No such file", done.stderr)
        self.assertNotIn("hook.d", done.stderr)
        self.run_alone(cluster)
        until(lambda: ["leader"] in [line[:1] for line in self.lines(cluster, "good.sh")], PATIENCE, "the good one")
        rows = self.hooks(node)
        self.assertEqual({name: rows[name]["last_exit"] for name in "abc"}, {"a": -1, "b": -1, "c": -1})
        self.assertEqual(self.lines(cluster, "open.sh"), [])
        os.chmod(open_to_all, stat.S_IMODE(os.stat(open_to_all).st_mode) & ~0o002)

    def test_a_program_that_writes_without_end_is_ended_and_its_output_is_bounded(self):
        cluster, node = self.alone()
        script = self.script(cluster, "talk.sh", '[ "$NOD_EVENT" = set ] || exit 0; yes talk')
        self.add(node, "hook.talk", on="key", pattern="k", run=script, timeout_ms=300)
        self.run_alone(cluster)
        node.call("SET", "k", "1")
        until(lambda: self.hooks(node)["talk"]["ended"] == 1, PATIENCE, "the hook to be ended")
        self.assertEqual(node.log_text().count("hook talk says: talk\n"), 20)
        self.assertIn("its 300 ms were up: it was ended; it said: talk\n", node.log_text())
        node.wait_healthy(PATIENCE)


class RoleHooks(HookTest):
    def test_each_leader_has_a_higher_fence_and_a_stopped_one_says_so(self):
        cluster = self.make(members=3)
        body = 'printf "%s %s %s %s\\n" "$NOD_EVENT" "${NOD_LEADER:-}" "$NOD_FENCE" "$NOD_ROLE" >>"{file}"'
        for node in cluster:
            self.add(node, "hook.lead", on="role", run=self.script(cluster, node.name + ".sh", body))
        cluster.start()
        first = cluster.wait_leader(PATIENCE)
        others = [node for node in cluster if node is not first]

        def lines(node):
            return self.lines(cluster, node.name + ".sh")

        until(lambda: lines(first) and lines(first)[-1][0] == "leader", PATIENCE, "the leader to be told")
        for node in others:
            until(lambda: lines(node) and lines(node)[-1][:2] == ["follower", first.name], PATIENCE, node.name)
        fence = int(lines(first)[-1][2])
        self.assertEqual(first.stop(), 0)
        self.assertEqual(lines(first)[-1][0], "stopped")
        second = cluster.wait_leader(PATIENCE, among=others, besides=first)
        until(lambda: lines(second)[-1][0] == "leader", PATIENCE, "the next leader to be told")
        self.assertGreater(int(lines(second)[-1][2]), fence)
        for node in cluster:
            self.assertEqual([line for line in lines(node) if line[0] == "leader" and line[1] != node.name], [])


class RadioHook(HookTest):
    def test_the_radio_is_on_before_each_window_and_off_after_it(self):
        cluster = self.make(members=2, period_ms=2000)
        body = 'printf "%s %s\\n" "$NOD_EVENT" "$(cut -d" " -f1 /proc/uptime)" >>"{file}"'
        for node in cluster:
            self.add(node, "radio", hook=self.script(cluster, node.name + ".sh", body), hook_lead_ms=300)
        cluster.start()
        cluster.wait_leader(PATIENCE)
        count = len(self.lines(cluster, "n1.sh"))
        until(lambda: len(self.lines(cluster, "n1.sh")) >= count + 5, PATIENCE, "five more runs")
        events = [line[0] for line in self.lines(cluster, "n1.sh")]
        self.assertEqual(events[0], "on")
        self.assertEqual({(a, b) for a, b in zip(events, events[1:])}, {("on", "off"), ("off", "on")})
        SafeWriter([cluster[0]]).write("SET", "k", "1", seconds=PATIENCE)
        cluster[0].stop()
        self.assertEqual(self.lines(cluster, "n1.sh")[-1][0], "on", "whoever stops it may need the radio")

    def test_a_radio_hook_that_hangs_or_fails_is_reported_and_the_cluster_decides(self):
        cluster = self.make(members=3, period_ms=1000)
        hang = self.script(cluster, "hang.sh", "sleep 300")
        fail = self.script(cluster, "fail.sh", "exit 5")
        self.add(cluster[0], "radio", hook=hang, hook_lead_ms=100, hook_timeout_ms=300)
        self.add(cluster[1], "radio", hook=fail, hook_lead_ms=100)
        cluster.start()
        cluster.wait_leader(PATIENCE)
        for number in range(5):
            SafeWriter([cluster[number % 3]]).write("SET", f"k{number}", "v", seconds=PATIENCE)
        until(lambda: self.hooks(cluster[0])["radio"]["ended"] >= 2, PATIENCE, "two runs to be ended")
        until(lambda: self.hooks(cluster[1])["radio"]["failures"] >= 2, PATIENCE, "two runs to fail")
        self.assertIn("error: hook radio: its 300 ms were up", cluster[0].log_text())
        self.assertIn("error: hook radio: exit status 5", cluster[1].log_text())
        self.assert_on_all(cluster, {f"k{number}": "v" for number in range(5)})


def is_alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


if __name__ == "__main__":
    unittest.main()

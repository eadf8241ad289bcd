"""Figures in Prometheus's form: by the socket, by nodctl, by HTTP; held against promtool, and against the alerts and
the dashboard that use them. Log lines as the journal wants them.
"""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
import unittest

from fixture import BINARIES, PATIENCE, ROOT, ClusterTest, SafeWriter, until

SHIPPED = ROOT / "Firmware-config" / "prometheus"
VALUE = re.compile(r'^([a-z_]+)(\{[^}]*\})? (-?[0-9.]+)$')


def free_tcp_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def names_in(text):
    return set(re.findall(r"\b(?:nod|process)_[a-z_]+\b", text))


class MetricsTest(ClusterTest):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("promtool"):
            raise unittest.SkipTest("SKIPPED: no promtool")

    def setUp(self):
        self.port = free_tcp_port()
        self.cluster = self.make(members=3)
        (self.cluster.base / "battery").write_text("87\n")
        text = self.cluster[0].configuration.read_text()
        own = f"[node]\nhost_milliwatts = 500\nbattery_file = {self.cluster.base}/battery\n"
        self.cluster[0].configuration.write_text(text.replace("[node]\n", own))
        with open(self.cluster[0].configuration, "a") as file:
            file.write(f"\n[metrics]\nlisten = 127.0.0.1:{self.port}\n")
            file.write("\n[hook.true]\non = role\nrun = /bin/true\n")
        self.cluster.start()
        self.cluster.wait_leader(PATIENCE)

    def text(self, node=None):
        return (node or self.cluster[0]).call("NOD", "METRICS")

    def ask(self, request, port=None):
        with socket.create_connection(("127.0.0.1", port or self.port), timeout=10) as connection:
            connection.sendall(request)
            answer = b""
            while data := connection.recv(65536):
                answer += data
        return answer.decode()

    def values(self, text):
        found = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                parsed = VALUE.match(line)
                self.assertIsNotNone(parsed, line)
                found[parsed[1] + (parsed[2] or "")] = float(parsed[3])
        return found

    def test_promtool_finds_nothing_to_say_about_names_and_types(self):
        done = subprocess.run(["promtool", "check", "metrics"], input=self.text(), capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr + done.stdout), (0, ""))

    def test_figures_are_those_of_status_and_peers(self):
        SafeWriter([self.cluster[0]]).write("SET", "k", "v", seconds=PATIENCE)
        index, _ = self.cluster.wait_same_log(PATIENCE)
        until(lambda: self.values(self.text())["nod_healthy"] == 1, PATIENCE, "a healthy node")
        values = self.values(self.text())
        self.assertGreaterEqual(values["nod_applied_index"], index)
        self.assertEqual(values["nod_keys"], 1)
        self.assertEqual(values['nod_info{cluster="local",name="n1",version="%s"}' % self.version()], 1)
        self.assertEqual(values["nod_period_seconds"], 0.2)
        until(lambda: sum(self.values(self.text(node))["nod_leads"] for node in self.cluster) == 1, PATIENCE,
              "one leader")
        self.assertEqual({key for key in values if key.startswith("nod_peer_hears_this_node")},
                         {'nod_peer_hears_this_node{peer="n2"}', 'nod_peer_hears_this_node{peer="n3"}'})
        self.assertGreaterEqual(values['nod_hook_runs_total{hook="true"}'], 1)
        self.assertGreater(values["nod_radio_on_seconds_total"], 0)
        self.assertGreater(values["nod_host_energy_joules_total"], 0)
        self.assertEqual(values["nod_battery_ratio"], 0.87)

    def version(self):
        done = subprocess.run([self.cluster.nodd, "--version"], capture_output=True, text=True)
        return done.stdout.split()[1]

    def test_the_listener_the_socket_and_nodctl_tell_the_same_metrics(self):
        answer = self.ask(b"GET /metrics HTTP/1.1\r\nHost: here\r\nAccept: */*\r\n\r\n")
        head, body = answer.split("\r\n\r\n", 1)
        self.assertTrue(head.startswith("HTTP/1.0 200 OK\r\n"), head)
        self.assertIn("Content-Type: text/plain; version=0.0.4", head)
        self.assertIn("Connection: close", head)
        done = subprocess.run([BINARIES / "nodctl", "metrics", "--socket", self.cluster[0].socket],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        for text in (body, done.stdout):
            self.assertEqual(set(self.values(text)), set(self.values(self.text())))

    def test_everything_else_is_refused_and_changes_nothing(self):
        for request, status in ((b"GET / HTTP/1.1\r\n\r\n", "404"), (b"GET /metrics/x HTTP/1.0\r\n\r\n", "404"),
                                (b"POST /metrics HTTP/1.1\r\n\r\n", "405"), (b"HEAD /metrics HTTP/1.1\r\n\r\n", "405"),
                                (b"GET /metrics\r\n\r\n", "400"), (b"\x16\x03\x01 /metrics HTTP/2\r\n\r\n", "400"),
                                (b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 600, "400"),
                                (b"GET /metrics?a=b HTTP/1.1\n\n", "200")):
            self.assertEqual(self.ask(request).split(" ")[1], status, request[:30])

    def test_slow_and_silent_callers_are_cut_and_keep_nobody_out_for_long(self):
        callers = [socket.create_connection(("127.0.0.1", self.port), timeout=20) for _ in range(4)]
        began = time.monotonic()
        for caller in callers:
            caller.sendall(b"GET /met")
        extra = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        self.assertEqual(extra.recv(10), b"", "one too many is turned away at once")
        for caller in callers:
            self.assertEqual(caller.recv(10), b"", "cut without an answer")
            caller.close()
        self.assertLess(time.monotonic() - began, 12)
        extra.close()
        self.assertIn("200 OK", self.ask(b"GET /metrics HTTP/1.1\r\n\r\n"))
        self.cluster[0].wait_healthy(PATIENCE)

    def test_the_listener_is_on_the_loopback_interface_only(self):
        found = pathlib.Path("/proc/net/tcp").read_text()
        listening = [line.split()[1] for line in found.splitlines()[1:] if line.split()[3] == "0A"]
        self.assertEqual([place for place in listening if place.endswith(f":{self.port:04X}")],
                         [f"0100007F:{self.port:04X}"])

    def test_alerts_and_dashboard_name_only_metrics_that_exist(self):
        there = names_in(self.text())
        dashboard = json.loads((SHIPPED / "nod-dashboard.json").read_text())
        expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        self.assertGreater(len(expressions), 15)
        self.assertEqual(names_in(" ".join(expressions)) - there, set())
        alerts = re.findall(r"^ *expr: (.*)$", (SHIPPED / "nod-alerts.yml").read_text(), re.M)
        self.assertGreater(len(alerts), 10)
        self.assertEqual(names_in(" ".join(alerts)) - there, set())

    def test_every_metric_is_documented(self):
        documented = names_in((ROOT / "docs" / "metrics.md").read_text())
        there = {line.split()[2] for line in self.text().splitlines() if line.startswith("# TYPE")}
        self.assertEqual(there - documented, set())
        self.assertEqual({name for name in documented if name.startswith("nod_")} - there, set())


class Rules(unittest.TestCase):
    def setUp(self):
        if not shutil.which("promtool"):
            self.skipTest("SKIPPED: no promtool")

    def promtool(self, *arguments):
        done = subprocess.run(["promtool", *arguments], cwd=SHIPPED, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_alerts_are_valid(self):
        self.promtool("check", "rules", "nod-alerts.yml")

    def test_each_alert_comes_when_it_should_and_a_healthy_cluster_has_none(self):
        self.promtool("test", "rules", "nod-alerts.test.yml")

    def test_each_alert_has_a_test(self):
        alerts = re.findall(r"alert: (\w+)", (SHIPPED / "nod-alerts.yml").read_text())
        tested = (SHIPPED / "nod-alerts.test.yml").read_text()
        for alert in alerts:
            self.assertGreaterEqual(len(re.findall(rf"alertname: {alert}\b", tested)), 2, alert)


class LogLines(ClusterTest):
    def log_of(self, environment):
        """What one agent writes to standard error from its start to its end."""
        cluster = self.make(members=1)
        node = cluster[0]
        with open(node.log, "ab") as log:
            about = os.fstat(log.fileno())
            environment = {key: value.format(dev=about.st_dev, ino=about.st_ino) for key, value in environment.items()}
            node.process = subprocess.Popen([cluster.nodd, "--config", node.configuration], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env={**os.environ, **environment})
        until(lambda: "leads" in node.log_text(), PATIENCE, "a line about the leader")
        node.stop()
        return node.log_text().splitlines()

    def test_the_journal_gets_priorities_and_no_words_for_them(self):
        lines = self.log_of({"JOURNAL_STREAM": "{dev}:{ino}"})
        self.assertIn("<6>n1 leads, ballot 1", lines)
        for line in lines:
            self.assertRegex(line, r"^<[3467]>[^<]")
            self.assertNotRegex(line, r"nodd: (error|warn|info|debug): ")

    def test_without_the_journal_a_line_has_its_level_as_a_word(self):
        for environment in ({}, {"JOURNAL_STREAM": "1:2"}, {"JOURNAL_STREAM": "nonsense"}):
            lines = self.log_of(environment)
            self.assertIn("nodd: info: n1 leads, ballot 1", lines)
            for line in lines:
                self.assertRegex(line, r"^nodd: (error|warn|info|debug): ")


if __name__ == "__main__":
    unittest.main()

"""Firmware-config as a board would use it: configurations that nodd accepts, hooks run against stand-ins, examples
from which clusters are made, the bench that starts and agrees.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from fixture import BINARIES, PATIENCE, ROOT, ClusterTest, Connection, ReplyError, free_udp_ports, until

SHIPPED = ROOT / "Firmware-config"
HOOKS = sorted((SHIPPED / "hooks").glob("*.sh"))


def run(*words, **options):
    return subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, **options)


class Scratch(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="nod-"))
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)

    def provision(self, name, edit=lambda text: text):
        description = self.scratch / name
        description.write_text(edit((SHIPPED / "examples" / name).read_text()))
        out = self.scratch / "made"
        done = run(BINARIES / "nodctl", "provision", description, "--out", out, "--socket-dir", self.scratch / "s")
        self.assertEqual(done.returncode, 0, done.stderr)
        return sorted(path for path in out.iterdir() if path.is_dir())

    def check(self, configuration):
        """With hooks where they are shipped: /etc/nod is not this machine's."""
        text = configuration.read_text().replace("/etc/nod/hooks", str(SHIPPED / "hooks"))
        configuration.write_text(text)
        done = run(BINARIES / "nodd", "--config", configuration, "--check")
        self.assertEqual(done.returncode, 0, done.stderr)


class Configurations(Scratch):
    def test_each_board_is_accepted_as_a_whole_configuration(self):
        boards = sorted((SHIPPED / "boards").glob("*.conf"))
        self.assertEqual([board.stem for board in boards],
                         ["beaglebone-black", "openwrt-router", "raspberry-pi-zero"])
        for board in boards:
            with self.subTest(board.name):
                nodes = self.provision("bench.ini", lambda text: text.replace("name = n1\n", "name = north\n"))
                north = next(node for node in nodes if node.name == "north")
                (north / "nod.conf").write_text(board.read_text())
                self.check(north / "nod.conf")
                shutil.rmtree(self.scratch / "made")

    def test_each_figure_of_power_has_its_source(self):
        for board in (SHIPPED / "boards").glob("*.conf"):
            text = board.read_text()
            self.assertRegex(text, r"\d+ ?m?W", board.name)
            self.assertRegex(text, r"cnx-software|System Reference Manual|electrobob", board.name)


class Radios(unittest.TestCase):
    # Milliamperes sending and receiving, microamperes asleep, and a word of the source that says so.
    FIGURES = {
        "ieee802154-nrf52840": (6.4, 6.53, 1.5, "docs.nordicsemi.com"),
        "ieee802154-cc2420": (17.4, 18.8, 23, "Contiki-NG"),
        "lora-sf7-eu868": (118, 4.6, 0.6, "zbotic.in"),
        "lora-sf9-eu868": (118, 4.6, 0.6, "zbotic.in"),
        "lora-sf12-eu868": (118, 4.6, 0.6, "zbotic.in"),
        "wifi-esp32": (129, 129, 41000, "tobymurray/esp32-mqtt-sntp"),
        "loopback": (None, None, None, "none"),
    }

    def test_currents_are_those_of_the_source_that_is_named(self):
        files = {path.stem: path.read_text() for path in (SHIPPED / "radios").glob("*.conf")}
        self.assertEqual(set(files), set(self.FIGURES))
        for name, (send, receive, sleep, source) in self.FIGURES.items():
            for key, expected in (("tx_ma", send), ("rx_ma", receive), ("sleep_ua", sleep)):
                found = re.search(rf"^{key} = ([0-9.]+)$", files[name], re.M)
                self.assertEqual(float(found[1]) if found else None, expected, f"{name}: {key}")
            self.assertIn("Source:", files[name])
            self.assertIn(source, files[name])


class Examples(Scratch):
    def test_each_example_makes_a_cluster_that_every_node_accepts(self):
        for name, members in (("lora-field.ini", 5), ("wifi-farm.ini", 7), ("bench.ini", 3)):
            with self.subTest(name):
                nodes = self.provision(name)
                self.assertEqual(len(nodes), members)
                for node in nodes:
                    self.check(node / "nod.conf")
                shutil.rmtree(self.scratch / "made")

    def test_the_example_of_another_place_for_hooks_says_which_is_missing(self):
        nodes = self.provision("wifi-farm.ini", lambda text: text.replace("valve.sh", "absent.sh"))
        done = run(BINARIES / "nodd", "--config", nodes[0] / "nod.conf", "--check")
        self.assertEqual(done.returncode, 1)
        self.assertIn("[hook.valves] run = /etc/nod/hooks/absent.sh", done.stderr)

    def test_the_bench_starts_and_agrees(self):
        ports = iter(free_udp_ports(3))
        nodes = self.provision("bench.ini", lambda text: re.sub(r":710\d", lambda _: f":{next(ports)}", text))
        processes = []
        for node in nodes:
            log = open(node / "log", "wb")
            self.addCleanup(log.close)
            processes.append(subprocess.Popen([BINARIES / "nodd", "--config", node / "nod.conf"],
                                              stdin=subprocess.DEVNULL, stdout=log, stderr=log))
            self.addCleanup(processes[-1].wait)
            self.addCleanup(processes[-1].terminate)

        def answers(node, *words):
            try:
                with Connection(self.scratch / "s" / f"{node.name}.sock") as connection:
                    return connection.call(*words)
            except (OSError, ReplyError):
                return None

        def healthy(node):
            status = answers(node, "NOD", "STATUS")
            return status and dict(zip(status[::2], status[1::2]))["healthy"] == 1

        until(lambda: all(healthy(node) for node in nodes), PATIENCE, "three healthy nodes")
        until(lambda: answers(nodes[0], "SET", "k", "v") == "OK", PATIENCE, "the cluster to decide")
        for node in nodes:
            until(lambda: answers(node, "GET", "k") == "v", PATIENCE, f"{node.name} to know")


class Hooks(Scratch):
    def setUp(self):
        super().setUp()
        self.tools = self.scratch / "bin"
        self.tools.mkdir()
        self.calls = self.scratch / "calls"
        for tool in ("rfkill", "ip", "mmcli"):
            stand_in = self.tools / tool
            stand_in.write_text(f'#!/bin/sh\necho "{tool} $*" >>"{self.calls}"\n')
            stand_in.chmod(0o755)

    def hook(self, name, **environment):
        environment = {"PATH": f"{self.tools}:/usr/bin:/bin", **environment}
        self.calls.write_text("")
        done = run(SHIPPED / "hooks" / name, env=environment, cwd="/")
        return done, self.calls.read_text().splitlines()

    def test_shellcheck_has_nothing_to_say(self):
        if not shutil.which("shellcheck"):
            self.skipTest("SKIPPED: no shellcheck")
        done = run("shellcheck", "--shell=sh", *HOOKS)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_each_may_be_run_and_only_by_its_owner_changed(self):
        self.assertEqual(len(HOOKS), 4)
        for hook in HOOKS:
            self.assertEqual(os.stat(hook).st_mode & 0o113, 0o111, hook.name)

    def test_the_radio_is_turned_on_and_off(self):
        settings = self.scratch / "radio"
        self.assertEqual(self.hook("radio-rfkill.sh", NOD_EVENT="on")[1], ["rfkill unblock wlan"])
        self.assertEqual(self.hook("radio-rfkill.sh", NOD_EVENT="off")[1], ["rfkill block wlan"])
        self.assertEqual(self.hook("radio-link.sh", NOD_EVENT="on")[1], ["ip link set dev wlan0 up"])
        settings.write_text("NOD_LINK=lowpan0\nNOD_RFKILL=3\n")
        there = {"NOD_RADIO_SETTINGS": str(settings)}
        self.assertEqual(self.hook("radio-link.sh", NOD_EVENT="off", **there)[1], ["ip link set dev lowpan0 down"])
        self.assertEqual(self.hook("radio-rfkill.sh", NOD_EVENT="off", **there)[1], ["rfkill block 3"])

    def test_what_is_not_meant_for_a_hook_is_refused(self):
        for hook in HOOKS:
            for environment in ({"NOD_EVENT": "lunch"}, {}):
                done, calls = self.hook(hook.name, NOD_VALVES="/dev/null", **environment)
                self.assertEqual((done.returncode, calls), (64, []), hook.name)
                self.assertIn("NOD_EVENT", done.stderr)

    def test_a_failing_tool_is_a_failing_hook(self):
        (self.tools / "rfkill").write_text("#!/bin/sh\nexit 4\n")
        self.assertEqual(self.hook("radio-rfkill.sh", NOD_EVENT="on")[0].returncode, 4)

    def test_the_modem_is_the_leaders_and_a_ballot_of_the_past_is_refused(self):
        line = self.scratch / "gpio"
        line.write_text("0")
        settings = self.scratch / "modem"
        settings.write_text(f"NOD_MODEM_GPIO={line}\nNOD_MODEM_MMCLI=0\nNOD_MODEM_FENCE={self.scratch}/fence\n")
        there = {"NOD_MODEM_SETTINGS": str(settings), "NOD_BALLOT": "5.1"}
        done, calls = self.hook("leader-modem.sh", NOD_EVENT="leader", NOD_FENCE="1281", **there)
        self.assertEqual((done.returncode, calls, line.read_text()), (0, ["mmcli -m 0 --enable"], "1\n"), done.stderr)
        self.assertEqual((self.scratch / "fence").read_text(), "1281\n")
        done, calls = self.hook("leader-modem.sh", NOD_EVENT="follower", NOD_FENCE="1536", **there)
        self.assertEqual((calls, line.read_text()), (["mmcli -m 0 --disable"], "0\n"))
        done, calls = self.hook("leader-modem.sh", NOD_EVENT="leader", NOD_FENCE="1280", **there)
        self.assertEqual((done.returncode, calls, line.read_text()), (1, [], "0\n"))
        self.assertIn("of the past", done.stderr)
        # The same again, as after a restart.
        done, _ = self.hook("leader-modem.sh", NOD_EVENT="leader", NOD_FENCE="1281", **there)
        self.assertEqual((done.returncode, line.read_text()), (0, "1\n"))
        for event in ("no-leader", "stopped"):
            line.write_text("1")
            self.hook("leader-modem.sh", NOD_EVENT=event, NOD_FENCE="1281", **there)
            self.assertEqual(line.read_text(), "0\n")

    def test_valves_follow_their_keys(self):
        lines = {number: self.scratch / f"valve{number}" for number in (3, 4)}
        for line in lines.values():
            line.write_text("1\n")
        valves = self.scratch / "valves"
        valves.write_text("# ours\n" + "".join(f"{number} {line}\n" for number, line in lines.items()))
        there = {"NOD_VALVES": str(valves)}

        def state():
            return [line.read_text().strip() for line in lines.values()]

        def told(**environment):
            done, _ = self.hook("valve.sh", **there, **environment)
            self.assertEqual(done.returncode, 0, done.stderr)
            return state()

        self.assertEqual(told(NOD_EVENT="resync"), ["0", "0"])
        self.assertEqual(told(NOD_EVENT="set", NOD_KEY="valve/3", NOD_VALUE="open"), ["1", "0"])
        self.assertEqual(told(NOD_EVENT="set", NOD_KEY="valve/4", NOD_VALUE="open"), ["1", "1"])
        self.assertEqual(told(NOD_EVENT="set", NOD_KEY="valve/3", NOD_VALUE="shut"), ["0", "1"])
        self.assertEqual(told(NOD_EVENT="del", NOD_KEY="valve/4"), ["0", "0"])
        self.assertEqual(told(NOD_EVENT="set", NOD_KEY="valve/9", NOD_VALUE="open"), ["0", "0"])


class Together(ClusterTest):
    def test_the_shipped_valve_hook_moves_a_line_when_the_cluster_has_decided(self):
        cluster = self.make(members=1)
        node = cluster[0]
        # What the agent gives has no NOD_VALVES: the hook's own place is put into a copy.
        line = cluster.base / "line"
        line.write_text("0\n")
        (cluster.base / "valves").write_text(f"3 {line}\n")
        hook = cluster.base / "valve.sh"
        hook.write_text((SHIPPED / "hooks" / "valve.sh").read_text().replace("/etc/nod", str(cluster.base)))
        hook.chmod(0o755)
        with open(node.configuration, "a") as file:
            file.write(f"\n[hook.valve]\non = key\npattern = valve/*\nrun = {hook}\n")
        cluster.start()
        cluster.wait_leader(PATIENCE)
        node.call("SET", "valve/3", "open")
        until(lambda: line.read_text() == "1\n", PATIENCE, "the valve to open")
        node.call("DEL", "valve/3")
        until(lambda: line.read_text() == "0\n", PATIENCE, "the valve to close")


if __name__ == "__main__":
    unittest.main()

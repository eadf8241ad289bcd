"""The services under a real systemd, in a container of its own: a bench of three nodes by packages and units, who may
connect, the watchdog, upgrade, removal."""

import unittest

from debian import ROOT, BootedSystem, changed_package, package, provision, require_root_and, until

NODES = ("n1", "n2", "n3")
SOCKETS = tuple(f"/run/nod/{node}/nod.sock" for node in NODES)
UNITS = tuple(f"nodd@{node}.service" for node in NODES)


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        require_root_and("debootstrap", "systemd-nspawn", "nsenter")
        cls.package = package()
        cls.later = changed_package(cls.package, "99.0", "# a later version says more")
        cls.system = BootedSystem()
        cls.addClassCleanup(cls.system.close)
        cls.said = cls.system.install(cls.package)
        cls.enabled = cls.system.run("systemctl", "is-enabled", "nodd", check=False).stdout.strip()
        cls.unprovisioned = (cls.system.unit("nodd", "ActiveState"), cls.system.unit("nodd", "ConditionResult"))
        folder = provision(3, cls.system.path("/root"), ports=(7100, 7101, 7102))
        for node in NODES:
            cls.system.run("nod-adopt", "--instance", node, f"/root/{folder.name}/{node}")
        cls.system.run("systemctl", "start", *UNITS)
        cls.system.wait_healthy(*SOCKETS)

    def test_a_board_of_no_cluster_waits_and_is_no_failure(self):
        self.assertEqual(self.enabled, "enabled")
        self.assertEqual(self.unprovisioned, ("inactive", "no"))
        self.assertIn("nod-adopt", self.said)

    def test_three_services_agree(self):
        self.system.call(SOCKETS[0], "SET", "valve/3", "open")
        self.assertEqual(self.system.call(SOCKETS[2], "NOD", "READ", "valve/3"), "open")

    def test_the_boards_nodctl_asks_and_changes(self):
        self.assertIn("healthy", self.system.run("nodctl", "status", "--node", "/etc/nod/n1").stdout)
        self.system.run("nodctl", "set", "lock/modem", "gate", "--node", "/etc/nod/n2")
        asked = ("nodctl", "get", "lock/modem", "--linearizable", "--node", "/etc/nod/n3")
        self.assertEqual(self.system.run(*asked).stdout.strip(), "gate")
        self.assertIn("nothing wrong", self.system.run("nodctl", "check", "/etc/nod/n1/nod.conf").stdout)

    def test_systemd_knows_that_it_is_ready_and_what_it_is_at(self):
        self.assertEqual(self.system.unit(UNITS[0], "ActiveState"), "active")
        self.assertNotEqual(self.system.unit(UNITS[0], "StatusText"), "")

    def test_the_group_may_connect_and_nobody_else(self):
        self.system.run("adduser", "--system", "--quiet", "--ingroup", "nod", "program")
        self.system.run("adduser", "--system", "--quiet", "stranger")
        asked = ("redis-cli", "-s", SOCKETS[0], "PING")
        self.assertIn("PONG", self.system.run(*asked, user="program").stdout)
        self.assertIn("Permission denied", self.system.run(*asked, user="stranger", check=False).stdout)

    def test_the_agent_has_no_capability_and_cannot_gain_one(self):
        pid = self.system.unit(UNITS[0], "MainPID")
        status = self.system.run("cat", f"/proc/{pid}/status").stdout
        self.assertIn("CapBnd:\t0000000000000000", status)
        self.assertIn("NoNewPrivs:\t1", status)
        self.assertIn("Seccomp:\t2", status)

    def test_hooks_run_and_may_write_to_the_state_directory(self):
        hook = "#!/bin/sh\ncat >/var/lib/nod/n1/valve\n"
        self.system.write("/etc/nod/hooks/valve.sh", hook, 0o755)
        self.system.append("/etc/nod/n1/nod.conf", "\n[hook.valve]\non = key\npattern = hooked/*\n"
                           "run = /etc/nod/hooks/valve.sh\n")
        self.system.run("systemctl", "restart", UNITS[0])
        self.system.wait_healthy(*SOCKETS)
        self.system.call(SOCKETS[1], "SET", "hooked/1", "open")
        written = self.system.path("/var/lib/nod/n1/valve")
        until(lambda: written.exists() and written.read_text() == "open", 20, "the hook to have run")

    def test_the_drop_in_for_radio_hooks_gives_one_capability(self):
        drop_in = (ROOT / "Firmware-config/systemd/radio-hooks.conf").read_text()
        self.system.write("/etc/systemd/system/nodd@n3.service.d/radio-hooks.conf", drop_in)
        self.system.run("systemctl", "daemon-reload")
        self.system.run("systemctl", "restart", UNITS[2])
        self.system.wait_healthy(*SOCKETS)
        status = self.system.run("cat", f"/proc/{self.system.unit(UNITS[2], 'MainPID')}/status").stdout
        self.assertIn("CapAmb:\t0000000000001000", status)
        self.assertIn("CapBnd:\t0000000000001000", status)

    def test_a_hanging_agent_is_ended_and_started_again(self):
        unit = UNITS[1]
        self.system.write("/etc/systemd/system/nodd@n2.service.d/soon.conf", "[Service]\nWatchdogSec=2\nRestartSec=1\n")
        self.system.run("systemctl", "daemon-reload")
        self.system.run("systemctl", "restart", unit)
        hung = self.system.unit(unit, "MainPID")
        self.system.run("sh", "-c", f"kill -STOP {hung}")

        def another():
            return self.system.unit(unit, "MainPID") not in ("0", hung) and self.system.unit(unit, "NRestarts") == "1"

        until(another, 30, "systemd to start it again")
        self.system.wait_healthy(*SOCKETS)

    def test_an_upgrade_starts_them_again_and_a_removal_ends_them(self):
        before = [self.system.unit(unit, "MainPID") for unit in UNITS]
        self.system.call(SOCKETS[0], "SET", "kept", "yes")
        self.system.install(self.later)
        after = [self.system.unit(unit, "MainPID") for unit in UNITS]
        self.assertFalse(set(before) & set(after), "all were restarted")
        self.system.wait_healthy(*SOCKETS)
        self.assertEqual(self.system.call(SOCKETS[1], "NOD", "READ", "kept"), "yes")
        self.system.run("dpkg", "--remove", "nod")
        for unit in UNITS:
            self.assertNotEqual(self.system.unit(unit, "ActiveState"), "active")
        for node in NODES:
            self.assertTrue(list(self.system.path(f"/var/lib/nod/{node}").glob("journal-*")))
        self.system.install(self.later)
        self.system.run("systemctl", "start", *UNITS)
        self.system.wait_healthy(*SOCKETS)


if __name__ == "__main__":
    unittest.main()

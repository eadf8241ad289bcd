"""The Debian package's life without a service manager: made, looked at by lintian, installed into a fresh Debian, its
agents started as the units say, upgraded, removed and purged."""

import pathlib
import re
import shutil
import stat
import tempfile
import unittest

from debian import ROOT, System, changed_package, package, provision, require_root_and, run


def exec_start(unit, instance=None):
    """The command of a unit, as systemd would run it."""
    text = (ROOT / "Firmware-config/systemd" / unit).read_text()
    return re.search(r"^ExecStart=(.*)$", text, re.M)[1].replace("%i", instance or "").split()


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


class Contents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        require_root_and("dpkg-deb")
        cls.package = package()

    def test_lintian_finds_nothing(self):
        if shutil.which("lintian") is None:
            self.skipTest("SKIPPED: needs lintian (tools/setup --packages)")
        done = run("lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0", self.package,
                   check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_same_sources_make_the_same_bytes(self):
        before = self.package.read_bytes()
        with tempfile.TemporaryDirectory(prefix="nod-deb-") as other:
            self.assertEqual(package("--out", other).read_bytes(), before)

    def test_everything_belongs_to_root_and_nothing_is_writable_by_others(self):
        for line in run("dpkg-deb", "-c", self.package).stdout.splitlines():
            self.assertIn(" root/root ", line)
            self.assertNotRegex(line, r"^-.......w")

    def test_the_configuration_is_a_conffile(self):
        self.assertEqual(run("dpkg-deb", "-I", self.package, "conffiles").stdout.split(), ["/etc/nod/nod.conf"])


class Life(unittest.TestCase):
    SOCKETS = ("/run/nod/nod.sock", "/run/nod/n2/nod.sock", "/run/nod/n3/nod.sock")

    @classmethod
    def setUpClass(cls):
        require_root_and("debootstrap", "dpkg-deb")
        cls.package = package()
        cls.later = changed_package(cls.package, "99.0", "# a later version says more")

    def setUp(self):
        self.system = System()
        self.addCleanup(self.system.close)

    def start_agents(self):
        for node in ("", "/n2", "/n3"):
            self.system.run("install", "-d", "-o", "nod", "-g", "nod", f"/run/nod{node}")
        self.system.start(exec_start("nodd.service"), "nod")
        for node in ("n2", "n3"):
            self.system.start(exec_start("nodd@.service", node), "nod")
        self.system.wait_healthy(*self.SOCKETS)

    def adopt_all(self):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.system.path("/root")))
        provision(3, folder)
        inside = f"/root/{folder.name}/bench"
        self.system.run("nod-adopt", f"{inside}/n1")
        for node in ("n2", "n3"):
            self.system.run("nod-adopt", "--instance", node, f"{inside}/{node}")
        return folder

    def assert_votes(self):
        for socket in self.SOCKETS:
            self.assertEqual(self.system.status(socket)["votes"], 1, socket)

    def test_a_fresh_board_says_what_to_do(self):
        said = self.system.install(self.package)
        self.assertIn("nod-adopt", said)
        state = self.system.path("/var/lib/nod")
        self.assertEqual(mode(state), 0o700)
        self.assertEqual(self.system.run("stat", "-c", "%U:%G", "/var/lib/nod").stdout.strip(), "nod:nod")
        done = self.system.run(*exec_start("nodd.service"), user="nod", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("belongs to no cluster", done.stdout)
        self.assertIn("nod-adopt", done.stdout)

    def test_adopted_keys_are_the_agents_alone_and_the_source_is_gone(self):
        self.system.install(self.package)
        folder = self.adopt_all()
        self.assertFalse((folder / "bench/n1").exists())
        for key in ("node.key", "group.key"):
            self.assertEqual(mode(self.system.path(f"/etc/nod/{key}")), 0o600)
            self.assertEqual(self.system.run("stat", "-c", "%U", f"/etc/nod/{key}").stdout.strip(), "nod")
        other = self.system.run("cat", "/etc/nod/node.key", user="daemon", check=False)
        self.assertNotEqual(other.returncode, 0)

    def test_a_board_of_a_cluster_is_not_adopted_twice(self):
        self.system.install(self.package)
        self.adopt_all()
        again = pathlib.Path(tempfile.mkdtemp(dir=self.system.path("/root")))
        provision(3, again)
        done = self.system.run("nod-adopt", f"/root/{again.name}/bench/n1", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("belongs to a cluster already", done.stdout)
        self.assertTrue((again / "bench/n1/node.key").exists())

    def test_upgrade_and_removal_keep_what_a_node_promised_and_a_purge_does_not(self):
        system = self.system
        system.install(self.package)
        self.adopt_all()
        with open(system.path("/etc/nod/nod.conf"), "a") as configuration:
            configuration.write("\n[log]\nlevel = info\n")
        mine = system.path("/etc/nod/nod.conf").read_text()
        self.start_agents()
        system.call(self.SOCKETS[1], "SET", "valve/3", "open")

        with self.subTest("an upgrade keeps the configuration and the state"):
            system.install(self.later)
            self.assertEqual(system.path("/etc/nod/nod.conf").read_text(), mine)
            system.end_processes()
            self.start_agents()
            self.assertEqual(system.call(self.SOCKETS[0], "NOD", "READ", "valve/3"), "open")
            self.assert_votes()
        with self.subTest("a removal keeps both, and says so"):
            system.end_processes()
            said = system.run("dpkg", "--remove", "nod").stdout
            self.assertIn("stay", said)
            self.assertFalse(system.path("/usr/sbin/nodd").exists())
            self.assertEqual(system.path("/etc/nod/nod.conf").read_text(), mine)
            self.assertTrue(list(system.path("/var/lib/nod").glob("journal-*")))
        with self.subTest("installed again, the node votes as before"):
            system.install(self.later)
            self.start_agents()
            self.assertEqual(system.call(self.SOCKETS[2], "NOD", "READ", "valve/3"), "open")
            self.assert_votes()
        with self.subTest("a purge leaves nothing"):
            system.end_processes()
            system.run("dpkg", "--purge", "nod")
            for gone in ("/etc/nod", "/var/lib/nod", "/usr/share/doc/nod", "/lib/systemd/system/nodd.service"):
                self.assertFalse(system.path(gone).exists(), gone)


if __name__ == "__main__":
    unittest.main()

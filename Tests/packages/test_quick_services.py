"""The services of every init system, as far as they can be tried without it: systemd's own checker and its figure, the
shells' scripts by shellcheck and with stubs in place of what the system would give them, and nod-adopt in a root
directory of its own."""

import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("NOD_BIN", ROOT / ".build/release")).resolve()
FILES = ROOT / "Firmware-config"
UNITS = (FILES / "systemd/nodd.service", FILES / "systemd/nodd@.service")
# Tenths of systemd's exposure level, where 100 is a service that may do everything. It was 11 with systemd 252; later
# ones look at more.
EXPOSURE = 15


def run(*command, check=True, **options):
    done = subprocess.run([str(each) for each in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}")
    return done


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nod-services-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def put(self, name, text, mode=0o644):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path


class Systemd(Folder):
    def setUp(self):
        super().setUp()
        if shutil.which("systemd-analyze") is None:
            self.skipTest("SKIPPED: needs systemd-analyze")

    def test_systemd_understands_every_line(self):
        for unit in UNITS:
            with self.subTest(unit.name):
                # Only what is installed may be started.
                text = unit.read_text().replace("/usr/sbin/nodd", "/bin/true")
                copy = self.put(unit.name.replace("@", "@n1"), text)
                done = run("systemd-analyze", "verify", "--man=no", copy)
                self.assertEqual(done.stdout, "")

    def test_the_agent_may_do_little(self):
        for unit in UNITS:
            with self.subTest(unit.name):
                copy = self.put(unit.name.replace("@", "@n1"), unit.read_text())
                run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager", copy)

    def test_the_template_is_the_service_with_other_places(self):
        def lines(unit):
            text = re.sub(r"^#.*\n", "", unit.read_text(), flags=re.M).replace("/%i", "").replace(", node %i", "")
            return [line for line in text.splitlines() if line != "RuntimeDirectoryPreserve=yes"]

        self.assertEqual(lines(UNITS[0]), lines(UNITS[1]))


class Scripts(unittest.TestCase):
    # Init systems read variables that the script itself does not.
    READ_ELSEWHERE = ("openrc/nodd", "openwrt/files/nodd.init")

    def test_shellcheck_finds_nothing(self):
        if shutil.which("shellcheck") is None:
            self.skipTest("SKIPPED: needs shellcheck")
        scripts = ["nod-adopt", "debian/postinst", "debian/prerm", "debian/postrm", "buildroot/package/nod/S60nodd"]
        for script in (*scripts, *self.READ_ELSEWHERE):
            with self.subTest(script):
                excluded = ["-e", "SC2034"] if script in self.READ_ELSEWHERE else []
                run("shellcheck", "-s", "sh", *excluded, FILES / script)
        for script in (FILES / "completion/nodctl", ROOT / "tools/package-deb"):
            with self.subTest(script.name):
                run("shellcheck", "-s", "bash", script)


class Placed(Folder):
    """Scripts with the places of the system put into a folder."""

    def script(self, name):
        text = (FILES / name).read_text()
        for place in ("/etc/nod", "/var/lib/nod", "/var/run/nod", "/run/nod", "/usr/sbin/nodd"):
            text = re.sub(rf"(?<![\w{{]){place}\b", f"{self.folder}{place}", text)
        return self.put(f"scripts/{pathlib.Path(name).name}", text, 0o755)

    def play(self, text, check=True, **options):
        return run("sh", "-c", text, check=check, **options).stdout


class OpenRC(Placed):
    STUBS = """
    eerror() { echo "eerror: $*"; }; checkpath() { echo "checkpath: $*"; }; use() { :; }; after() { :; }
    """

    def start_pre(self, service="nodd"):
        script = self.script("openrc/nodd")
        calls = 'depend; start_pre; echo "code $?"; echo "$command_args"'
        return self.play(f"{self.STUBS}\nRC_SVCNAME={service}\n. {script}\n{calls}")

    def test_a_board_of_no_cluster_is_told_what_to_do(self):
        said = self.start_pre()
        self.assertIn("nod-adopt", said)
        self.assertIn("code 1", said)

    def test_a_lost_state_directory_is_not_made_anew(self):
        self.put("etc/nod/roster", "")
        said = self.start_pre()
        self.assertIn("what this node promised is lost", said)
        self.assertFalse((self.folder / "var/lib/nod").exists())

    def test_it_checks_before_it_starts(self):
        self.put("etc/nod/n1/roster", "")
        (self.folder / "var/lib/nod/n1").mkdir(parents=True)
        self.put("usr/sbin/nodd", f"#!/bin/sh\necho \"$*\" >{self.folder}/asked\n", 0o755)
        said = self.start_pre("nodd.n1")
        self.assertIn("code 0", said)
        self.assertIn(f"--config {self.folder}/etc/nod/n1/nod.conf", said)
        self.assertIn("--check", (self.folder / "asked").read_text())


class OpenWrt(Placed):
    STUBS = """
    logger() { echo "logger: $*"; }; chown() { :; }
    procd_open_instance() { echo "open $*"; }; procd_close_instance() { echo close; }
    procd_set_param() { echo "param $*"; }; procd_add_reload_trigger() { echo "trigger $*"; }
    """

    def start(self):
        return self.play(f"{self.STUBS}\n. {self.script('openwrt/files/nodd.init')}\nstart_service; echo \"code $?\"")

    def test_a_board_of_no_cluster_is_told_what_to_do(self):
        said = self.start()
        self.assertIn("nod-adopt", said)
        self.assertNotIn("open", said)

    def test_votes_in_memory_are_refused(self):
        self.put("etc/nod/roster", "")
        for state in ("", "state = /var/lib/nod\n", "state = /tmp/nod\n"):
            with self.subTest(state):
                self.put("etc/nod/nod.conf", f"[paths]\n{state}")
                said = self.start()
                self.assertIn("must be on flash", said)
                self.assertNotIn("open", said)

    def test_procd_is_given_the_agent_its_user_and_that_it_comes_back(self):
        self.put("etc/nod/roster", "")
        self.put("etc/nod/nod.conf", "[paths]\nstate = /etc/nod/state\n")
        said = self.start()
        self.assertIn(f"param command {self.folder}/usr/sbin/nodd --config {self.folder}/etc/nod/nod.conf", said)
        self.assertIn("param user nod", said)
        self.assertIn("param respawn 3600 10 0", said)
        self.assertTrue(said.rstrip().endswith("close\ncode 0"), said)


class BusyBox(Placed):
    def setUp(self):
        super().setUp()
        self.path = self.script("buildroot/package/nod/S60nodd")
        self.path.write_text(self.path.read_text().replace("PAUSE=10", "PAUSE=0.1"))
        (self.folder / "run/nod").mkdir(parents=True)
        self.put("bin/logger", f"#!/bin/sh\ncat >>{self.folder}/lines\n", 0o755)
        self.environment = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}"}

    def agent(self, text):
        self.put("usr/sbin/nodd", f"#!/bin/sh\necho began >>{self.folder}/starts\n{text}\n", 0o755)

    def starts(self):
        path = self.folder / "starts"
        return path.read_text().count("began") if path.exists() else 0

    def test_an_agent_that_fails_is_started_again_until_it_ends_well(self):
        self.agent(f"[ $(wc -l <{self.folder}/starts) -ge 3 ] && exit 0; echo trouble >&2; exit 1")
        run("sh", self.path, "supervise", env=self.environment)
        self.assertEqual(self.starts(), 3)
        self.assertIn("trouble", (self.folder / "lines").read_text())

    def test_the_signal_to_end_reaches_the_agent_and_it_is_not_started_again(self):
        self.agent("trap 'kill $!; exit 1' TERM; sleep 60 & wait $!")
        loop = subprocess.Popen(["sh", self.path, "supervise"], env=self.environment, stdin=subprocess.DEVNULL)
        self.addCleanup(loop.kill)
        deadline = time.monotonic() + 10
        while not self.starts() and time.monotonic() < deadline:
            time.sleep(0.05)
        loop.terminate()
        loop.wait(10)
        self.assertEqual(self.starts(), 1)

    def test_a_board_of_no_cluster_is_told_what_to_do(self):
        done = run("sh", self.path, "start", check=False, env=self.environment)
        self.assertEqual(done.returncode, 1)
        self.assertIn("nod-adopt", done.stdout)


@unittest.skipUnless(os.geteuid() == 0, "SKIPPED: needs root")
class Adopting(Folder):
    def setUp(self):
        super().setUp()
        run(BINARIES / "nodctl", "provision", "--local", "3", "--out", self.folder / "bench")
        self.root = self.folder / "root"
        self.root.mkdir()

    def adopt(self, *arguments, owner="0:0"):
        environment = {**os.environ, "NOD_ROOT": str(self.root), "NOD_NODD": str(BINARIES / "nodd"), "NOD_OWNER": owner}
        return run(FILES / "nod-adopt", *arguments, check=False, env=environment)

    def test_a_node_is_moved_into_place(self):
        done = self.adopt(self.folder / "bench/n1")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertFalse((self.folder / "bench/n1").exists())
        self.assertEqual({path.name for path in (self.root / "etc/nod").iterdir()},
                         {"nod.conf", "roster", "node.key", "group.key"})
        self.assertEqual(stat.S_IMODE((self.root / "etc/nod/node.key").stat().st_mode), 0o600)
        self.assertTrue(list((self.root / "var/lib/nod").glob("journal-*")))
        text = (self.root / "etc/nod/nod.conf").read_text()
        self.assertIn("state = /var/lib/nod\n", text)
        self.assertIn("socket = /run/nod/nod.sock\n", text)

    def test_instances_have_places_of_their_own(self):
        for node in ("n1", "n2"):
            done = self.adopt("--instance", node, self.folder / "bench" / node)
            self.assertEqual(done.returncode, 0, done.stdout)
            text = (self.root / f"etc/nod/{node}/nod.conf").read_text()
            self.assertIn(f"state = /var/lib/nod/{node}\n", text)
            self.assertIn(f"socket = /run/nod/{node}/nod.sock\n", text)

    def test_on_openwrt_votes_are_kept_on_flash(self):
        (self.root / "etc").mkdir()
        (self.root / "etc/openwrt_release").touch()
        self.assertEqual(self.adopt(self.folder / "bench/n1").returncode, 0)
        self.assertTrue(list((self.root / "etc/nod/state").glob("journal-*")))
        self.assertIn("state = /etc/nod/state\n", (self.root / "etc/nod/nod.conf").read_text())

    def test_a_board_with_a_journal_is_refused_and_nothing_is_touched(self):
        (self.root / "var/lib/nod").mkdir(parents=True)
        (self.root / "var/lib/nod/journal-00000001.nod").touch()
        done = self.adopt(self.folder / "bench/n1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("holds a journal already", done.stdout)
        self.assertTrue((self.folder / "bench/n1/node.key").exists())
        self.assertFalse((self.root / "etc/nod").exists())

    def test_without_the_agents_user_nothing_is_touched(self):
        done = self.adopt(self.folder / "bench/n1", owner="nobody-of-that-name:0")
        self.assertEqual(done.returncode, 1)
        self.assertIn("install the package", done.stdout)
        self.assertTrue(list((self.folder / "bench/n1/state").glob("journal-*")))

    def test_the_clusters_directory_is_no_node(self):
        done = self.adopt(self.folder / "bench")
        self.assertEqual(done.returncode, 1)
        self.assertIn("the directory of one node", done.stdout)

    def test_a_directory_that_no_agent_would_start_with_is_refused(self):
        (self.folder / "bench/n1/roster").write_text("[cluster]\n")
        done = self.adopt(self.folder / "bench/n1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing was changed", done.stdout)
        self.assertFalse((self.root / "etc/nod").exists())

    def test_an_adoption_that_the_power_ended_goes_on(self):
        node = self.folder / "bench/n1"
        (self.root / "var/lib/nod").mkdir(parents=True)
        for file in (node / "state").iterdir():
            shutil.move(file, self.root / "var/lib/nod")
        done = self.adopt(node)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertTrue((self.root / "etc/nod/roster").exists())


if __name__ == "__main__":
    unittest.main()

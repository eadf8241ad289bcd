"""A new user with the README: what it says under "As packages and services" is typed, word for word, into a fresh
Debian with systemd. What was made before it (setup, build, package) is put where the user would have it."""

import re
import shutil
import unittest

from debian import BINARIES, ROOT, BootedSystem, package, require_root_and, run

MADE_BEFORE = ("tools/setup", "tools/package-deb")


def session():
    """(command, what is shown to come of it) of the README's block."""
    text = (ROOT / "README.md").read_text()
    block = text.split("## As packages and services", 1)[1].split("```")[1]
    steps = []
    for line in block.strip().splitlines():
        if line.startswith("# "):
            steps.append((line[2:], []))
        else:
            steps[-1][1].append(line)
    return [step for step in steps if not step[0].startswith(MADE_BEFORE)]


def swift_runtime():
    """The folder of the libraries that the workstation's nodctl needs."""
    found = re.search(r"=> (/\S+)/libswiftCore\.so", run("ldd", BINARIES / "nodctl").stdout)
    return found[1] if found else None


class NewUser(unittest.TestCase):
    def test_the_readme_leads_to_three_services_that_agree(self):
        require_root_and("debootstrap", "systemd-nspawn", "nsenter")
        made = package()
        runtime = swift_runtime()
        system = BootedSystem(*([runtime] if runtime else []))
        self.addCleanup(system.close)
        for folder in (".build/deb", ".build/release"):
            system.path(f"/root/nod/{folder}").mkdir(parents=True)
        shutil.copy(made, system.path("/root/nod/.build/deb"))
        shutil.copy(BINARIES / "nodctl", system.path("/root/nod/.build/release"))
        steps = session()
        self.assertGreater(len(steps), 6)
        for command, shown in steps:
            with self.subTest(command):
                done = system.run("bash", "-c", f"cd /root/nod && {command}", check=False)
                self.assertEqual(done.returncode, 0, done.stdout)
                for line in shown:
                    line = re.sub(r"led by n\d", "led by n", line)
                    if line != "...":
                        self.assertIn(line, re.sub(r"led by n\d", "led by n", done.stdout))
        with self.subTest("a purge takes all of it away"):
            system.run("apt-get", "purge", "-y", "nod")
            left = system.run("find", "/etc", "/var/lib/nod", "/run/nod", "-name", "*nodd*", "-o", "-name", "nod.*",
                              check=False).stdout
            self.assertEqual([line for line in left.splitlines() if line.startswith("/etc")], [])
            self.assertFalse(system.path("/var/lib/nod").exists())
            units = system.run("systemctl", "list-units", "--plain", "--no-legend", "nodd*").stdout
            self.assertEqual(units.strip(), "")


if __name__ == "__main__":
    unittest.main()

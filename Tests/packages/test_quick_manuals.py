"""The manual pages and the completions say what the programs say."""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("NOD_BIN", ROOT / ".build/release")).resolve()
PAGES = sorted((ROOT / "docs/man").glob("*.[1-8]"))


def run(*command, **options):
    return subprocess.run([str(each) for each in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, **options)


class Pages(unittest.TestCase):
    def test_the_linter_has_nothing_to_say(self):
        self.assertGreaterEqual(len(PAGES), 4)
        for page in PAGES:
            with self.subTest(page.name):
                done = run("mandoc", "-T", "lint", "-W", "warning", page)
                self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_man_shows_them(self):
        for page in PAGES:
            with self.subTest(page.name):
                done = run("man", "--warnings", "-l", page, env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("DESCRIPTION", done.stdout)

    def test_they_refer_to_pages_that_there_are(self):
        ours = {page.name for page in PAGES}
        for page in PAGES:
            for name, section in re.findall(r"^\.Xr (nod\S*) (\d)", page.read_text(), re.M):
                self.assertIn(f"{name}.{section}", ours, page.name)

    def test_nodctl_1_and_nod_conf_5_are_as_the_program_and_the_shipped_file(self):
        done = run(ROOT / "tools/manual", "--check", "--bin", BINARIES)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_nodctl_1_lists_the_commands_of_the_boards_nodctl(self):
        source = (ROOT / "Sources/nodctl-board/Help.swift").read_text()
        commands = re.findall(r"case \.(\w+): \w+Command\.text", source)
        page = (ROOT / "docs/man/nodctl.1").read_text()
        listed = re.findall(r"^\.Cm (\w+)", page[: page.index(".Ss Which node")].split(".Sh DESCRIPTION")[1], re.M)
        self.assertEqual(sorted(listed), sorted(commands))

    def test_nodd_8_has_the_options_of_nodd(self):
        said = run(BINARIES / "nodd", "--help").stdout
        options = set(re.findall(r"--([a-z-]+)", said))
        page = (ROOT / "docs/man/nodd.8").read_text()
        described = set(re.findall(r"^\.It Fl -([a-z-]+)", page, re.M))
        self.assertEqual(described, options)

    def test_nod_adopt_8_has_the_options_of_nod_adopt(self):
        said = run(ROOT / "Firmware-config/nod-adopt", "--help").stdout
        page = (ROOT / "docs/man/nod-adopt.8").read_text()
        described = set(re.findall(r"^\.It Fl -([a-z-]+)", page, re.M))
        self.assertEqual(described, set(re.findall(r"--([a-z-]+)", said)) | {"help"})


class Troubleshooting(unittest.TestCase):
    def test_it_has_every_finding_of_the_doctor_and_no_other(self):
        source = (ROOT / "Sources/nodctl/Doctor/Finding.swift").read_text()
        kinds = source[source.index("enum Kind"):]
        kinds = kinds[: kinds.index("}")]
        names = {given or name for name, given in re.findall(r"case (\w+)(?: = \"([a-z-]+)\")?", kinds)}
        told = set()
        for row in re.findall(r"^\| .*$", (ROOT / "docs/troubleshooting.md").read_text(), re.M):
            told |= set(re.findall(r"`([a-z-]+)`", row.split("|")[2]))
        self.assertEqual(told, names)


class Completion(unittest.TestCase):
    def generated(self, shell):
        done = run(BINARIES / "nodctl", "--generate-completion-script", shell)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def completed(self, script, line, program="nodctl"):
        """What bash offers at the end of a line."""
        words = [program, *line.split(" ")[1:]]
        quoted = " ".join(f"'{word}'" for word in words)
        text = f"""{script}
        COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; COMP_LINE='{line}'; COMP_POINT={len(line)}
        how=$(complete -p nodctl); how=${{how##*-F }}; "${{how%% *}}" nodctl '{words[-1]}' ''
        printf '%s\\n' "${{COMPREPLY[@]}}" """
        done = run("bash", "--norc", "-c", text)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_the_workstations_completion_knows_commands_and_options(self):
        script = self.generated("bash")
        self.assertIn("status", self.completed(script, "nodctl sta"))
        self.assertIn("--wait", self.completed(script, "nodctl status --w"))

    def test_zsh_and_fish_take_theirs(self):
        for shell in ("zsh", "fish"):
            if shutil.which(shell) is None:
                continue
            with self.subTest(shell):
                done = run(shell, "-n", "-c", self.generated(shell))
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_boards_completion_offers_what_its_help_lists(self):
        nodctl = ROOT / ".build/board/nodctl-board-x86_64"
        if not nodctl.exists():
            self.skipTest("SKIPPED: no nodctl for boards is built (tools/build-board x86_64 nodctl-board)")
        script = (ROOT / "Firmware-config/completion/nodctl").read_text()
        self.assertEqual(self.completed(script, "nodctl sta", nodctl), ["status"])
        self.assertLess({"status", "peers", "get", "set", "watch"}, set(self.completed(script, "nodctl ", nodctl)))
        self.assertIn("--wait", self.completed(script, "nodctl --socket /x status --w", nodctl))
        self.assertEqual(self.completed(script, "nodctl set --n", nodctl), ["--nx", "--node"])


if __name__ == "__main__":
    unittest.main()

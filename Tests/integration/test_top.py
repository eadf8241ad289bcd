"""nodctl top on a terminal of its own: it fills what there is, follows a new size at once, ends with q, and gives the
terminal back as it was, also when a signal ends it.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
import unittest

from fixture import BINARIES, ClusterTest, until

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """A program under a terminal of the given size."""

    def __init__(self, words, rows=24, columns=80):
        self.text = ""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.execv(words[0], [str(word) for word in words])
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.master)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds=0.05):
        while select.select([self.master], [], [], seconds)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the program has ended
                return self.text
            if not data:
                return self.text
            self.text += data.decode("utf-8", "replace")
        return self.text

    def screen(self):
        """The lines that were drawn last, without colours."""
        frames = self.read().split("\x1b[H")
        return [ESCAPE.sub("", line) for line in frames[-1].split("\r\n")] if len(frames) > 1 else []

    def send(self, keys):
        os.write(self.master, keys.encode())

    def ended(self, seconds=10):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return status
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError("it does not end")


class TopTest(ClusterTest):
    def opened(self, nodes, rows=24, columns=80):
        words = [BINARIES / "nodctl", "top", "--interval", "0.2"]
        for node in nodes:
            words += ["--node", node.directory]
        terminal = Terminal(words, rows, columns)
        until(lambda: any("nodctl top" in line for line in terminal.screen()), 20, "the first screen")
        return terminal

    def assert_given_back(self, terminal):
        self.assertIn("\x1b[?1049h", terminal.text)
        after = terminal.text.rsplit("\x1b[?1049h", 1)[1]
        self.assertIn("\x1b[?25h", after)
        self.assertIn("\x1b[?1049l", after)
        self.assertEqual(termios.tcgetattr(terminal.master)[:4], terminal.before[:4])

    def test_one_node_a_new_size_and_q(self):
        cluster = self.started()
        terminal = self.opened([cluster[0]])
        until(lambda: any(line.startswith("healthy") for line in terminal.screen()), 20, "a healthy node")
        for rows, columns in ((10, 40), (50, 160)):
            terminal.resize(rows, columns)

            def fits():
                lines = terminal.screen()
                return lines if len(lines) <= rows and lines and max(map(len, lines)) <= columns else None

            until(fits, 5, f"a screen of {rows} lines and {columns} columns")
        until(lambda: len(terminal.screen()) > 24, 5, "more lines, now that there is room")
        terminal.send("q")
        self.assertEqual(terminal.ended(), 0)
        self.assert_given_back(terminal)

    def test_several_nodes_one_of_which_goes_and_a_signal_ends_it(self):
        cluster = self.started()
        terminal = self.opened(list(cluster), rows=40, columns=200)
        for name in ("n1", "n2", "n3"):
            until(lambda: any(line.startswith(name) for line in terminal.screen()), 20, f"a row of {name}")
        cluster[2].stop()
        until(lambda: any("nodd" in line for line in terminal.screen()), 20, "word that n3 is gone")
        os.kill(terminal.pid, signal.SIGTERM)
        status = terminal.ended()
        self.assertTrue(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGTERM)
        self.assert_given_back(terminal)


if __name__ == "__main__":
    unittest.main()

"""A cluster of real agents on this machine, for tools/demo and Tests/integration.

Makes one with nodctl in a directory of its own, starts nodd once per node, talks to the nodes' sockets, and ends only
what it started. Standard library only: it must run on a fresh machine. Nothing here sleeps for luck; `until` polls
with a deadline.
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


class ReplyError(Exception):
    """What a node answered instead of a value: its first word is the kind (ERR, BUSY, TIMEOUT, STALETOKEN, ...)."""

    @property
    def kind(self):
        return str(self).split(" ", 1)[0]


class Unfulfilled(AssertionError):
    """What was waited for did not come in time."""


def until(condition, seconds, what, interval=0.05):
    """Polls until `condition()` is true and returns what it returned; at the deadline says what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Unfulfilled(f"waited {seconds:g} s for {what}")
        time.sleep(interval)


class Connection:
    """One connection to a node's socket, speaking RESP2."""

    def __init__(self, path, timeout=30.0):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._input = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._input.close()
        self._socket.close()

    def call(self, *words):
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            data = word if isinstance(word, bytes) else str(word).encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
        self._socket.sendall(b"".join(parts))
        value = self._read()
        if isinstance(value, ReplyError):
            raise value
        return value

    def _read(self):
        line = self._input.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the node closed the connection")
        kind, rest = line[:1], line[1:-2].decode("utf-8", "replace")
        if kind == b"+":
            return rest
        if kind == b"-":
            return ReplyError(rest)
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if rest == "-1":
                return None
            data = self._input.read(int(rest) + 2)
            return data[:-2].decode("utf-8", "surrogateescape")
        if kind == b"*":
            return None if rest == "-1" else [self._read() for _ in range(int(rest))]
        raise ConnectionError(f"a reply that is no RESP2: {line!r}")


class Node:
    """One agent: its directory as nodctl made it, and its process while it runs."""

    def __init__(self, cluster, name):
        self.cluster = cluster
        self.name = name
        self.directory = cluster.directory / name
        self.configuration = self.directory / "nod.conf"
        self.state = self.directory / "state"
        self.socket = self.directory / "nod.sock"
        self.log = self.directory / "log"
        self.process = None
        # What runs the agent: another build of it, under an emulator perhaps.
        self.program = [cluster.nodd]

    def start(self):
        assert self.process is None, f"{self.name} runs already"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.program, "--config", self.configuration], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        return self

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        os.kill(self.process.pid, number)

    def kill(self):
        """As a power cut does: without a word. (What was written and not synced may survive this one.)"""
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self, seconds=10):
        """Asks it to end. Returns the exit code."""
        self.process.terminate()
        code = self.process.wait(seconds)
        self.process = None
        return code

    def connect(self, timeout=30.0):
        return Connection(self.socket, timeout)

    def call(self, *words, timeout=30.0):
        with self.connect(timeout) as connection:
            return connection.call(*words)

    def status(self):
        """NOD STATUS as a dictionary; None when it does not answer."""
        try:
            flat = self.call("NOD", "STATUS", timeout=5)
        except (OSError, ReplyError):
            return None
        return dict(zip(flat[::2], flat[1::2]))

    def wait_healthy(self, seconds=30):
        def healthy():
            status = self.status()
            return status if status and status["healthy"] == 1 else None

        return until(healthy, seconds, f"{self.name} to be healthy (log: {self.log})")

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""


class LocalCluster:
    """Agents on loopback in a directory of their own. Use it with `with`: it ends its processes and its directory."""

    def __init__(self, binaries, members=3, period_ms=500, drop_percent=0, timeout_ms=4000, profile="loopback",
                 cluster_keys=(), addresses=None, keep=False):
        binaries = pathlib.Path(binaries)
        self.nodd = binaries / "nodd"
        self.nodctl = binaries / "nodctl"
        self.period = period_ms / 1000
        self.keep = keep
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="nod-"))
        self.directory = self.base / "cluster"
        self.addresses = addresses or [f"127.0.0.1:{port}" for port in free_udp_ports(members)]
        lines = ["[cluster]", "name = local", f"period_ms = {period_ms}", *cluster_keys]
        lines += ["[radio]", f"profile = {profile}", f"drop_percent = {drop_percent}"]
        lines += ["[paths]", "state = state", "[local]", "socket = nod.sock", f"timeout_ms = {timeout_ms}"]
        lines += ["[log]", "level = info"]
        for slot, address in enumerate(self.addresses):
            lines += [f"[member.{slot}]", f"name = n{slot + 1}", f"address = {address}"]
        description = self.base / "cluster.ini"
        description.write_text("\n".join(lines) + "\n")
        made = subprocess.run([self.nodctl, "provision", description, "--out", self.directory],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if made.returncode != 0:
            self.keep = False
            self.close()
            raise RuntimeError("nodctl provision: " + made.stderr.strip())
        self.nodes = [Node(self, f"n{slot + 1}") for slot in range(members)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __getitem__(self, slot):
        return self.nodes[slot]

    def __iter__(self):
        return iter(self.nodes)

    def start(self):
        for node in self.nodes:
            node.start()
        return self

    def close(self):
        nodes = [node for node in getattr(self, "nodes", []) if node.process is not None]
        for node in nodes:
            if node.is_running:
                node.signal(signal.SIGCONT)
                node.process.terminate()
        for node in nodes:
            try:
                node.process.wait(5)
            except subprocess.TimeoutExpired:
                node.process.kill()
                node.process.wait()
            node.process = None
        if not self.keep:
            shutil.rmtree(self.base, ignore_errors=True)

    def wait_leader(self, seconds=30, among=None, besides=None):
        """Waits until all of `among` are healthy and name the same leader, who is not `besides`. Returns that node."""
        among = among or self.nodes

        def agreed():
            found = [node.status() for node in among]
            if not all(status and status["healthy"] == 1 for status in found):
                return None
            names = {status["leader"] for status in found}
            if len(names) != 1 or names == {besides and besides.name}:
                return None
            return next((node for node in self.nodes if node.name in names), None)

        return until(agreed, seconds, "one leader that all of " + " ".join(node.name for node in among) + " name")

    def wait_same_log(self, seconds=60, among=None):
        """Waits until all have applied the same number of entries, and compares their digests there.

        Returns the index and the digest. Different digests at one index are a broken promise, said at once."""
        among = among or self.nodes

        def equal():
            found = [node.status() for node in among]
            if not all(found):
                return None
            if len({status["digest_index"] for status in found}) != 1:
                return None
            digests = {status["digest"] for status in found}
            if len(digests) != 1:
                each = " ".join(f"{node.name} {status['digest']}" for node, status in zip(among, found))
                raise AssertionError(f"digests differ at index {found[0]['digest_index']}: {each}")
            return found[0]["digest_index"], found[0]["digest"]

        return until(equal, seconds, "the same applied index on all nodes")


def free_udp_ports(count):
    """Ports that the kernel gave: free now, and not given again soon."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class SafeWriter:
    """Writes under a token, and repeats the same token at another node until somebody knows the outcome.

    This is what a careful client does: a timeout says that the outcome is unknown, and only the token makes repeating
    harmless. A token tells what it is about by its log position, so it is taken before the first try."""

    def __init__(self, nodes):
        self.nodes = list(nodes)
        self.tries = 0

    def write(self, *words, first=None, seconds=60):
        """Returns (reply, node that gave it)."""
        deadline = time.monotonic() + seconds
        order = list(self.nodes)
        if first is not None:
            order.remove(first)
            order.insert(0, first)
        token = None
        attempt = 0
        last = "nobody was asked"
        while time.monotonic() < deadline:
            node = order[attempt % len(order)]
            attempt += 1
            try:
                token = token or node.call("NOD", "TOKEN")
                self.tries += 1
                return node.call("NOD", "WITH", token, *words), node
            except ReplyError as error:
                if error.kind not in ("TIMEOUT", "BUSY"):
                    raise
                last = f"{node.name}: {error}"
            except OSError as error:
                last = f"{node.name}: {error}"
            time.sleep(0.05)
        raise Unfulfilled(f"no acknowledgement within {seconds:g} s for {' '.join(map(str, words))} under {token}, "
                          f"after {attempt} tries; the last answer was: {last}")

"""A cluster of real agents on this machine: provisioned, started, killed, asked, and always cleaned up."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from redis.connection import UnixDomainSocketConnection
from redis.exceptions import ConnectionError as Broken, TimeoutError as Silent

from .report import say

REALTIME_PRIORITY = 10
SEARCH_PERIODS = 14  # a cold start listens for up to ten periods before it elects


def as_realtime():
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REALTIME_PRIORITY))


def connect(path, patience=30.0):
    """A connection as a Redis client library makes it, but one that never repeats a command by itself:
    redis-py's clients do so after a broken connection, which no plain INCR survives."""
    connection = UnixDomainSocketConnection(
        path=path, protocol=3, decode_responses=True, socket_timeout=patience)
    connection.connect()
    return connection


def ask(connection, *words):
    connection.send_command(*words)
    return connection.read_response()


def free_ports(count):
    """UDP ports that nobody uses, as the kernel gives them."""
    taken = []
    for _ in range(count):
        taken.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        taken[-1].bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in taken]
    for each in taken:
        each.close()
    return ports


class Cluster:
    """`count` agents. With an `air` each lives in its namespace; without one they share loopback.

    roster, local, radio: keys of these sections of the cluster's file that are not the defaults.
    environment: more variables for one agent, by its number.
    """

    def __init__(self, chosen, count, roster, local=None, radio=None, air=None):
        self.nodd = chosen.nodd
        self.nodctl = os.path.join(chosen.bin, "nodctl")
        self.keep = chosen.keep
        self.is_realtime = chosen.realtime
        self.count = count
        self.period = roster["period_ms"] / 1000
        self.air = air
        self.roster, self.local, self.radio = roster, dict(local or {}), dict(radio or {})
        self.ports = [] if air else free_ports(count)
        self.processes = [None] * count
        self.starts = [0] * count
        self.environment = {}
        self.directory = None

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="nodlab-")
        try:
            self._provision()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for node in range(self.count):
            self.stop(node)
        if self.directory and not self.keep:
            shutil.rmtree(self.directory, ignore_errors=True)
        elif self.directory:
            say(f"kept: {self.directory}")

    def _address(self, node):
        if self.air:
            return f"{self.air.address(node)}:7100"
        return f"127.0.0.1:{self.ports[node]}"

    def _provision(self):
        lines = ["[cluster]", "name = lab"] + [f"{key} = {value}" for key, value in self.roster.items()]
        for section, keys in (("local", self.local), ("radio", self.radio)):
            if keys:
                lines += [f"[{section}]"] + [f"{key} = {value}" for key, value in keys.items()]
        for node in range(self.count):
            lines += [f"[member.{node}]", f"name = n{node}", f"address = {self._address(node)}"]
        description = os.path.join(self.directory, "lab.ini")
        with open(description, "w") as out:
            out.write("\n".join(lines) + "\n")
        done = subprocess.run(
            [self.nodctl, "provision", description, "--out", self.path("farm")],
            capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"nodctl provision: {done.stderr.strip()}")
        for node in range(self.count):
            file = self.path("farm", f"n{node}", "nod.conf")
            with open(file) as given:
                text = given.read()
            line = f"socket = {self.socket(node)}"
            text = text.replace("[local]\n", f"[local]\n{line}\n", 1) if "[local]\n" in text \
                else f"{text}\n[local]\n{line}\n"
            with open(file, "w") as out:
                out.write(text)

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def socket(self, node):
        return self.path(f"n{node}.sock")

    def state(self, node):
        return self.path("farm", f"n{node}", "state")

    def log(self, node):
        return self.path(f"n{node}.log")

    # Processes

    def start(self, node):
        words = [self.nodd, self.path("farm", f"n{node}", "nod.conf")]
        if self.air:
            # ip replaces itself by nodd, so the process id is the agent's.
            words = ["ip", "netns", "exec", self.air.namespace(node)] + words
        environment = dict(os.environ, **self.environment.get(node, {}))
        with open(self.log(node), "ab") as log:
            self.processes[node] = subprocess.Popen(
                words, stdout=log, stderr=log, env=environment,
                preexec_fn=as_realtime if self.is_realtime else None)
        self.starts[node] += 1

    def start_all(self, wait=True):
        for node in range(self.count):
            self.start(node)
        if wait:
            self.wait_healthy()

    def kill(self, node):
        """As a battery that is pulled out, as far as a process can tell."""
        process = self.processes[node]
        if process:
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.processes[node] = None

    def stop(self, node):
        process = self.processes[node]
        if not process:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.processes[node] = None

    def died(self):
        """Agents that ended by themselves: (node, exit status)."""
        return [(node, process.poll()) for node, process in enumerate(self.processes)
                if process and process.poll() is not None]

    def running(self):
        return [node for node, process in enumerate(self.processes) if process and process.poll() is None]

    # Questions

    def ask(self, node, *words):
        """One command over a connection of its own; None when the node does not answer."""
        try:
            connection = connect(self.socket(node))
        except (Broken, Silent, OSError):
            return None
        try:
            return ask(connection, *words)
        except (Broken, Silent, OSError):
            return None
        finally:
            connection.disconnect()

    def status(self, node):
        return self.ask(node, "NOD", "STATUS")

    def statuses(self):
        return {node: self.status(node) for node in self.running()}

    def wait(self, what, holds, patience):
        """Asks until `holds(statuses)`; returns the seconds it took."""
        began = time.monotonic()
        while True:
            for node, code in self.died():
                raise RuntimeError(f"n{node} ended with {code}: {self.tail(node)}")
            statuses = self.statuses()
            if all(statuses.values()) and holds(statuses):
                return time.monotonic() - began
            if time.monotonic() - began > patience:
                telling = ("role", "applied_index", "digest", "why")
                seen = {node: status and {key: status[key] for key in telling}
                        for node, status in statuses.items()}
                raise RuntimeError(f"{what}: not within {patience:.0f} s: {seen}")
            time.sleep(min(0.2, self.period / 2))

    def wait_healthy(self, patience=None):
        patience = patience or 30 + 3 * SEARCH_PERIODS * self.period
        return self.wait("healthy", lambda all_: all(status["healthy"] for status in all_.values()), patience)

    def wait_equal(self, patience=120):
        """Until all that run have applied the same, by number and by digest."""
        def are_equal(all_):
            return len({(status["applied_index"], status["digest"]) for status in all_.values()}) == 1 \
                and all(status["applied_index"] == status["decided_index"] for status in all_.values())
        return self.wait("equal", are_equal, patience)

    def leader(self):
        """The number of the node that leads, as it says itself."""
        for node, status in self.statuses().items():
            if status and status["role"] == "leader":
                return node
        return None

    def await_leader(self, patience=60):
        """The same, when the one that led may just have gone: nobody knows at once."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            leader = self.leader()
            if leader is not None:
                return leader
            time.sleep(self.period / 2)
        raise RuntimeError(f"nobody leads after {patience} s")

    def tail(self, node):
        try:
            with open(self.log(node), errors="replace") as log:
                return log.read()[-600:].strip()
        except OSError:
            return ""

    def memory(self, node, field="VmRSS"):
        """A size of the process, in KiB."""
        with open(f"/proc/{self.processes[node].pid}/status") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
        return None

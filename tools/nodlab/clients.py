"""A client as a careful program is: it repeats under a token, elsewhere, until it knows the outcome."""
import random
import re
import threading
import time
from math import ceil, inf

from redis.exceptions import ConnectionError as Broken, ResponseError, TimeoutError as Silent

from .cluster import ask, connect
from .linearizability import Operation

TOKEN_IN_REPLY = re.compile(r"NOD WITH (\S+)")
GIVE_UP_SECONDS = 60
REGISTERS = 4


class Unknown(Exception):
    """Nobody can tell any more whether the command took effect."""


class Outcomes:
    """What all clients of a run have seen: appended to by many threads, read when they have ended."""

    def __init__(self, commands):
        self.left = commands
        self.lock = threading.Lock()
        self.latencies = []      # seconds from the first attempt to the acknowledgement
        self.windows = []        # grid points passed meanwhile
        self.acknowledged_at = []
        self.reads = []
        self.unique = {}         # key -> value, acknowledged
        self.doubtful = {}       # key -> value, outcome unknown
        self.counters = {}       # key -> [acknowledged increments, unknown ones]
        self.registers = {}      # key -> [Operation]
        self.retries = 0
        self.reads_failed = 0
        self.complaints = []     # what a correct cluster never does

    def take(self):
        with self.lock:
            self.left -= 1
            return self.left >= 0


def window_of(connection):
    """The number of the present window; None when the node follows no grid."""
    status = ask(connection, "NOD", "STATUS")
    return status["window"] if status["leader"] is not None else None


class Client(threading.Thread):
    """Issues one command at a time, at its own node first.

    Three in four writes travel under a token from the start. The others are plain, and get their token only
    from a -TIMEOUT reply: when the node dies with such a command, its outcome stays unknown.
    """

    def __init__(self, number, home, cluster, outcomes, seed, pause):
        super().__init__(daemon=True)
        self.number, self.home = number, home
        self.cluster, self.outcomes = cluster, outcomes
        self.random = random.Random(seed)
        self.pause = pause
        self.connections = {}
        self.counter = f"count/{number}"
        self.counted, self.count_in_doubt = 0, 0
        self.sequence = 0

    def run(self):
        try:
            while self.outcomes.take():
                self._one()
                time.sleep(self.random.uniform(0, self.pause))
        except Exception as trouble:  # a thread must not die silently
            self.outcomes.complaints.append(f"client {self.number}: {trouble!r}")
        finally:
            self.outcomes.counters[self.counter] = [self.counted, self.count_in_doubt]
            for connection in self.connections.values():
                connection.disconnect()

    def _one(self):
        self.sequence += 1
        value = f"{self.number}.{self.sequence}"
        lot = self.random.random()
        if lot < 0.35:
            self._set_unique(f"once/{value}", value)
        elif lot < 0.65:
            self._count()
        elif lot < 0.85:
            self._write_register(f"register/{self.random.randrange(REGISTERS)}", value)
        else:
            self._read_register(f"register/{self.random.randrange(REGISTERS)}")

    # The four kinds of commands

    def _set_unique(self, key, value):
        try:
            self._write("SET", key, value)
            self.outcomes.unique[key] = value
        except Unknown:
            self.outcomes.doubtful[key] = value

    def _count(self):
        try:
            reply = self._write("INCRBY", self.counter, "1")
        except Unknown:
            self.count_in_doubt += 1
            return
        self.counted += 1
        if not self.counted <= reply <= self.counted + self.count_in_doubt:
            self.outcomes.complaints.append(
                f"{self.counter} is {reply} after {self.counted} increments, {self.count_in_doubt} in doubt")

    def _write_register(self, key, value):
        called, returned = time.monotonic(), inf
        try:
            self._write("SET", key, value)
            returned = time.monotonic()
        except Unknown:
            pass
        self._note(key, Operation("write", value, called, returned))

    def _read_register(self, key):
        node = self.home
        for _ in range(20):
            called = time.monotonic()
            try:
                value = self._ask(node, "NOD", "READ", key)
            except (ResponseError, Broken, Silent, OSError):
                self._drop(node)
                node = self._other(node)
                self.outcomes.reads_failed += 1
                time.sleep(0.05)
                continue
            returned = time.monotonic()
            self._note(key, Operation("read", value, called, returned))
            self.outcomes.reads.append(returned - called)
            return

    def _note(self, key, operation):
        with self.outcomes.lock:
            self.outcomes.registers.setdefault(key, []).append(operation)

    # One write, until its outcome is known

    def _write(self, *words):
        token = self._token() if self.random.random() < 0.75 else None
        node, window = self.home, None
        began = time.monotonic()
        is_first, trail = True, []
        while time.monotonic() - began < GIVE_UP_SECONDS:
            try:
                connection = self._connection(node)
                if is_first:
                    window = window_of(connection)
            except (Broken, Silent, OSError):
                trail.append(f"{time.monotonic() - began:.1f} s n{node}: not there")
                node = self._turn_away(node)
                continue
            if not is_first:
                self.outcomes.retries += 1
            is_first = False
            try:
                reply = ask(connection, "NOD", "WITH", token, *words) if token else ask(connection, *words)
            except ResponseError as refusal:
                trail.append(f"{time.monotonic() - began:.1f} s n{node}: {str(refusal)[:40]}")
                token = self._after(str(refusal), token)
                node = self._other(node)
                continue
            except (Broken, Silent, OSError):
                if token is None:
                    self._drop(node)
                    raise Unknown from None
                node = self._turn_away(node)
                continue
            now = time.monotonic()
            self.outcomes.acknowledged_at.append(now)
            self.outcomes.latencies.append(now - began)
            self._note_windows(connection, window, now - began)
            return reply
        known = {node: status and (status["leader"], status["ballot"], status["window"], status["waiting"])
                 for node, status in self.cluster.statuses().items()}
        trail.append(f"leader, ballot, window, waiting by node: {known}")
        self.outcomes.complaints.append(
            f"gave up after {GIVE_UP_SECONDS} s: {' '.join(words)}, token {token}: {trail[:3] + trail[-2:]}")
        raise Unknown

    def _after(self, refusal, token):
        """What a refusal means for the next attempt: the token that it has to carry."""
        if refusal.startswith("TIMEOUT outcome unknown"):
            offered = TOKEN_IN_REPLY.search(refusal)
            if not offered:
                raise RuntimeError(f"no token in: {refusal}")
            if token and token != offered[1]:
                self.outcomes.complaints.append(f"{token} became {offered[1]}: {refusal}")
            return token or offered[1]
        if refusal.startswith(("TIMEOUT not sent", "TIMEOUT this attempt")):
            return token
        if refusal.startswith("BUSY"):
            time.sleep(0.05)
            return token
        if refusal.startswith("STALETOKEN"):
            raise Unknown
        raise RuntimeError(f"unexpected: {refusal}")

    def _token(self):
        node = self.home
        while True:
            try:
                return self._ask(node, "NOD", "TOKEN")
            except (Broken, Silent, OSError):
                node = self._turn_away(node)

    def _note_windows(self, connection, before, took):
        """By the nodes' own count; by the clock when a node had no grid to count on."""
        try:
            after = window_of(connection)
        except (Broken, Silent, OSError):
            after = None
        by_clock = ceil(took / self.cluster.period)
        is_known = before is not None and after is not None and abs(after - before - by_clock) <= 2
        self.outcomes.windows.append(after - before if is_known else by_clock)

    # Connections

    def _connection(self, node):
        if node not in self.connections:
            self.connections[node] = connect(self.cluster.socket(node), patience=30)
        return self.connections[node]

    def _ask(self, node, *words):
        return ask(self._connection(node), *words)

    def _drop(self, node):
        connection = self.connections.pop(node, None)
        if connection:
            connection.disconnect()

    def _other(self, node):
        return (node + self.random.randrange(1, self.cluster.count)) % self.cluster.count

    def _turn_away(self, node):
        self._drop(node)
        time.sleep(0.02)
        return self._other(node)

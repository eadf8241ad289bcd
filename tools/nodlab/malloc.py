"""allocations after start-up: a counter preloaded into one agent, over thousands of windows

Three stretches at the agent that leads (or at a follower): idle, one command in each window, and a client
that gives the next command as soon as the last is answered, and the journal begins new segments too.
Nothing should allocate in any; who does is told with its stack. NOD STATUS allocates and is not asked meanwhile;
the counter reports on a signal, and cannot be preloaded into a static build.
"""
import collections
import os
import signal
import subprocess
import time

from .cluster import Cluster, ask, connect
from .report import load, say, table

NODES = 3
SETTLE_WINDOWS = 40
REPORT_PATIENCE = 10
NO_COMMANDS, ONE_A_WINDOW, AT_ONCE = range(3)
STRETCHES = (("idle", NO_COMMANDS), ("one command a window", ONE_A_WINDOW), ("one after the other", AT_ONCE))


def options(part):
    part.add_argument("--windows", type=int, default=3000, help="of each stretch; 10000 for the long form")
    part.add_argument("--period-ms", type=int, default=100)
    part.add_argument("--on", choices=["leader", "follower"], default="leader")
    part.add_argument("--stacks", type=int, default=8, help="how many callers are told, the busiest first")


class Counted:
    """An agent with the counter in it, and what it has reported so far."""

    def __init__(self, cluster, node):
        self.cluster, self.node = cluster, node
        self.library = cluster.path("malloc_counter.so")
        self.report = cluster.path("malloc.txt")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "malloc_counter.c")
        done = subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", self.library, source, "-ldl"],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"cc: {done.stderr}")
        cluster.environment[node] = {"LD_PRELOAD": self.library, "NODLAB_MALLOC_REPORT": self.report}

    def signal(self, number):
        self.cluster.processes[self.node].send_signal(number)

    def forget_stacks(self):
        self.signal(signal.SIGUSR2)
        time.sleep(0.05)

    def read(self):
        """Totals (allocations, frees, bytes, bytes in use), and stacks as (count, bytes, places)."""
        open(self.report, "w").close()
        self.signal(signal.SIGUSR1)
        until = time.monotonic() + REPORT_PATIENCE
        while time.monotonic() < until:
            with open(self.report) as report:
                lines = report.read().splitlines()
            if lines and lines[-1] == "end":
                totals = [int(word) for word in lines[0].split()[1:]]
                stacks = [line.split() for line in lines if line.startswith("stack")]
                return totals, [(int(words[1]), int(words[2]), tuple(words[3:])) for words in stacks]
            time.sleep(0.02)
        raise RuntimeError("the malloc counter does not report")


def run(chosen):
    roster = {"period_ms": chosen.period_ms}
    with Cluster(chosen, NODES, roster) as cluster:
        cluster.start_all()
        leader = cluster.await_leader()
        node = leader if chosen.on == "leader" else (leader + 1) % NODES
        # The one to be counted is started anew with the counter in it; to count a leader, the others are
        # started anew after it until it leads.
        counted = Counted(cluster, node)
        cluster.stop(node)
        cluster.start(node)
        make_lead(cluster, node, chosen.on == "leader")
        rows, stacks = [], []
        for what, pace in STRETCHES:
            time.sleep(SETTLE_WINDOWS * cluster.period)
            row, found = stretch(chosen, cluster, counted, what, pace)
            rows.append(row)
            stacks.append((what, found))
    if not chosen.json:
        table(rows, ["what", "role", "windows", "allocations", ("per_window", "allocations/window"), "bytes",
                     ("grown", "bytes more in use"), ("segments", "segments begun"),
                     ("commands", "commands"), "load"])
        for what, found in stacks:
            for stack in found[:chosen.stacks]:
                print(f"\n{what}: {stack['count']} allocations, {stack['bytes']} bytes, from")
                for line in stack["places"]:
                    print(f"    {line}")
    figures = {"rows": rows, "stacks": [{"what": what, "stacks": found} for what, found in stacks]}
    return figures, all(row["allocations"] == 0 for row in rows)


def make_lead(cluster, node, is_leader):
    cluster.wait_healthy()
    for _ in range(20):
        if (cluster.await_leader() == node) == is_leader:
            return
        victim = cluster.await_leader()
        cluster.stop(victim)
        cluster.await_leader()
        cluster.start(victim)
        cluster.wait_healthy()
    raise RuntimeError("the counted agent does not come to lead")


def stretch(chosen, cluster, counted, what, pace):
    say(f"{what}: {chosen.windows} windows")
    connection = connect(cluster.socket(counted.node))
    try:
        ask(connection, "INCR", "warm")
        time.sleep(4 * cluster.period)
        segment = ask(connection, "NOD", "STATUS")["journal_segment"]
        before, _ = counted.read()
        counted.forget_stacks()
        began, commands = time.monotonic(), 0
        while time.monotonic() - began < chosen.windows * cluster.period:
            next_one = time.monotonic() + cluster.period
            if pace != NO_COMMANDS:
                ask(connection, "INCR", "warm")
                commands += 1
            if pace != AT_ONCE:
                time.sleep(max(0, next_one - time.monotonic()))
        after, stacks = counted.read()
        windows = round((time.monotonic() - began) / cluster.period)
        status = ask(connection, "NOD", "STATUS")
    finally:
        connection.disconnect()
    allocations = after[0] - before[0]
    row = {"what": what, "role": status["role"], "windows": windows, "allocations": allocations,
           "per_window": allocations / windows, "bytes": after[2] - before[2], "grown": after[3] - before[3],
           "segments": status["journal_segment"] - segment, "commands": commands, "load": load()}
    return row, named(sorted(stacks, reverse=True)[:chosen.stacks])


def named(stacks):
    """Stacks with functions and lines instead of addresses."""
    wanted = collections.defaultdict(set)
    for _, _, places in stacks:
        for place in places:
            address, _, file = place.partition("@")
            wanted[file].add(address)
    names = {}
    for file, addresses in wanted.items():
        ordered = sorted(addresses)
        # A return address lies behind its call.
        asked = [hex(max(0, int(address, 16) - 1)) for address in ordered]
        done = subprocess.run(["addr2line", "-f", "-e", file] + asked, capture_output=True, text=True)
        lines = demangled(done.stdout).splitlines()
        for at, address in enumerate(ordered):
            if 2 * at + 1 < len(lines):
                names[f"{address}@{file}"] = f"{lines[2 * at]} ({os.path.basename(lines[2 * at + 1])})"
    return [{"count": count, "bytes": size, "places": [names.get(place, place) for place in places]}
            for count, size, places in stacks]


def demangled(text):
    try:
        done = subprocess.run(["swift-demangle", "-compact", "-simplified"], input=text, capture_output=True,
                              text=True)
    except FileNotFoundError:
        return text
    return done.stdout if done.returncode == 0 else text

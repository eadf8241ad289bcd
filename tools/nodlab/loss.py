"""commands from all nodes at once, through loss and kill -9: nothing lost, nothing twice, all logs equal

Real agents in network namespaces; nft throws away incoming datagrams at random. Clients on all nodes set
keys, increment counters, write and read registers, while every few seconds one agent is killed with SIGKILL
and started again. Afterwards, with the loss still there:
  every acknowledged write is there; every counter shows each increment once; the registers' history is
  linearizable; all nodes come to the same digest at the same index, and show the same log.
Windows: grid points from the moment a command is given to its acknowledgement; 1 is the best there is for a
command that is given between two windows.
"""
import random
import threading
import time

from .air import Air
from .clients import Client, Outcomes
from .cluster import Cluster
from .linearizability import first_impossible_key
from .report import load, percentile, say, table

LOG_ROWS = 1000
JUST_DECIDED = 0.05  # seconds in which followers may still tell what the dead leader had decided


def options(part):
    part.add_argument("--nodes", type=int, nargs="+", default=[3, 5])
    part.add_argument("--loss", type=int, nargs="+", default=[0, 10, 30, 50], metavar="PERCENT")
    part.add_argument("--commands", type=int, default=200)
    part.add_argument("--period-ms", type=int, default=500)
    part.add_argument("--slot-us", type=int, default=4000)
    part.add_argument("--sync-gap-us", type=int, default=10000)
    part.add_argument("--clients-per-node", type=int, default=2)
    part.add_argument("--pause", type=float, default=2.0, metavar="SECONDS",
                      help="a client waits up to this long between commands, at random")
    part.add_argument("--kill-every", type=float, default=10.0, metavar="SECONDS", help="0: nobody is killed")
    part.add_argument("--down", type=float, default=2.0, metavar="SECONDS", help="until it is started again")
    part.add_argument("--seed", type=int, default=1, help="of the clients and of who is killed")


class Killer(threading.Thread):
    """Kills a random agent every so often, and starts it again."""

    def __init__(self, cluster, every, down, seed):
        super().__init__(daemon=True)
        self.cluster, self.every, self.down = cluster, every, down
        self.random = random.Random(seed)
        self.ended = threading.Event()
        self.kills = []

    def run(self):
        while self.every > 0 and not self.ended.wait(self.every - self.down if self.kills else self.every):
            victim = self.random.randrange(self.cluster.count)
            if victim not in self.cluster.running():
                return  # it ended by itself: whoever waits for the cluster will say so
            led = self.cluster.leader() == victim
            self.cluster.kill(victim)
            self.kills.append((time.monotonic(), led))
            time.sleep(self.down)
            self.cluster.start(victim)

    def end(self):
        self.ended.set()
        self.join()


def run(chosen):
    rows = []
    for nodes in chosen.nodes:
        for loss in chosen.loss:
            rows.append(one(chosen, nodes, loss))
    if not chosen.json:
        table(rows, ["nodes", ("loss", "loss %"), ("measured_loss", "seen %"), "acked", "unknown", "retries",
                     "kills", ("p50", "windows p50"), "p90", "p99", "max", ("latency_p50_s", "s p50"),
                     ("latency_p99_s", "s p99"), ("read_p50_s", "read s p50"), ("leader_kills", "of leaders"),
                     ("recovery_p50_s", "recovery s p50"),
                     ("recovery_max_s", "max"), ("equal_after_s", "equal after s"),
                     ("checks", "all checks"), "load"])
    for row in rows:
        for complaint in row["complaints"]:
            say(f"n={row['nodes']} loss {row['loss']} %: {complaint}")
    return rows, all(row["checks"] for row in rows)


def one(chosen, nodes, loss):
    say(f"n={nodes}, loss {loss} %: starting")
    roster = {"period_ms": chosen.period_ms, "slot_us": chosen.slot_us, "sync_gap_us": chosen.sync_gap_us}
    local = {"timeout_ms": max(1000, 6 * chosen.period_ms)}
    with Air(nodes, loss) as air, Cluster(chosen, nodes, roster, local=local, air=air) as cluster:
        cluster.start_all(wait=False)
        healthy = cluster.wait_healthy(patience=120)
        say(f"n={nodes}, loss {loss} %: healthy after {healthy:.1f} s; {chosen.commands} commands")
        outcomes, kills, took = work(chosen, cluster)
        say(f"n={nodes}, loss {loss} %: {len(outcomes.latencies)} acknowledged in {took:.0f} s; settling")
        row = figures(chosen, cluster, outcomes, kills, took)
        row.update(nodes=nodes, loss=loss, healthy_after_s=round(healthy, 1))
        arrived, dropped = map(sum, zip(*(pair if len(pair) == 2 else (pair[0], 0) for pair in
                                          (air.dropped(node) for node in range(nodes)))))
        row["measured_loss"] = round(100 * dropped / max(1, arrived), 1)
        row["checks"] = not row["complaints"]
        say(f"n={nodes}, loss {loss} %: {'all checks hold' if row['checks'] else row['complaints'][:3]}")
    return row


def work(chosen, cluster):
    outcomes = Outcomes(chosen.commands)
    clients = [Client(number, number % cluster.count, cluster, outcomes, seed=chosen.seed * 1000 + number,
                      pause=chosen.pause)
               for number in range(cluster.count * chosen.clients_per_node)]
    killer = Killer(cluster, chosen.kill_every, chosen.down, chosen.seed)
    began = time.monotonic()
    killer.start()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    took = time.monotonic() - began
    killer.end()
    return outcomes, killer.kills, took


def recoveries(kills, acknowledged_at):
    """Seconds from each death of a leader to the next acknowledgement of anything."""
    seconds = []
    for died, led in kills:
        later = [at - died for at in acknowledged_at if at > died + JUST_DECIDED]
        if led and later:
            seconds.append(min(later))
    return seconds


def figures(chosen, cluster, outcomes, kills, took):
    recovered = recoveries(kills, outcomes.acknowledged_at)
    complaints = list(outcomes.complaints)
    equal_after = None
    try:
        equal_after = cluster.wait_equal()
        complaints += check_store(cluster, outcomes)
        complaints += check_logs(cluster)
    except RuntimeError as trouble:
        complaints.append(str(trouble))
    broken = first_impossible_key(outcomes.registers)
    if broken:
        complaints.append(f"{broken} is not linearizable: {outcomes.registers[broken]}")
    statuses = [status for status in cluster.statuses().values() if status]
    in_doubt = len(outcomes.doubtful) + sum(doubt for _, doubt in outcomes.counters.values())
    in_doubt += sum(1 for history in outcomes.registers.values()
                    for operation in history if operation.returned == float("inf"))
    return {
        "acked": len(outcomes.latencies), "unknown": in_doubt, "retries": outcomes.retries,
        "kills": len(kills),
        "reads": len(outcomes.reads), "reads_failed": outcomes.reads_failed, "seconds": round(took, 1),
        "p50": percentile(outcomes.windows, 0.5), "p90": percentile(outcomes.windows, 0.9),
        "p99": percentile(outcomes.windows, 0.99), "max": max(outcomes.windows, default=None),
        "first_window_share": round(sum(w <= 1 for w in outcomes.windows) / max(1, len(outcomes.windows)), 3),
        "latency_p50_s": percentile(outcomes.latencies, 0.5),
        "latency_p90_s": percentile(outcomes.latencies, 0.9),
        "latency_p99_s": percentile(outcomes.latencies, 0.99),
        "latency_max_s": max(outcomes.latencies, default=None),
        "read_p50_s": percentile(outcomes.reads, 0.5), "read_p99_s": percentile(outcomes.reads, 0.99),
        "leader_kills": len(recovered), "recovery_p50_s": percentile(recovered, 0.5),
        "recovery_max_s": max(recovered, default=None), "equal_after_s": equal_after, "load": load(),
        "skipped_duplicates": max((status["skipped_duplicates"] for status in statuses), default=None),
        "last_index": max((status["applied_index"] for status in statuses), default=None),
        "ballots": max((int(status["ballot"].split(".")[0]) for status in statuses), default=None),
        "complaints": complaints,
    }


def check_store(cluster, outcomes):
    """What was acknowledged is at every node, once."""
    complaints = []
    for node in cluster.running():
        for key, value in outcomes.unique.items():
            found = cluster.ask(node, "GET", key)
            if found != value:
                complaints.append(f"n{node}: {key} was acknowledged as {value} and is {found}")
        for key, value in outcomes.doubtful.items():
            if cluster.ask(node, "GET", key) not in (None, value):
                complaints.append(f"n{node}: {key} is neither absent nor {value}")
        for key, (counted, doubt) in outcomes.counters.items():
            found = int(cluster.ask(node, "GET", key) or 0)
            if not counted <= found <= counted + doubt:
                complaints.append(f"n{node}: {key} is {found} after {counted} increments, {doubt} in doubt")
    return complaints


def check_logs(cluster):
    """The logs agree, entry by entry, where more than one node still has them."""
    complaints, shown = [], {}
    for node in cluster.running():
        status = cluster.status(node)
        first = max(status["first_index"], status["last_index"] - LOG_ROWS + 1)
        rows = cluster.ask(node, "NOD", "LOG", str(first), str(LOG_ROWS)) or []
        for row in rows:
            told = (row["kind"], row["token"], row["stamp_ms"], row["what"])
            if shown.setdefault(row["index"], told) != told:
                complaints.append(f"n{node}: index {row['index']} is {told}, elsewhere {shown[row['index']]}")
    if not shown:
        complaints.append("no node shows any log")
    return complaints

"""partial connectivity: links cut by pair, and how long until somebody leads who works

The cases are those of Omni-Paxos (EuroSys 2023, section 2), on real agents: a namespace each, nft dropping what a node
hears of those it has no link to. A case is over when every member that still has a way to a majority was answered a
command given after the cut.
  hub          n = 5: only the links of one member remain, and it does not lead
  constrained  n = 5: the leader is alone; the only member with links to a majority has a stale log
  line         n = 3 and 5: members in a row, the leader at one end
"""
import threading
import time

from .air import Air
from .cluster import Cluster, ask, connect
from .report import load, say, table

LIMIT = 10       # windows
SETTLING = 30    # windows before the cut, so that links are measured


def options(part):
    part.add_argument("--cases", nargs="+", choices=["hub", "constrained", "line"],
                      default=["hub", "constrained", "line"])
    part.add_argument("--period-ms", type=int, default=500)
    part.add_argument("--slot-us", type=int, default=4000)
    part.add_argument("--sync-gap-us", type=int, default=10000)
    part.add_argument("--rule", choices=["paxos", "raft"], default="paxos")


def run(chosen):
    wanted = {"hub": [("hub", 5)], "constrained": [("constrained", 5)], "line": [("line", 3), ("line", 5)]}
    rows = [one(chosen, name, nodes) for case in chosen.cases for name, nodes in wanted[case]]
    if not chosen.json:
        table(rows, ["case", "nodes", ("old", "led before"), ("hub", "in the middle"), ("new", "leads after"),
                     ("windows", "windows until all answered"), ("limit", "limit"), ("equal", "logs equal"), "load"])
    return rows, all(row["windows"] <= LIMIT and row["equal"] for row in rows)


def one(chosen, name, nodes):
    say(f"{name}, n={nodes}")
    roster = {"period_ms": chosen.period_ms, "slot_us": chosen.slot_us, "sync_gap_us": chosen.sync_gap_us,
              "election_rule": chosen.rule}
    with Air(nodes, 0) as air, Cluster(chosen, nodes, roster, air=air) as cluster:
        cluster.start_all(wait=False)
        cluster.wait_healthy(patience=120)
        cluster.ask(0, "SET", "first", "1")
        time.sleep(SETTLING * cluster.period)
        leader = cluster.await_leader()
        hub = (leader + nodes // 2) % nodes
        if name == "line":
            order = [(leader + step) % nodes for step in range(nodes)]
            pairs = list(zip(order, order[1:]))
            asked = order
        elif name == "hub":
            pairs = [(hub, other) for other in range(nodes) if other != hub]
            asked = list(range(nodes))
        else:
            make_stale(cluster, air, hub, leader)
            pairs = [(hub, other) for other in range(nodes) if other not in (hub, leader)]
            asked = [other for other in range(nodes) if other != leader]
        air.keep_only(pairs)
        windows = answered(cluster, asked)
        say(f"{name}, n={nodes}: all answered after {windows:.1f} windows")
        new = [node for node, status in cluster.statuses().items()
               if status and status["role"] == "leader" and node in asked]
        air.keep_only(None)
        cluster.wait_equal()
        return {"case": name, "nodes": nodes, "old": leader, "hub": hub, "new": new, "windows": windows,
                "limit": LIMIT, "equal": True, "load": load()}


def make_stale(cluster, air, hub, leader):
    """The hub hears nobody while three commands are decided without it."""
    air.keep_only([(a, b) for a in range(cluster.count) for b in range(a) if hub not in (a, b)])
    for _ in range(3):
        cluster.ask(leader, "INCR", "unseen")


def answered(cluster, asked):
    """Windows until a command given to each of `asked` at once is answered; more than the limit when one is not."""
    began = time.monotonic()
    patience = 3 * LIMIT * cluster.period
    ends = {}

    def give(node):
        while time.monotonic() - began < patience:
            connection = connect(cluster.socket(node), patience)
            try:
                ask(connection, "SET", f"partial-{node}", "1")
                ends[node] = time.monotonic()
                return
            except Exception:  # no answer in time: the same SET again changes nothing
                time.sleep(cluster.period / 4)
            finally:
                connection.disconnect()

    threads = [threading.Thread(target=give, args=(node,), daemon=True) for node in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience + 1)
    if len(ends) < len(asked):
        return 3.0 * LIMIT
    return (max(ends.values()) - began) / cluster.period

"""a million commands, one of three agents off for all of them: disk, memory, and how it catches up

redis-benchmark gives the commands to the leader. Sizes are taken after the first tenth and at the end: what
grows with the number of commands would show. Then the third agent starts, with the journal of before.
"""
import os
import time

from .bench import benchmark
from .cluster import Cluster
from .report import load, say, table

NODES, ABSENT = 3, 2


def options(part):
    part.add_argument("--commands", type=int, default=1_000_000)
    part.add_argument("--clients", type=int, default=50)
    part.add_argument("--pipeline", type=int, default=16)
    part.add_argument("--period-ms", type=int, default=100)
    part.add_argument("--cycles", type=int, default=64)
    part.add_argument("--slot-us", type=int, default=1000)
    part.add_argument("--sync-gap-us", type=int, default=2000)
    part.add_argument("--patience", type=float, default=600, metavar="SECONDS", help="for catching up")


def run(chosen):
    roster = {"period_ms": chosen.period_ms, "cycles": chosen.cycles, "slot_us": chosen.slot_us,
              "sync_gap_us": chosen.sync_gap_us}
    with Cluster(chosen, NODES, roster, local={"clients": max(64, chosen.clients + 8)}) as cluster:
        cluster.start_all()
        cluster.ask(0, "SET", "before", "1")
        cluster.wait_equal()
        rows = [sizes(cluster, "at the start")]
        cluster.stop(ABSENT)
        tenth = chosen.commands // 10
        began = time.monotonic()
        first = give(chosen, cluster, tenth)
        rows.append(sizes(cluster, f"after {tenth:,}"))
        rest = give(chosen, cluster, chosen.commands - tenth)
        took = time.monotonic() - began
        rows.append(sizes(cluster, f"after {chosen.commands:,}"))
        say(f"{chosen.commands:,} commands in {took:.0f} s; the third agent starts")
        caught = catch_up(chosen, cluster)
        rows.append(sizes(cluster, "all three again"))
    figures = {"rows": rows, "seconds": took, "rate_first_tenth": first["rate"], "rate_rest": rest["rate"],
               "catch_up": caught, "load": load()}
    if not chosen.json:
        table(rows, ["when", "node", ("applied", "applied"), ("state_bytes", "bytes on disk"),
                     ("files", "files"),
                     ("resident_kib", "resident KiB"), ("peak_kib", "peak KiB"),
                     ("written_per_command", "written B/command"), ("syncs", "syncs"), "load"])
        print(f"{chosen.commands:,} commands in {took:.0f} s: {first['rate']:.0f}/s in the first tenth, "
              f"{rest['rate']:.0f}/s after it")
        print(f"caught up after {caught['seconds']:.2f} s: {caught['bytes_heard']:,} bytes sent to it in "
              f"{caught['frames']:,} frames, {caught['snapshots']} snapshot, digests equal")
    bounded = rows[-1]["peak_kib"] <= 2 * max(row["peak_kib"] for row in rows[:NODES]) + 8192
    return figures, bounded


def give(chosen, cluster, commands):
    leader = cluster.await_leader()
    result = benchmark(chosen, cluster.socket(leader), commands, chosen.clients, chosen.pipeline)
    say(f"{commands:,} commands: {result['rate']:.0f}/s")
    return result


def sizes(cluster, when):
    """The largest of each figure over the agents that run."""
    row = {"when": when, "load": load(), "node": "largest", "applied": 0, "state_bytes": 0, "files": 0,
           "resident_kib": 0, "peak_kib": 0, "syncs": 0, "written_per_command": 0.0}
    for node, status in cluster.statuses().items():
        files = [os.path.join(cluster.state(node), name) for name in os.listdir(cluster.state(node))]
        seen = {"applied": status["applied_index"], "syncs": status["journal_syncs"], "files": len(files),
                "state_bytes": sum(os.stat(file).st_blocks * 512 for file in files),
                "resident_kib": cluster.memory(node), "peak_kib": cluster.memory(node, "VmHWM"),
                "written_per_command": status["journal_written_bytes"] / max(1, status["applied_index"])}
        for key, value in seen.items():
            row[key] = max(row[key], value)
    return row


def catch_up(chosen, cluster):
    others = [node for node in range(NODES) if node != ABSENT]
    before = {node: cluster.status(node) for node in others}
    began = time.monotonic()
    cluster.start(ABSENT)
    while not cluster.status(ABSENT):
        time.sleep(0.01)
    cluster.wait_equal(patience=chosen.patience)
    took = time.monotonic() - began
    after = {node: cluster.status(node) for node in others}
    snapshots = cluster.status(ABSENT)["snapshots_installed"]
    say(f"caught up after {took:.2f} s")
    return {"seconds": took, "snapshots": snapshots,
            "bytes_heard": sum(after[node]["bytes_sent"] - before[node]["bytes_sent"] for node in others),
            "frames": sum(after[node]["frames_sent"] - before[node]["frames_sent"] for node in others)}

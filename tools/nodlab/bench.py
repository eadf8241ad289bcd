"""decided commands a second: three agents on loopback, redis-benchmark with 64-byte values

Every SET is decided by a quorum and synced to its disk before it is acknowledged. The median of the runs is
given, on the leader and on a follower, with what the cycles and the disk did meanwhile.
"""
import csv
import os
import subprocess
import time

from .cluster import Cluster, as_realtime
from .report import load, say, table

NODES = 3


def options(part):
    part.add_argument("--clients", type=int, default=50)
    part.add_argument("--requests", type=int, default=20000, help="commands of one run")
    part.add_argument("--runs", type=int, default=3)
    part.add_argument("--period-ms", type=int, default=100)
    part.add_argument("--cycles", type=int, default=64)
    part.add_argument("--slot-us", type=int, nargs="+", default=[0],
                      help="0: the profile's; several: each in turn")
    part.add_argument("--sync-gap-us", type=int, nargs="+", default=[5000], help="several: each in turn")
    part.add_argument("--pipeline", type=int, default=1, help="commands that each client has under way")
    part.add_argument("--on", choices=["leader", "follower"], nargs="+", default=["leader", "follower"])
    part.add_argument("--wait-quiet", type=float, default=0, metavar="SECONDS",
                      help="wait up to this long for a load below 0.5 before each run")


def run(chosen):
    rows = []
    for slot in chosen.slot_us:
        for gap in chosen.sync_gap_us:
            rows += setting(chosen, slot, gap)
    if not chosen.json:
        table(rows, [("slot_us", "slot us"), ("sync_gap_us", "sync gap us"), "on", ("rate", "commands/s"),
                     ("lowest", "lowest"), ("highest", "highest"), ("p50_ms", "ms p50"), ("p99_ms", "ms p99"),
                     ("rounds", "rounds/s"), ("per_round", "commands/round"), ("syncs", "syncs/s of leader"),
                     ("last_sync_us", "sync us"), ("cpu", "CPU of 3 agents"), ("load", "load before")])
    return rows, all(row["rate"] for row in rows)


def setting(chosen, slot, gap):
    roster = {"period_ms": chosen.period_ms, "cycles": chosen.cycles, "slot_us": slot, "sync_gap_us": gap}
    with Cluster(chosen, NODES, roster, local={"clients": max(64, chosen.clients + 8)}) as cluster:
        cluster.start_all()
        rows = []
        for where in chosen.on:
            results = []
            for _ in range(chosen.runs):
                wait_quiet(chosen.wait_quiet)
                results.append(one(chosen, cluster, where))
                say(f"slot {slot} us, gap {gap} us, {where}: {results[-1]['rate']:.0f} commands/s "
                    f"(load {results[-1]['load']})")
            results.sort(key=lambda result: result["rate"])
            middle = results[len(results) // 2]
            rows.append({"slot_us": slot, "sync_gap_us": gap, "on": where, "lowest": results[0]["rate"],
                         "highest": results[-1]["rate"],
                         "loads": [result["load"] for result in results], **middle})
        cluster.wait_equal()
        return rows


def wait_quiet(patience):
    until = time.monotonic() + patience
    while load() > 0.5 and time.monotonic() < until:
        time.sleep(5)


def benchmark(chosen, socket, requests, clients, pipeline):
    """redis-benchmark's own figures: commands a second, and milliseconds a command took."""
    done = subprocess.run(
        ["redis-benchmark", "-s", socket, "-t", "set", "-d", "64", "-c", str(clients), "-n", str(requests),
         "-P", str(pipeline), "-r", "1000", "--csv"],
        capture_output=True, text=True, preexec_fn=as_realtime if chosen.realtime else None)
    rows = [row for row in csv.DictReader(line for line in done.stdout.splitlines() if line.startswith('"'))]
    if done.returncode != 0 or not rows:
        raise RuntimeError(f"redis-benchmark: {done.stdout[-300:]} {done.stderr[-300:]}")
    return {"rate": float(rows[0]["rps"]), "p50_ms": float(rows[0]["p50_latency_ms"]),
            "p99_ms": float(rows[0]["p99_latency_ms"])}


def one(chosen, cluster, where):
    leader = cluster.await_leader()
    node = leader if where == "leader" else (leader + 1) % NODES
    before, began, busy = cluster.statuses(), time.monotonic(), load()
    result = benchmark(chosen, cluster.socket(node), chosen.requests, chosen.clients, chosen.pipeline)
    took = time.monotonic() - began
    after = cluster.statuses()
    moved = {key: sum(after[n][key] - before[n][key] for n in after)
             for key in ("frames_sent", "cpu_us", "bytes_sent")}
    led = {key: after[leader][key] - before[leader][key] for key in ("journal_syncs", "frames_sent")}
    # A follower may know of a decision, and tell its client, before the leader does.
    decided = max(each["applied_index"] for each in after.values()) - max(
        each["applied_index"] for each in before.values())
    rounds = led["journal_syncs"]
    if decided < chosen.requests:
        raise RuntimeError(f"{chosen.requests} acknowledged, {decided} decided")
    return dict(result, rounds=rounds / took, per_round=decided / max(1, rounds),
                syncs=led["journal_syncs"] / took, frames=moved["frames_sent"] / took,
                leader_frames=led["frames_sent"] / took, bytes_per_command=moved["bytes_sent"] / decided,
                last_sync_us=after[leader]["last_sync_us"], slowest_sync_us=after[leader]["slowest_sync_us"],
                cpu=moved["cpu_us"] / 1e6 / took, load=busy, processors=os.cpu_count(),
                load_ended=load())

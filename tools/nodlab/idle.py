"""what doing nothing costs: radio, wake-ups, CPU, memory and disk of three idle agents

Wake-ups are voluntary context switches as the kernel counts them in /proc/PID/status (of all threads), so the
agents are not asked anything meanwhile.
"""
import os
import time

from .cluster import Cluster
from .report import load, say, table

NODES = 3


def options(part):
    part.add_argument("--seconds", type=float, default=300)
    part.add_argument("--period-ms", type=int, default=1000)
    part.add_argument("--slot-us", type=int, default=0)
    part.add_argument("--sync-gap-us", type=int, default=5000)
    part.add_argument("--full-every", type=int, default=16)


def run(chosen):
    roster = {"period_ms": chosen.period_ms, "slot_us": chosen.slot_us, "sync_gap_us": chosen.sync_gap_us,
              "full_every": chosen.full_every}
    with Cluster(chosen, NODES, roster) as cluster:
        cluster.start_all()
        cluster.ask(0, "SET", "first", "1")
        time.sleep(20 * cluster.period)
        say(f"idle for {chosen.seconds:.0f} s")
        before, began = cluster.statuses(), time.monotonic()
        switches = {node: wake_ups(cluster, node) for node in before}
        time.sleep(chosen.seconds)
        switched = {node: wake_ups(cluster, node) - switches[node] for node in before}
        after, took = cluster.statuses(), time.monotonic() - began
        rows = [figures(cluster, node, before[node], after[node], switched[node], took) for node in before]
    if not chosen.json:
        table(rows, ["node", "role", ("windows", "windows"), ("radio_permille", "radio on o/oo"),
                     ("radio_ms_window", "radio ms/window"), ("wakeups_window", "wake-ups/window"),
                     ("wakeups_second", "wake-ups/s"), ("frames_window", "frames/window"),
                     ("bytes_window", "bytes/window"), ("cpu_permille", "CPU o/oo"),
                     ("cpu_us_window", "CPU us/window"), ("resident_kib", "resident KiB"),
                     ("private_kib", "of it private"), ("syncs", "syncs"), ("written", "bytes written"),
                     ("missed", "beacons missed"), "load"])
    return rows, all(row["changed_leader"] is False for row in rows)


def wake_ups(cluster, node):
    total = 0
    tasks = f"/proc/{cluster.processes[node].pid}/task"
    for task in os.listdir(tasks):
        with open(f"{tasks}/{task}/status") as status:
            total += sum(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt"))
    return total


def figures(cluster, node, before, after, switches, took):
    moved = {key: after[key] - before[key] for key, value in after.items() if type(value) is int}
    windows = max(1, moved["windows_seen"])
    return {
        "node": after["name"], "role": after["role"], "windows": moved["windows_seen"], "seconds": took,
        "radio_permille": moved["radio_on_us"] / took / 1000,
        "radio_ms_window": moved["radio_on_us"] / windows / 1000,
        "wakeups_window": switches / windows, "wakeups_second": switches / took,
        "frames_window": moved["frames_sent"] / windows, "bytes_window": moved["bytes_sent"] / windows,
        "cpu_permille": moved["cpu_us"] / took / 1000, "cpu_us_window": moved["cpu_us"] / windows,
        "resident_kib": cluster.memory(node),
        "private_kib": cluster.memory(node, "RssAnon"), "syncs": moved["journal_syncs"],
        "written": moved["journal_written_bytes"], "missed": moved["beacons_missed"],
        "guard_us": after["guard_us"], "load": load(),
        "changed_leader": before["leader"] != after["leader"],
    }

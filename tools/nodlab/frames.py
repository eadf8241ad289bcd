"""frames that one command costs on the air, against the lower bound

One command in a window, given to the leader shortly before it, and then quiet windows. Everything is counted
on the bridge, before any loss: a frame to n-1 peers counts once.
  in window      every frame of the command's window. The leader's beacon is sent anyway, and carries the
                 accept: so this is what the bound F_c = 1/(1-p^(n-1)) + (q-2) + 1/(1-p) speaks of
  caused         in window, and what the quiet windows after it hold beyond the beacons that idle windows hold
  above beacon   caused, less the one beacon that the command's window would have had without it
The nodes' own count (frames_sent) and the capture's datagrams / (n-1) stand beside it, for the whole run.
Full windows, in which everybody speaks anyway, are left out, and so are windows in which the leader changed.
"""
import time

from .air import Air, Capture
from .cluster import Cluster, ask, connect
from .report import load, mean, percentile, say, table

FULL_EVERY = 256
GIVE_EARLY = (0.02, 0.12)   # seconds before the leader wakes that a command is given


def options(part):
    part.add_argument("--nodes", type=int, nargs="+", default=[3, 5])
    part.add_argument("--loss", type=int, nargs="+", default=[0, 30], metavar="PERCENT")
    part.add_argument("--commands", type=int, default=100)
    part.add_argument("--quiet", type=int, default=2, help="windows without a command after each")
    part.add_argument("--settle", type=int, default=100, metavar="WINDOWS", help="before the first command")
    part.add_argument("--period-ms", type=int, default=500)
    part.add_argument("--slot-us", type=int, default=4000)
    part.add_argument("--sync-gap-us", type=int, default=10000)
    part.add_argument("--via", choices=["leader", "follower"], default="leader",
                      help="who is given the commands")


def bound(nodes, loss):
    quorum = nodes // 2 + 1
    return 1 / (1 - loss ** (nodes - 1)) + (quorum - 2) + 1 / (1 - loss)


def run(chosen):
    rows = [one(chosen, nodes, loss) for nodes in chosen.nodes for loss in chosen.loss]
    if not chosen.json:
        table(rows, ["nodes", ("loss", "loss %"), "commands", ("bound", "F_c"), ("in_window", "in window"),
                     ("in_window_p99", "p99"), "caused", ("caused_per_bound", "caused / F_c"),
                     ("above_beacon", "above beacon"), ("bytes", "bytes caused"),
                     ("idle", "idle frames/window"),
                     ("same_window", "same window"), ("own_count", "frames_sent"),
                     ("captured", "captured"), ("by_datagrams", "datagrams/(n-1)"), "load"])
        for row in rows:
            told = ", ".join(f"{leader:.2f} + {others:.2f}" for leader, others in
                             zip(row["leader_by_window"], row["others_by_window"]))
            print(f"n={row['nodes']}, loss {row['loss']} %: leader + others, window by window: {told}")
    return rows, all(row["counts_agree"] for row in rows)


def one(chosen, nodes, loss):
    say(f"n={nodes}, loss {loss} %: {chosen.commands} commands, one at a time")
    roster = {"period_ms": chosen.period_ms, "slot_us": chosen.slot_us, "sync_gap_us": chosen.sync_gap_us,
              "full_every": FULL_EVERY}
    with Air(nodes, loss) as air, Cluster(chosen, nodes, roster, air=air) as cluster, Capture(air) as capture:
        cluster.start_all(wait=False)
        cluster.wait_healthy(patience=120)
        cluster.ask(0, "SET", "first", "1")
        time.sleep(chosen.settle * cluster.period)  # nobody has to tell its start salt any more, and links are measured
        quiet_moment(cluster)
        begin = time.monotonic()
        before = own_count(cluster)
        radio, since = radio_on(cluster), time.monotonic()
        samples = [probe(chosen, cluster, capture) for _ in range(chosen.commands)]
        samples = [sample for sample in samples if sample]
        radio, since = radio_on(cluster) - radio, time.monotonic() - since
        idle = idle_windows(chosen, cluster, capture)
        quiet_moment(cluster)
        after = own_count(cluster)
        end = time.monotonic()
        return figures(chosen, nodes, loss, samples, idle, {
            "own_count": after - before, "captured": len(capture.frames(begin, end)),
            "datagrams": capture.datagram_count(begin, end), "radio_share": radio / since / nodes})


def own_count(cluster):
    return sum(status["frames_sent"] for status in cluster.statuses().values())


def radio_on(cluster):
    """Seconds that the radios of all nodes together have been on."""
    return sum(status["radio_on_us"] for status in cluster.statuses().values()) / 1e6


def quiet_moment(cluster):
    """Sleeps into the stretch between two windows."""
    node = cluster.leader()
    if node is not None:
        time.sleep(max(0, cluster.status(node)["next_wake_us"] / 1e6 - 0.05))
    time.sleep(cluster.period / 2)


def probe(chosen, cluster, capture):
    """One command: the frames of its window and of the quiet ones after it; None if it does not count."""
    leader = cluster.leader()
    if leader is None:
        time.sleep(cluster.period)
        return None
    given_to = leader if chosen.via == "leader" else (leader + 1) % cluster.count
    connection = connect(cluster.socket(given_to))
    try:
        wait_for_window(cluster, connection)
        status = ask(connection, "NOD", "STATUS")
        given = time.monotonic()
        window = status["window"] + 1
        ask(connection, "INCR", "probe")
        answered = time.monotonic()
        split = given + 0.7 * cluster.period
        end = split + chosen.quiet * cluster.period
        time.sleep(max(0, end - time.monotonic()) + 0.01)
        after = ask(connection, "NOD", "STATUS")
    finally:
        connection.disconnect()
    if any(w % FULL_EVERY == 0 for w in range(window, after["window"] + 1)) or cluster.leader() != leader:
        return None
    first, later = capture.frames(given, split), capture.frames(split, end)
    by_window = []
    for at in range(chosen.quiet + 1):
        begin = given if at == 0 else split + (at - 1) * cluster.period
        sent = capture.frames(begin, split + at * cluster.period)
        by_leader = sum(each.source == leader for each in sent)
        by_window.append((by_leader, len(sent) - by_leader))
    return {"first": len(first), "later": len(later), "same_window": answered < split, "by_window": by_window,
            "first_bytes": sum(len(sent.payload) for sent in first),
            "later_bytes": sum(len(sent.payload) for sent in later)}


def wait_for_window(cluster, connection):
    """Until the node is about to wake."""
    least, most = GIVE_EARLY
    while True:
        left = ask(connection, "NOD", "STATUS")["next_wake_us"] / 1e6
        if least <= left <= most:
            return
        time.sleep(left - most + 0.01 if left > most else max(least, left))


def idle_windows(chosen, cluster, capture):
    """Frames and bytes of windows in which nothing is asked: (frames, bytes) for each."""
    leader = cluster.leader()
    connection = connect(cluster.socket(leader if leader is not None else 0))
    idle = []
    try:
        for _ in range(chosen.commands):
            wait_for_window(cluster, connection)
            begin = time.monotonic()
            time.sleep(0.7 * cluster.period)
            if ask(connection, "NOD", "STATUS")["window"] % FULL_EVERY:
                seen = capture.frames(begin, begin + 0.7 * cluster.period)
                idle.append((len(seen), sum(len(sent.payload) for sent in seen)))
    finally:
        connection.disconnect()
    return idle


def figures(chosen, nodes, loss, samples, idle, counts):
    idle_frames, idle_bytes = mean([frames for frames, _ in idle]), mean([size for _, size in idle])
    caused = [sample["first"] + sample["later"] - chosen.quiet * idle_frames for sample in samples]
    sizes = [sample["first_bytes"] + sample["later_bytes"] - chosen.quiet * idle_bytes for sample in samples]
    least = bound(nodes, loss / 100)
    row = {
        "nodes": nodes, "loss": loss, "via": chosen.via, "commands": len(samples), "bound": least,
        "in_window": mean([sample["first"] for sample in samples]),
        "in_window_p50": percentile([sample["first"] for sample in samples], 0.5),
        "in_window_p99": percentile([sample["first"] for sample in samples], 0.99),
        "caused": mean(caused), "caused_per_bound": mean(caused) / least,
        "above_beacon": mean(caused) - idle_frames, "bytes": mean(sizes), "idle": idle_frames,
        "idle_bytes": idle_bytes, "same_window": mean([float(sample["same_window"]) for sample in samples]),
        "by_datagrams": counts["datagrams"] / (nodes - 1), "load": load(), **counts,
    }
    row["leader_by_window"] = [mean([sample["by_window"][at][0] for sample in samples])
                               for at in range(chosen.quiet + 1)]
    row["others_by_window"] = [mean([sample["by_window"][at][1] for sample in samples])
                               for at in range(chosen.quiet + 1)]
    row["counts_agree"] = (abs(row["own_count"] - row["captured"]) <= 1
                           and row["captured"] == row["by_datagrams"])
    say(f"n={nodes}, loss {loss} %: {row['in_window']:.2f} frames in the window, F_c {least:.2f}")
    return row

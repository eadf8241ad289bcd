"""the simulator beside real agents: what a command costs, told by both

The same commands at the same times: one at the leader in every third window, at no loss and with frames lost at
random at each receiver. Real agents run in namespaces and are captured on the bridge; the simulator's figures are
those of `nodctl bench real`. Frames in the command's window (its beacon included), frames and bytes that it caused in
all, the share decided in its own window, and the share of its time that a node's radio is on, with the ratio of the
two. A tenth apart at most, or it fails.
"""
import json
import os
import subprocess

from . import frames
from .report import say, table

APART = 0.10


def options(part):
    frames.options(part)
    part.set_defaults(loss=[0, 10, 30])


def run(chosen):
    told = subprocess.run([os.path.join(chosen.bin, "nodctl"), "bench", "real", "--json"],
                          capture_output=True, text=True, check=True)
    simulated = {}
    for line in told.stdout.splitlines():
        row = json.loads(line)
        simulated[int(row["nodes"]), round(float(row["loss"]) * 100)] = row
    rows = []
    for nodes in chosen.nodes:
        for loss in chosen.loss:
            real = frames.one(chosen, nodes, loss)
            rows += beside(real, simulated[nodes, loss])
            say(f"n={nodes}, loss {loss} %: in all {real['caused']:.2f} real, "
                f"{float(simulated[nodes, loss]['caused']):.2f} simulated")
    if not chosen.json:
        table(rows, ["nodes", ("loss", "loss %"), "figure", "simulated", "real", ("ratio", "real / simulated"),
                     ("commands", "commands"), "close"])
    return rows, all(row["close"] for row in rows)


def beside(real, simulated):
    pairs = [("frames in the window", float(simulated["in_window"]), real["in_window"]),
             ("frames caused", float(simulated["caused"]), real["caused"]),
             ("bytes caused", float(simulated["bytes"]), real["bytes"]),
             ("decided in it, %", float(simulated["same_window_%"]), real["same_window"] * 100),
             ("radio on, %", float(simulated["radio_on_%"]), real["radio_share"] * 100)]
    return [{"nodes": real["nodes"], "loss": real["loss"], "figure": name, "simulated": before, "real": after,
             "ratio": after / before, "commands": real["commands"], "close": abs(after / before - 1) <= APART}
            for name, before, after in pairs]

"""What agents tell of themselves: every field that docs/diagnostics.md explains is there and no other, traces of sender
and receiver fit together, a member is seen through the radio, and `why` names the true cause.
"""

import re
import time
import unittest

import redis
from fixture import PATIENCE, PERIOD_MS, BINARIES, ROOT, ClusterTest, LocalCluster, ReplyError, until

DOCUMENT = ROOT / "docs/diagnostics.md"
EVENTS = ROOT / "docs/performance.md"


def pairs(flat):
    return dict(zip(flat[::2], flat[1::2]))


def ask(node, *words):
    answer = node.call("NOD", *words)
    return [pairs(row) for row in answer] if answer and isinstance(answer[0], list) else pairs(answer)


def documented(heading):
    """The names in the first columns of the tables under a heading of the second order."""
    text = DOCUMENT.read_text()
    part = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def documented_events():
    """The fields of each kind of event."""
    part = EVENTS.read_text().split("\n## Every event\n", 1)[1]
    fields = {}
    for line in part.splitlines():
        if line.startswith("| `"):
            columns = line.split("|")
            for kind in re.findall(r"`(\w+)`", columns[1]):
                fields[kind] = set(re.findall(r"`(\w+)`", columns[2]))
    return fields


class Diagnostics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = LocalCluster(BINARIES, period_ms=PERIOD_MS, drop_percent=30, timeout_ms=20_000)
        cls.addClassCleanup(cls.cluster.close)
        cls.cluster.start()
        cls.leader = cls.cluster.wait_leader(PATIENCE)
        cls.followers = [node for node in cls.cluster if node is not cls.leader]
        for number in range(3):
            with redis.Redis(unix_socket_path=str(cls.followers[0].socket), socket_timeout=30) as client:
                client.set(f"key/{number}", "value")

    def test_every_field_of_a_status_is_explained_and_no_other(self):
        for node in self.cluster:
            self.assertEqual(set(ask(node, "STATUS")), documented("NOD STATUS"))

    def test_every_field_of_the_tables_is_explained_and_no_other(self):
        for word in ("PEERS", "LINKS", "LOG"):
            for row in ask(self.leader, word):
                self.assertEqual(set(row), documented(f"NOD {word}"), word)

    def test_every_line_of_info_is_explained_and_no_other(self):
        lines = self.leader.call("INFO").splitlines()
        found = {line.split(":")[0] for line in lines if ":" in line}
        self.assertEqual(found, documented("NOD STATUS") | documented("INFO"))

    def test_every_field_of_an_event_is_explained(self):
        always = {"t", "node", "window", "kind", "seq"}
        known = documented_events()
        self.assertEqual(self.leader.call("SET", "traced", "1"), "OK")
        trace = ask(self.leader, "TRACE", max(0, ask(self.leader, "TRACE")["next"] - 250), 1024)
        self.assertEqual(set(trace), documented("NOD TRACE"))
        kinds = set()
        for event in map(pairs, trace["events"]):
            kinds.add(event["kind"])
            own = set(event) - always - {"clock"}
            allowed = known[event["kind"]] | ({"count"} if event["kind"] == "missed" else set())
            self.assertLessEqual(own, allowed, event)
            if event["kind"] not in ("missed", "submitted"):
                self.assertEqual(own, known[event["kind"]], event)
        self.assertGreaterEqual(kinds, {"radio", "sent", "heard", "lost", "synced", "accepted", "vote", "decided",
                                        "submitted", "answered"})

    def test_a_trace_goes_on_where_it_ended(self):
        first = ask(self.leader, "TRACE", 0, 5)
        oldest = first["lost"]
        self.assertEqual([pairs(event)["seq"] for event in first["events"]], list(range(oldest, oldest + 5)))
        recent = ask(self.leader, "TRACE", ask(self.leader, "TRACE")["next"] - 8, 5)
        self.assertEqual(recent["lost"], 0)
        second = ask(self.leader, "TRACE", recent["next"], 3)
        self.assertEqual(pairs(second["events"][0])["seq"], pairs(recent["events"][-1])["seq"] + 1)
        end = ask(self.leader, "TRACE")["next"]
        self.assertEqual(ask(self.leader, "TRACE", end + 1000)["events"], [])

    def test_frames_have_one_number_at_sender_and_receivers(self):
        slots = {node: node.status()["slot"] for node in self.cluster}
        time.sleep(4 * PERIOD_MS / 1000)
        events = {node: [pairs(event) for event in self.everything(node)] for node in self.cluster}
        sent = {}
        for node, own in events.items():
            for event in own:
                if event["kind"] == "sent":
                    sent[event["frame"]] = (slots[node], event)
        matched = lost = 0
        for own in events.values():
            for event in own:
                if event["kind"] in ("heard", "lost") and event["frame"] in sent:
                    sender, frame = sent[event["frame"]]
                    self.assertEqual(event["from"], sender)
                    if event["kind"] == "heard":
                        self.assertEqual((event["bytes"], event["says"]), (frame["bytes"], frame["says"]))
                        self.assertLess(abs(event["t"] - frame["t"]), PERIOD_MS * 1000, (event, frame))
                    matched += event["kind"] == "heard"
                    lost += event["kind"] == "lost"
        self.assertGreater(matched, 5)
        self.assertGreater(lost, 0)

    def everything(self, node):
        events, number = [], 0
        while True:
            trace = ask(node, "TRACE", number, 1024)
            events += trace["events"]
            if not trace["events"]:
                return events
            number = trace["next"]

    def test_an_entry_tells_who_proposed_it_and_when(self):
        row = [row for row in ask(self.leader, "LOG", 1, 100) if row["kind"] == "command"][-1]
        self.assertEqual(row["from"], self.followers[0].name)
        self.assertIn(row["proposer"], [node.name for node in self.cluster])
        self.assertEqual(row["windows"], row["decided_window"] - row["seen_window"] + 1)

    def test_everybody_knows_who_hears_whom(self):
        def complete():
            rows = ask(self.leader, "LINKS")
            return rows if all(row["said_windows_ago"] is not None for row in rows) else None

        for row in until(complete, PATIENCE, "a row of every member"):
            self.assertIsNone(row["hears"][row["slot"]])
            self.assertIsNone(row["loss_permille"][row["slot"]])
            self.assertEqual(sum(heard == 1 for heard in row["hears"]), 2, row)
        for peer in ask(self.leader, "PEERS"):
            self.assertEqual(peer["version"], self.leader.status()["version"])

    def test_a_member_is_seen_through_the_radio_at_loss(self):
        for node in (self.leader, self.followers[0]):
            for target in self.cluster:
                if target is node:
                    continue
                told = ask(node, "VIA", target.name, "STATUS")
                self.assertEqual(set(told) - {"asked_windows"}, set(told) & documented("NOD STATUS"))
                self.assertEqual((told["name"], told["key_epoch"]), (target.name, 1))
                self.assertEqual(told["role"], target.status()["role"])
                self.assertGreaterEqual(told["asked_windows"], 1)

    def test_tables_come_through_the_radio_too(self):
        node, target = self.followers
        rows = ask(node, "VIA", target.status()["slot"], "PEERS")
        self.assertEqual({row["name"] for row in rows}, {self.leader.name, node.name})
        self.assertLessEqual(set(rows[0]), documented("NOD PEERS"))
        rows = ask(node, "VIA", target.name, "LOG", 1)
        self.assertEqual([row["index"] for row in rows][:3], [1, 2, 3])
        self.assertLessEqual(set(rows[0]), documented("NOD LOG"))

    def test_what_cannot_be_asked_through_the_radio_is_refused(self):
        for words, answer in ((("nobody", "STATUS"), "no such member"), ((self.leader.name, "STATUS"), "this node"),
                              ((self.followers[0].name, "KEYS"), "unknown subcommand")):
            with self.assertRaisesRegex(ReplyError, answer):
                self.leader.call("NOD", "VIA", *words)


class Causes(ClusterTest):
    def test_a_member_that_does_not_answer_is_given_up(self):
        cluster = self.started(timeout_ms=1500)
        cluster[2].kill()
        with self.assertRaisesRegex(ReplyError, "^TIMEOUT the member has not answered"):
            cluster[0].call("NOD", "VIA", "n3", "STATUS")

    def test_keys_that_differ_are_named_with_the_slot(self):
        own = self.make()
        other = self.make(addresses=own.addresses)
        own[0].start()
        other[1].start()
        other[2].start()
        until(lambda: (other[1].status() or {}).get("healthy") == 1, PATIENCE, "the other two to be a quorum")
        why = until(lambda: re.search("slot [12] do not open: keys or rosters differ",
                                      (own[0].status() or {}).get("why") or ""), PATIENCE, "the cause to be named")
        self.assertTrue(why)
        self.assertNotEqual(own[0].status()["key_id"], other[1].status()["key_id"])
        self.assertEqual(other[1].status()["key_id"], other[2].status()["key_id"])

    def test_a_node_that_hears_nobody_says_so(self):
        cluster = self.make()
        cluster[0].start()
        until(lambda: "no grid yet" in ((cluster[0].status() or {}).get("why") or ""), PATIENCE, "no grid")
        until(lambda: "0 of 2 peers heard lately, 1 needed" in ((cluster[0].status() or {}).get("why") or ""), PATIENCE,
              "no leader")

    def test_the_battery_is_told_to_the_others(self):
        cluster = self.make()
        gauge = cluster[1].directory / "battery"
        gauge.write_text("87\n")
        text = cluster[1].configuration.read_text()
        cluster[1].configuration.write_text(text.replace("[node]", f"[node]\nbattery_file = {gauge}", 1))
        cluster.start()
        leader = cluster.wait_leader(PATIENCE)
        self.assertEqual(cluster[1].status()["battery_percent"], 87)
        other = cluster[0]
        until(lambda: {row["name"]: row["battery_percent"] for row in ask(other, "PEERS")}["n2"] == 87, PATIENCE,
              f"n1 to know the battery of n2 (leader {leader.name})")


if __name__ == "__main__":
    unittest.main()

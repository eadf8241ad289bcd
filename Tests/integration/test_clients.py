"""Real Redis clients at real agents: redis-cli and redis-py on every node, every word of the local interface, and the
words that Redis has not. One cluster serves all tests of a class; each test has keys of its own.
"""

import os
import socket
import stat
import subprocess
import threading
import time
import unittest

import redis
from fixture import PATIENCE, PERIOD_MS, BINARIES, LocalCluster, until


def redis_py(node, protocol=2):
    return redis.Redis(unix_socket_path=str(node.socket), decode_responses=True, protocol=protocol, socket_timeout=30)


def redis_cli(node, *words):
    done = subprocess.run(["redis-cli", "-s", node.socket, *words], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=30)
    return done.stdout.rstrip("\n")


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = LocalCluster(BINARIES, period_ms=PERIOD_MS)
        cls.addClassCleanup(cls.cluster.close)
        cls.cluster.start()
        cls.leader = cls.cluster.wait_leader(PATIENCE)
        cls.followers = [node for node in cls.cluster if node is not cls.leader]

    def at_each_node(self, body):
        for node in self.cluster:
            with self.subTest(node=node.name), redis_py(node) as client:
                body(node, client)

    def refused(self, what, client, *words):
        with self.assertRaises(redis.ResponseError) as caught:
            client.execute_command(*words)
        self.assertIn(what, str(caught.exception))

    # What every client library does

    def test_redis_cli_writes_and_reads_at_every_node(self):
        for node in self.cluster:
            with self.subTest(node=node.name):
                self.assertEqual(redis_cli(node, "PING"), "PONG")
                self.assertEqual(redis_cli(node, "SET", f"cli/{node.name}", "open"), "OK")
                self.assertEqual(redis_cli(node, "GET", f"cli/{node.name}"), "open")
                self.assertIn("nod_version:", redis_cli(node, "INFO", "server"))

    def test_redis_cli_understands_resp3(self):
        self.assertIn("healthy", redis_cli(self.leader, "-3", "NOD", "STATUS"))

    def test_a_write_at_one_node_is_read_at_the_others(self):
        def body(node, client):
            client.set(f"everywhere/{node.name}", "yes")
            for other in self.cluster:
                self.assertEqual(other.call("NOD", "READ", f"everywhere/{node.name}"), "yes")

        self.at_each_node(body)

    def test_every_word_for_strings(self):
        def body(node, client):
            key = f"strings/{node.name}"
            say = client.execute_command
            self.assertTrue(say("SET", key, "a"))
            self.assertIsNone(say("SET", key, "b", "NX"))
            self.assertTrue(say("SET", key, "b", "XX"))
            self.assertIsNone(say("SET", key, "c", "IFEQ", "a"))
            self.assertTrue(say("SET", key, "c", "IFEQ", "b"))
            self.assertEqual(client.set(key, "d", get=True), "c")
            self.assertEqual(say("GET", key), "d")
            self.assertEqual(say("STRLEN", key), 1)
            self.assertEqual(say("DELEX", key, "IFEQ", "a"), 0)
            self.assertEqual(say("DELEX", key, "IFEQ", "d"), 1)
            self.assertIsNone(say("GET", key))
            self.assertEqual(say("INCR", key), 1)
            self.assertEqual(say("INCRBY", key, 41), 42)
            self.assertEqual(say("DECR", key), 41)
            self.assertEqual(say("DECRBY", key, 1), 40)
            self.assertEqual(say("EXISTS", key, key, "strings/none"), 2)
            self.assertEqual(say("DEL", key, "strings/none"), 1)

        self.at_each_node(body)

    def test_every_word_for_keys(self):
        def body(node, client):
            key = f"keys/{node.name}"
            say = client.execute_command
            say("SET", key, "x", "EX", 100)
            self.assertIn(say("TTL", key), range(95, 101))
            self.assertIn(say("PTTL", key), range(95_000, 100_001))
            self.assertTrue(say("PERSIST", key))
            self.assertEqual(say("TTL", key), -1)
            self.assertTrue(say("EXPIRE", key, 50))
            self.assertTrue(say("PEXPIRE", key, 60_000))
            self.assertIn(say("TTL", key), range(55, 61))
            self.assertTrue(say("SET", key, "y", "KEEPTTL"))
            self.assertIn(say("TTL", key), range(50, 61))
            self.assertEqual(say("TTL", "keys/none"), -2)
            self.assertEqual(say("TYPE", key), "string")
            self.assertEqual(say("TYPE", "keys/none"), "none")
            self.assertGreaterEqual(say("DBSIZE"), 1)
            self.assertIn(key, say("KEYS", "keys/*"))
            self.assertEqual(list(client.scan_iter(match=key, count=5)), [key])
            self.assertEqual(say("SCAN", 0, "MATCH", "keys/none*", "COUNT", 1000), (0, []))
            say("DEL", key)

        self.at_each_node(body)

    def test_every_word_about_the_connection(self):
        def body(node, client):
            say = client.execute_command
            self.assertEqual(say("ECHO", "hello"), "hello")
            self.assertEqual(client.ping(), True)
            self.assertTrue(say("CLIENT", "SETNAME", "valve"))
            self.assertGreater(say("CLIENT", "ID"), 0)
            self.assertTrue(say("SELECT", 0))
            self.refused("only database 0", client, "SELECT", 1)
            self.refused("AUTH is not supported", client, "AUTH", "secret")
            self.assertEqual(client.command_count(), len(client.command_list()))
            self.assertIn("nod.conf", node.call("COMMAND", "DOCS", "CONFIG")[1][1])
            self.assertEqual(client.config_get("maxmemory"), {})
            self.assertGreaterEqual(client.info()["uptime_in_seconds"], 0)
            self.refused("nod.conf", client, "CONFIG", "SET", "a", "b")
            self.assertEqual(node.call("HELLO", 2)[:2], ["server", "nod"])
            self.assertEqual(node.call("RESET"), "RESET")
            self.assertEqual(node.call("QUIT"), "OK")

        self.at_each_node(body)

    def test_every_word_that_a_node_lists_is_said_in_this_file(self):
        with open(__file__) as file:
            text = file.read().lower()
        listed = self.leader.call("COMMAND", "LIST")
        self.assertGreater(len(listed), 30)
        self.assertEqual([word for word in listed if f'"{word}"' not in text and f".{word}(" not in text], [])

    def test_what_is_wrong_is_said_in_words_that_programs_look_for(self):
        def body(node, client):
            client.set(f"wrong/{node.name}", "text")
            self.refused("not an integer", client, "INCR", f"wrong/{node.name}")
            self.refused("wrong number of arguments", client, "GET")
            self.refused("unknown command", client, "LPUSH", "a", "b")
            self.refused("syntax error", client, "SET", "a", "b", "SOMETIMES")
            self.refused("key of 129 bytes", client, "SET", "k" * 129, "v")
            self.refused("value of 4097 bytes", client, "SET", "k", "v" * 4097)
            self.refused("say how long", client, "SET", "k", "v", "EXAT", 2_000_000_000)

        self.at_each_node(body)

    def test_the_largest_key_and_value_arrive(self):
        def body(node, client):
            key, value = f"{node.name}-" + "k" * 125, node.name[-1] * 4096
            self.assertTrue(client.set(key, value))
            for other in self.cluster:
                self.assertEqual(other.call("NOD", "READ", key), value)
            client.delete(key)

        self.at_each_node(body)

    def test_bytes_of_any_kind_come_back_as_they_were(self):
        client = redis.Redis(unix_socket_path=str(self.followers[0].socket))
        value = bytes(range(256))
        client.set(b"bytes/\r\n\x00", value)
        self.assertEqual(client.get(b"bytes/\r\n\x00"), value)
        client.close()

    def test_resp3_and_resp2_tell_the_same(self):
        for node in self.cluster:
            with redis_py(node, protocol=3) as client:
                status = client.execute_command("NOD", "STATUS")
                self.assertEqual(status["name"], node.name)
                self.assertIs(status["healthy"], True)

    def test_a_read_in_a_pipeline_sees_the_writes_before_it_and_none_behind_it(self):
        def body(node, client):
            key, rounds = f"pipeline/{node.name}", 200
            with client.pipeline(transaction=False) as pipeline:
                for number in range(rounds):
                    pipeline.set(key, number)
                    pipeline.get(key)
                    pipeline.strlen(key)
                began = time.monotonic()
                answers = pipeline.execute()
                windows = (time.monotonic() - began) / (PERIOD_MS / 1000)
            self.assertEqual(answers[0::3], [True] * rounds)
            self.assertEqual(answers[1::3], [str(number) for number in range(rounds)])
            self.assertEqual(answers[2::3], [len(str(number)) for number in range(rounds)])
            # The writes still travel together: one at a time they would take a window each, or a cycle at the least.
            self.assertLess(windows, rounds / 4)
            client.delete(key)

        self.at_each_node(body)

    def test_pipelines_of_many_clients_keep_each_its_own_order(self):
        wrong = []

        def go(node, number):
            key = f"pipelines/{number}"
            with redis_py(node) as client:
                for _ in range(5):
                    with client.pipeline(transaction=False) as pipeline:
                        for value in range(30):
                            pipeline.set(key, value)
                            pipeline.get(key)
                        answers = pipeline.execute()
                    if answers[1::2] != [str(value) for value in range(30)]:
                        wrong.append((number, answers))

        clients = [threading.Thread(target=go, args=(self.cluster[number % 3], number)) for number in range(9)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        self.assertEqual(wrong, [])

    def test_transactions_are_refused_and_not_half_done(self):
        with redis_py(self.leader) as client, client.pipeline(transaction=True) as pipeline:
            pipeline.set("transaction", 1)
            with self.assertRaises(redis.ResponseError):
                pipeline.execute()

    # Changes

    def test_a_change_is_told_at_every_node_with_its_log_index(self):
        listeners = []
        for node in self.cluster:
            pubsub = redis_py(node).pubsub(ignore_subscribe_messages=True)
            pubsub.psubscribe("__keyspace@0__:told/*", "nod:changes")
            pubsub.get_message(timeout=5)
            listeners.append(pubsub)
        with self.leader.connect() as connection:
            connection.call("SET", "told/x", "1")
            index = connection.call("NOD", "INDEX")
        for pubsub in listeners:
            seen = []

            def both():
                message = pubsub.get_message(timeout=0.2)
                if message and (message["channel"].endswith("told/x") or "told/x" in message["data"]):
                    seen.append(message["data"])
                return len(seen) == 2

            until(both, PATIENCE, "both notifications")
            self.assertEqual(sorted(seen), sorted(["set", f"{index} set told/x"]))
            pubsub.punsubscribe()
            pubsub.subscribe("__keyevent@0__:del")
            pubsub.unsubscribe()
            pubsub.close()

    def test_an_expired_key_goes_on_every_node(self):
        self.assertTrue(redis_py(self.leader).set("short", "x", px=600))
        for node in self.cluster:
            until(lambda: node.call("GET", "short") is None, PATIENCE, f"the key to expire at {node.name}")

    # What Redis has no word for

    def test_every_word_of_nod(self):
        def body(node, client):
            say = client.execute_command
            key = f"nod/{node.name}"
            client.set(key, "v")
            self.assertEqual(say("NOD", "READ", key), "v")
            self.assertIsNone(say("NOD", "READ", "nod/none"))
            self.assertEqual(len(say("NOD", "PEERS")), 2)
            self.assertEqual(len(say("NOD", "LOG", 1, 1)), 1)
            self.assertGreaterEqual(len(say("NOD", "LOG")), 1)
            self.assertRegex(say("NOD", "TOKEN"), r"^\d+-\d+-\d+-\d+$")
            self.assertIn("TOKEN", " ".join(say("NOD", "HELP")))
            self.assertIsNone(say("NOD", "VERSION", "nod/none"))
            self.refused("invalid token", client, "NOD", "WITH", "abc", "SET", "a", "b")
            self.refused("command that writes", client, "NOD", "WITH", say("NOD", "TOKEN"), "GET", "a")
            with node.connect() as connection:
                connection.call("SET", key, "w")
                self.assertEqual(connection.call("NOD", "INDEX"), connection.call("NOD", "VERSION", key))

        self.at_each_node(body)

    def test_a_token_repeated_through_another_node_takes_effect_once(self):
        token = self.leader.call("NOD", "TOKEN")
        answers = [node.call("NOD", "WITH", token, "INCRBY", "once", 5) for node in self.cluster for _ in range(2)]
        self.assertEqual(answers, [5] * 6)
        self.assertEqual(self.followers[0].call("NOD", "READ", "once"), "5")

    def test_a_token_used_at_all_nodes_at_once_takes_effect_once(self):
        for attempt in range(5):
            token = self.followers[1].call("NOD", "TOKEN")
            answers = []
            threads = [threading.Thread(target=lambda node=node: answers.append(
                node.call("NOD", "WITH", token, "INCRBY", f"at once/{attempt}", 7))) for node in self.cluster]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(answers, [7, 7, 7])
            self.assertEqual(self.leader.call("NOD", "READ", f"at once/{attempt}"), "7")

    def test_one_of_three_gets_the_lock_and_only_the_holder_gives_it_back(self):
        for attempt in range(5):
            won = []

            def try_lock(node):
                with node.connect() as connection:
                    if connection.call("SET", f"lock/{attempt}", node.name, "NX", "EX", 60) == "OK":
                        won.append((node.name, connection.call("NOD", "INDEX")))

            threads = [threading.Thread(target=try_lock, args=(node,)) for node in self.cluster]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(len(won), 1, won)
            holder, fence = won[0]
            self.assertGreater(fence, 0)
            for node in self.cluster:
                if node.name != holder:
                    self.assertEqual(node.call("DELEX", f"lock/{attempt}", "IFEQ", node.name), 0)
            self.assertEqual(self.leader.call("DELEX", f"lock/{attempt}", "IFEQ", holder), 1)

    # The socket itself

    def test_the_socket_is_for_its_owner_and_group(self):
        for node in self.cluster:
            self.assertEqual(stat.S_IMODE(os.stat(node.socket).st_mode), 0o660)

    def test_a_connection_too_many_is_told_so_and_the_others_live(self):
        node = self.followers[0]
        connections = [socket.socket(socket.AF_UNIX) for _ in range(80)]
        said = []
        try:
            for each in connections:
                each.settimeout(10)
                each.connect(str(node.socket))
            for each in connections:
                try:
                    each.sendall(b"PING\r\n")
                except ConnectionError:
                    pass  # told and closed already; what it was told can still be read
                said.append(each.recv(200))
        finally:
            for each in connections:
                each.close()
        self.assertGreaterEqual(said.count(b"+PONG\r\n"), 60)
        self.assertTrue(any(answer.startswith(b"-ERR") for answer in said), set(said))
        until(lambda: node.status() is not None, PATIENCE, "room for a connection again")

    def test_half_a_request_and_a_gigabyte_announced_harm_nobody(self):
        node = self.followers[1]
        with socket.socket(socket.AF_UNIX) as half, socket.socket(socket.AF_UNIX) as giant:
            half.connect(str(node.socket))
            half.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nab")
            giant.settimeout(10)
            giant.connect(str(node.socket))
            giant.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1073741824\r\n")
            self.assertTrue(giant.recv(200).startswith(b"-ERR Protocol error"))
            self.assertEqual(node.call("SET", "meanwhile", "works"), "OK")


if __name__ == "__main__":
    unittest.main()

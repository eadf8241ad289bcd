"""nodctl decode and the Wireshark dissector, at captures of real agents: each frame opens with any member's keys, the
two agree on every header, and a damaged capture is told, never a crash.
"""

import json
import pathlib
import random
import shutil
import subprocess
import tempfile
import unittest

import captures
from air import cluster_on_air
from fixture import BINARIES, PATIENCE, PERIOD_MS, ROOT, SafeWriter, until

DISSECTOR = ROOT / "tools/wireshark/nod.lua"
FIELDS = {"nod.version": "version", "nod.type": "type", "nod.sender": "sender", "nod.epoch": "epoch",
          "nod.counter": "counter", "nod.salt": "salt"}
DAMAGED_CAPTURES = 60
# First bytes of a frame: version and type.
ORDINARY, SALTED = 0x10, 0x11


def decode(path, *arguments):
    return subprocess.run([BINARIES / "nodctl", "decode", path, *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)


def decoded(path, *arguments):
    done = decode(path, "--json", *arguments)
    if done.returncode != 0:
        raise AssertionError(f"nodctl decode {path}: {done.returncode}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def tshark(path, *arguments):
    return subprocess.run(["tshark", "-X", f"lua_script:{DISSECTOR}", "-r", path, *arguments],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def dissected(path):
    """What the dissector reads of each frame: packet number -> its header, as nodctl decode names it."""
    columns = [argument for field in ("frame.number", *FIELDS) for argument in ("-e", field)]
    done = tshark(path, "-Y", "nod", "-T", "fields", *columns)
    found = {}
    for line in done.stdout.splitlines():
        number, *values = line.split("\t")
        header = dict(zip(FIELDS.values(), values))
        salt = header.pop("salt")
        if "" in header.values():
            continue  # an impossible header: marked, and read no further
        found[int(number)] = {key: int(value) for key, value in header.items()} | {
            "salt": salt.removeprefix("0x") or None}
    return found


def vector(name):
    """A published datagram, and its header's fields."""
    first, *rest = (ROOT / "Tests/Vectors" / f"{name}.datagram").read_text().splitlines()
    return bytes.fromhex(first), dict(line.split(" = ") for line in rest if " = " in line)


class Captured(unittest.TestCase):
    """One cluster, whose frames were written down between its members, and on the loopback device where that is
    allowed."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="nod-capture-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.cluster, air = cluster_on_air(BINARIES, period_ms=PERIOD_MS)
        cls.addClassCleanup(cls.cluster.close)
        cls.addClassCleanup(air.close)
        cls.live = cls.folder / "live.pcapng"
        dumpcap = cls.begin_capture()
        cls.cluster.start()
        leader = cls.cluster.wait_leader(PATIENCE)
        writer = SafeWriter(cls.cluster.nodes)
        for number in range(5):
            writer.write("SET", f"decode/{number}", f"value {number}")
        leader.kill()
        leader.start()
        cls.cluster.wait_leader(PATIENCE)
        writer.write("SET", "decode/last", "the end")
        # The salt is told in the first 16 windows of a start, and seldom after that.
        until(lambda: any(data[0] == ORDINARY for _, data in air.captured), PATIENCE, "a frame without a salt")
        cls.end_capture(dumpcap)
        cls.frames = list(air.captured)
        ports = [int(address.split(":")[1]) for address in cls.cluster.addresses]
        cls.packets = [
            (1_700_000_000_000_000_000 + 1_000_000 * i,
             captures.packet(captures.ETHERNET, data, ("127.0.0.1", ports[data[1]]), ("127.0.0.1", ports[slot])))
            for i, (slot, data) in enumerate(cls.frames)]
        cls.capture = cls.folder / "air.pcap"
        cls.capture.write_bytes(captures.pcap(captures.ETHERNET, cls.packets))
        cls.keys = cls.cluster[1].directory

    @classmethod
    def begin_capture(cls):
        """dumpcap at the loopback device, or None where nobody may."""
        if not shutil.which("dumpcap"):
            return None
        ports = " or ".join("udp port " + address.split(":")[1] for address in cls.cluster.addresses)
        process = subprocess.Popen(["dumpcap", "-q", "-i", "lo", "-f", ports, "-w", cls.live],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: process.poll() is not None or (cls.live.exists() and cls.live.stat().st_size > 0), PATIENCE,
              "dumpcap to begin")
        if process.poll() is not None:
            return None
        return process

    @classmethod
    def end_capture(cls, dumpcap):
        cls.is_live = dumpcap is not None
        if not cls.is_live:
            return
        size = cls.live.stat().st_size
        until(lambda: cls.live.stat().st_size > size, PATIENCE, "dumpcap to write")
        dumpcap.terminate()
        dumpcap.wait(PATIENCE)

    def test_every_frame_opens_with_the_keys_of_any_member(self):
        for node in self.cluster:
            with self.subTest(keys=node.name):
                found = decoded(self.capture, "--keys", node.directory)
                self.assertEqual(len(found), len(self.frames))
                self.assertEqual([each["why"] for each in found if not each["opened"]], [])
                words = " ".join(each["words"] for each in found)
                self.assertIn("decode/3=value 3", words)
                self.assertIn("promise", {name for each in found for name in each["says"]})

    def test_frames_before_the_one_that_tells_their_salt_are_read(self):
        """The capture turned round: what told the salt comes last."""
        path = self.folder / "reversed.pcap"
        last = max(i for i, (_, data) in enumerate(self.frames) if data[0] == ORDINARY)
        path.write_bytes(captures.pcap(captures.ETHERNET, self.packets[last::-1]))
        found = decoded(path, "--keys", self.keys)
        self.assertEqual(found[0]["type"], 0)
        self.assertEqual([each["why"] for each in found if not each["opened"]], [])

    def test_without_a_salt_it_says_so(self):
        plain = [each for each, (_, data) in zip(self.packets, self.frames) if data[0] == ORDINARY]
        path = self.folder / "plain.pcap"
        path.write_bytes(captures.pcap(captures.ETHERNET, plain))
        done = decode(path, "--keys", self.keys)
        self.assertEqual(done.returncode, 1)
        self.assertIn("unknown salt", done.stdout)

    def test_frames_of_another_cluster_and_changed_ones_are_told_apart(self):
        data = next(data for _, data in self.frames if data[0] == SALTED)
        changed = data[:-1] + bytes([data[-1] ^ 1])
        path = self.folder / "changed.pcap"
        packets = [(0, captures.packet(captures.ETHERNET, each)) for each in (data, changed)]
        path.write_bytes(captures.pcap(captures.ETHERNET, packets))
        good, bad = decoded(path, "--keys", self.keys)
        self.assertTrue(good["opened"])
        self.assertEqual(bad["why"], "bad tag: changed on its way")
        stranger = self.folder / "stranger"
        subprocess.run([BINARIES / "nodctl", "provision", "--local", "3", "--out", stranger], check=True,
                       stdin=subprocess.DEVNULL, capture_output=True)
        done = decode(path, "--keys", stranger / "n1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("not of this cluster", done.stdout)

    def test_without_keys_the_header_is_told(self):
        done = decode(self.capture)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"v1 salted  sender \d  epoch 1  counter \d+  salt [0-9a-f]{16}  \d+ bytes")
        self.assertNotIn("decode/", done.stdout)

    @unittest.skipUnless(shutil.which("tshark"), "SKIPPED: no tshark here")
    def test_wireshark_reads_the_same_headers(self):
        files = {"air": self.capture}
        if self.is_live:
            files["live"] = self.live
        for name, path in files.items():
            with self.subTest(capture=name):
                ours = {each["packet"]: {key: each[key] for key in FIELDS.values()} for each in decoded(path)}
                self.assertGreater(len(ours), 20)
                self.assertEqual(dissected(path), ours)
        if not self.is_live:
            self.skipTest("SKIPPED: nobody may capture on the loopback device here")

    @unittest.skipUnless(shutil.which("tshark"), "SKIPPED: no tshark here")
    def test_wireshark_marks_seal_and_tag_and_where_starts_begin(self):
        done = tshark(self.capture, "-Y", "nod", "-T", "fields", "-e", "nod.sealed_length", "-e", "nod.tag", "-e",
                      "nod.starts", "-e", "nod.sender")
        rows = [line.split("\t") for line in done.stdout.splitlines()]
        for (length, tag, _, _), (_, data) in zip(rows, self.frames, strict=True):
            header = 15 if data[0] & 1 else 7
            self.assertEqual((int(length), tag.replace(":", "")), (len(data) - header - 16, data[-16:].hex()))
        # Three starts, and one more of who was killed.
        starts = sum(is_start in ("1", "True") for _, _, is_start, _ in rows)
        self.assertEqual(starts, 4)

    def test_damaged_captures_are_told_and_never_crash(self):
        random.seed(5)
        whole = {"pcap": captures.pcap(captures.ETHERNET, self.packets[:40]),
                 "pcapng": captures.pcapng(captures.COOKED2, [
                     (time, captures.packet(captures.COOKED2, data))
                     for (time, _), (_, data) in zip(self.packets[:40], self.frames)])}
        path = self.folder / "damaged"
        for number in range(DAMAGED_CAPTURES):
            data = bytearray(whole["pcap" if number % 2 else "pcapng"])
            for _ in range(random.choice((0, 1, 3, 30))):
                place = random.randrange(len(data))
                data[place] ^= 1 << random.randrange(8)
            if number % 3 == 0:
                del data[random.randrange(len(data)):]
            path.write_bytes(data)
            done = decode(path, "--keys", self.keys)
            self.assertIn(done.returncode, (0, 1, 2), f"capture {number}: {done.stderr}")
            if done.returncode == 2:
                self.assertRegex(done.stderr, r"at byte \d+: ")

    def test_a_capture_that_is_cut_is_read_up_to_there(self):
        data = captures.pcap(captures.ETHERNET, self.packets[:3])
        path = self.folder / "cut.pcap"
        path.write_bytes(data[:-5])
        done = decode(path, "--keys", self.keys)
        self.assertEqual(done.returncode, 2)
        self.assertIn("2 packets", done.stdout)
        self.assertRegex(done.stderr, r"cut.pcap: at byte \d+: a packet of \d+ bytes, of which only \d+ are there")


class Published(unittest.TestCase):
    """The published datagrams in Tests/Vectors, under every link type and in every form of capture."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nod-capture-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.vectors = [vector("salted"), vector("ordinary")]

    def test_are_read_at_every_link_and_in_every_form(self):
        ends = {"v4": (("10.0.0.1", 7100), ("10.0.0.2", 7101)), "v6": (("fd00::7", 7100), ("fd00::8", 40000))}
        links = (captures.ETHERNET, captures.RAW, captures.COOKED, captures.COOKED2, captures.NULL, captures.LOOP)
        forms = {
            "little": lambda *a: captures.pcap(*a), "big": lambda *a: captures.pcap(*a, order=">"),
            "nanoseconds": lambda *a: captures.pcap(*a, nanoseconds=True), "ng": lambda *a: captures.pcapng(*a),
            "ng big": lambda *a: captures.pcapng(*a, order=">"),
        }
        time = 1_700_000_000_123_456_000
        path = self.folder / "capture"
        for link in links:
            for version, (source, destination) in ends.items():
                for form, make in forms.items():
                    if form != "little" and link != captures.ETHERNET:
                        continue
                    with self.subTest(link=link, ip=version, form=form):
                        packets = [(time, captures.packet(link, data, source, destination)) for data, _ in self.vectors]
                        path.write_bytes(make(link, packets))
                        found = decoded(path)
                        self.assertEqual([each["time_ns"] for each in found], [time, time])
                        self.assertEqual(found[0]["source"],
                                         "[fd00::7]:7100" if version == "v6" else "10.0.0.1:7100")
                        self.assert_fields(found)

    def assert_fields(self, found):
        for each, (data, expected) in zip(found, self.vectors, strict=True):
            self.assertEqual(each["length"], len(data))
            for key, value in expected.items():
                self.assertEqual(str(each[key]), value, key)

    @unittest.skipUnless(shutil.which("tshark"), "SKIPPED: no tshark here")
    def test_are_dissected_and_impossible_headers_are_marked(self):
        good = [data for data, _ in self.vectors]
        wrong = {
            "nod.impossible.version": bytes([0x20]) + good[1][1:], "nod.impossible.type": bytes([0x15]) + good[1][1:],
            "nod.impossible.sender": good[1][:1] + b"\x3f" + good[1][2:], "nod.impossible.short": good[1][:12],
            "nod.impossible.salt": good[0][:7] + b"\0" * 8 + good[0][15:],
        }
        path = self.folder / "vectors.pcap"
        packets = [(0, captures.packet(captures.RAW, data)) for data in good + list(wrong.values())]
        path.write_bytes(captures.pcap(captures.RAW, packets))
        header = dissected(path)
        for number, (_, expected) in enumerate(self.vectors, 1):
            for key, value in expected.items():
                self.assertEqual(str(header[number][key]), value, key)
        for number, name in enumerate(wrong, len(good) + 1):
            done = tshark(path, "-Y", name, "-T", "fields", "-e", "frame.number")
            self.assertEqual(done.stdout.split(), [str(number)], name)


if __name__ == "__main__":
    unittest.main()

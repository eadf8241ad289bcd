"""nodctl report in a browser: headless Chromium loads the page of a lossy run with a leader crash, and what a person
does there is done - wheel, drag, hover, keys, buttons. The page must say nothing on its console and ask for nothing.
"""

import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

import chromium
from fixture import BINARIES, PATIENCE, PERIOD_MS, LocalCluster, SafeWriter, until

# A simulated hour in which the link loses beacons in bursts and leaders lose power.
LOSSY = ["--nodes", "5", "--loss", "30", "--burst", "3", "--kill", "40", "--hours", "1", "--load", "1", "--seed", "24"]
HOSTILE = '</script><img src=x onerror="document.title=1">&amp;'


def nodctl(*arguments, ok=True):
    done = subprocess.run([BINARIES / "nodctl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=120)
    if ok and done.returncode != 0:
        raise AssertionError(f"nodctl {' '.join(map(str, arguments))}: {done.returncode}: {done.stderr}")
    return done


class Folder(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="nod-report-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.trace = cls.folder / "run.jsonl"
        nodctl("sim", *LOSSY, "--trace", cls.trace)


class Figures(Folder):
    def test_the_story_tells_which_beacons_were_lost_and_who_lost_power(self):
        report = json.loads(nodctl("report", self.trace, "--json").stdout)
        events = [json.loads(line) for line in self.trace.read_text().splitlines()]
        leaders = [event for event in events if event["kind"] == "role" and event["role"] == "leader"]
        self.assertEqual([led["ballot"] for led in report["leaders"]], [event["ballot"] for event in leaders])
        self.assertGreater(len(leaders), 2)
        second = report["leaders"][1]
        self.assertEqual(second["reason"], "n2 lost power")
        self.assertIn("lost on the way", " ".join(second["story"]))
        for lost in second["losses"]:
            self.assertGreater(lost, 0)

    def test_the_figures_are_those_of_the_events(self):
        report = json.loads(nodctl("report", self.trace, "--json").stdout)
        events = [json.loads(line) for line in self.trace.read_text().splitlines()]
        sent = [event for event in events if event["kind"] == "sent"]
        self.assertEqual(report["frames"], len(sent))
        for slot, member in enumerate(report["members"]):
            own = [event for event in sent if event["node"] == slot]
            self.assertEqual(member["tx_us"], sum(event["air_us"] for event in own))
            heard = sum(event["kind"] == "heard" and event["from"] == slot for event in events)
            self.assertEqual(sum(link[0] for link in report["links"][slot]), heard)
            self.assertGreater(member["charge_uc"], 0)
        self.assertEqual(report["commands"]["answered"], sum(event["kind"] == "answered" for event in events))

    def test_one_drawing_of_a_span_is_one_svg(self):
        text = nodctl("report", self.trace, "--svg", "--from-window", "157", "--windows", "10").stdout
        root = xml.etree.ElementTree.fromstring(text)
        texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
        self.assertIn("window 157", texts)
        self.assertIn("lost on the way", texts)
        self.assertTrue(any(text.startswith("leads, ballot") for text in texts), texts)

    def test_what_is_no_trace_is_told_with_file_and_line(self):
        good = '{"t":1,"node":0,"kind":"radio","on":true}'
        bad = {"{": "no JSON object", '{"t":1,"node":40,"kind":"radio"}': "no slot", '{"t":1}': "kind",
               '{"node":1,"kind":"sent"}': '"t"', '{"t":1,"node":1,"kind":"heard","frame":3}': '"from"',
               '{"t":99999999999999999999,"node":1,"kind":"radio"}': "no JSON object", good + good: "no JSON object",
               '{"t":1,"kind":"x","a":' + "[" * 1000 + "]" * 1000 + "}": "no JSON object"}
        path = self.folder / "bad.jsonl"
        for line, expected in bad.items():
            with self.subTest(line=line[:60]):
                path.write_text(f"{good}\n\n{line}\n")
                done = nodctl("report", path, "--json", ok=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn("bad.jsonl:3: ", done.stderr)
                self.assertIn(expected, done.stderr)


@unittest.skipUnless(chromium.BINARY, "SKIPPED: no chromium here")
class Page(Folder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        text = cls.trace.read_text()
        # A key's name may be anything; it stands in the words of frames.
        hostile = json.dumps(HOSTILE)[1:-1]
        cls.trace.write_text(text.replace('"words":"', f'"words":"{hostile} ', 5))
        cls.page = cls.folder / "run.html"
        nodctl("report", cls.trace, "--out", cls.page, "--title", f"run {HOSTILE}")
        cls.browser = cls.enterClassContext(chromium.Browser()) if hasattr(cls, "enterClassContext") else None
        if cls.browser is None:
            cls.browser = chromium.Browser()
            cls.addClassCleanup(cls.browser.__exit__, None, None, None)

    def setUp(self):
        self.browser.console.clear()
        self.browser.requests.clear()
        self.browser.open(self.page)
        self.browser.value("scrollTo(0, document.getElementById('overview').offsetTop)")

    def tearDown(self):
        self.assertEqual(self.browser.console, [])
        self.assertEqual(self.browser.requests, [self.page.resolve().as_uri()])

    def drawn(self):
        """After the next picture: which stretch is in view, as the page itself says."""
        self.browser.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")
        return self.browser.value("document.getElementById('in-view').textContent")

    def in_diagram(self, x_share, y_share):
        box = self.browser.value("(({x, y, width, height}) => [x, y, width, height])"
                                 "(document.getElementById('diagram').getBoundingClientRect())")
        return box[0] + box[2] * x_share, box[1] + box[3] * y_share

    def test_opens_with_the_first_change_of_the_leader(self):
        story = self.browser.value("document.querySelector('#story li.shown').textContent")
        self.assertIn("because: n2 lost power", story)
        self.assertIn("lost on the way", story)
        rows = self.browser.value("[...document.querySelectorAll('#losses tr')].map(row => row.textContent)")
        self.assertTrue(any("beacon" in row and "n2" in row for row in rows), rows)
        for part in ("links", "waits", "energy", "legend"):
            self.assertGreater(self.browser.value(f"document.getElementById('{part}').textContent.length"), 40, part)
        ink = self.browser.value(
            "(() => { const canvas = document.getElementById('diagram'); const data = canvas.getContext('2d')"
            ".getImageData(0, 0, canvas.width, canvas.height).data; let dark = 0;"
            "for (let i = 0; i < data.length; i += 4) if (data[i] + data[i + 1] + data[i + 2] < 200) dark++;"
            "return dark; })()")
        self.assertGreater(ink, 5000)

    def test_text_of_the_trace_is_text(self):
        self.assertEqual(self.browser.value("document.querySelectorAll('img').length"), 0)
        self.assertEqual(self.browser.value("document.getElementById('title').textContent"), f"run {HOSTILE}")
        self.assertIn(HOSTILE, self.browser.value("trace.frames.words[0]"))

    def test_wheel_buttons_and_keys_zoom_and_move(self):
        seen = [self.drawn()]
        x, y = self.in_diagram(0.5, 0.4)
        steps = {
            "wheel": lambda: self.browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=-240),
            "button": lambda: self.browser.value("document.getElementById('out').click()"),
            "focus and key": lambda: (self.browser.value("diagram.focus()"), self.browser.key("+")),
            "arrow": lambda: self.browser.key("ArrowRight"),
            "all": lambda: self.browser.key("0"),
        }
        for name, step in steps.items():
            step()
            seen.append(self.drawn())
            self.assertNotEqual(seen[-1], seen[-2], name)
        self.assertIn("Too many to draw each", seen[-1])
        spans = [self.browser.value("view.to - view.from"), self.browser.value("view.end")]
        self.assertEqual(*spans)

    def test_drag_moves_without_another_scale(self):
        before = self.browser.value("[view.from, view.to]")
        x, y = self.in_diagram(0.5, 0.4)
        self.browser.mouse("mousePressed", x, y, button="left", buttons=1, clickCount=1)
        self.browser.mouse("mouseMoved", x - 150, y, button="left", buttons=1)
        self.browser.mouse("mouseReleased", x - 150, y, button="left", clickCount=1)
        after = self.browser.value("[view.from, view.to]")
        self.assertGreater(after[0], before[0])
        self.assertAlmostEqual(after[1] - after[0], before[1] - before[0], delta=1)

    def test_the_pointer_at_a_lost_frame_shows_all_of_it(self):
        place = self.browser.value(
            "(() => { const hit = state.hits.find(hit => hit.slot !== undefined && hit.slot !== null"
            " && trace.frames.fate[hit.frame][hit.slot] === 'x' && frameLabel(hit.frame) === 'beacon');"
            "const box = diagram.getBoundingClientRect();"
            "return [box.x + (hit.x1 + hit.x2) / 2, box.y + (hit.y1 * 0.4 + hit.y2 * 0.6)]; })()")
        self.browser.mouse("mouseMoved", *place)
        tip = self.browser.value("tip.hidden ? '' : tip.textContent")
        self.assertIn("lost on the way", tip)
        self.assertIn("n2: beacon", tip)
        self.assertIn("says", tip)
        self.browser.mouse("mouseMoved", 2, 2)
        self.assertTrue(self.browser.value("tip.hidden"))

    def test_keys_go_to_lost_frames_and_tables_lead_to_their_places(self):
        self.browser.value("diagram.focus()")
        self.browser.key("l")
        self.drawn()
        chosen = self.browser.value("document.getElementById('chosen').textContent")
        self.assertIn("lost", chosen)
        self.browser.value("document.querySelectorAll('#story button')[3].click()")
        self.drawn()
        self.assertEqual(self.browser.value("document.querySelector('#story li.shown').id"), "leader-3")
        self.browser.value("document.querySelector('#losses button').click()")
        self.assertIn("lost", self.browser.value("document.getElementById('chosen').textContent"))

    def test_true_time_is_not_folded(self):
        self.browser.value("document.getElementById('true-time').click()")
        self.drawn()
        self.assertEqual(self.browser.value("[view.end, view.isFolded]"), [self.browser.value("trace.length"), False])


@unittest.skipUnless(chromium.BINARY, "SKIPPED: no chromium here")
class RealAgents(Folder):
    """Three agents whose radios lose a fifth of all frames; the leader is killed, and their own traces tell why."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="nod-report-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)

    def follow(self, node):
        """Writes the node's trace to its file until the node, or the test, ends."""
        with open(self.folder / f"{node.name}.jsonl", "ab") as file:
            process = subprocess.Popen([BINARIES / "nodctl", "trace", "--json", "--since", "0", "--node",
                                        node.directory], stdin=subprocess.DEVNULL, stdout=file,
                                       stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_a_killed_leader_and_lost_frames_are_seen(self):
        cluster = LocalCluster(BINARIES, period_ms=PERIOD_MS, drop_percent=20)
        self.addCleanup(cluster.close)
        cluster.start()
        leader = cluster.wait_leader(PATIENCE)
        for node in cluster:
            self.follow(node)
        writer = SafeWriter(cluster.nodes)
        for number in range(6):
            writer.write("SET", f"report/{number}", "x")
        # The story of the killed one must be on paper before its memory is gone.
        own = self.folder / f"{leader.name}.jsonl"
        until(lambda: '"answered"' in own.read_text() or own.stat().st_size > 20_000, PATIENCE, "the leader's trace")
        leader.kill()
        rest = [node for node in cluster if node is not leader]
        second = cluster.wait_leader(PATIENCE, among=rest, besides=leader)
        SafeWriter(rest).write("SET", "report/last", "y")
        traces = [self.folder / f"{node.name}.jsonl" for node in cluster]
        own = self.folder / f"{second.name}.jsonl"
        until(lambda: '"leader"' in own.read_text(), PATIENCE, "the new leader's trace")
        report = json.loads(nodctl("report", *traces, "--json").stdout)
        led = report["leaders"]
        self.assertEqual(led[-1]["node"], second.name)
        self.assertIn(leader.name, " ".join(led[-1]["story"]))
        self.assertGreater(report["frames_lost_somewhere"], 0)
        self.assertGreater(sum(link[0] for row in report["links"] for link in row), 10)
        page = self.folder / "agents.html"
        nodctl("report", *traces, "--out", page)
        with chromium.Browser() as browser:
            browser.open(page)
            self.assertEqual(browser.console, [])
            self.assertIn(second.name, browser.value("document.getElementById('story').textContent"))
            self.assertGreater(browser.value("trace.frames.count"), 20)


if __name__ == "__main__":
    unittest.main()

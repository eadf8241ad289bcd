"""A headless Chromium that a test drives: the DevTools protocol through a pair of pipes, standard library only. What
the page writes to its console, and whatever it asks of the network, is kept for the test to judge.
"""

import base64
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

BINARY = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 60


class Browser:
    """One browser with one page. Use it with `with`."""

    def __init__(self, width=1440, height=1000, dark=False):
        self.home = tempfile.mkdtemp(prefix="nod-chromium-")
        to_browser, self._output = os.pipe()
        self._input, from_browser = os.pipe()
        self._number = 0
        self._received = b""
        self._waiting = []
        self.console = []
        self.requests = []
        command = [BINARY, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                   "--no-first-run", "--hide-scrollbars", "--disable-background-networking",
                   f"--user-data-dir={self.home}",
                   "--remote-debugging-pipe", f"--window-size={width},{height}", "about:blank"]

        def pipes():
            # The browser reads from descriptor 3 and writes to 4. Moved out of the way first: either may be 3 or 4.
            source, sink = os.dup(to_browser), os.dup(from_browser)
            high_source, high_sink = os.dup2(source, 60), os.dup2(sink, 61)
            os.dup2(high_source, 3, inheritable=True)
            os.dup2(high_sink, 4, inheritable=True)

        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, preexec_fn=pipes, close_fds=False,
                                        start_new_session=True)
        os.close(to_browser)
        os.close(from_browser)
        targets = self.call("Target.getTargets")["targetInfos"]
        target = next(each["targetId"] for each in targets if each["type"] == "page")
        self.session = None
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        if dark:
            self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self._output)
        os.close(self._input)
        shutil.rmtree(self.home, ignore_errors=True)

    def call(self, method, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if getattr(self, "session", None):
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._output, data):]
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self._note(answer)

    def open(self, path):
        """Loads a file and waits until its scripts have run."""
        self.call("Page.navigate", url=pathlib.Path(path).resolve().as_uri())
        self.until("document.readyState === 'complete' && location.protocol === 'file:'")

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until(self, expression):
        deadline = time.monotonic() + PATIENCE
        while not self.value(expression):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {PATIENCE} s for {expression}")
            time.sleep(0.02)

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def key(self, key):
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=key if len(key) == 1 else "")
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def screenshot(self, path, whole=True):
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def _next(self):
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._input], [], [], PATIENCE)
            data = os.read(self._input, 1 << 16) if ready else b""
            if not data:
                raise AssertionError("the browser is gone" if ready else f"the browser was silent for {PATIENCE} s")
            self._received += data
        message, _, self._received = self._received.partition(b"\0")
        return json.loads(message)

    def _note(self, event):
        method, parameters = event.get("method"), event.get("params", {})
        if method == "Runtime.consoleAPICalled":
            self.console.append(f"{parameters['type']}: {parameters['args']}")
        elif method == "Runtime.exceptionThrown":
            self.console.append(f"exception: {parameters['exceptionDetails']}")
        elif method == "Log.entryAdded":
            self.console.append(f"log: {parameters['entry'].get('text')} {parameters['entry'].get('url', '')}")
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])

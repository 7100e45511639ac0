"""A Chromium without a window and without a network, driven over a pipe with the DevTools protocol."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",
    "--remote-debugging-pipe",
)
TRAMPOLINE = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execvp(sys.argv[3], sys.argv[3:])"
)
"""Chromium reads the pipe 3 and writes the pipe 4, numbers that this process may use for something else."""
PATIENCE_S = 60.0


def found():
    """Path of a Chromium; None if none is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One page of a Chromium."""

    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory(prefix="nd-browser-", ignore_cleanup_errors=True)
        (to_read, self.to), (self.back, to_write) = os.pipe(), os.pipe()
        words = (program, *OPTIONS, f"--user-data-dir={self.folder.name}", "about:blank")
        command = (sys.executable, "-c", TRAMPOLINE, str(to_read), str(to_write), *words)
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, pass_fds=(to_read, to_write), **quiet)
        os.close(to_read)
        os.close(to_write)
        self.number, self.left, self.events, self.session = 0, b"", [], None
        (target,) = [t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page"]
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)

    def _message(self, until):
        while b"\0" not in self.left:
            ready, _, _ = select.select([self.back], [], [], max(until - time.monotonic(), 0))
            part = os.read(self.back, 1 << 16) if ready else b""
            assert part, "the browser does not answer"
            self.left += part
        one, self.left = self.left.split(b"\0", 1)
        return json.loads(one)

    def call(self, method, **params):
        """Result of a command; events that come in between are kept."""
        self.number += 1
        sent = {"id": self.number, "method": method, "params": params}
        if self.session:
            sent["sessionId"] = self.session
        os.write(self.to, json.dumps(sent).encode() + b"\0")
        until = time.monotonic() + PATIENCE_S
        while (message := self._message(until)).get("id") != self.number:
            self.events.append(message)
        assert "error" not in message, message["error"]
        return message["result"]

    def wait(self, method):
        """Read until an event has come."""
        until = time.monotonic() + PATIENCE_S
        while not any(item.get("method") == method for item in self.events):
            self.events.append(self._message(until))

    def open(self, path, *, width=1400, dark=False, scripts=True):
        """Open a file and forget earlier events."""
        self.events.clear()
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[theme])
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.wait("Page.loadEventFired")
        if scripts:
            self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")

    def value(self, expression):
        """Value of an expression in the page."""
        made = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in made, made["exceptionDetails"]
        return made["result"].get("value")

    def faults(self):
        """Exceptions, lines of the console and of the log."""
        kinds = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        return [item["params"] for item in self.events if item.get("method") in kinds]

    def requests(self):
        """Addresses that were requested, beyond the page itself."""
        asked = [
            item["params"]["request"]["url"]
            for item in self.events
            if item.get("method") == "Network.requestWillBeSent"
        ]
        return [url for url in asked[1:] if not url.startswith("data:")]

    def key(self, name):
        """Press and release a key."""
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=name,
                code=name,
                windowsVirtualKeyCode={"Tab": 9, "ArrowRight": 39, "Enter": 13}[name],
            )

    def picture(self, first="body", last=None):
        """PNG of the page from the element `first` to the end of the element `last`, both named by selectors."""
        boxes = [
            self.value(f"JSON.stringify(document.querySelector({item!r}).getBoundingClientRect())")
            for item in (first, last or first)
        ]
        start, end = map(json.loads, boxes)
        scrolled = self.value("scrollY")
        width = self.value("document.documentElement.clientWidth")
        clip = {
            "x": 0,
            "y": start["top"] + scrolled,
            "width": width,
            "height": end["bottom"] - start["top"],
            "scale": 1,
        }
        return base64.b64decode(self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"])

    def close(self):
        with contextlib.suppress(OSError, AssertionError):
            self.session = None
            self.call("Browser.close")
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.back)
        self.folder.cleanup()

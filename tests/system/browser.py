"""Debian's Chromium, headless (its headless shell, which takes less CPU time than the whole), through playwright-core: the tests speak to tests/browser/driver.mjs, a JSON line a command."""

import json
import shutil
import subprocess

import npm
import pytest
from pipeline import ROOT, until

FOLDER = "tests/browser"


def find_chromium():
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")


class Browser:
    def __init__(self):
        self.popen = subprocess.Popen(["node", ROOT / FOLDER / "driver.mjs", npm.installed(FOLDER) / "node_modules", find_chromium()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def do(self, verb, **what):
        self.popen.stdin.write(json.dumps({"do": verb, **what}) + "\n")
        self.popen.stdin.flush()
        answer = json.loads(self.popen.stdout.readline() or '{"error": "the browser has ended"}')
        assert "error" not in answer, f"{verb} {what}: {answer['error']}"
        return answer["value"]

    def evaluate(self, script):
        return self.do("evaluate", script=script)

    def press(self, *keys):
        for key in keys:
            self.do("press", key=key)

    def shown(self, name):
        return self.evaluate(f"document.getElementById({name!r}).textContent")

    def number(self, name):
        return int("".join(c for c in self.shown(name) if c.isdigit()) or 0)

    def rows(self):
        """The rows in sight, from above: lists of time, side, price, quantity, source. What has come by now is drawn before."""
        script = """new Promise((resolve) => requestAnimationFrame(() => resolve(
            [...document.querySelectorAll('#rows .row:not([hidden]):not(.note)')].map((row) =>
                [Number(row.style.transform.match(/[0-9]+/)[0]), ...[...row.children].map((cell) => cell.textContent.trim())]))))"""
        return [row[1:] for row in sorted(self.evaluate(script), key=lambda row: row[0])]

    def until_live(self, trades=50):
        until(lambda: self.shown("state") == "Live", "the page to be live")
        until(lambda: self.number("received") > trades, "trades")

    def until_charted(self):
        """Until the chart's canvas has the colours of a rising or a falling candle or its volume."""
        until(lambda: self.evaluate(PAINTED), "the chart to be drawn")

    def close(self):
        self.popen.stdin.close()
        self.popen.wait(30)


# Whether the chart has more than a few clearly red or green pixels. What is read is a copy: reading a canvas itself earns a warning.
PAINTED = """[...document.querySelectorAll('#frame canvas')].filter((canvas) => canvas.width && canvas.height).some((canvas) => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  let coloured = 0;
  for (let i = 0; i < data.length; i += 4) coloured += Math.abs(data[i] - data[i + 1]) > 40 && data[i + 3] > 0;
  return coloured > 20;
})"""


@pytest.fixture(scope="session")
def started_browser():
    """One for all tests of a worker."""
    if not find_chromium():
        pytest.skip("chromium is not installed")
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def chromium(started_browser):
    """A page that stayed open would look for its gateway, at the cost of a processor, and find that of another test."""
    yield started_browser
    started_browser.do("leave")

"""scripts/dataflow as the tests run it, and a pipeline for it to ask."""

import os
import subprocess
import threading

from pipeline import PATIENCE, ROOT, get, loads, until

DATAFLOW = ROOT / "scripts/dataflow"
COMMANDS = ("watch", "history", "candles", "coverage", "channels", "symbols", "clients", "drain", "status", "tap", "replay", "try", "token", "keys", "disconnect-test")
MOMENT = "expected a time (2025-11-10T17:24:33Z), a day (2025-11-10) or milliseconds, not seconds, since 1970 (1762795473937)"  # what messages say
NOBODY = "ws://127.0.0.1:1/ws"


def dataflow(*arguments, **environment):
    """Runs a command to its end."""
    return subprocess.run([DATAFLOW, *map(str, arguments)], capture_output=True, text=True, timeout=3 * PATIENCE,
                          env={**os.environ, **environment})


def answered(*arguments):
    ended = dataflow(*arguments)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


class Command:
    """A command that goes on; what it prints is kept line by line."""

    def __init__(self, *arguments):
        self.popen = subprocess.Popen([DATAFLOW, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines, self.remarks = [], []
        self.readers = [threading.Thread(target=self.read, args=(self.popen.stdout, self.lines)),
                        threading.Thread(target=self.read, args=(self.popen.stderr, self.remarks))]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def read(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.kill()
        self.end()

    def end(self):
        code = self.popen.wait(PATIENCE)
        for reader in self.readers:
            reader.join()
        return code

    def remarked(self, text):
        return any(text in remark for remark in self.remarks)


def history(flow, symbol):
    """What the gateway has, newest first: not by the command line, which costs a process for each question."""
    status, answer = get(f"http://{flow.address('gateway0')}/api/v1/trades/{symbol}?count=1000")
    return loads(answer)["trades"] if status == 200 else []


def of(flow, symbol):
    """What the exchange sent of a symbol: side, qty, price."""
    return [(t["side"], str(t["qty"]), str(t["price"])) for t in flow.ledger("trade") if t["symbol"] == symbol]


def started(pipeline):
    """A pipeline that had 100 trades of two symbols, and makes more when it is told to."""
    flow = pipeline()
    flow.start_all("--symbols", "BTC-USD,ETH-USD", "--rate", 500, "--paused")
    flow.subscribed()
    flow.tell_simulator("/control/play?count=100")
    until(lambda: len(history(flow, "BTC-USD")) + len(history(flow, "ETH-USD")) == 100, "history to have them all")
    return flow

"""The bar of long work in the command line: on a terminal, on stderr, and nowhere else."""

import json
import os
import pty
import subprocess
import sys

import pytest
from cli import DATAFLOW
from pipeline import BIN, PATIENCE, ROOT, until

sys.path.insert(0, str(ROOT / "scripts"))

from dataflow_cli.progress import Work, in_bytes  # noqa: E402

GOOD = {"arg": {"channel": "trades", "instId": "BTC-USDT"},
        "data": [{"instId": "BTC-USDT", "tradeId": "1", "px": "42219.90", "sz": "0.12", "side": "buy", "ts": "1630048897897"}]}


def trade(seq):
    return json.dumps({"epoch": 1763941200123456, "seq": seq, "seqnum": seq, "event": "updated", "channel": "trades", "symbol": "BTC-USD",
                       "timestamp": "2025-11-10T17:24:33.000000Z", "side": "buy", "qty": 1, "price": 2, "tradeId": str(seq), "source": "x",
                       "received": "2025-11-10T17:24:33.000000000Z"}, separators=(",", ":"))


def on_a_terminal(*command):
    """(stdout, what a terminal was told on stderr)."""
    ours, theirs = pty.openpty()
    popen = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs,
                             env={**os.environ, "DATAFLOW_BIN": str(BIN), "TERM": "xterm", "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"})
    os.close(theirs)
    told = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the terminal is gone with the last that had it
            break
        if not chunk:
            break
        told += chunk
    os.close(ours)
    out = popen.stdout.read()
    popen.stdout.close()
    assert popen.wait(PATIENCE) == 0, told.decode()
    return out.decode(), told.decode()


def assert_a_bar_that_went_away(told):
    bars = [text for text in told.split("\r") if "%" in text]
    assert bars and bars[0][0] in "█░" and " of " in bars[0] and "/s, " in bars[0] and " left" in bars[0], told
    assert told.rindex("\r\033[K") > told.rindex("%"), "what is over is no longer drawn"


def commands(tmp_path):
    recording = tmp_path / "okx.ws"
    recording.write_text("".join(f"{1652459225 + number}.5: {json.dumps(GOOD)}\n" for number in range(3000)))
    exported = tmp_path / "btc.ndjson"
    exported.write_text("".join(trade(seq) + "\n" for seq in range(1, 3000)))
    return {"try": [DATAFLOW, "try", ROOT / "deploy/sources/okx.json", recording, "--faults"],
            "import": [ROOT / "scripts/import", exported, "--store", f"sqlite:///{tmp_path}/trades.db", "--bin", BIN]}


@pytest.mark.parametrize("name", ["try", "import"])
def test_long_work_has_a_bar_on_a_terminal(tmp_path, name):
    out, told = on_a_terminal(*commands(tmp_path)[name])
    assert out == ""
    assert_a_bar_that_went_away(told)


@pytest.mark.parametrize("name", ["try", "import"])
def test_without_a_terminal_there_is_no_bar(tmp_path, name):
    ended = subprocess.run(list(map(str, commands(tmp_path)[name])), capture_output=True, text=True, timeout=PATIENCE,
                           env={**os.environ, "DATAFLOW_BIN": str(BIN)})
    assert ended.returncode == 0 and "\r" not in ended.stderr and "%" not in ended.stderr, ended.stderr


def test_an_export_knows_how_many_trades_there_are(pipeline, tmp_path):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--paused", "--rate", 5000)
    flow.subscribed()
    flow.tell_simulator("/control/play?count=500")
    command = [ROOT / "scripts/export", "BTC-USD", "--history", flow.history]
    exported = lambda: subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=PATIENCE).stdout
    until(lambda: exported().count("\n") == 500, "500 trades in history")
    out, told = on_a_terminal(*command, "-o", tmp_path / "btc.ndjson")
    assert out == "" and (tmp_path / "btc.ndjson").read_text() == exported()
    assert_a_bar_that_went_away(told)
    assert "500 trades" in told
    assert "%" not in on_a_terminal(*command, "--from", "2020-01-01", "-o", tmp_path / "btc.ndjson")[1], "of a range nobody knows"


class Drawn:
    """A terminal that keeps what it is shown."""

    drawn = True

    def __init__(self):
        self.shown, self.cleared = [], 0

    def show(self, part, text):
        self.shown.append((part, text))

    def clear(self):
        self.cleared += 1


def test_bytes_rate_and_what_is_left_are_told():
    terminal = Drawn()
    work = Work(4000, terminal)
    work.began -= 2  # two seconds ago
    work.reach(1000)
    part, text = terminal.shown[0]
    assert part == 0.25 and text.startswith("1.0 kB of 4.0 kB, ") and text.endswith(" left")
    assert "500 B/s" in text or "499 B/s" in text
    work.reach(2000)
    assert len(terminal.shown) == 1, "not drawn more than ten times a second"
    work.clear()
    work.clear()
    assert terminal.cleared == 1
    unknown = Drawn()
    Work(None, unknown).add(812)
    assert unknown.shown[0][0] is None and unknown.shown[0][1].startswith("812 B")


@pytest.mark.parametrize("count, text", [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99499, "99.5 kB"), (123456, "123 kB"), (999999, "1.0 MB"),
                                         (1 << 40, "1.1 TB")])
def test_bytes_are_told_in_a_few_digits(count, text):
    assert in_bytes(count) == text

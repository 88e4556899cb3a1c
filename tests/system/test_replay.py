"""dataflow replay: a recording as an exchange."""

import os
import re
import socket
import subprocess
from datetime import datetime, timedelta

import pytest
from cli import DATAFLOW, answered, dataflow, history
from pipeline import PATIENCE, loads, until

MINUTES = 10070  # as many candles of 1m cached holds, nearly


def frame(number, moment=datetime(2025, 11, 10, 17, 23)):
    """A line of a recording."""
    return (f'{{"seqnum":{number},"event":"updated","channel":"trades","symbol":"BTC-USD","timestamp":"{moment.isoformat()}.971745Z",'
            f'"side":"buy","qty":8.5E-5,"price":105433.60000,"trade_id":"{number}"}}\n')


@pytest.fixture
def flow(pipeline):
    """One that waits for its exchange."""
    flow = pipeline(symbols=["BTC-USD"], breaker={"failures": 0})
    flow.start_connectord()
    flow.start_cached()
    flow.start_gateway()
    return flow


def test_replay_brings_a_recording_into_a_pipeline_and_again_with_new_ids(flow, tmp_path):
    recording = tmp_path / "recording.ndjson"
    recording.write_text("".join(frame(number) for number in range(1, 51)))
    play = ["replay", recording, "--listen", flow.address("simulator"), "--speed", 0]
    for more, trades in (([], 50), (["--new-ids"], 100)):
        ended = dataflow(*play, *more)
        assert (ended.returncode, ended.stdout) == (0, "")
        assert "played 50 trades" in ended.stderr and "50 were subscribed to" in ended.stderr
        assert "\r" not in ended.stderr and "\033" not in ended.stderr, "no bar without a terminal"
        until(lambda: len(history(flow, "BTC-USD")) == trades, f"{trades} trades in history")
    first = history(flow, "BTC-USD")[-1]
    assert (first["tradeId"], first["qty"], first["price"]) == ("1", "8.5E-5", "105433.60000")


@pytest.mark.parametrize("columns, encoding, full, cells", [(100, "utf-8", "█", 30), (60, "ascii", "#", 10)])
def test_a_terminal_is_shown_how_far_it_is(flow, tmp_path, columns, encoding, full, cells):
    recording = tmp_path / "recording.ndjson"
    recording.write_text("".join(frame(number, datetime(2025, 11, 10) + timedelta(seconds=number)) for number in range(50)))
    command = f"{DATAFLOW} replay {recording} --listen {flow.address('simulator')} --speed 100"  # half a second: the bar moves
    ended = subprocess.run(["script", "-qec", command, "/dev/null"], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                           env={**os.environ, "COLUMNS": str(columns), "PYTHONIOENCODING": encoding, "NO_COLOR": "1"})
    assert ended.returncode == 0
    shown = ended.stdout.decode()
    bars = re.findall(r"\r([^\r\n]+%[^\r\n]*)\x1b\[K", shown)
    far = [int(bar.split("%")[0].split()[-1]) for bar in bars]
    assert len(bars) > 2 and far == sorted(far) and far[0] < 100
    assert bars[-1] == f"{full * cells} 100%  50 of 50 trades"
    for bar, percent in zip(bars, far):
        assert len(bar) < columns and bar.count(full) == percent * cells // 100, bar
    # What is said stands in a line of its own, and at the end the bar is gone.
    assert "\r\x1b[K-- a source is connected\r\n" in shown
    assert re.fullmatch(r"\x1b\[K(\r\x1b\[K)+(-- the source is gone\r\n)?-- played 50 trades in [^\r]+\r\n", shown.split(bars[-1])[-1])


def test_replay_says_that_its_address_is_taken(tmp_path):
    recording = tmp_path / "recording.ndjson"
    recording.write_text(frame(1))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = dataflow("replay", recording, "--listen", address)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == f"dataflow: --listen: can't listen on {address}: Address already in use\n"


def test_candles_go_on_page_by_page(flow, tmp_path):
    """More of them than one answer holds: a trade a minute."""
    minutes = [datetime(2025, 11, 1) + timedelta(minutes=number) for number in range(MINUTES)]
    recording = tmp_path / "recording.ndjson"
    recording.write_text("".join(frame(number, minute) for number, minute in enumerate(minutes)))
    assert dataflow("replay", recording, "--listen", flow.address("simulator"), "--speed", 0).returncode == 0

    def candles(*arguments):
        return [loads(line) for line in answered("candles", "BTC-USD", *arguments, "--json", "--url", flow.url()).splitlines()]

    until(lambda: sum(day["count"] for day in candles("--interval", "1d")) == MINUTES, "all trades")
    found = candles("--count", 20000)
    assert [candle["start"] for candle in found] == [f"{minute.isoformat()}Z" for minute in minutes]
    assert candles("--count", MINUTES - 7) == found[7:]
    assert candles("--count", 20000, "--since", found[20]["start"], "--before", found[-20]["start"]) == found[21:-20]


@pytest.mark.parametrize("text, expected", [("", "expected trades, one JSON object a line, found none"),
                                            ("nonsense\n", ":1: expected an object with event, channel, symbol"),
                                            (frame(1).replace('"buy"', "["), ":1: expected an object"),
                                            (frame(1).replace('"2025-11-10T17:23:00.971745Z"', '"soon"'), "soon")])
def test_replay_says_what_is_wrong_with_a_recording(tmp_path, text, expected):
    recording = tmp_path / "recording.ndjson"
    recording.write_text(text)
    ended = dataflow("replay", recording)
    assert ended.returncode == 1
    assert expected in ended.stderr and "Traceback" not in ended.stderr

"""A wall clock that is out of its mind, beyond what can be written down, and a limit of descriptors with which nothing can be done."""

import asyncio
import os

import pytest
from clients import Client
from pipeline import BIN, get, until
from stores import Sqlite

SHIFTED_CLOCK = BIN.parent / "tests/shifted_clock.so"
YEAR = int(365.25 * 86400)


def wrong_clock(years):
    return {"LD_PRELOAD": str(SHIFTED_CLOCK), "CLOCK_SHIFT_S": str(years * YEAR),
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}


@pytest.mark.parametrize("years, written", [(-100, "1970-"), (300, "2260-")])
def test_trades_are_published_at_whatever_time(pipeline, years, written):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["cached"]["store"] = "sqlite:///state/trades.db"
    flow.start_simulator("--symbols", "BTC-USD", "--paused")
    names = ("connectord", "cached", "gatewayd")
    for name in names:
        flow.start_daemon(name, **wrong_clock(years))
    flow.wait_ready("connectord_http", "cached_http", "gateway0")
    flow.subscribed("BTC-USD")

    async def run():
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            flow.tell_simulator("/control/play?count=20")
            await client.until(lambda: len(client.trades) == 20, "the trades")
            return client.trades

    trades = asyncio.run(run())
    assert [trade["seq"] for trade in trades] == list(range(1, 21))
    assert all(trade["received"].startswith(written) for trade in trades), trades[0]
    until(lambda: Sqlite(flow.directory).count() == 20, "the trades to be stored")
    for name in names:
        flow.processes[name].wait_for_line("system's clock is wrong")


@pytest.mark.parametrize("name, http", [("connectord", "connectord_http"), ("cached", "cached_http"), ("gatewayd", "gateway0")])
def test_too_few_descriptors_are_a_reason_not_to_start(pipeline, name, http):
    flow = pipeline(symbols=["BTC-USD"])
    for count in (30, 100):
        flow.wrapper = ("sh", "-c", f'ulimit -n {count}; exec "$@"', "sh")
        process = flow.start_daemon(name)
        assert process.popen.wait(30) == 1
        del flow.processes[name]  # which must end orderly
        line = process.wait_for_line(f"too few file descriptors.*found={count}")
    needed = int(line.split("expected_at_least=")[1].split()[0])
    flow.wrapper = ("sh", "-c", f'ulimit -n {needed}; exec "$@"', "sh")
    flow.start_daemon(name)
    until(lambda: get(f"http://{flow.address(http)}/health")[0] == 200, f"/health of {name}")

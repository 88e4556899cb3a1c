"""Processes that stand still (stopped, swapped out, migrated) and go on: that nothing was heard meanwhile says nothing of those who were not listened to."""

import asyncio
import os
import signal

from clients import Client, Requester, assert_once_and_in_order
from pipeline import until
from stores import metric, topic

BTC = topic("BTC-USD")


def stand_still(flow, seconds, rate, *names):
    """So long, by what the exchange trades meanwhile. Returns how many trades there were then."""
    pids = [flow.processes[name].popen.pid for name in names]
    before = len(flow.ledger("trade"))
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: len(flow.ledger("trade")) >= before + rate * seconds, f"{seconds} s of trades")
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    return len(flow.ledger("trade"))


def journaled(flow):
    with Requester(flow.replay) as replay:
        return [trade["tradeId"] for trade in replay.all(BTC)]


def test_an_exchange_is_not_silent_while_nobody_listens(pipeline):
    flow = pipeline(symbols=["BTC-USD"], silence_ms=1500, confirm_ms=1500)
    flow.start_simulator("--symbols", "BTC-USD", "--rate", 400)
    flow.start_connectord()
    flow.wait_ready("connectord_http")
    flow.subscribed("BTC-USD")
    until(lambda: len(flow.ledger("trade")) > 10, "trades")
    count = stand_still(flow, 2, 400, "connectord")
    until(lambda: len(journaled(flow)) >= count, "what the exchange traded meanwhile")
    connectord = flow.processes["connectord"]
    assert "silent" not in connectord.log() and "lost" not in connectord.log(), connectord.log()
    flow.tell_simulator("/control/pause")
    traded = [trade["trade_id"] for trade in flow.ledger("trade")]
    until(lambda: journaled(flow) == traded, "each trade, once")
    connectord.wait_for_line("the process stood still")
    assert metric(flow, "dataflow_stood_still_seconds_total", "connectord_http") > 1


def test_a_machine_that_stood_still_loses_nothing_and_nobody(pipeline):
    """For longer than a bus may be silent."""
    flow = pipeline(symbols=["BTC-USD"], silence_ms=4000)
    flow.start_all("--symbols", "BTC-USD", "--rate", 100)
    flow.subscribed("BTC-USD")

    async def run():
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            await client.until(lambda: client.trades, "trades")
            count = await asyncio.to_thread(stand_still, flow, 5.5, 100, "connectord", "cached", "gateway0")
            await client.until(lambda: client.trades[-1]["seq"] >= count, "what was traded meanwhile")
            assert_once_and_in_order(client.trades)
            assert client.of("trades.gap") == [] and client.of("connection.lost") == []
            assert (await client.call("ping"))["pong"] is True

    asyncio.run(run())
    for name in ("connectord", "cached", "gateway0"):
        assert "silent" not in flow.processes[name].log(), flow.processes[name].log()

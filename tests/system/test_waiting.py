"""Subscribes that wait for what has not come yet cost the others nothing, and there are not too many of them."""

import asyncio
import json
import re

from clients import Client, cursor
from pipeline import get

CLIENTS, SUBSCRIBES, WAITING_MAX = 20, 50, 16


def metric(flow, name):
    return int(re.search(rf"^{name} (\d+)", get(f"http://{flow.address('gateway0')}/metrics")[1], re.M)[1])


async def subscribe_to_the_future(client, last):
    """The first few of those subscribes wait, the others are refused."""
    since = f"{last['epoch']}-{last['seq'] + 10_000_000}"
    for number in range(SUBSCRIBES):
        await client.send_raw(json.dumps({"jsonrpc": "2.0", "id": f"future {number}", "method": "subscribe",
                                          "params": {"channel": "trades", "symbol": "BTC-USD", "since": since}}))
    assert await client.call("ping")
    refused = [answer["error"] for answer in client.answers.values()]
    assert len(refused) == SUBSCRIBES - WAITING_MAX
    assert {error["code"] for error in refused} == {-32001}
    assert refused[0]["message"] == "Too many waiting subscribes to BTC-USD: at most 16"


def test_subscribes_that_wait_for_the_future_are_not_looked_at_while_trades_go_by(pipeline):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--rate", 2000)

    async def run():
        async with Client(flow.url()) as live:
            await live.subscribe("BTC-USD")
            await live.until(lambda: live.trades, "a trade")
            clients = [await Client(flow.url()).__aenter__() for _ in range(CLIENTS)]
            for client in clients:
                await subscribe_to_the_future(client, live.trades[-1])
            assert metric(flow, "dataflow_gateway_waiting_subscribes") == CLIENTS * WAITING_MAX
            looks, have = metric(flow, "dataflow_gateway_waiting_looks_total"), len(live.trades)
            await live.until(lambda: len(live.trades) > have + 2000, "2,000 more trades")
            # those whose time is over are looked at once, on a machine that needed seconds for this
            assert metric(flow, "dataflow_gateway_waiting_looks_total") - looks <= CLIENTS * WAITING_MAX
            for client in clients:
                await client.__aexit__()
            while metric(flow, "dataflow_gateway_waiting_subscribes"):
                await asyncio.sleep(0)

    asyncio.run(run())


def test_a_subscribe_whose_cursor_comes_goes_on_at_once(pipeline):
    flow = pipeline(symbols=["BTC-USD"]).start_all("--symbols", "BTC-USD", "--rate", 1000, "--paused")

    async def run():
        async with Client(flow.url()) as live, Client(flow.url()) as early:
            await live.subscribe("BTC-USD")
            flow.tell_simulator("/control/play?count=10")
            await live.until(lambda: len(live.trades) == 10, "10 trades")
            ahead = dict(live.trades[-1], seq=live.trades[-1]["seq"] + 5)
            await early.send_raw(json.dumps({"jsonrpc": "2.0", "id": "early", "method": "subscribe",
                                             "params": {"channel": "trades", "symbol": "BTC-USD", "since": cursor(ahead)}}))
            assert await early.call("ping") and not early.answers
            flow.tell_simulator("/control/play?count=10")
            answer = await early.answer("early")
            assert answer["result"]["recovered"] is True and answer["result"]["cursor"] == cursor(ahead)
            await early.until(lambda: len(early.trades) == 5, "the trades behind it")
            assert [trade["seq"] for trade in early.trades] == list(range(ahead["seq"] + 1, ahead["seq"] + 6))

    asyncio.run(run())

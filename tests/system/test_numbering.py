"""The exchange's numbering begins again in the middle of a connection: something may be missing, and what follows is watched again."""

import asyncio

from clients import Client, Tap
from pipeline import get, loads, until


def gaps(flow):
    text = get(f"http://{flow.address('connectord_http')}/metrics")[1]
    return next(int(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("dataflow_source_gaps_total{"))


def start(pipeline, **source):
    flow = pipeline(symbols=["BTC-USD"], **source)
    flow.start_all("--symbols", "BTC-USD", "--paused", "--heartbeat-ms", 60000)
    flow.subscribed()
    return flow


def test_a_numbering_that_begins_again_is_a_gap_of_unknown_size(pipeline):
    flow = start(pipeline)

    async def run():
        in_thread = lambda f, *args: asyncio.get_running_loop().run_in_executor(None, f, *args)
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            await in_thread(flow.tell_simulator, "/control/play?count=50")
            await client.until(lambda: len(client.trades) == 50, "50 trades")
            await in_thread(flow.tell_simulator, "/control/renumber?n=0")
            await in_thread(flow.tell_simulator, "/control/play?count=1")
            await client.until(lambda: client.of("connection.restored"), "a new connection")
            await in_thread(flow.subscribed)
            await in_thread(flow.tell_simulator, "/control/play?count=10")
            await client.until(lambda: len(client.trades) == 61, "the trade that showed it, and those behind it")
            return client

    with Tap(flow.bus, "status.") as tap:
        client = asyncio.run(run())
        status = loads(tap.receive()[1])
        while status["event"] != "gap":
            status = loads(tap.receive()[1])
    assert status["reason"].startswith("the exchange's numbering has restarted: expected ") and status["reason"].endswith("found 0")
    lost, = client.of("connection.lost")
    assert lost["reason"] == status["reason"]
    assert client.of("connection.restored")[0]["missed"] is None, "what was lost nobody knows"
    assert gaps(flow) == 1


def test_a_few_messages_that_come_twice_are_no_gap(pipeline):
    flow = start(pipeline)

    async def run():
        in_thread = lambda f, *args: asyncio.get_running_loop().run_in_executor(None, f, *args)
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            await in_thread(flow.tell_simulator, "/control/play?count=50")
            await client.until(lambda: len(client.trades) == 50, "50 trades")
            await in_thread(flow.tell_simulator, "/control/renumber?n=45")  # of 52 numbers
            await in_thread(flow.tell_simulator, "/control/play?count=20")
            await client.until(lambda: len(client.trades) == 70, "all trades")
            return client

    client = asyncio.run(run())
    assert client.of("connection.lost") == [] and gaps(flow) == 0


def test_with_two_lines_the_other_one_carries_on(pipeline):
    flow = start(pipeline, lines=2)
    until(lambda: len([line for line in flow.ledger("subscribe") if line.get("symbol")]) == 2, "both lines to be subscribed")

    async def run():
        in_thread = lambda f, *args: asyncio.get_running_loop().run_in_executor(None, f, *args)
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            await in_thread(flow.tell_simulator, "/control/play?count=50")
            await client.until(lambda: len(client.trades) == 50, "50 trades")
            await in_thread(flow.tell_simulator, "/control/renumber?n=0&conn=1")
            await in_thread(flow.tell_simulator, "/control/play?count=10")
            await client.until(lambda: len(client.trades) == 60, "all trades")
            await in_thread(until, lambda: gaps(flow) == 1, "the gap to be counted")
            return client

    client = asyncio.run(run())
    assert client.of("connection.lost") == []

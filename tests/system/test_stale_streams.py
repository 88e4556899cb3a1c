"""A stream that goes stale while its connection lives: it is subscribed again and, as the last resort, reconnected; and a market in which nobody trades."""

import asyncio

from clients import Client
from pipeline import get, until
from trade_rates import TradeRate

# Trades come every 50 ms and more as their rate is counted: some hundred ms of silence are unlikely at one in a hundred.
EAGER = {"probability": 0.01, "minimum_ms": 300, "reconnect_ms": 1}


def start(pipeline, symbols="BTC-USD,ETH-USD", **source):
    flow = pipeline(symbols=symbols.split(","), silence_ms=60000, **{"starvation": EAGER, **source})
    flow.start_all("--symbols", symbols, "--rate", 400, "--heartbeat-ms", 100)
    flow.subscribed()
    return flow


def metric(flow, name):
    text = get(f"http://{flow.address('connectord_http')}/metrics")[1]
    return next(int(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name + "{"))


def subscribes(flow, event, symbol):
    return [line for line in flow.ledger(event) if line.get("symbol") == symbol]


async def learned(client, *symbols):
    """Waits until the rates are known."""
    rates = {symbol: TradeRate(EAGER["probability"]) for symbol in symbols}
    taken = 0

    def look():
        nonlocal taken
        for trade in client.trades[taken:]:
            rates[trade["symbol"]].take(trade)
        taken = len(client.trades)
        return all(rate.stale_within(2) for rate in rates.values())

    await client.until(look, "trades to learn from")


def test_a_symbol_that_goes_silent_is_subscribed_again_on_the_same_connection(pipeline):
    flow = start(pipeline)

    async def run():
        in_thread = lambda f, *args: asyncio.get_running_loop().run_in_executor(None, f, *args)
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            await client.subscribe("ETH-USD")
            await learned(client, "BTC-USD", "ETH-USD")
            await in_thread(flow.tell_simulator, "/control/mute?symbol=BTC-USD&until=subscribe")
            await client.until(lambda: client.of("connection.lost"), "word that the symbol is stale")
            await client.until(lambda: client.of("connection.restored"), "its trades")
            return client

    client = asyncio.run(run())
    lost = client.of("connection.lost")
    assert [n["symbol"] for n in lost if "BTC-USD" in n["reason"]], "of the symbol, not of the source"
    assert all("symbol" in n for n in lost)
    assert len(subscribes(flow, "unsubscribe", "BTC-USD")) >= 1
    assert len(subscribes(flow, "subscribe", "BTC-USD")) == len(subscribes(flow, "unsubscribe", "BTC-USD")) + 1
    assert metric(flow, "dataflow_source_resubscribes_total") >= 1
    assert metric(flow, "dataflow_source_reconnects_total") == 0
    assert client.of("subscription.failing") == [], "to be subscribed again for this reason is no failure"
    flow.processes["connectord"].wait_for_line("resubscribing a stale symbol.*BTC-USD")


def test_a_stream_that_stays_stale_is_reconnected(pipeline):
    """Of a single symbol, which is all that there is."""
    flow = start(pipeline, "BTC-USD")

    async def run():
        in_thread = lambda f, *args: asyncio.get_running_loop().run_in_executor(None, f, *args)
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            await learned(client, "BTC-USD")
            await in_thread(flow.tell_simulator, "/control/mute?symbol=BTC-USD&until=connect")
            await client.until(lambda: [n for n in client.of("connection.lost") if "symbol" not in n], "the connection to be left")
            count = len(client.trades)
            await client.until(lambda: len(client.trades) > count + 10, "trades of the next one")
            return client

    client = asyncio.run(run())
    whole, = [n for n in client.of("connection.lost") if "symbol" not in n]
    assert whole["reason"].startswith("no trades of BTC-USD for "), "the reason is told"
    restored, = [n for n in client.of("connection.restored") if "symbol" not in n]
    assert restored["missed"] is None, "nobody knows how many"
    assert metric(flow, "dataflow_source_resubscribes_total") >= 1, "the cheap remedy first"
    assert metric(flow, "dataflow_source_reconnects_total") == 1
    assert len(flow.ledger("open")) == 2


def test_one_symbol_among_others_is_worth_a_reconnect_only_when_nothing_else_helps(pipeline):
    flow = start(pipeline, starvation={**EAGER, "minimum_ms": 100})

    async def run():
        in_thread = lambda f, *args: asyncio.get_running_loop().run_in_executor(None, f, *args)
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            await client.subscribe("ETH-USD")
            await learned(client, "BTC-USD", "ETH-USD")
            await in_thread(flow.tell_simulator, "/control/mute?symbol=BTC-USD&until=connect")
            await client.until(lambda: client.of("connection.lost"), "word that the symbol is stale")
            count = sum(trade["symbol"] == "BTC-USD" for trade in client.trades)
            await client.until(lambda: sum(trade["symbol"] == "BTC-USD" for trade in client.trades) > count, "its trades")

    asyncio.run(run())
    assert len([line for line in subscribes(flow, "unsubscribe", "BTC-USD") if line["conn"] == 1]) >= 3
    assert metric(flow, "dataflow_source_reconnects_total") == 1


def test_a_market_that_sleeps_is_not_hammered(pipeline):
    """Nobody trades, the link lives: every symbol is asked for again ever more rarely, and the connection stays for as long as it says."""
    flow = start(pipeline, starvation={**EAGER, "reconnect_ms": 300000})

    async def run():
        in_thread = lambda f, *args: asyncio.get_running_loop().run_in_executor(None, f, *args)
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            await client.subscribe("ETH-USD")
            await learned(client, "BTC-USD", "ETH-USD")
            await in_thread(flow.tell_simulator, "/control/pause")
            await in_thread(until, lambda: len(subscribes(flow, "unsubscribe", "BTC-USD")) >= 4, "some rounds")
            await in_thread(flow.tell_simulator, "/control/play")
            count = len(client.trades)
            await client.until(lambda: len(client.trades) > count + 10, "trades when the market wakes up")

    asyncio.run(run())
    times = [line["at"] / 1e9 for line in subscribes(flow, "unsubscribe", "BTC-USD")][:4]
    waits = [b - a for a, b in zip(times, times[1:])]
    assert waits[1] > 1.5 * waits[0] and waits[2] > 1.5 * waits[1], f"each wait is about twice the one before: {waits}"
    assert metric(flow, "dataflow_source_reconnects_total") == 0


def test_a_stale_line_is_healed_while_the_other_carries_on(pipeline):
    """The exchange has forgotten the symbol on one of two lines."""
    flow = start(pipeline, "BTC-USD", lines=2)
    until(lambda: len(subscribes(flow, "subscribe", "BTC-USD")) == 2, "both lines to be subscribed")

    async def run():
        in_thread = lambda f, *args: asyncio.get_running_loop().run_in_executor(None, f, *args)
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            await learned(client, "BTC-USD")
            await in_thread(flow.tell_simulator, "/control/mute?symbol=BTC-USD&until=subscribe&conn=1")
            await in_thread(until, lambda: [line for line in flow.ledger("subscribe") if line["conn"] == 1 and line.get("symbol") == "BTC-USD"][1:],
                            "line 1 to be subscribed again")
            count = len(client.trades)
            await client.until(lambda: len(client.trades) > count + 10, "trades")
            return client

    client = asyncio.run(run())
    seqs = [trade["seq"] for trade in client.trades]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs))), "no trade is missing"
    made = {line["trade_id"] for line in flow.ledger("trade")}
    had = {trade["tradeId"] for trade in client.trades}
    first, last = min(map(int, had)), max(map(int, had))
    assert {i for i in made if first <= int(i) <= last} == had, "what the stale line missed came over the other one"
    assert metric(flow, "dataflow_source_reconnects_total") == 0

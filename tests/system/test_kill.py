"""kill -9 of each process in turn, under 5,000 trades a second: who resumes by cursor has every journaled trade once, in order."""

import asyncio

import pytest
from clients import Client, Requester, assert_once_and_in_order, cursor
from pipeline import PATIENCE, until

SYMBOLS = ("BTC-USD", "ETH-USD")


class Resuming:
    """A client that comes back with its cursors whenever it loses the connection, and notes what it is told."""

    def __init__(self, url):
        self.url, self.trades, self.recovered, self.stop = url, {s: [] for s in SYMBOLS}, [], asyncio.Event()
        self.gaps = []

    async def run(self):
        while not self.stop.is_set():
            try:
                async with Client(self.url) as client:
                    await self.follow(client)
            except Exception as error:
                if self.stop.is_set() or not connection_error(error):
                    raise
                await asyncio.wait([asyncio.create_task(self.stop.wait())], timeout=0.05)

    async def follow(self, client):
        taken = 0

        def take():
            nonlocal taken
            for trade in client.trades[taken:]:
                self.trades[trade["symbol"]].append(trade)
            taken = len(client.trades)

        try:
            for symbol in SYMBOLS:
                held = self.trades[symbol]
                answer = await client.subscribe(symbol, **({"since": cursor(held[-1])} if held else {}))
                if held:
                    self.recovered.append(answer["recovered"])
            while not self.stop.is_set() and not client.closed:
                take()
                client.news.clear()
                await client.news.wait()
        finally:
            take()
            self.gaps += [gap for gap in client.of("trades.gap") if "upstream" not in gap]  # what a link misses while it is down is not ours


def connection_error(error):
    import websockets
    return isinstance(error, (OSError, websockets.WebSocketException, websockets.ConnectionClosed)) or \
        "connection closed" in str(error)


@pytest.mark.parametrize("victim", ["connectord", "cached", "gateway0", "simulator"])
def test_nothing_is_lost_or_doubled_when_a_process_is_killed(pipeline, victim):
    flow = pipeline(symbols=SYMBOLS)
    flow.start_all("--symbols", ",".join(SYMBOLS), "--rate", 5000)
    restart = {"connectord": flow.start_connectord, "cached": flow.start_cached, "gateway0": flow.start_gateway,
               "simulator": lambda: flow.start_simulator("--symbols", ",".join(SYMBOLS), "--rate", 5000)}[victim]

    async def run():
        client = Resuming(flow.url())
        task = asyncio.create_task(client.run())
        loop = asyncio.get_running_loop()
        for _ in range(3):
            counts = {s: len(client.trades[s]) for s in SYMBOLS}
            await more(client, counts, task)
            await loop.run_in_executor(None, flow.processes[victim].kill)
            await loop.run_in_executor(None, restart)
        counts = {s: len(client.trades[s]) for s in SYMBOLS}
        await more(client, counts, task)
        flow.tell_simulator("/control/pause")
        with Requester(flow.replay) as replay:
            journal = await loop.run_in_executor(None, journaled, flow, replay)
            await caught_up(client, journal, task)
            journal = {s: replay.all(topic(s)) for s in SYMBOLS}
        client.stop.set()
        task.cancel()
        return client, journal

    client, journal = asyncio.run(run())
    for symbol in SYMBOLS:
        got = client.trades[symbol]
        assert_once_and_in_order(got)
        first = got[0]["seq"]
        assert got == [t for t in journal[symbol] if t["seq"] >= first]
        assert_once_and_in_order(journal[symbol])
    assert client.gaps == []
    assert all(client.recovered), f"recovered: {client.recovered}"
    if victim == "gateway0":
        assert len(client.recovered) >= 2 * 3
    wait_until_cached_has(flow, journal)


def topic(symbol):
    return f"trade.{symbol}.blockchain"


async def more(client, counts, task, patience=2 * PATIENCE):
    """Waits until the client has had 2,000 more trades of each symbol."""
    deadline = asyncio.get_running_loop().time() + patience
    while not all(len(client.trades[s]) >= counts[s] + 2000 for s in SYMBOLS):
        assert asyncio.get_running_loop().time() < deadline, \
            f"no more trades: {[(s, counts[s], len(client.trades[s])) for s in SYMBOLS]}"
        await asyncio.wait([task], timeout=0.02)
        assert not task.done(), task.exception()


def journaled(flow, replay):
    """The journal's last cursors, once it has the last trades that the exchange sent."""
    sent = {}
    for trade in flow.ledger("trade"):
        sent[trade["symbol"]] = trade["trade_id"]

    def last(symbol):
        stream = next(s for s in replay.ask(op="streams")["streams"] if s["topic"] == topic(symbol))
        trade, = replay.ask(op="range", topic=topic(symbol), **{"from": stream["last"]})["trades"][:1]
        return trade

    until(lambda: all(last(s)["tradeId"] == sent[s] for s in SYMBOLS), "the journal to have the last trades")
    return {topic(s): cursor(last(s)) for s in SYMBOLS}


async def caught_up(client, ends, task, patience=2 * PATIENCE):
    deadline = asyncio.get_running_loop().time() + patience
    while not all(cursor(client.trades[s][-1]) == ends[topic(s)] for s in SYMBOLS):
        assert asyncio.get_running_loop().time() < deadline, \
            f"client ends at {[cursor(client.trades[s][-1]) for s in SYMBOLS]}, journal at {ends}"
        await asyncio.wait([task], timeout=0.02)


def wait_until_cached_has(flow, journal):
    with Requester(flow.history) as history:
        for symbol in SYMBOLS:
            until(lambda: history.all(topic(symbol)) == journal[symbol], f"cached to hold the journal of {symbol}")

"""Real trades from an exchange's WebSocket to clients that nobody here wrote: each once, in order, digit for digit."""

import asyncio
from collections import defaultdict

import pytest
from clients import Client, Requester, Tap, assert_once_and_in_order
from pipeline import loads, until

FIELDS = ("symbol", "timestamp", "side", "qty", "price")  # what must arrive as it was sent


@pytest.fixture
def real(recordings):
    """The recorded trades by symbol, in order."""
    trades = defaultdict(list)
    for line in (recordings / "trades-real.ndjson").read_text().splitlines():
        trade = loads(line)
        trades[trade["symbol"]].append(trade)
    assert sum(map(len, trades.values())) == 1097
    return trades


def assert_same(received, sent):
    assert [tuple(t[f] for f in FIELDS) + (t["tradeId"],) for t in received] == \
           [tuple(t[f] for f in FIELDS) + (t["trade_id"],) for t in sent]
    assert_once_and_in_order(received)
    assert all(t["event"] == "updated" and t["channel"] == "trades" and t["source"] == "blockchain" for t in received)


@pytest.fixture
def flow(pipeline, recordings, real):
    flow = pipeline(symbols=sorted(real))
    flow.start_all("--file", recordings / "trades-real.ndjson", "--rate", 2000, "--paused")
    flow.subscribed()
    return flow


def test_a_websocket_client_gets_every_real_trade(flow, real):
    async def run():
        async with Client(flow.url()) as client:
            for symbol in real:
                await client.subscribe(symbol)
            flow.tell_simulator("/control/play")
            await client.until(lambda: len(client.trades) >= 1097, "1,097 trades")
            return client.trades

    received = defaultdict(list)
    for trade in asyncio.run(run()):
        received[trade["symbol"]].append(trade)
    for symbol, sent in real.items():
        assert_same(received[symbol], sent)


def test_the_bus_and_history_have_every_real_trade(flow, real):
    with Tap(flow.bus) as tap, Requester(flow.history) as history, Requester(flow.replay) as replay:
        tap.wait_connected()
        flow.tell_simulator("/control/play")
        on_bus = defaultdict(list)
        for topic, body in tap.take(1097):
            trade = loads(body)
            assert topic == f"trade.{trade['symbol']}.blockchain"
            on_bus[trade["symbol"]].append((body, trade))
        for symbol, sent in real.items():
            assert_same([trade for _, trade in on_bus[symbol]], sent)
            topic = f"trade.{symbol}.blockchain"
            stored = wait_for_history(history, topic, len(sent))
            assert stored == replay.all(topic) == [trade for _, trade in on_bus[symbol]]
        raw = history.raw('{"op":"range","topic":"trade.BTC-USD.blockchain","count":1000}')
        assert all(body in raw for body, _ in on_bus["BTC-USD"]), "history holds the bytes of the bus"
        assert '"price":105383.80000,' in raw
        assert_queries(history, real["BTC-USD"])


def wait_for_history(history, topic, count):
    until(lambda: len(history.all(topic)) >= count, f"{count} trades of {topic} in history")
    return history.all(topic)


def assert_queries(history, sent):
    ids = [t["trade_id"] for t in sent]
    times = [t["timestamp"] for t in sent]

    def ask(**request):
        answer = history.ask(symbol="BTC-USD", **request)
        assert answer["ok"], answer
        return [t["tradeId"] for t in answer["trades"]]

    assert ask(op="recent") == ids[::-1][:100]
    assert ask(op="recent", count=7) == ids[::-1][:7]
    before = times[500]
    assert ask(op="recent", count=50, before=before) == [i for i, t in zip(ids, times) if t < before][::-1][:50]
    after = times[200]
    assert ask(op="since", count=60, after=after) == [i for i, t in zip(ids, times) if t > after][:60]

"""Trades that can't be are rejected and counted, trades of the future are published and counted: neither spoils what is good."""

import asyncio

from clients import Client, Requester, Tap, assert_once_and_in_order
from frames import connected, frame, journal, send, status, time
from pipeline import get, loads, until
from stores import Sqlite

AGE = "2099-07-01T00:00:00Z"


def start(pipeline, **settings):
    flow = pipeline(symbols=["BTC-USD"])
    for section, members in settings.items():
        flow.config[section].update(members)
    flow.start_simulator("--symbols", "BTC-USD", "--paused")
    flow.start_connectord()
    flow.start_cached()
    flow.wait_ready("connectord_http", "cached_http")
    connected(flow, 1)
    return flow


def metric(flow, name, service="connectord_http"):
    lines = get(f"http://{flow.address(service)}/metrics")[1].splitlines()
    return int(next(line for line in lines if line.startswith(f"dataflow_{name}")).split()[-1])


def ask(flow, count, **request):
    """An answer of history's that has so many trades (or candles)."""
    with Requester(flow.history) as history:
        def answer():
            found = history.ask(symbol="BTC-USD", **request)
            return found if len(found.get("trades", found.get("candles", []))) >= count else None

        return until(answer, f"{count} of {request}")


def newest_day(flow, trades):
    """The newest candle of a day, once all trades are there."""
    ask(flow, trades, op="recent")
    return ask(flow, 1, op="candles", interval="1d")["candles"][-1]


def test_a_quantity_of_nothing_or_less_is_rejected_and_what_is_around_it_kept(pipeline):
    flow = start(pipeline)
    bad = ["0", "-1", "0.000", "-0.0", "0e5", "-8.5E-5"]
    for i, qty in enumerate(bad):
        send(flow, [frame(f"good-{i}"), frame(f"bad-{i}", qty=qty)])
    send(flow, [frame("last", qty="1e-99")])
    trades = journal(flow, len(bad) + 1)
    assert [trade["tradeId"] for trade in trades] == [f"good-{i}" for i in range(len(bad))] + ["last"]
    assert_once_and_in_order(trades)
    assert metric(flow, "source_malformed_total") == len(bad)
    flow.processes["connectord"].wait_for_line("malformed.*qty: expected more than 0, found 0.*BTC-USD bad-0")
    assert len(flow.ledger("open")) == 1


def test_a_price_of_nothing_or_less_is_a_price(pipeline):
    flow = start(pipeline)
    send(flow, [frame("1", price="0"), frame("2", price="-37.63")])
    assert [trade["price"] for trade in journal(flow, 2)] == [0, "-37.63"]


def test_a_trade_of_the_future_is_published_counted_and_left_out_of_candles(pipeline):
    flow = start(pipeline)
    flow.start_gateway()
    flow.wait_ready("cached_http", "gateway0")

    async def follow():
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            await asyncio.to_thread(send, flow, [frame("1"), frame("2", timestamp=AGE, qty="1000"), frame("3")])
            await client.until(lambda: len(client.trades) >= 3, "three trades")
            return client.trades

    today = time()[:10]
    trades = asyncio.run(follow())
    assert_once_and_in_order(trades)
    assert [(trade["tradeId"], trade["timestamp"] == AGE) for trade in trades] == [("1", False), ("2", True), ("3", False)]
    candle = newest_day(flow, 3)
    assert candle["start"][:10] >= today and candle["count"] <= 2 and candle["volume"] in ("0.25", "0.50")  # midnight may come between
    assert metric(flow, "candles_future_total", "cached_http") == 1
    assert status(flow)["future"] == metric(flow, "source_future_total") == 1
    with Tap(flow.bus, "status.") as tap:
        said = loads(tap.receive()[1])
    assert (said["future"], said["id_conflicts"], said["health"]) == (1, 0, 100)
    told = until(lambda: [one for one in loads(flow.ready("gateway0")[1])["sources"] if one["future"] == 1], "the gateway's /ready")
    assert told[0]["id_conflicts"] == 0
    flow.processes["connectord"].wait_for_line("trade from the future.*2099")


def test_the_bound_of_the_future_is_the_configurations(pipeline):
    flow = start(pipeline, cached={"future_ms": 3600000})
    flow.processes["connectord"].stop()
    flow.source["future_ms"] = 3600000
    flow.start_connectord()
    connected(flow, 2)
    send(flow, [frame("1", timestamp=time(hours=2)), frame("2", timestamp=time(minutes=30)), frame("3", timestamp=time(days=30))])
    assert len(journal(flow, 3)) == 3
    assert status(flow)["future"] == 2
    ask(flow, 3, op="recent")
    assert sum(candle["count"] for candle in ask(flow, 1, op="candles", interval="1h")["candles"]) == 1


def test_live_trades_of_another_source_stand_before_one_of_the_future(pipeline):
    """Where the streams of a symbol are merged by time, that of 2099 does not stay on top for as long as its own stream is quiet."""
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["connectord"]["sources"] = [{**flow.source, "name": name} for name in ("ahead", "right")]
    flow.start_simulator("--symbols", "BTC-USD", "--paused")
    flow.start_connectord()
    flow.start_cached()
    connected(flow, 2, lines=2)
    send(flow, [frame(str(i), timestamp=AGE, price=str(i)) for i in range(1, 4)], connection=1)
    until(lambda: sum(status(flow, name)["future"] for name in ("ahead", "right")) == 3, "the trades of 2099")
    send(flow, [frame(str(i)) for i in range(11, 14)], connection=2)
    flow.start_gateway()
    flow.wait_ready("cached_http", "gateway0")
    order = lambda trades: [trade["tradeId"] for trade in trades]
    assert order(ask(flow, 6, op="recent")["trades"]) == ["13", "12", "11", "3", "2", "1"]
    assert order(ask(flow, 6, op="since")["trades"]) == ["1", "2", "3", "11", "12", "13"]

    async def recent():
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            return [order((await client.call("getRecentTrades", symbol="BTC-USD", channel="trades", count=count))["trades"])
                    for count in (6, 6, 1)]

    assert asyncio.run(recent()) == [["13", "12", "11", "3", "2", "1"]] * 2 + [["13"]]


def test_the_store_takes_a_trade_of_the_future_for_one_of_today_and_so_does_a_cached_that_starts_again(pipeline):
    flow = start(pipeline, cached={"store": "sqlite:///state/trades.db", "trades": 2})
    today = time()[:10]
    send(flow, [frame("1"), frame("2", timestamp=AGE), frame("3"), frame("4", timestamp=AGE), frame("5")])
    journal(flow, 5)
    store = Sqlite(flow.directory)
    until(lambda: store.count() == 5, "the store to have them")
    (latest,), = store.ask("SELECT max(timestamp_ns) FROM trade")
    assert latest < 4000000000 * 10 ** 9
    flow.processes["cached"].kill()
    flow.start_cached()
    candle = newest_day(flow, 5)
    assert candle["start"][:10] >= today
    until(lambda: not ask(flow, 1, op="candles", interval="1d").get("incomplete"), "candles to be whole again")
    assert sum(one["count"] for one in ask(flow, 1, op="candles", interval="1d")["candles"]) == 3


def test_a_time_before_all_times_is_malformed_and_one_of_long_ago_is_only_old(pipeline):
    flow = start(pipeline)
    bad = ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z"]
    send(flow, [frame("1"), *(frame(str(10 + i), timestamp=one) for i, one in enumerate(bad)),
                frame("2", timestamp="1970-01-01T00:00:00Z"), frame("3")])
    today = time()[:10]
    assert [trade["tradeId"] for trade in journal(flow, 3)] == ["1", "2", "3"]
    assert metric(flow, "source_malformed_total") == 3
    assert newest_day(flow, 3)["start"][:10] >= today
    assert ask(flow, 2, op="candles", interval="1d")["candles"][0]["start"] == "1970-01-01T00:00:00Z"
    assert [trade["tradeId"] for trade in ask(flow, 3, op="recent")["trades"]] == ["3", "2", "1"]

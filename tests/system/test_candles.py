"""Candles over real trades, compared with what Python's decimal makes of them, to the last digit."""

import asyncio
import decimal
import json
from collections import defaultdict
from datetime import datetime, timedelta, timezone

import pytest
from clients import Client, Requester, RpcError
from pipeline import until

INTERVALS = {"1s": 1, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86400}
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
EXACT = decimal.Context(prec=1000)
ROUNDED = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN)


def start_of(timestamp, seconds):
    """The start of the candle that a timestamp belongs to, as history writes it."""
    whole = int(datetime.strptime(timestamp[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc).timestamp())
    return (EPOCH + timedelta(seconds=whole - whole % seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def plain(number):
    return format(number, "f")


def candle(start, trades):
    """One candle as history writes it, all numbers as text. trades: [(price, qty)] in order."""
    numbers = [(EXACT.create_decimal(price), EXACT.create_decimal(qty)) for price, qty in trades]
    volume, turnover = decimal.Decimal(0), decimal.Decimal(0)
    for price, qty in numbers:
        volume = EXACT.add(volume, qty)
        turnover = EXACT.add(turnover, EXACT.multiply(price, qty))
    best = sorted(trades, key=lambda trade: (EXACT.create_decimal(trade[0]), len(trade[0]), trade[0]))
    highest = EXACT.create_decimal(best[-1][0])
    return {
        "start": start,
        "open": trades[0][0],
        "high": next(price for price, _ in best if EXACT.create_decimal(price) == highest),
        "low": best[0][0],
        "close": trades[-1][0],
        "volume": plain(volume),
        "count": str(len(trades)),
        "vwap": plain(ROUNDED.divide(turnover, volume).normalize(ROUNDED)) if volume else None,
    }


def candles(trades, interval):
    """What the trades come to, oldest first. trades: [(timestamp, source, number, price, qty)]."""
    spans = defaultdict(list)
    for timestamp, _, _, price, qty in sorted(trades, key=lambda trade: (padded(trade[0]), *trade[1:3])):
        spans[start_of(timestamp, INTERVALS[interval])].append((price, qty))
    return [candle(start, spans[start]) for start in sorted(spans)]


def padded(timestamp):
    """In a form that sorts: with 9 digits of fraction."""
    whole, _, fraction = timestamp.rstrip("Z").partition(".")
    return f"{whole}.{fraction:0<9}"


def texts(raw):
    """JSON with every number as its text."""
    return json.loads(raw, parse_float=str, parse_int=str)


def ask(history, **request):
    answer = texts(history.raw(json.dumps({"op": "candles", **request})))
    assert answer["ok"], answer
    return {**answer, "candles": [numbers(one) for one in answer["candles"]]}


def numbers(one):
    """A candle without its last member, which test_coverage.py has to do with."""
    assert list(one)[-1] == "complete" and one["complete"] in (True, False)
    return {name: value for name, value in one.items() if name != "complete"}


@pytest.fixture
def real(recordings):
    """The recorded trades by symbol: [(timestamp, source, number, price, qty)]."""
    trades = defaultdict(list)
    for number, line in enumerate((recordings / "trades-real.ndjson").read_text().splitlines()):
        trade = texts(line)
        trades[trade["symbol"]].append((trade["timestamp"], "blockchain", number, trade["price"], trade["qty"]))
    return trades


def play(flow, recordings, sources=1):
    flow.start_simulator("--file", recordings / "trades-real.ndjson", "--rate", 2000, "--paused")
    flow.start_connectord()
    flow.start_cached()
    until(lambda: all(flow.control("/status", "GET")[1]["subscriptions"].get(symbol, 0) >= sources for symbol in flow.symbols),
          f"every symbol to be subscribed by {sources} sources")
    flow.tell_simulator("/control/play")


def wait_for_trades(history, real):
    """Until history has them all, as its candles of a day count them."""
    for symbol, trades in real.items():
        def arrived():
            answer = history.ask(op="candles", symbol=symbol, interval="1d", count=10000)
            return answer["ok"] and sum(c["count"] for c in answer["candles"]) >= len(trades)
        until(arrived, f"{len(trades)} trades of {symbol}")


def assert_all_intervals(history, real):
    for symbol, trades in real.items():
        for interval in INTERVALS:
            expected = candles(trades, interval)
            answer = ask(history, symbol=symbol, interval=interval, count=10000)
            assert answer["candles"] == expected, (symbol, interval)
            assert "next" not in answer


def pages(history, **request):
    """All candles, page by page."""
    found = []
    while True:
        answer = ask(history, **request)
        assert 0 < len(answer["candles"]) <= request["count"]
        found = answer["candles"] + found
        if "next" not in answer:
            return found
        request["before"] = answer["next"]


def test_candles_of_real_trades_are_those_of_an_independent_computation(pipeline, recordings, real):
    flow = pipeline(symbols=sorted(real))
    play(flow, recordings)
    with Requester(flow.history) as history:
        wait_for_trades(history, real)
        assert_all_intervals(history, real)
        symbol = max(real, key=lambda name: len(real[name]))
        for interval in ("1s", "1m"):
            expected = candles(real[symbol], interval)
            assert len(expected) > 7
            for count in (1, 7, len(expected)):
                assert pages(history, symbol=symbol, interval=interval, count=count) == expected
            bounds = {"after": expected[1]["start"], "before": expected[-2]["start"]}
            assert ask(history, symbol=symbol, interval=interval, count=10000, **bounds)["candles"] == expected[2:-2]

        flow.processes["cached"].kill()
        flow.start_cached()
        wait_for_trades(history, real)
        assert_all_intervals(history, real)


def wait_for_older_trades(history, real):
    """Until candles have what memory was not filled with."""
    for symbol in real:
        until(lambda: "incomplete" not in ask(history, symbol=symbol, interval="1d"), f"the older candles of {symbol}")


def test_candles_are_made_again_of_trades_that_only_the_store_has(pipeline, recordings, real):
    flow = pipeline(symbols=sorted(real))
    flow.config["cached"].update({"store": "sqlite:///trades.db", "trades": 50})
    assert max(len(trades) for trades in real.values()) > 500
    play(flow, recordings)
    with Requester(flow.history) as history:
        wait_for_trades(history, real)
        until(lambda: json.loads(flow.ready("cached_http")[1])["store"]["lag"] == 0, "all trades to be stored")
        for kill in range(2):
            flow.processes["cached"].kill()
            flow.start_cached()
            wait_for_trades(history, real)
            wait_for_older_trades(history, real)
            assert_all_intervals(history, real)


def test_two_sources_make_one_candle(pipeline, recordings, real):
    flow = pipeline(symbols=sorted(real))
    flow.config["connectord"]["sources"].append({**flow.source, "name": "another"})
    play(flow, recordings, sources=2)
    both = {symbol: trades + [(t, "another", n, p, q) for t, _, n, p, q in trades] for symbol, trades in real.items()}
    with Requester(flow.history) as history:
        wait_for_trades(history, both)
        assert_all_intervals(history, both)
        symbol = max(real, key=lambda name: len(real[name]))
        assert ask(history, symbol=symbol, interval="1m", source="another", count=10000)["candles"] == candles(real[symbol], "1m")
        assert pages(history, symbol=symbol, interval="1s", count=5) == candles(both[symbol], "1s")


def test_a_websocket_client_gets_the_candles_of_history(pipeline, recordings, real):
    flow = pipeline(symbols=sorted(real))
    play(flow, recordings)
    flow.start_gateway()
    flow.wait_ready("gateway0")
    symbol = max(real, key=lambda name: len(real[name]))

    async def run():
        async with Client(flow.url()) as client:
            whole = await client.call("getCandles", symbol=symbol, interval="1s", count=10000)
            assert (whole["channel"], whole["symbol"], whole["interval"], whole["staleness"]) == ("trades", symbol, "1s", "0.000")
            assert "next" not in whole
            found, place = [], {}
            while "next" not in place or place["next"]:
                bound = {"beforeTimestamp": place["next"]} if place else {}
                page = await client.call("getCandles", symbol=symbol, interval="1s", count=3, **bound)
                found, place = page["candles"] + found, {"next": page.get("next")}
            assert found == whole["candles"]
            for wrong in ({}, {"interval": "1w"}, {"interval": "1m", "beforeTimestamp": "noon"}):
                with pytest.raises(RpcError) as refusal:
                    await client.call("getCandles", symbol=symbol, **wrong)
                assert refusal.value.code == -32602
            return whole["candles"]

    with Requester(flow.history) as history:
        wait_for_trades(history, real)
        found = asyncio.run(run())
        expected = candles(real[symbol], "1s")
        assert [{name: c if c is None else str(c) for name, c in numbers(one).items()} for one in found] == \
               [{name: c for name, c in one.items()} for one in expected]

"""Several exchanges that trade one symbol, as those see it who ask for the symbol and for no source: all trades of all of them, once each."""

import asyncio
import json
from collections import Counter
from decimal import Decimal

import pytest
from clients import Client, RpcError, assert_once_and_in_order
from pipeline import get, until
from two_exchanges import PATHS, SYMBOL, exchanges  # noqa: F401 (a fixture)

RATES = {"coinbase": ("--rate", 60), "kraken": ("--rate", 40)}
PAUSED = {name: (*rate, "--paused") for name, rate in RATES.items()}  # until somebody listens
FIELDS = ("side", "qty", "price")


def identities(trades):
    return Counter((trade["source"], trade["tradeId"]) for trade in trades)


def wanted(made):
    return Counter((name, trade["trade_id"]) for name, trades in made.items() for trade in trades)


def assert_exact(trades, made):
    """Every trade of these ledgers once, with its own digits, and in the order of its exchange."""
    assert identities(trades) == wanted(made)
    of_ledger = {(name, trade["trade_id"]): trade for name, entries in made.items() for trade in entries}
    for trade in trades:
        entry = of_ledger[trade["source"], trade["tradeId"]]
        assert [trade[field] for field in FIELDS] == [entry[field] for field in FIELDS], trade
    for name in made:
        own = [trade for trade in trades if trade["source"] == name]
        assert_once_and_in_order(own)
        assert [int(trade["tradeId"]) for trade in own] == [int(trade["trade_id"]) for trade in made[name]], name


async def until_all(client, made):
    await client.until(lambda: len(client.trades) >= sum(map(len, made.values())), f"{ {name: len(trades) for name, trades in made.items()} } trades")


def test_a_subscriber_without_a_source_gets_every_trade_of_every_exchange_once_and_one_with_a_source_that_one_s(exchanges):
    flow = exchanges.start(**PAUSED).flow

    async def watch():
        async with Client(flow.url()) as both, Client(flow.url()) as one:
            await both.subscribe(SYMBOL)
            await one.subscribe(SYMBOL, source="kraken")
            exchanges.play()
            await both.until(lambda: min(Counter(trade["source"] for trade in both.trades).get(name, 0) for name in PATHS) > 100, "trades of both")
            made = exchanges.pause()
            await until_all(both, made)
            await until_all(one, {"kraken": made["kraken"]})
            assert_exact(both.trades, made)
            assert_exact(one.trades, {"kraken": made["kraken"]})

    asyncio.run(watch())


def sums(trades):
    """Count and volume of each minute, exactly."""
    minutes = {}
    for trade in trades:
        count, volume = minutes.get(trade["timestamp"][:16], (0, Decimal(0)))
        minutes[trade["timestamp"][:16]] = count + 1, volume + Decimal(trade["qty"])
    return minutes


def prices(trades):
    """Highest and lowest of each minute."""
    minutes = {}
    for trade in trades:
        minutes.setdefault(trade["timestamp"][:16], []).append(Decimal(trade["price"]))
    return {minute: (max(those), min(those)) for minute, those in minutes.items()}


def candles(flow, **more):
    async def ask():
        async with Client(flow.url()) as client:
            return (await client.call("getCandles", symbol=SYMBOL, interval="1m", count=100, **more))["candles"]

    return asyncio.run(ask())


def as_sums(answer):
    return {candle["start"][:16]: (candle["count"], Decimal(candle["volume"])) for candle in answer}


def test_candles_add_up_the_exchanges_and_each_has_its_own(exchanges):
    flow = exchanges.start(**PAUSED).flow
    exchanges.play()
    until(lambda: min(len(exchanges.made(name)) for name in PATHS) > 200, "trades of both")
    made = exchanges.pause()
    every = [trade for trades in made.values() for trade in trades]
    until(lambda: as_sums(candles(flow)) == sums(every), "candles of all to have every trade")
    assert {candle["start"][:16]: (Decimal(candle["high"]), Decimal(candle["low"])) for candle in candles(flow)} == prices(every)
    for name, trades in made.items():
        own = candles(flow, source=name)
        assert as_sums(own) == sums(trades), name
        assert {candle["start"][:16]: (Decimal(candle["high"]), Decimal(candle["low"])) for candle in own} == prices(trades), name
    rest = json.loads(get(f"http://{flow.address('gateway0')}/api/v1/candles/{SYMBOL}?interval=1m&source=kraken")[1], parse_float=str)
    assert as_sums(rest["candles"]) == sums(made["kraken"])


def test_an_exchange_that_is_killed_takes_nothing_from_the_other_and_is_told_of(exchanges):
    """And what it has traded before anybody hears it again is fetched."""
    flow = exchanges.start(**RATES).flow

    async def watch():
        async with Client(flow.url()) as client:
            await client.subscribe(SYMBOL)
            own = lambda name: sum(trade["source"] == name for trade in client.trades)
            await client.until(lambda: min(map(own, PATHS)) > 20, "trades of both")
            flow.processes["kraken"].kill()
            await client.until(lambda: [lost["source"] for lost in client.of("connection.lost")] == ["kraken"], "the loss to be told")
            before = own("coinbase")
            await client.until(lambda: own("coinbase") > before + 100, "the other's trades")
            states = {status["name"]: status["connected"] for status in (await client.call("getStatus"))["sources"]}
            assert states == {"coinbase": True, "kraken": False}
            await asyncio.to_thread(exchanges.start_one, "kraken")
            await client.until(lambda: "kraken" in [back["source"] for back in client.of("connection.restored")], "its return to be told")
            before = own("kraken")
            await client.until(lambda: own("kraken") > before + 20, "its trades again")
            made = await asyncio.to_thread(exchanges.pause)
            await client.until(lambda: identities(client.trades)[last_of(made)] == 1, "its last trade")
            first = {name: min(int(trade["tradeId"]) for trade in client.trades if trade["source"] == name) for name in PATHS}
            heard = {name: [trade for trade in trades if int(trade["trade_id"]) >= first[name]] for name, trades in made.items()}
            await until_all(client, heard)
            assert_exact(client.trades, heard)
            assert not client.of("trades.gap")

    asyncio.run(watch())


def last_of(made):
    return "kraken", made["kraken"][-1]["trade_id"]


def test_a_source_that_does_not_have_the_symbol_is_refused(exchanges):
    flow = exchanges.start(**RATES).flow

    async def ask():
        async with Client(flow.url()) as client:
            with pytest.raises(RpcError):
                await client.subscribe(SYMBOL, source="binance")

    asyncio.run(ask())

"""Symbols as wide as exchanges have them, through bus, journal, stores and every door."""

import asyncio
import json
import subprocess
import urllib.parse

import pytest
from cli import dataflow
from clients import Client, Requester, RpcError, Tap
from pipeline import BIN, PATIENCE, get, loads, until

SYMBOLS = ["BTC-USD-PERP", "kPEPE-USD", "BTC-29MAR24-50000-C", "ES=F-1", "\u00c4-USD", "A&B-C?d#%41", "W" * 60 + "-USD"]
NOT = ["BTCUSD", "BTC/U-SD", "BTC,A-B", "BTC.X-USD", "W" * 61 + "-USD", "-USD", "BT*-USD"]


def frame(number, symbol):
    return {"seqnum": number, "event": "updated", "channel": "trades", "symbol": symbol, "timestamp": f"2025-11-10T17:24:{number % 60:02d}.5Z", "side": "buy",
            "qty": 0.5, "price": number, "trade_id": str(number)}


@pytest.fixture
def flow(pipeline, tmp_path):
    flow = pipeline()
    recording = tmp_path / "wide.ndjson"
    recording.write_text("".join(json.dumps(frame(number, SYMBOLS[number % len(SYMBOLS)]), ensure_ascii=False) + "\n" for number in range(1, 71)))
    flow.config["connectord"]["sources"] = [{"name": "wide", "connector": "replay", "file": str(recording), "speed": 0, "symbols": SYMBOLS}]
    flow.config["cached"]["store"] = f"sqlite:///{tmp_path}/trades.db"
    return flow


def curl(flow, path):
    ended = subprocess.run(["curl", "-sS", "--max-time", str(PATIENCE), f"http://{flow.address('gateway0')}{path}"], capture_output=True, text=True)
    return loads(ended.stdout)


def numbers(trades):
    return [int(trade["tradeId"]) for trade in trades]


def expected(symbol):
    return [number for number in range(1, 71) if SYMBOLS[number % len(SYMBOLS)] == symbol]


def events(flow, symbol, last):
    """The tradeIds of the stream behind a place, by Server-Sent Events."""
    query = urllib.parse.urlencode({"symbols": symbol, "lastEventId": last})
    curl = subprocess.Popen(["curl", "-sSN", "--max-time", str(PATIENCE), f"http://{flow.address('gateway0')}/api/v1/stream?{query}"],
                            stdout=subprocess.PIPE, text=True)
    try:
        for line in curl.stdout:
            if line.startswith('data: {"epoch"'):
                yield loads(line[6:])["tradeId"]
    finally:
        curl.kill()
        curl.wait()


async def follow(flow, symbol, since):
    async with Client(flow.url()) as client:
        answer = await client.subscribe(symbol, since={"wide": since})
        await client.until(lambda: len(client.of("trades.update")) == 10, f"the trades of {symbol}")
        return answer["symbol"], numbers(client.of("trades.update"))


def test_wide_symbols_go_through_every_door_and_survive_a_restart(flow):
    flow.start_connectord()
    cached = flow.start_cached()
    flow.start_gateway()
    flow.wait_ready("connectord_http", "cached_http", "gateway0")
    with Requester(flow.replay) as replay:
        until(lambda: {stream["topic"] for stream in replay.ask(op="streams")["streams"] if stream.get("last", "0-0").endswith("-10")} ==
              {f"trade.{symbol}.wide" for symbol in SYMBOLS}, "ten trades of each in the journal")
        epoch = replay.ask(op="streams")["epoch"]
        for symbol in SYMBOLS:
            assert numbers(replay.all(f"trade.{symbol}.wide")) == expected(symbol)
    assert sorted(curl(flow, "/api/v1/symbols")["symbols"]) == sorted(SYMBOLS)
    for symbol in SYMBOLS:
        path = f"/api/v1/trades/{urllib.parse.quote(symbol)}"
        until(lambda: numbers(reversed(curl(flow, path).get("trades", []))) == expected(symbol), f"the trades of {symbol} by REST")
        assert asyncio.run(follow(flow, symbol, f"{epoch}-0")) == (symbol, expected(symbol))
        told = events(flow, symbol, f"{symbol}.wide={epoch}-3")
        assert [int(next(told)) for _ in range(7)] == expected(symbol)[3:]
        told.close()
        ended = dataflow("history", symbol, "--json", "--url", flow.url())
        assert numbers(reversed([loads(line) for line in ended.stdout.splitlines()])) == expected(symbol), ended.stderr
    cached.kill()
    flow.start_cached()
    flow.wait_ready("cached_http")
    with Requester(flow.history) as history:
        for symbol in SYMBOLS:
            until(lambda: numbers(reversed(history.ask(op="recent", symbol=symbol).get("trades", []))) == expected(symbol), f"{symbol} from the store")


def test_the_bus_can_be_tapped_by_a_wide_symbol(flow):
    flow.config["connectord"]["sources"][0]["subscribe"] = "demand"  # it plays when somebody wants it
    with Tap(flow.bus, "trade.kPEPE-USD.") as tap:
        flow.start_connectord()
        assert [topic for topic, _ in tap.take(10)] == ["trade.kPEPE-USD.wide"] * 10


def test_the_longest_topic_can_be_subscribed_to(flow):
    source, symbol = "s" * 64, SYMBOLS[-1]
    flow.config["connectord"]["sources"][0].update(name=source, subscribe="demand")
    with Tap(flow.bus, f"trade.{symbol}.{source}") as tap:
        flow.start_connectord()
        assert [topic for topic, _ in tap.take(10)] == [f"trade.{symbol}.{source}"] * 10


@pytest.mark.parametrize("symbol", NOT)
def test_what_is_no_symbol_is_refused_by_the_configuration_and_every_door(flow, symbol):
    flow.start_gateway()
    until(lambda: get(f"http://{flow.address('gateway0')}/health")[0] == 200, "the gateway to answer")
    flow.config["connectord"]["sources"][0]["symbols"] = [symbol]
    ended = subprocess.run([BIN / "connectord", "--config", flow.write_config(), "--check"], capture_output=True, text=True)
    assert ended.returncode != 0 and "expected a symbol such as BTC-USD" in ended.stderr

    async def subscribe():
        async with Client(flow.url()) as client:
            await client.subscribe(symbol)

    with pytest.raises(RpcError, match="Invalid symbol"):
        asyncio.run(subscribe())

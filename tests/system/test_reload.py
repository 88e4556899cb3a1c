"""SIGHUP at connectord: symbols and sources come and go while it runs, and what did not change does not notice."""

import asyncio
import json
import pathlib
import signal

import pytest
from clients import Client, Requester, RpcError, Tap, assert_once_and_in_order
from pipeline import free_ports, get, loads, until


class Exchange:
    """One more simulator."""

    def __init__(self, flow, name, symbols, rate=500):
        self.flow, self.name, (self.port,) = flow, name, free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        ledger = pathlib.Path(flow.directory) / f"{name}.ndjson"
        flow.start(name, ["--listen", f"127.0.0.1:{self.port}", "--ledger", str(ledger), "--symbols", symbols, "--rate", str(rate)],
                   program="exchange-simulator")
        until(lambda: get(f"{self.url}/health")[0] == 200, f"the exchange {name}")

    def source(self, **more):
        return {**self.flow.source, "name": self.name, "url": self.url.replace("http", "ws") + "/ws", **more}

    def status(self):
        return json.loads(get(f"{self.url}/status")[1])

    def ledger(self, *events):
        return [entry for entry in map(loads, get(f"{self.url}/ledger")[1].splitlines()) if entry["event"] in events]

    def tell(self, path):
        assert get(self.url + path, "POST")[0] == 200

    def subscribed(self):
        return {symbol for symbol, count in self.status()["subscriptions"].items() if count}


def reload(flow, *sources):
    """The configuration has these sources now."""
    flow.config["connectord"]["sources"] = list(sources)
    flow.write_config()
    flow.processes["connectord"].popen.send_signal(signal.SIGHUP)


@pytest.fixture
def flow(pipeline):
    flow = pipeline()
    flow.one = Exchange(flow, "one", "BTC-USD,ETH-USD,SOL-USD")
    flow.config["connectord"]["sources"] = [flow.one.source(symbols=["BTC-USD", "ETH-USD"])]
    flow.start_connectord()
    flow.start_cached()
    flow.start_gateway()
    flow.wait_ready("connectord_http", "cached_http", "gateway0")
    return flow


async def offered(client, *symbols):
    """Waits until exactly these are offered."""
    found = None
    while found != set(symbols):
        found = set((await client.call("getSymbols"))["symbols"])


async def more_trades(client, symbol, source, count=20):
    have = lambda: sum((t["symbol"], t["source"]) == (symbol, source) for t in client.trades)
    wanted = have() + count
    await client.until(lambda: have() >= wanted, f"trades of {symbol} from {source}")


def check_lossless(flow, exchange, *symbols):
    """What the exchange sent on its one connection is in the journal once, and at the end of each stream nothing is missing."""
    exchange.tell("/control/pause")
    sent = exchange.ledger("trade")
    assert {entry["conn"] for entry in exchange.ledger("open")} == {1}, "one connection, which was never cut"
    with Requester(flow.replay) as replay:
        for symbol in symbols:
            wanted = [entry["trade_id"] for entry in sent if entry["symbol"] == symbol]
            topic = f"trade.{symbol}.{exchange.name}"
            until(lambda: len(replay.all(topic)) >= len(wanted), f"{len(wanted)} trades of {topic}")
            trades = replay.all(topic)
            assert_once_and_in_order(trades)
            assert [trade["tradeId"] for trade in trades] == wanted


def test_symbols_come_and_go_on_a_connection_that_stays(flow):
    async def run():
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            await client.subscribe("ETH-USD")
            await more_trades(client, "ETH-USD", "one")
            with pytest.raises(RpcError, match="Invalid symbol: SOL-USD"):
                await client.subscribe("SOL-USD")
            reload(flow, flow.one.source(symbols=["SOL-USD", "BTC-USD"]))
            await offered(client, "BTC-USD", "SOL-USD")
            await client.subscribe("SOL-USD")
            await more_trades(client, "SOL-USD", "one")
            await more_trades(client, "BTC-USD", "one")
            await client.until(lambda: client.of("connection.lost"), "connection.lost of ETH-USD")
            async with Client(flow.url()) as late:
                with pytest.raises(RpcError, match="Invalid symbol: ETH-USD"):
                    await late.subscribe("ETH-USD")
            await asyncio.to_thread(until, lambda: flow.one.subscribed() == {"BTC-USD", "SOL-USD"}, "ETH-USD to be unsubscribed")
            reload(flow, flow.one.source(symbols=["SOL-USD", "BTC-USD", "ETH-USD"]))
            await client.until(lambda: client.of("connection.restored"), "connection.restored of ETH-USD")
            await more_trades(client, "ETH-USD", "one")
            await more_trades(client, "BTC-USD", "one")
            return client

    client = asyncio.run(run())
    (lost,), (restored,) = client.of("connection.lost"), client.of("connection.restored")
    assert (lost["source"], lost["symbol"], lost["reason"]) == ("one", "ETH-USD", "ETH-USD is no longer offered")
    assert (restored["source"], restored["symbol"]) == ("one", "ETH-USD")
    for symbol in ("BTC-USD", "ETH-USD"):
        assert_once_and_in_order([trade for trade in client.trades if trade["symbol"] == symbol])
    assert [(gap["symbol"], gap["missing"], "upstream" in gap) for gap in client.of("trades.gap")] == [("ETH-USD", None, True)]
    check_lossless(flow, flow.one, "BTC-USD", "SOL-USD")


def test_a_source_comes_and_goes_while_the_other_does_not_notice(flow):
    two = Exchange(flow, "two", "BTC-USD,XLM-EUR")

    async def run():
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            await more_trades(client, "BTC-USD", "one")
            reload(flow, flow.config["connectord"]["sources"][0], two.source(symbols=["BTC-USD", "XLM-EUR"]))
            await more_trades(client, "BTC-USD", "two")
            await client.subscribe("XLM-EUR")
            await more_trades(client, "XLM-EUR", "two")
            reload(flow, flow.config["connectord"]["sources"][0])
            await client.until(lambda: client.of("connection.lost"), "connection.lost of two")
            await offered(client, "BTC-USD", "ETH-USD")
            async with Client(flow.url()) as late:
                with pytest.raises(RpcError, match="Invalid symbol: XLM-EUR"):
                    await late.subscribe("XLM-EUR")
            names = [source["name"] for source in (await client.call("getStatus"))["sources"]]
            assert names == ["one"]
            await more_trades(client, "BTC-USD", "one")
            told = len(client.of("connection.restored"))  # one that is new may be heard of before it is connected
            reload(flow, two.source(symbols=["BTC-USD", "XLM-EUR"]), flow.config["connectord"]["sources"][0])
            await client.until(lambda: len(client.of("connection.restored")) > told, "connection.restored of two")
            await more_trades(client, "XLM-EUR", "two")
            return client

    client = asyncio.run(run())
    (lost,) = client.of("connection.lost")
    assert {told["source"] for told in client.of("connection.restored")} == {lost["source"]} == {"two"}
    assert lost["reason"] == "withdrawn from the configuration"
    assert "symbol" not in lost
    closed = two.ledger("close")
    assert [entry["conn"] for entry in closed] == [1], "it said goodbye"
    for source, symbol in [("one", "BTC-USD"), ("two", "BTC-USD"), ("two", "XLM-EUR")]:
        assert_once_and_in_order([t for t in client.trades if (t["source"], t["symbol"]) == (source, symbol)])
    check_lossless(flow, flow.one, "BTC-USD", "ETH-USD")


def test_what_a_removed_source_brought_stays_in_journal_and_history(flow):
    with Requester(flow.replay) as replay, Requester(flow.history) as history:
        topic = "trade.BTC-USD.one"
        until(lambda: len(replay.all(topic)) > 100, "trades")
        reload(flow)
        flow.processes["connectord"].wait_for_line("source removed.*one")
        kept = replay.all(topic)
        assert_once_and_in_order(kept)
        until(lambda: len(history.all(topic)) == len(kept), "the last trades in history")
        assert history.ask(op="recent", symbol="BTC-USD", count=1)["trades"] == kept[-1:]
    until(lambda: flow.one.status()["connections"] == 0, "the connection to end")
    status, text = flow.ready("connectord_http")
    assert status == 200 and json.loads(text)["sources"] == []


def test_a_source_with_another_url_starts_anew_and_its_streams_go_on(flow):
    other = Exchange(flow, "other", "BTC-USD,ETH-USD")
    two = Exchange(flow, "two", "XLM-EUR")
    reload(flow, flow.one.source(symbols=["BTC-USD", "ETH-USD"]), two.source(symbols=["XLM-EUR"]))
    until(lambda: two.subscribed() == {"XLM-EUR"}, "two to be subscribed")

    async def run():
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            await more_trades(client, "BTC-USD", "one")
            moved = {**other.source(symbols=["BTC-USD", "ETH-USD"]), "name": "one"}
            reload(flow, moved, two.source(symbols=["XLM-EUR"]))
            await asyncio.to_thread(until, lambda: other.subscribed() == {"BTC-USD", "ETH-USD"}, "the other exchange's subscriptions")
            await client.until(lambda: client.of("connection.restored"), "connection.restored")
            await more_trades(client, "BTC-USD", "one")
            assert_once_and_in_order(client.trades)
            return client

    client = asyncio.run(run())
    assert [lost["reason"] for lost in client.of("connection.lost")] == ["restarting with new settings"]
    until(lambda: flow.one.status()["connections"] == 0, "the first exchange to be left")
    log = flow.processes["connectord"].log()
    assert "needs a restart" not in log and "config: changed key=connectord.sources.0.url" in log
    check_lossless(flow, two, "XLM-EUR")


def test_what_is_wrong_changes_nothing_and_what_is_impossible_not_that_source(flow):
    connectord = flow.processes["connectord"]
    good = flow.one.source(symbols=["BTC-USD", "ETH-USD"])
    reload(flow, {**good, "symbols": ["btc"]})
    connectord.wait_for_line("config: unchanged")
    reload(flow, {**good, "connector": "nonesuch"}, {**good, "name": "file", "connector": "replay"})
    connectord.wait_for_line("can't be set up source=one now=.*unchanged")
    connectord.wait_for_line("can't be set up source=file now=.*left out")
    flow.config["connectord"]["publish_queue"] = 5000
    reload(flow, good)
    connectord.wait_for_line("config: needs a restart key=connectord.publish_queue")
    check_lossless(flow, flow.one, "BTC-USD", "ETH-USD")


def test_demand_reaches_symbols_that_are_offered_later(pipeline):
    flow = pipeline()
    one = Exchange(flow, "one", "BTC-USD,SOL-USD")
    source = lambda *symbols: one.source(symbols=symbols, subscribe="demand", grace_ms=50)
    flow.config["connectord"]["sources"] = [source("BTC-USD")]
    flow.start_connectord()
    with Tap(flow.bus, "trade.SOL-USD."), Tap(flow.bus, "trade.BTC-USD."), Tap(flow.bus, "status.") as status:
        until(lambda: one.subscribed() == {"BTC-USD"}, "the symbol that is wanted")
        reload(flow, source("BTC-USD", "SOL-USD"))
        until(lambda: one.subscribed() == {"BTC-USD", "SOL-USD"}, "what was wanted before it was offered")
        reload(flow, source("SOL-USD"))
        until(lambda: one.subscribed() == {"SOL-USD"}, "the other one to be unsubscribed")
        reload(flow, source("BTC-USD", "SOL-USD"))
        until(lambda: one.subscribed() == {"BTC-USD", "SOL-USD"}, "both")
        heard = loads(status.receive()[1])
        assert heard["subscribe"] == "demand"
    until(lambda: one.subscribed() == set(), "nobody to want anything")
    check_lossless(flow, one)


def test_members_of_a_failover_group_come_and_go(pipeline):
    flow = pipeline()
    flow.config["connectord"]["failover"] = {"after_ms": 300, "hysteresis_ms": 300}
    one, two = Exchange(flow, "one", "BTC-USD"), Exchange(flow, "two", "BTC-USD")
    first, second = (exchange.source(symbols=["BTC-USD"], group="btc") for exchange in (one, two))
    flow.config["connectord"]["sources"] = [second]
    flow.start_connectord()
    with Tap(flow.bus, "status.") as tap:
        def until_active(name):
            state = {}
            for _ in range(1000):
                status = loads(tap.receive()[1])
                state[status["source"]] = status
                if all(s["connected"] and s["active"] == (s["source"] == name) for s in state.values()) and name in state:
                    return
                if status["event"] == "withdrawn":
                    del state[status["source"]]
            raise AssertionError(f"{name} never became active: {state}")

        until_active("two")
        reload(flow, first, second)
        until_active("one")
        reload(flow, second)
        until_active("two")
        reload(flow, second, first)
        until(lambda: one.subscribed() == {"BTC-USD"}, "the backup to be subscribed")
        two.tell("/control/refuse?seconds=60")
        two.tell("/control/reset")
        state = {}
        until(lambda: state.update({(s := loads(tap.receive()[1]))["source"]: s}) or state.get("one", {}).get("active"),
              "the backup to be active")
    assert {entry["conn"] for entry in two.ledger("open")} == {1}

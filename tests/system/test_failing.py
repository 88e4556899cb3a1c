"""A subscription that the exchange refuses, does not answer or ends by itself: asked for again, named wherever somebody may look, and told
to clients."""

import asyncio
import json

from clients import Client, Tap
from event_source import Events
from pipeline import get, loads, until

REASON = "Service temporarily unavailable"
SLOW = {"initial_ms": 60000, "maximum_ms": 60000}


def start(pipeline, *controls, **source):
    """Everything, with a simulator that was told some things before it was asked for the first time."""
    flow = pipeline(**source)
    flow.start_simulator("--symbols", "BTC-USD,ETH-USD", "--rate", 200, "--heartbeat-ms", 100)
    for control in controls:
        flow.tell_simulator(control)
    flow.start_connectord()
    flow.start_cached()
    flow.start_gateway()
    flow.wait_ready("connectord_http", "cached_http", "gateway0")
    return flow


def daemon_source(flow):
    status, text = flow.ready("connectord_http")
    assert status == 200, "one symbol that fails is no reason to start the service again"
    return json.loads(text)["sources"][0]


def metric(flow, name):
    text = get(f"http://{flow.address('connectord_http')}/metrics")[1]
    return next(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name + "{"))


def refused(flow, kind="rejected"):
    return [line["symbol"] for line in flow.ledger("fault") if line["kind"] == kind]


def test_a_refused_symbol_is_named_wherever_one_looks_while_the_others_trade(pipeline):
    flow = start(pipeline, "/control/reject?symbol=ETH-USD&n=1000", backoff=SLOW)
    until(lambda: daemon_source(flow)["failing"] == {"ETH-USD": REASON}, "/ready of connectord to name the symbol")
    with Tap(flow.bus, "status.") as tap:
        status = loads(tap.receive()[1])
    assert status["failing"] == {"ETH-USD": REASON} and status["connected"]
    assert status["health"] <= 80, "it counts as a stale one of two does"
    assert metric(flow, "dataflow_source_failing") == 1

    async def run():
        async with Client(flow.url()) as client:
            bad, good = await client.subscribe("ETH-USD"), await client.subscribe("BTC-USD")
            await client.until(lambda: len(client.trades) > 10, "trades of the other symbol")
            return bad, good, (await client.call("getStatus"))["sources"][0], client.notifications

    bad, good, source, notifications = asyncio.run(run())
    assert bad["event"] == "subscribed" and bad["failing"] == {"blockchain": REASON}
    assert "failing" not in good
    assert source["failing"] == {"ETH-USD": REASON} and source["connected"]
    assert {n["method"] for n in notifications} == {"trades.update"}
    with Events(flow, "symbols=BTC-USD,ETH-USD") as stream:
        stream.wait(lambda: stream.trades and stream.named("failing"), "trades of the one, and that the other fails")
        assert stream.named("failing") == [{"channel": "trades", "symbol": "ETH-USD", "source": "blockchain", "reason": REASON}]
    ready, text = flow.ready("gateway0")
    assert ready == 200 and json.loads(text)["sources"][0]["failing"] == {"ETH-USD": REASON}


def test_a_refused_symbol_is_asked_for_with_backoff_until_it_is_there(pipeline):
    flow = start(pipeline, "/control/reject?symbol=ETH-USD&n=4&named=no", backoff={"initial_ms": 300, "maximum_ms": 600, "jitter": 0})

    async def run():
        async with Client(flow.url()) as client:
            await client.subscribe("ETH-USD")
            await client.until(lambda: client.of("subscription.restored"), "the symbol to be subscribed")
            await client.until(lambda: len(client.trades) > 10, "its trades")
            assert "failing" not in await client.subscribe("ETH-USD")
            return client

    client = asyncio.run(run())
    assert client.of("subscription.restored") == [{"channel": "trades", "symbol": "ETH-USD", "source": "blockchain"}]
    assert refused(flow) == ["ETH-USD"] * 4
    times = [line["at"] for line in flow.ledger("fault") if line["kind"] == "rejected"]
    waits = [round((b - a) / 1e6) for a, b in zip(times, times[1:])]
    assert all(found >= wanted * 0.95 for found, wanted in zip(waits, [300, 600, 600])), waits
    assert metric(flow, "dataflow_source_subscribe_retries_total") == 4
    assert metric(flow, "dataflow_source_failing") == 0
    assert metric(flow, "dataflow_source_malformed_total") == 0, "a rejection that names no symbol is not malformed"
    assert metric(flow, "dataflow_source_reconnects_total") == 0


def test_a_symbol_that_is_not_answered_fails_and_is_asked_for_again(pipeline):
    flow = start(pipeline, "/control/ignore?symbol=ETH-USD&n=2", confirm_ms=2000)

    async def run():
        async with Client(flow.url()) as client:
            answer = await client.subscribe("ETH-USD")
            await client.until(lambda: len(client.trades) > 10, "trades")
            return answer, client

    answer, client = asyncio.run(run())
    reasons = [*answer.get("failing", {}).values(), *[n["reason"] for n in client.of("subscription.failing")]]
    assert set(reasons) <= {"the exchange does not answer"}
    assert refused(flow, "ignored") == ["ETH-USD"] * 2
    assert metric(flow, "dataflow_source_subscribe_retries_total") == 2
    flow.processes["connectord"].wait_for_line("subscription fails.*ETH-USD.*does not answer")


def test_who_is_subscribed_already_is_told_over_every_door(pipeline):
    flow = start(pipeline, backoff={"initial_ms": 400, "maximum_ms": 400})
    flow.subscribed("BTC-USD", "ETH-USD")

    async def run():
        loop = asyncio.get_running_loop()
        tell = lambda path: loop.run_in_executor(None, flow.tell_simulator, path)
        async with Client(flow.url()) as client, Client(flow.url()) as other:
            await client.subscribe("ETH-USD")
            await other.subscribe("BTC-USD")
            with Events(flow, "symbols=ETH-USD") as stream:
                wait = lambda condition, what: loop.run_in_executor(None, stream.wait, condition, what)
                await wait(lambda: stream.trades, "a trade")
                await tell("/control/reject?symbol=ETH-USD&n=3")
                await tell("/control/drop?symbol=ETH-USD")
                await wait(lambda: stream.named("failing"), "the word that it fails")
                await wait(lambda: stream.named("working"), "the end of it")
                events = [(kind, json.loads(data)) for kind, data in stream.events if kind != "message"]
            await client.until(lambda: client.of("subscription.restored"), "the end of it")
            count = len(client.trades)
            await client.until(lambda: len(client.trades) > count, "trades again")
            return client, other, events

    client, other, events = asyncio.run(run())
    failing, = client.of("subscription.failing")
    assert failing["reason"] in ("unsubscribed by the exchange", REASON)
    assert {**failing, "reason": ""} == {"channel": "trades", "symbol": "ETH-USD", "source": "blockchain", "reason": ""}
    assert len(client.of("subscription.restored")) == 1
    assert other.of("subscription.failing") == other.of("subscription.restored") == []
    assert [kind for kind, _ in events if kind != "gap"] == ["failing", "working"]
    assert [data["missing"] for kind, data in events if kind == "gap"] == [None], "nobody knows what was traded meanwhile"
    assert all(params["symbol"] == "ETH-USD" and params["source"] == "blockchain" for _, params in events)
    assert refused(flow) == ["ETH-USD"] * 3, "what the exchange drops by itself is asked for again"
    assert metric(flow, "dataflow_source_reconnects_total") == 0


def test_on_demand_a_symbol_fails_only_for_as_long_as_somebody_wants_it(pipeline):
    flow = start(pipeline, "/control/reject?symbol=ETH-USD&n=1000", subscribe="demand", grace_ms=1)

    async def run():
        loop = asyncio.get_running_loop()
        async with Client(flow.url()) as client:
            answer = await client.subscribe("ETH-USD")  # which wants it first: the exchange may refuse before it is there, or after
            await client.until(lambda: "failing" in answer or client.of("subscription.failing"), "the word that it fails")
            await client.call("unsubscribe", channel="trades", symbol="ETH-USD")
            await loop.run_in_executor(None, until, lambda: daemon_source(flow)["failing"] == {}, "nobody to want it")

    asyncio.run(run())
    flow.tell_simulator("/control/reject?symbol=ETH-USD&n=0")


def test_with_two_lines_a_symbol_that_one_of_them_has_does_not_fail(pipeline):
    """The line that asks first is refused, the other is not."""
    flow = start(pipeline, "/control/reject?symbol=ETH-USD&n=1", backoff=SLOW, lines=2)
    flow.subscribed("BTC-USD", "ETH-USD")
    until(lambda: refused(flow) == ["ETH-USD"], "one line to be refused")
    with Tap(flow.bus, "status.") as tap:
        status = loads(tap.receive()[1])
        while status["lines_connected"] < 2:
            status = loads(tap.receive()[1])
    assert "failing" not in status

    async def run():
        async with Client(flow.url()) as client:
            assert "failing" not in await client.subscribe("ETH-USD")
            await client.until(lambda: len(client.trades) > 10, "trades over the other line")

    asyncio.run(run())

"""A source that protects its exchange and knows how well it is: backoff and circuit breaker seen from the exchange's side, a feed that
goes stale although it is connected."""

import asyncio
import json
import os
import socket
import threading
import time

import pytest
from clients import Client, Requester, Tap
from pipeline import PATIENCE, loads, until
from trade_rates import TradeRate


class Refusing:
    """An exchange that takes connections and hangs up at once; notes when each came, and how late this machine wakes up who waits: on
    one that is busy with other things no process keeps to its times."""

    def __init__(self, port):
        self.times, self.changed = [], threading.Condition()
        self.socket = socket.create_server(("127.0.0.1", port))
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        self.late_s, self.over = 0, threading.Event()
        self.watch = threading.Thread(target=self._watch)
        self.watch.start()

    def _watch(self):
        while not self.over.is_set():
            begun = time.monotonic()
            self.over.wait(0.02)
            if not self.over.is_set():
                self.late_s = max(self.late_s, time.monotonic() - begun - 0.02)

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with self.changed:
                self.times.append(time.monotonic())
                self.changed.notify_all()
            connection.close()

    def wait_for(self, count, patience=PATIENCE):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.times) >= count, patience), f"tried {len(self.times)} times, not {count}"
            return self.times[:count]

    def close(self):
        """Frees the port."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.over.set()
        self.thread.join()
        self.watch.join()
        self.socket.close()


@pytest.fixture
def refusing():
    made = []

    def make(port):
        made.append(Refusing(port))
        return made[-1]

    yield make
    for one in made:
        if one.thread.is_alive():
            one.close()


def assert_intervals(exchange, expected_ms):
    """As configured, within a tenth; later only by what the machine was found to be late itself."""
    times = exchange.wait_for(len(expected_ms) + 1, patience=PATIENCE + 2 * sum(expected_ms) / 1000)
    found = [round((b - a) * 1000) for a, b in zip(times, times[1:])]
    slack_ms = 30 + 4 * 1000 * exchange.late_s
    assert len(found) == len(expected_ms)
    for interval, wanted in zip(found, expected_ms):
        assert 0.9 * wanted <= interval <= 1.1 * wanted + slack_ms, f"intervals of {found} ms, expected {expected_ms} (±10 %, {slack_ms:.0f} ms)"
    return found


def status_with(tap, condition, what, patience=PATIENCE):
    """The next status for which the condition holds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        status = loads(tap.receive()[1])
        if condition(status):
            return status
    raise AssertionError(f"no status with {what} for {patience} s")


def test_a_refusing_exchange_is_tried_at_the_configured_times(pipeline, refusing):
    """For a minute in make chaos, at the times that are the default."""
    initial_ms, *others = [1000, 2000, 4000, 8000, 16000, 30000] if "CHAOS_SECONDS" in os.environ else [400, 800, 1600, 1600]
    flow = pipeline(backoff={"initial_ms": initial_ms, "multiplier": 2, "maximum_ms": others[-1], "jitter": 0}, breaker={"failures": 0})
    exchange = refusing(flow.port["simulator"])
    flow.start_connectord()
    print(f"tried again after {assert_intervals(exchange, [initial_ms, *others])} ms")


def test_the_breaker_opens_and_closes_again(pipeline, refusing):
    flow = pipeline(backoff={"initial_ms": 300, "multiplier": 2, "maximum_ms": 1000, "jitter": 0},
                    breaker={"failures": 3, "open_ms": 2000, "healthy_ms": 500})
    exchange = refusing(flow.port["simulator"])
    flow.start_connectord()
    with Tap(flow.bus, "status.") as tap:
        # The backoff rules two tries; the third failure opens the breaker, which then has one trial each two seconds.
        assert_intervals(exchange, [300, 600, 2000, 2000])
        opened = status_with(tap, lambda s: s["breaker"] == "open", "an open breaker")
        assert not opened["connected"] and opened["health"] == 0
        exchange.close()
        flow.start_simulator("--rate", 50)
        trial = status_with(tap, lambda s: s["connected"], "a connection")
        assert trial["event"] == "restored" and trial["breaker"] == "half_open"
        closed = status_with(tap, lambda s: s["breaker"] == "closed", "a closed breaker")
        assert closed["connected"] and closed["health"] > 80
    flow.processes["connectord"].wait_for_line("circuit breaker.*state=open")
    flow.processes["connectord"].wait_for_line("circuit breaker.*state=closed")


def test_the_breaker_is_in_the_gateways_status(pipeline, refusing):
    flow = pipeline(breaker={"failures": 2, "open_ms": 60000})
    exchange = refusing(flow.port["simulator"])
    flow.start_connectord()
    flow.start_cached()
    flow.start_gateway()
    until(lambda: flow.ready("cached_http")[0], "cached to listen")  # else it may be ended before it heeds that
    exchange.wait_for(2)

    def source():
        status, text = flow.ready("gateway0")
        sources = json.loads(text)["sources"] if status else []
        return sources and sources[0]["breaker"] == "open" and sources[0]

    assert until(source, "an open breaker in /ready")["health"] == 0

    async def ask():
        async with Client(flow.url()) as client:
            return (await client.call("getStatus"))["sources"][0]

    answer = asyncio.run(ask())
    assert (answer["breaker"], answer["health"], answer["stale"]) == ("open", 0, {})
    assert len(exchange.times) == 2, "an open breaker tries nothing"


def test_a_stale_stream_is_told_although_its_source_is_connected(pipeline):
    flow = pipeline(silence_ms=60000, starvation={"minimum_ms": 1500})
    flow.start_all("--symbols", "BTC-USD,ETH-USD", "--rate", 200, "--heartbeat-ms", 200)
    stale_topics = {"trade.BTC-USD.blockchain", "trade.ETH-USD.blockchain"}

    def rate(topic):
        with Requester(flow.history) as history:
            return TradeRate().take(*history.all(topic))

    async def run():
        loop = asyncio.get_running_loop()
        in_thread = lambda function, *args: loop.run_in_executor(None, function, *args)
        async with Client(flow.url()) as client:
            await client.subscribe("BTC-USD")
            await in_thread(until, lambda: all(rate(topic).stale_within(5) for topic in stale_topics), "the rates to be known")
            assert client.of("connection.lost") == []
            await in_thread(flow.tell_simulator, "/control/pause")
            await client.until(lambda: client.of("connection.lost"), "connection.lost of the symbol")
            lost = client.of("connection.lost")
            ready = await in_thread(until, lambda: set(json.loads(flow.ready("gateway0")[1])["stale"]) == stale_topics and
                                    json.loads(flow.ready("gateway0")[1]), "/ready to name the stale streams")
            status = (await client.call("getStatus"))["sources"][0]
            daemon = json.loads((await in_thread(flow.ready, "connectord_http"))[1])["sources"][0]
            assert daemon["connected"] and {f"trade.{s}.blockchain" for s in daemon["stale"]} == stale_topics
            late = Client(flow.url())
            async with late:
                await late.subscribe("ETH-USD")
                await late.until(lambda: late.of("connection.lost"), "connection.lost behind the answer")
            await in_thread(flow.tell_simulator, "/control/play")
            await client.until(lambda: client.of("connection.restored"), "connection.restored of the symbol")
            count = len(client.trades)
            await client.until(lambda: len(client.trades) > count + 50, "trades again")
            after = await in_thread(until, lambda: not json.loads(flow.ready("gateway0")[1])["stale"], "/ready to name none")
            return client, late, lost, ready, status, after

    client, late, lost, ready, status, _ = asyncio.run(run())
    assert len(lost) == 1 and (lost[0]["source"], lost[0]["symbol"]) == ("blockchain", "BTC-USD")
    assert lost[0]["reason"] == "no trades of BTC-USD, which is unlikely"
    assert 1.5 <= float(lost[0]["staleness"]) < 10
    assert ready["ready"] and ready["sources"][0]["connected"]
    assert status["connected"] and set(status["stale"]) == {"BTC-USD", "ETH-USD"}
    assert 0 < status["health"] <= 60 and status["breaker"] == "closed"
    assert [n["symbol"] for n in late.of("connection.lost")] == ["ETH-USD"]
    assert len(client.of("connection.lost")) == 1
    assert [(n["source"], n["symbol"]) for n in client.of("connection.restored")] == [("blockchain", "BTC-USD")]
    assert float(client.of("connection.restored")[0]["staleness"]) >= 1.5

"""Two lines to one exchange: what one line loses the other has, and to the outside they are one source."""

import asyncio
import os
import random

from bad_link import BadLink
from clients import Client, Requester, Tap, assert_once_and_in_order
from pipeline import free_ports, get, loads, until

SYMBOLS = ["BTC-USD", "ETH-USD"]
CUTS = int(os.environ.get("TEST_CUTS", "20"))


def start(pipeline, **source):
    """Everything, with two lines that both are subscribed to all symbols, and no trade made yet."""
    flow = pipeline(symbols=SYMBOLS, lines=2, dedup_window=100000,
                    **{"breaker": {"failures": 1000}, **source})  # lines that are cut all the time are no reason to give up
    flow.config["gatewayd"]["ring_bytes"] = 64 << 20  # the client is Python's: it may lag, and is to see every trade all the same
    flow.start_all("--symbols", ",".join(SYMBOLS), "--rate", 5000, "--paused")
    both_subscribed(flow)
    return flow


def exchange(flow):
    return flow.control("/status", "GET")[1]


def both_subscribed(flow, besides=None):
    """Waits until two lines, other than the one that is to go, are subscribed to everything."""
    def whole():
        state = exchange(flow)
        return besides not in state["ids"] and all(state["subscriptions"].get(s) == 2 for s in SYMBOLS)

    until(whole, "two lines to be subscribed")


def caught_up(flow, replay):
    """Waits until what the exchange has made is in the journal: from now on either line may be cut. Only while it makes no more: a new line
    brings newer trades before an old one that lags has brought what only it has."""
    made = exchange(flow)["sent"]

    def journaled():
        return sum(int(stream["last"].split("-")[1]) for stream in replay.ask(op="streams")["streams"]
                   if stream["topic"].startswith("trade."))

    until(lambda: journaled() >= made, f"{made} trades to be journaled")


def assert_every_trade_once(flow, replay):
    """Every trade that was made is in the journal once. Returns how many there are."""
    flow.tell_simulator("/control/pause")
    caught_up(flow, replay)
    made = {trade["trade_id"] for trade in flow.ledger("trade")}
    assert len(made) == exchange(flow)["sent"], "each trade that was made was sent to some line"
    journaled = []
    for symbol in SYMBOLS:
        trades = replay.all(f"trade.{symbol}.blockchain")
        assert_once_and_in_order(trades)
        journaled += [trade["tradeId"] for trade in trades]
    assert len(set(journaled)) == len(journaled), "no duplicates"
    assert set(journaled) == made
    return len(made)


def states(tap, enough):
    """The statuses on the bus up to the first that is enough."""
    heard = []
    while not heard or not enough(heard[-1]):
        heard.append(loads(tap.receive()[1]))
    return heard


def test_lines_that_are_cut_in_turn_lose_no_trade(pipeline):
    flow = start(pipeline)

    async def run():
        async with Client(flow.url()) as client:
            for symbol in SYMBOLS:
                await client.subscribe(symbol)
            flow.tell_simulator("/control/play")
            made = await asyncio.get_running_loop().run_in_executor(None, cut_in_turn, flow)
            await client.until(lambda: len(client.trades) >= made, f"{made} trades at the client")
            for symbol in SYMBOLS:
                assert_once_and_in_order([trade for trade in client.trades if trade["symbol"] == symbol])
            assert len(client.trades) == made
            assert client.of("connection.lost") == [] and client.of("trades.gap") == []

    asyncio.run(run())


def cut_in_turn(flow):
    with Requester(flow.replay) as replay, Tap(flow.bus, "status.") as tap:
        states(tap, lambda status: status["lines_connected"] == 2)
        for number in range(CUTS):
            flow.tell_simulator("/control/pause")
            caught_up(flow, replay)
            flow.tell_simulator("/control/play")
            oldest = exchange(flow)["ids"][0]
            flow.tell_simulator(f"/control/{'close' if number % 2 else 'reset'}?conn={oldest}")
            both_subscribed(flow, besides=oldest)
        made = assert_every_trade_once(flow, replay)
        heard = states(tap, lambda status: status["reconnects"] >= CUTS and sum(status["symbols"].values()) >= made)
    assert all(status["connected"] and status["event"] == "heartbeat" for status in heard)
    assert {1, 2} <= {status["lines_connected"] for status in heard}
    last = heard[-1]
    print(f"{CUTS} cuts: {made} trades, {last['duplicates']} second copies dropped, {last['saved']} saved by the other line")
    assert last["trades"] == made
    assert 0 < last["saved"] < made
    assert 0 < last["duplicates"] < made
    return made


def test_lines_that_are_rotated_lose_no_trade(pipeline):
    flow = start(pipeline, rotate_ms=1000, settle_ms=1000)
    with Requester(flow.replay) as replay, Tap(flow.bus, "status.") as tap:
        states(tap, lambda status: status["connected"])
        flow.tell_simulator("/control/play")
        heard = states(tap, lambda status: status["reconnects"] >= 6)
        assert_every_trade_once(flow, replay)
    assert all(status["connected"] and status["event"] == "heartbeat" for status in heard)
    closed = [entry["conn"] for entry in flow.ledger("close")]
    assert sorted(closed[:2]) == [1, 2] and closed[2:6] == [3, 4, 5, 6], "in turn, the older line first"


class LinesLag(BadLink):
    """Holds back what comes for its first connections, while it is told to."""

    def __init__(self, *arguments, first=1, **more):
        super().__init__(*arguments, **more)
        self.first, self.lagging = first, []

    async def _serve(self):
        self.free = asyncio.Event()
        self.free.set()
        await super()._serve()

    async def _accept(self, reader, writer):
        if len(self.lagging) < self.first:
            self.lagging.append(writer)
        await super()._accept(reader, writer)

    async def _deliver(self, queue, writer, pair):
        if writer not in self.lagging:
            await super()._deliver(queue, writer, pair)
            return
        while chunk := (await queue.get())[1]:
            await self.free.wait()
            writer.write(chunk)
            await writer.drain()
        for one in pair:
            one.transport.abort()

    def hold(self):
        self.loop.call_soon_threadsafe(self.free.clear)

    def release(self):
        self.loop.call_soon_threadsafe(self.free.set)


def test_a_line_that_lags_by_more_than_the_window_brings_nothing_twice(pipeline):
    (port,) = free_ports(1)
    flow = pipeline(symbols=SYMBOLS, lines=2, dedup_window=100, silence_ms=600000, url=f"ws://127.0.0.1:{port}/ws")
    with LinesLag(port, flow.port["simulator"], random.Random(1)) as link:
        flow.start_simulator("--symbols", ",".join(SYMBOLS), "--rate", 5000, "--paused", "--heartbeat-ms", 600000)
        flow.start_connectord()
        both_subscribed(flow)
        with Requester(flow.replay) as replay, Tap(flow.bus, "status.") as tap:
            for made in (5000, 10000):
                link.hold()
                flow.tell_simulator("/control/play?count=5000")
                until(lambda: exchange(flow)["sent"] == made, f"{made} trades")
                caught_up(flow, replay)
                link.release()
                states(tap, lambda status: status["trades"] + status["duplicates"] >= 2 * made)
            assert assert_every_trade_once(flow, replay) == 10000


class OldLinesLag(LinesLag):
    """What comes for the first two connections is held back as soon as a third is wanted, which is there when the test lets it come."""

    async def _serve(self):
        self.may_come = asyncio.Event()
        await super()._serve()

    async def _accept(self, reader, writer):
        if self.connections == 2:
            self.free.clear()
            await self.may_come.wait()
        await super()._accept(reader, writer)

    def let_come(self):
        self.loop.call_soon_threadsafe(self.may_come.set)


def test_a_line_that_lags_is_not_rotated_before_it_has_brought_what_only_it_has(pipeline):
    """The other one reconnected: only this one has what came meanwhile, and has not read it yet."""
    (port,) = free_ports(1)
    flow = pipeline(symbols=SYMBOLS, lines=2, silence_ms=600000, url=f"ws://127.0.0.1:{port}/ws", rotate_ms=2000, settle_ms=500)
    with OldLinesLag(port, flow.port["simulator"], random.Random(1), first=2) as link:
        flow.start_simulator("--symbols", ",".join(SYMBOLS), "--rate", 2000, "--paused", "--heartbeat-ms", 600000)
        flow.start_connectord()
        both_subscribed(flow)
        flow.tell_simulator("/control/play")
        rotated = lambda: flow.processes["connectord"].log().count("lines: rotated")
        until(lambda: not link.free.is_set(), "a line to reconnect")
        before = exchange(flow)["sent"]
        until(lambda: exchange(flow)["sent"] > before + 100, "trades that only the other one has")
        link.let_come()
        with Requester(flow.replay) as replay:
            flow.processes["connectord"].wait_for_line("lines: not rotated yet: this one lags")
            assert rotated() == 1
            link.release()
            until(lambda: rotated() >= 3, "the rotation to go on")
            assert_every_trade_once(flow, replay)


def test_the_source_is_lost_with_both_lines_and_restored_with_one(pipeline):
    flow = start(pipeline)
    with Tap(flow.bus, "status.") as tap:
        states(tap, lambda status: status["lines_connected"] == 2)
        flow.tell_simulator("/control/refuse?seconds=60")
        flow.tell_simulator("/control/reset")
        heard = states(tap, lambda status: status["lines_connected"] == 0)
        assert heard[-1]["event"] == "lost" and not heard[-1]["connected"] and heard[-1]["reason"]
        until(lambda: get(f"http://{flow.address('connectord_http')}/ready")[0] == 503, "connectord not to be ready")
        flow.tell_simulator("/control/refuse?seconds=0")
        heard = states(tap, lambda status: status["lines_connected"] == 2)
        events = [status["event"] for status in heard if status["event"] != "heartbeat"]
        assert events == ["restored"]

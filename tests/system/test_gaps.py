"""What cached and gatewayd do with a bus that drops, doubles, lies or falls silent; connectord is played by the test."""

import asyncio
import contextlib
import itertools

import pytest
from clients import Client, Requester, assert_once_and_in_order
from fake_connectord import FakeConnectord
from pipeline import until

TOPIC = "trade.BTC-USD.blockchain"


@pytest.fixture
def flow(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    with FakeConnectord(flow.bus, flow.replay) as fake:
        flow.fake = fake
        fake.trade("BTC-USD", 1)
        flow.start_cached()
        flow.start_gateway()
        flow.wait_ready("cached_http", "gateway0")
        yield flow


@contextlib.asynccontextmanager
async def subscribed(flow, **more):
    async with Client(flow.url()) as client:
        client.answer_to_subscribe = await client.subscribe("BTC-USD", **more)
        yield client


async def seqs(client, last):
    await client.until(lambda: client.trades and client.trades[-1]["seq"] >= last, f"trade {last}")
    return [t["seq"] for t in client.trades]


async def live(flow, client, seq):
    """Publishes until the gateway's subscription is in effect and the client has had the trade."""
    flow.fake.trade("BTC-USD", seq)
    await seqs(client, seq)


def test_a_dropped_message_is_repaired_by_replay(flow):
    async def run():
        async with subscribed(flow) as client:
            await live(flow, client, 2)
            for seq in range(3, 100):
                flow.fake.trade("BTC-USD", seq, publish=seq % 7 == 0)
            flow.fake.trade("BTC-USD", 100)
            assert await seqs(client, 100) == list(range(2, 101))
            assert client.of("trades.gap") == []

    asyncio.run(run())
    with Requester(flow.history) as history:
        until(lambda: [t["seq"] for t in history.all(TOPIC)] == list(range(1, 101)), "history to be whole")


def test_a_lost_last_message_is_noticed_by_the_heartbeat(flow):
    async def run():
        async with subscribed(flow) as client:
            await live(flow, client, 2)
            flow.fake.trade("BTC-USD", 3, publish=False)
            assert await seqs(client, 3) == [2, 3]

    asyncio.run(run())
    with Requester(flow.history) as history:
        until(lambda: len(history.all(TOPIC)) == 3, "the last trade in history")


def test_doubled_and_reordered_messages_arrive_once_and_in_order(flow):
    async def run():
        async with subscribed(flow) as client:
            await live(flow, client, 2)
            for seq in (3, 4, 5, 6, 7):
                flow.fake.trade("BTC-USD", seq, publish=False)
            for seq in (4, 3, 3, 4, 6, 5, 2, 6, 7):
                flow.fake.trade("BTC-USD", seq, journal=False)
            assert await seqs(client, 7) == [2, 3, 4, 5, 6, 7]

    asyncio.run(run())


def test_a_hole_that_replay_cannot_fill_is_told_and_the_stream_goes_on(flow):
    async def run():
        async with subscribed(flow) as client:
            await live(flow, client, 2)
            flow.fake.trade("BTC-USD", 6)
            await live(flow, client, 7)
            assert await seqs(client, 7) == [2, 6, 7]
            epoch = flow.fake.epoch
            gap, = client.of("trades.gap")
            assert (gap["channel"], gap["symbol"], gap["source"]) == ("trades", "BTC-USD", "blockchain")
            assert (gap["from"], gap["to"], gap["missing"]) == (f"{epoch}-3", f"{epoch}-5", 3)
            order = [n["method"] for n in client.notifications]
            assert order.index("trades.gap") == 1, f"the gap stands where the trades are missing: {order}"

    asyncio.run(run())
    with Requester(flow.history) as history:
        until(lambda: [t["seq"] for t in history.all(TOPIC)] == [1, 2, 6, 7], "history to go on behind the hole")
        answer = history.ask(op="range", topic=TOPIC, **{"from": f"{flow.fake.epoch}-1", "to": f"{flow.fake.epoch}-7"})
        assert answer["missing"] == 3


def test_a_lost_journal_begins_a_new_epoch_and_is_told(flow):
    async def run():
        async with subscribed(flow) as client:
            await live(flow, client, 2)
            old = flow.fake.epoch
            flow.fake.epoch += 1000000
            for seq in (1, 2, 3):
                flow.fake.trade("BTC-USD", seq)
            await client.until(lambda: len(client.trades) == 4, "three trades of the new epoch")
            assert [(t["epoch"] - old, t["seq"]) for t in client.trades] == [(0, 2), (1000000, 1), (1000000, 2), (1000000, 3)]
            gap, = client.of("trades.gap")
            assert gap["from"] == f"{old}-3"
            assert gap["missing"] is None, "nobody knows how many"
        async with subscribed(flow, since=f"{old}-2") as client:
            assert client.answer_to_subscribe["recovered"] is False
            await client.until(lambda: len(client.trades) == 3, "what there is of the new epoch")
            assert len(client.of("trades.gap")) == 1

    asyncio.run(run())


JUNK = {
    "one frame": ["trade.BTC-USD.blockchain"],
    "three frames": ["trade.BTC-USD.blockchain", "{}", "{}"],
    "no JSON": ["trade.BTC-USD.blockchain", "junk"],
    "empty body": ["trade.BTC-USD.blockchain", ""],
    "another symbol inside": ["trade.BTC-USD.blockchain", "OTHER"],
    "trailing bytes": ["trade.BTC-USD.blockchain", "TRAILING"],
    "invalid UTF-8": ["trade.BTC-USD.blockchain", b'{"epoch":1,"seq":1,"seqnum":1,"event":"\xff\xfe'],
    "a bad topic": ["trade.junk", "{}"],
    "an invalid status": ["status.blockchain", '{"event":"heartbeat"}'],
    "a status with broken symbols": ["status.blockchain", '{"symbols":{"BTC-USD":"x"}}'],
    "a megabyte": ["trade.BTC-USD.blockchain", "x" * (1 << 20)],
    "a number of 400 digits": ["trade.BTC-USD.blockchain", "LONG"],
}


@pytest.mark.parametrize("kind", JUNK)
def test_junk_on_the_bus_harms_nobody(flow, kind):
    frames = list(JUNK[kind])
    good = flow.fake.body("BTC-USD", 3)
    frames[1:] = [{"OTHER": flow.fake.body("ETH-USD", 3), "TRAILING": good + "}",
                   "LONG": good.replace("105383.80000", "1" * 400)}.get(f, f) if isinstance(f, str) else f for f in frames[1:]]

    async def run():
        async with subscribed(flow) as client:
            await live(flow, client, 2)
            for _ in range(50):
                flow.fake.send(*frames)
            for seq in (3, 4, 5):
                flow.fake.trade("BTC-USD", seq)
            assert await seqs(client, 5) == [2, 3, 4, 5]
            assert_once_and_in_order(client.trades)

    asyncio.run(run())
    with Requester(flow.history) as history:
        until(lambda: [t["seq"] for t in history.all(TOPIC)] == [1, 2, 3, 4, 5], "history to be whole")
    for name in ("cached", "gateway0"):
        assert sum("follower:" in line for line in flow.processes[name].lines) < 20, "the log is rate-limited"


def test_clients_hear_of_a_lost_and_a_restored_source_and_of_a_silent_bus(flow):
    async def run():
        async with subscribed(flow) as client:
            await live(flow, client, 2)
            flow.fake.beating.clear()
            flow.fake.status("lost", connected=False, reason="closed by the exchange", time="2025-11-10T18:00:00.000000000Z")
            await client.until(lambda: client.of("connection.lost"), "connection.lost")
            lost = client.of("connection.lost")[0]
            assert (lost["source"], lost["reason"]) == ("blockchain", "closed by the exchange")
            assert lost["since"].startswith("2025-11-10T18:00:00") and float(lost["staleness"]) > 0
            async with subscribed(flow) as late:
                await late.until(lambda: late.of("connection.lost"), "connection.lost for who comes while it is lost")
            recent = await client.call("getRecentTrades", symbol="BTC-USD")
            assert float(recent["staleness"]) > 0 and recent["trades"], "history is served, with its age"
            status = await client.call("getStatus")
            assert [(s["name"], s["connected"]) for s in status["sources"]] == [("blockchain", False)]
            flow.fake.status("restored", time="2025-11-10T19:00:00.000000000Z")
            await client.until(lambda: client.of("connection.restored"), "connection.restored")
            assert client.of("connection.restored")[0]["source"] == "blockchain"
            # … and now nothing at all, not even a heartbeat
            await client.until(lambda: len(client.of("connection.lost")) == 2, "connection.lost of a silent bus")
            assert "silent" in client.of("connection.lost")[1]["reason"]
            assert flow.ready("gateway0")[0] == 503
            flow.fake.beating.set()
            await client.until(lambda: len(client.of("connection.restored")) == 2, "the bus to be back")
            assert [told["missed"] for told in client.of("connection.restored")] == [None, 0], "the source was connected all the while"
            await live(flow, client, 3)

    asyncio.run(run())


def test_a_source_whose_withdrawal_was_missed_is_withdrawn_when_only_the_others_are_heard(flow):
    """By connectord's clock: the test lets its seconds pass in no time."""
    seconds = itertools.count()

    def beat(*sources):
        second = next(seconds)
        flow.fake.time = f"2025-11-10T18:{second // 60 % 60:02}:{second % 60:02}.000000000Z"
        for source, symbols in sources:
            flow.fake.status(source=source, symbols=symbols)

    one, two = (None, None), ("two", ["ETH-USD"])

    async def offered(client, *symbols):
        return (await client.call("getSymbols"))["symbols"] == list(symbols)

    async def run():
        async with subscribed(flow) as client:
            while not await offered(client, "BTC-USD", "ETH-USD"):
                beat(one, two)
            await client.subscribe("ETH-USD")
            while await offered(client, "BTC-USD", "ETH-USD"):
                beat(one)
            await client.until(lambda: client.of("connection.lost"), "connection.lost of two")
            assert [s["name"] for s in (await client.call("getStatus"))["sources"]] == ["blockchain"]
            while not await offered(client, "BTC-USD", "ETH-USD"):
                beat(one, two)
            await client.until(lambda: client.of("connection.restored"), "connection.restored of two")
            return client

    client = asyncio.run(run())
    assert [(lost["source"], lost["reason"]) for lost in client.of("connection.lost")] == [("two", "no longer heard")]
    flow.processes["cached"].wait_for_line("a source is silent.*source=two")

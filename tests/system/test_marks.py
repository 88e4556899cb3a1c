"""`mark`: each catch-up ends with how many records were sent, and with the sum of their CRC-32. Clients compute both from what they got."""

import asyncio
import datetime
import json
import random
import socket
import zlib

import pytest
import websockets
from clients import Client, Requester, assert_cursors_follow
from event_source import Events
from pipeline import PATIENCE, SANITIZED, loads, until
from slow_clients import keep_pinging
from test_channels import lab, reading, start as start_lab  # noqa: F401 (lab is a fixture)

TRADES = 6000  # far more than a ring has
RING = 1 << 16  # some 200 trades
UPDATE, END = '{"jsonrpc":"2.0","method":"trades.update","params":', "}"


def place(text):
    epoch, seq = text.split("-")
    return int(epoch), int(seq)


class Ledger:
    """What came of one stream: (cursor, CRC-32) of each record in order, and the marks, which are checked as they come."""

    def __init__(self):
        self.records, self.marks, self.gaps = [], [], []

    def take_record(self, text):
        record = loads(text)
        self.records.append(((record["epoch"], record["seq"]), zlib.crc32(text.encode())))

    def take_mark(self, mark):
        begin, end = place(mark["from"]), place(mark["to"])
        sums = [crc for cursor, crc in self.records if begin < cursor <= end]
        expected = {"count": len(sums), "hash": f"{sum(sums) % 2**32:08x}"}
        assert {name: mark[name] for name in expected} == expected, mark
        if not self.gaps:
            assert mark["count"] == end[1] - begin[1], mark
        assert mark["count"] == 0 or self.records[-1][0] == end, (mark, self.records[-1])
        self.marks.append(mark)

    def assert_whole(self, first=None):
        places = [cursor for cursor, _ in self.records]
        assert_cursors_follow(places)
        assert first is None or places[0][1] == first


class Marked:
    """A client that takes what comes only when it is told to, and is slow soon if it does not: little waits in the system."""

    def __init__(self, flow, hub=False, **options):
        self.flow, self.hub, self.options = flow, hub, options
        self.ledger, self.answers = Ledger(), {}
        self.batches = 0

    async def __aenter__(self):
        end = socket.socket()
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        end.setblocking(False)
        await asyncio.get_running_loop().sock_connect(end, ("127.0.0.1", self.flow.port["gateway0"]))
        url = self.flow.url().replace("/ws", "/blockchain") if self.hub else self.flow.url()
        self.socket = await websockets.connect(url, sock=end, max_size=None, max_queue=1, read_limit=4096, ping_interval=None, **self.options)
        if self.hub:
            await self.socket.send('{"protocol":"json","version":1}\x1e')
            assert await self.socket.recv() == "{}\x1e"
            self.pinging = asyncio.create_task(keep_pinging(self.socket))
        return self

    async def __aexit__(self, *_):
        if self.hub:
            self.pinging.cancel()
        self.socket.transport.abort()

    async def ask(self, method, identity=1, **params):
        call = json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": {"channel": "trades", "symbol": "BTC-USD", **params}})
        if self.hub:
            call = json.dumps({"type": 1, "target": "SendMessage", "arguments": [call]}) + "\x1e"
        await self.socket.send(call)

    def take_text(self, text):
        """A message as it came: of a batch one after the other."""
        if text.startswith("["):
            self.batches += 1
            at = 1
            while at < len(text):
                _, end = json.JSONDecoder().raw_decode(text, at)
                self.take_text(text[at:end])
                at = end + 1
        elif text.startswith(UPDATE):
            self.ledger.take_record(text[len(UPDATE):-len(END)])
        else:
            message = loads(text)
            if message.get("method") == "trades.live":
                self.ledger.take_mark(message["params"])
            elif message.get("method") == "trades.gap":
                self.ledger.gaps.append(message["params"])
            elif "id" in message:
                assert "result" in message, message
                self.answers[message["id"]] = message["result"]

    async def read(self):
        text = await asyncio.wait_for(self.socket.recv(), PATIENCE)
        for record in text.split("\x1e")[:-1] if self.hub else [text]:
            message = json.loads(record) if self.hub else {}
            if not self.hub:
                self.take_text(record)
            elif message.get("target") == "ReceiveMessage":
                self.take_text(message["arguments"][0])

    async def until(self, condition):
        while not condition():
            await self.read()

    async def subscribe(self, **params):
        """The answer, and the mark of its catch-up."""
        count = len(self.ledger.marks)
        await self.ask("subscribe", mark=True, **params)
        await self.until(lambda: len(self.ledger.marks) > count)
        return self.answers.pop(1), self.ledger.marks[-1]


@pytest.fixture
def flow(pipeline):
    flow = pipeline(symbols=["BTC-USD"])
    flow.config["gatewayd"]["ring_bytes"] = RING
    return flow


def start(flow, *more, deflate=False):
    flow.config["gatewayd"]["deflate"] = deflate
    return flow.start_all("--symbols", "BTC-USD", *more)


def newest(flow):
    with Requester(flow.history) as history:
        return history.ask(op="recent", symbol="BTC-USD", count=1)["trades"][0]


def play(flow, count, last):
    """Trades go by, up to this seq, and are in history then."""
    flow.tell_simulator(f"/control/play?count={count}")
    with Requester(flow.history) as history:
        reached = lambda: history.ask(op="recent", symbol="BTC-USD", count=1)["trades"]
        until(lambda: any(trade["seq"] >= last for trade in reached()), f"trade {last} in history")
        return reached()[0]["epoch"]


def watch(flow):
    """Somebody else is subscribed, so that the gateway follows the stream."""
    return Events(flow, "symbols=BTC-USD")


FORMS = [{}, {"batch": True}, {"hub": True}, {"hub": True, "batch": True}]


@pytest.mark.parametrize("deflate", [False, True])
def test_every_catch_up_is_counted_and_summed_from_wherever_it_begins(flow, deflate):
    start(flow, "--rate", 20000, "--paused", deflate=deflate)

    async def run():
        with watch(flow) as others:
            epoch = play(flow, TRADES, TRADES)
            others.wait(lambda: others.trades and others.trades[-1]["seq"] == TRADES, "all trades")
            for form in FORMS:
                for first in (0, TRADES // 2, TRADES - 50):
                    params = {name: value for name, value in form.items() if name != "hub"}
                    async with Marked(flow, form.get("hub", False), compression="deflate" if deflate else None) as client:
                        answer, mark = await client.subscribe(since=f"{epoch}-{first}", **params)
                        assert answer["recovered"] and mark["from"] == f"{epoch}-{first}" and mark["to"] == f"{epoch}-{TRADES}"
                        assert mark["count"] == TRADES - first
                        client.ledger.assert_whole(first + 1)
                        answer, mark = await client.subscribe(**params)
                        assert mark == {**mark, "from": answer["cursor"], "to": answer["cursor"], "count": 0, "hash": "00000000"}

    asyncio.run(run())


@pytest.mark.parametrize("deflate", [False, True])
def test_a_catch_up_while_trades_are_live_is_counted_and_summed(flow, deflate):
    start(flow, "--rate", 500 if SANITIZED else 3000, deflate=deflate)
    until(lambda: newest(flow)["seq"] > TRADES, "trades in history")

    async def run():
        with watch(flow):
            for form in FORMS:
                for back in (TRADES, TRADES // 2, 50):
                    params = {name: value for name, value in form.items() if name != "hub"}
                    async with Marked(flow, form.get("hub", False), compression="deflate" if deflate else None) as client:
                        last = newest(flow)
                        since = f"{last['epoch']}-{last['seq'] - back}"
                        _, mark = await client.subscribe(since=since, **params)
                        reached = int(mark["to"].split("-")[1]) - (last["seq"] - back)  # history may know some that the gateway gets a moment later
                        assert mark["from"] == since and mark["count"] == reached > 0
                        have = len(client.ledger.records)
                        await client.until(lambda: len(client.ledger.records) >= have + 100)
                        client.ledger.assert_whole(last["seq"] - back + 1)
                        assert bool(client.batches) == (form == {"batch": True}) and not client.ledger.gaps

    asyncio.run(run())


def test_no_trade_is_between_the_mark_and_what_is_live(flow):
    """Many subscribes, each of which meets trades at the instant of its answer, in requests of their own and in batches."""
    start(flow, "--rate", 500 if SANITIZED else 5000)

    async def run():
        with watch(flow):
            for form in FORMS[:2]:
                async with Marked(flow, compression=None) as client:
                    since = {}
                    for _ in range(150):
                        client.ledger.records.clear()
                        answer, mark = await client.subscribe(**since, **form)
                        assert mark["from"] == since.get("since", answer["cursor"]) and answer["recovered"]
                        have = len(client.ledger.records)
                        await client.until(lambda: len(client.ledger.records) > have + random.randrange(8))
                        first = client.ledger.records[0][0]
                        assert first == (place(mark["from"])[0], place(mark["from"])[1] + 1)
                        client.ledger.assert_whole()
                        await client.ask("unsubscribe", 2)
                        await client.until(lambda: client.answers.pop(2, None))
                        client.ledger.assert_whole()
                        back = random.randrange(3)
                        cursor = client.ledger.records[-1][0]
                        since = {"since": f"{cursor[0]}-{cursor[1] - back}"} if random.randrange(2) else {}

    asyncio.run(run())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("slow", ["catchup", "conflate"])
def test_who_was_slow_gets_a_mark_when_it_has_caught_up(flow, form, slow):
    flow.config["gatewayd"]["slow"] = slow
    start(flow, "--rate", 20000, "--paused")
    params = {name: value for name, value in form.items() if name != "hub"}

    async def run():
        async with Marked(flow, form.get("hub", False), compression=None) as client:
            await client.subscribe(**params)
            last = 0
            for _ in range(2):
                marks = len(client.ledger.marks)
                last += TRADES
                epoch = await asyncio.to_thread(play, flow, TRADES, last)
                await client.until(lambda: client.ledger.marks[marks:] and client.ledger.marks[-1]["to"] == f"{epoch}-{last}")
                mark = client.ledger.marks[-1]
                assert last - TRADES <= place(mark["from"])[1] < last
            if slow == "catchup":
                client.ledger.assert_whole(1)
                assert not client.ledger.gaps and len(client.ledger.records) == last
            else:
                assert client.ledger.gaps and all(gap["missing"] for gap in client.ledger.gaps)

    asyncio.run(run())


@pytest.mark.parametrize("form", FORMS[:2])
@pytest.mark.parametrize("deflate", [False, True])
def test_marks_are_right_across_kills(flow, form, deflate):
    """kill -9 of the gateway, after which the client comes back, and of cached, while it catches up."""
    start(flow, "--rate", 500 if SANITIZED else 3000, deflate=deflate)
    until(lambda: newest(flow)["seq"] > TRADES, "trades in history")
    ledger = Ledger()

    async def follow(since, count, meanwhile=None):
        async with Marked(flow, compression="deflate" if deflate else None) as client:
            client.ledger = ledger
            await client.ask("subscribe", mark=True, since=since, **form)
            have, marks = len(ledger.records), len(ledger.marks)
            if meanwhile:
                await client.until(lambda: len(ledger.records) > have)
                await asyncio.to_thread(meanwhile)
            await client.until(lambda: len(ledger.records) >= have + count and len(ledger.marks) > marks)
            assert ledger.marks[marks]["from"] == since

    def kill(name, start_again, ready):
        flow.processes[name].kill()
        start_again()
        flow.wait_ready(ready)

    last = newest(flow)
    asyncio.run(follow(f"{last['epoch']}-0", last["seq"], lambda: kill("cached", flow.start_cached, "cached_http")))
    for _ in range(2):
        kill("gateway0", flow.start_gateway, "gateway0")
        cursor = ledger.records[-1][0]
        asyncio.run(follow(f"{cursor[0]}-{cursor[1]}", 1000))
    ledger.assert_whole(1)
    assert not ledger.gaps


def test_event_streams_have_marks_too(flow):
    start(flow, "--rate", 20000, "--paused")
    with watch(flow):
        epoch = play(flow, TRADES, TRADES)
        for first in (0, TRADES // 2, TRADES - 50, TRADES):
            with Events(flow, "symbols=BTC-USD&mark=true", f"BTC-USD.blockchain={epoch}-{first}") as events:
                events.wait(lambda: events.named("trades.live"), "the mark")
                assert [name for name, _ in events.events] == ["message"] * (TRADES - first) + ["trades.live"]
                sums = sum(zlib.crc32(data.encode()) for name, data in events.events if name == "message")
                assert events.named("trades.live") == [{"channel": "trades", "symbol": "BTC-USD", "source": "blockchain", "from": f"{epoch}-{first}",
                                                        "to": f"{epoch}-{TRADES}", "count": TRADES - first, "hash": f"{sums % 2**32:08x}"}]
                assert events.last_id == f"BTC-USD.blockchain={epoch}-{TRADES}"
        with Events(flow, "symbols=BTC-USD&mark=false", f"BTC-USD.blockchain={epoch}-0") as events:
            play(flow, 1, TRADES + 1)
            events.wait(lambda: len(events.trades) == TRADES + 1, "the newest trade")
            assert not events.named("trades.live")


def test_the_reply_says_from_where_on_the_stream_can_be_had(flow):
    """From memory with its hours, where the journal has dropped what is older; and what is said is so: since that cursor nothing is missing."""
    flow.config["connectord"]["journal"]["bytes"] = 4 << 20
    flow.config["cached"].update(trades=100000000, retention={"memory": {"BTC-*": {"hours": 0.1}}})  # these hours are over first
    start(flow, "--rate", 20000, "--paused")
    last = 0
    with Requester(flow.replay) as replay:
        first = lambda: replay.ask(op="range", topic="trade.BTC-USD.blockchain", count=1)["trades"][0]["seq"]
        while last == 0 or first() == 1:
            last += TRADES
            epoch = play(flow, TRADES, last)

    async def run():
        async with Marked(flow, compression=None) as client:
            answer, _ = await client.subscribe()
            oldest = answer["oldest"]["blockchain"]
            with Requester(flow.history) as history:
                stream, = history.ask(op="stats", symbol="BTC-USD")["stats"]
            assert stream["retention"] == {"trades": 100000000, "ms": 360000}
            assert oldest["cursor"] == stream["first"] == f"{epoch}-1" and oldest["time"] == stream["firstTimestamp"]
            begin, until = (datetime.datetime.fromisoformat(oldest[name][:26]) for name in ("time", "until"))
            assert until - begin == datetime.timedelta(hours=0.1)
            answer, mark = await client.subscribe(since=oldest["cursor"])
            await client.ask("getStatus", identity=2)
            await client.until(lambda: 2 in client.answers)
            assert client.answers.pop(2)["sources"][0]["oldest"] == {"BTC-USD": oldest}
            assert answer["recovered"] and answer["oldest"]["blockchain"] == oldest and mark["count"] == last - 1
            await client.ask("subscribe", since=oldest["cursor"])
            await client.until(lambda: 1 in client.answers)
            assert "oldest" not in client.answers.pop(1)

    asyncio.run(run())


def test_what_only_the_journal_has_is_the_oldest_too(flow):
    """cached has forgotten the first trades, and is away later."""
    flow.config["cached"]["trades"] = 1000
    start(flow, "--rate", 20000, "--paused")
    with watch(flow):
        epoch = play(flow, TRADES, TRADES)

        async def run():
            async with Marked(flow, compression=None) as client:
                answer, _ = await client.subscribe()
                assert answer["oldest"]["blockchain"]["cursor"] == f"{epoch}-1" and answer["oldest"]["blockchain"]["until"] is None
            flow.processes["cached"].kill()
            flow.processes["gateway0"].kill()
            flow.start_gateway()
            async with await_listening(flow) as client:
                answer, _ = await client.subscribe()
                assert answer["oldest"]["blockchain"]["cursor"] == f"{epoch}-1"

        asyncio.run(run())
    flow.start_cached()
    flow.wait_ready("cached_http")


def await_listening(flow):
    until(lambda: flow.ready("gateway0")[0] and '"blockchain"' in flow.ready("gateway0")[1], "the gateway to hear the source")
    return Marked(flow, compression=None)


@pytest.mark.parametrize("latest", [False, True])
def test_a_channel_that_keeps_all_has_marks_and_one_that_keeps_the_latest_has_none(lab, latest):  # noqa: F811
    async def run():
        start_lab(lab, latest=latest)
        async with Client(lab.url()) as client:
            subscribe = {"channel": "readings", "symbol": "sensor-7", "mark": True}
            answer = await client.call("subscribe", **subscribe)
            for number in range(2, 6):
                lab.exchange.say(reading("sensor-7", number))
            await client.until(lambda: client.of("readings.update") and client.of("readings.update")[-1]["id"] == "5", "the newest")
            assert bool(client.of("readings.live")) == (not latest)
            client.notifications.clear()
            await client.call("subscribe", **subscribe, since=answer["cursor"])
            await client.until(lambda: client.of("readings.update") and client.of("readings.update")[-1]["id"] == "5", "the newest again")
            if not latest:
                await client.until(lambda: client.of("readings.live"), "the mark")
            await client.call("ping")
            marks = [(mark["channel"], mark["symbol"], mark["source"], mark["from"], mark["count"]) for mark in client.of("readings.live")]
            assert marks == ([] if latest else [("readings", "sensor-7", "lab", answer["cursor"], 4)])

    asyncio.run(run())

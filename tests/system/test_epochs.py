"""A journal that goes back: it is lost and the clock is behind, it comes from a backup, an older one takes over. Every trade that is published
after that reaches live clients, those that resume, and history, once; and what can't be known is told by trades.gap.

EPOCHS=all plays every combination (some minutes); without it those that have been found to differ.
"""

import asyncio
import itertools
import os
import shutil

import pytest
from clients import Client, Requester, cursor
from fake_connectord import FakeConnectord
from pipeline import BIN, get, loads, until
from servers import Postgres, Redis
from stores import Sqlite, metric, topic

BEFORE, KEPT, AFTER = 70, 40, 60  # trades before it happens; of them in the backup; and after it
SHIFTED_CLOCK = BIN.parent / "tests/shifted_clock.so"
DAY = 86400
BTC = topic("BTC-USD")

EVENTS = ("lost", "restored", "stand-by")
CLOCKS = {"behind": -DAY, "right": 0, "ahead": DAY}
STORES = ("memory", "sqlite", "postgres", "redis")
RESTARTED = ((), ("cached",), ("gateway0",), ("cached", "gateway0"))
ALL = list(itertools.product(EVENTS, CLOCKS, STORES, RESTARTED))
CHOSEN = [
    ("lost", "behind", "memory", ()),
    ("lost", "behind", "sqlite", ("cached", "gateway0")),
    ("lost", "behind", "postgres", ("gateway0",)),
    ("lost", "behind", "redis", ("cached",)),
    ("lost", "ahead", "memory", ("cached",)),
    ("restored", "right", "memory", ()),
    ("restored", "behind", "sqlite", ("cached",)),
    ("restored", "right", "memory", ("cached", "gateway0")),
    ("stand-by", "right", "memory", ()),
    ("stand-by", "right", "sqlite", ("gateway0",)),
    ("stand-by", "behind", "redis", ("cached", "gateway0")),
]


def wrong_clock(shift_s):
    if not shift_s:
        return {}
    return {"LD_PRELOAD": str(SHIFTED_CLOCK), "CLOCK_SHIFT_S": str(shift_s),
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}


class Scene:
    """A pipeline of one symbol, whose exchange makes trades when it is told to."""

    def __init__(self, flow, store):
        self.flow, self.store = flow, store
        self.journal = flow.directory / "state/journal"
        flow.config["cached"]["store"] = store.url() if store else "memory:"
        flow.start_simulator("--symbols", "BTC-USD", "--paused", "--rate", "2000")

    def start(self, *names, shift_s=0):
        for name in names:
            if name == "gateway0":
                self.flow.start_gateway()
            else:
                self.flow.start_daemon(name, **(wrong_clock(shift_s) if name == "connectord" else {}))

    def ready(self):
        self.flow.wait_ready("connectord_http", "cached_http", "gateway0")
        self.flow.subscribed("BTC-USD")

    def stop(self, *names):
        for name in names:
            self.flow.processes[name].kill()

    def make(self, count):
        """So many trades; their ids."""
        before = len(self.flow.ledger("trade"))
        self.flow.subscribed("BTC-USD")
        self.flow.tell_simulator(f"/control/play?count={count}")
        trades = until(lambda: (ledger := self.flow.ledger("trade"))[before + count - 1:] and ledger[before:], "the trades")
        return [trade["trade_id"] for trade in trades]

    def history(self):
        with Requester(self.flow.history) as history:
            return [trade["tradeId"] for trade in history.all(BTC)]

    def journaled(self):
        with Requester(self.flow.replay) as replay:
            return [trade["tradeId"] for trade in replay.all(BTC)]

    def stored(self):
        return [loads(line)["tradeId"] for line in self.store.lines(BTC)]

    def recent(self, count):
        """Newest first, by the gateway."""
        url = f"http://{self.flow.address('gateway0')}/api/v1/trades/BTC-USD?count={count}"
        return [trade["tradeId"] for trade in loads(get(url)[1])["trades"]]

    def happen(self, event):
        if event == "lost":
            shutil.rmtree(self.journal)
        elif event == "restored":
            shutil.rmtree(self.journal)
            shutil.copytree(self.flow.directory / "backup", self.journal)
        else:
            shutil.rmtree(self.journal)
            (self.flow.directory / "other").rename(self.journal)

    def make_other_journal(self):
        """One that has been written before all that follows, so that its epoch is a smaller one."""
        self.start("connectord")
        self.flow.wait_ready("connectord_http")
        self.make(5)
        until(lambda: len(self.journaled()) == 5, "the trades of the stand-by")
        assert self.flow.processes["connectord"].stop() == 0
        self.journal.rename(self.flow.directory / "other")


class File(Sqlite):
    def url(self):
        return Sqlite.url


@pytest.fixture
def stores(tmp_path):
    made = []

    def make(name):
        if name == "memory":
            return None
        if name == "sqlite":
            return File(tmp_path)
        made.append({"postgres": Postgres, "redis": Redis}[name]())
        return made[-1].start()

    yield make
    for store in made:
        store.remove()


def tell_gaps(client):
    return [(gap["from"], gap["to"]) for gap in client.of("trades.gap")]


def ids(client):
    return [trade["tradeId"] for trade in client.trades]


def assert_operator_is_told(scene, event, clock):
    ready = loads(scene.flow.ready("connectord_http")[1])
    renewed = ready["epoch_began"] == "follower_ahead"
    assert ready["epoch_began"] in {"lost": ("new", "follower_ahead"), "restored": ("copy", "follower_ahead"),
                                    "stand-by": ("follower_ahead",)}[event]
    if event == "lost" and clock == "behind":
        assert renewed
    if renewed:
        scene.flow.processes["connectord"].wait_for_line("a follower has later trades than this journal.*topic=" + BTC)
        assert metric(scene.flow, "dataflow_journal_renewals_total", "connectord_http") >= 1
    assert metric(scene.flow, "dataflow_journal_epoch", "connectord_http") == ready["epoch"]


async def play(scene, event, clock, restarted):
    live = await Client(scene.flow.url()).__aenter__()
    await live.subscribe("BTC-USD")
    scene.make(KEPT)
    await live.until(lambda: len(live.trades) == KEPT, "the first trades")
    if event == "restored":
        until(lambda: len(scene.journaled()) == KEPT, "the journal")
        shutil.copytree(scene.journal, scene.flow.directory / "backup")
    scene.make(BEFORE - KEPT)
    await live.until(lambda: len(live.trades) == BEFORE, "the trades before it happens")
    until(lambda: len(scene.history()) == BEFORE, "history")
    if scene.store:
        until(lambda: len(scene.stored()) == BEFORE, "the store")
    had = cursor(live.trades[-1])
    scene.stop("connectord", *restarted)
    scene.happen(event)
    scene.start("connectord", *restarted, shift_s=CLOCKS[clock])
    scene.ready()
    after = scene.make(AFTER)
    if "gateway0" not in restarted:
        await live.until(lambda: len(live.trades) == BEFORE + AFTER, "the trades after it, live")
        assert ids(live)[BEFORE:] == after
        assert tell_gaps(live), "the client was not told that something may be missing"
    await live.__aexit__()
    async with Client(scene.flow.url()) as resuming:
        answer = await resuming.subscribe("BTC-USD", since=had)
        await resuming.until(lambda: len(resuming.trades) >= AFTER, "the trades after it, resumed")
        more = scene.make(1)
        await resuming.until(lambda: ids(resuming)[-1:] == more, "one more")
        assert ids(resuming)[-AFTER - 1:] == after + more, f"{len(resuming.trades)} trades"
        assert answer["recovered"] is False and tell_gaps(resuming)
    until(lambda: scene.history()[-AFTER - 1:] == after + more, "history to have them")
    assert len(set(scene.history())) == len(scene.history()), "history has a trade twice"
    assert scene.recent(AFTER + 1) == (after + more)[::-1]
    if scene.store:
        until(lambda: scene.stored()[-AFTER - 1:] == after + more, "the store to have them")
    assert_operator_is_told(scene, event, clock)


@pytest.mark.parametrize("event,clock,store,restarted", ALL if os.environ.get("EPOCHS") == "all" else CHOSEN,
                         ids=lambda value: "+".join(value) or "none" if isinstance(value, tuple) else value)
def test_nothing_that_comes_after_a_journal_goes_back_is_lost_or_doubled(pipeline, stores, event, clock, store, restarted):
    scene = Scene(pipeline(symbols=["BTC-USD"]), stores(store))
    if event == "stand-by":
        scene.make_other_journal()
    scene.start("connectord", "cached", "gateway0")
    scene.ready()
    asyncio.run(play(scene, event, clock, restarted))


def test_who_hears_late_of_a_lost_journal_makes_nobody_lose_or_get_a_trade_twice(pipeline, tmp_path):
    """The store alone knows of the later epoch, and its cached is the last to be started."""
    scene = Scene(pipeline(symbols=["BTC-USD"]), File(tmp_path))
    scene.start("connectord", "cached", "gateway0")
    scene.ready()
    before = scene.make(BEFORE)
    until(lambda: len(scene.stored()) == BEFORE, "the store")
    had = f"{loads(scene.flow.ready('connectord_http')[1])['epoch']}-{BEFORE}"
    scene.stop("connectord", "cached", "gateway0")
    scene.happen("lost")
    scene.start("connectord", "gateway0", shift_s=-DAY)
    scene.flow.wait_ready("connectord_http")
    until(lambda: get(f"http://{scene.flow.address('gateway0')}/health")[0] == 200, "the gateway to listen")

    async def play():
        async with Client(scene.flow.url()) as live:
            await live.subscribe("BTC-USD")
            early = scene.make(AFTER)
            await live.until(lambda: len(live.trades) == AFTER, "the trades before anybody knows")
            place = cursor(live.trades[9])
            scene.start("cached")
            await live.until(lambda: tell_gaps(live), "the new epoch")
            late = scene.make(AFTER)
            await live.until(lambda: len(live.trades) == 2 * AFTER, "the trades of the new epoch")
            assert ids(live) == early + late
            until(lambda: scene.history() == before + early + late, "history to have them")
            until(lambda: scene.stored() == before + early + late, "the store to have them")
            for since, missed in ((place, early[10:] + late), (had, early + late)):
                async with Client(scene.flow.url()) as resuming:
                    await resuming.subscribe("BTC-USD", since=since)
                    await resuming.until(lambda: len(resuming.trades) >= len(missed), "what it missed")
                    assert ids(resuming) == missed

    asyncio.run(play())


def test_a_follower_whose_connectord_goes_back_and_stays_so_is_not_ready(pipeline):
    flow = pipeline()
    with FakeConnectord(flow.bus, flow.replay) as fake:
        for seq in range(1, 4):
            fake.trade("BTC-USD", seq)
        flow.start_cached()
        flow.wait_ready("cached_http")
        fake.journal, fake.epoch = {topic: [] for topic in fake.journal}, fake.epoch - 1000000
        until(lambda: any(request["op"] == "ahead" for request in fake.requests), "the word that more was had")
        told = next(request for request in fake.requests if request["op"] == "ahead")
        assert (told["topic"], told["to"]) == (BTC, f"{fake.epoch + 1000000}-3")
        until(lambda: flow.ready("cached_http")[0] == 503, "cached to say that it is not ready")
        assert loads(flow.ready("cached_http")[1])["ahead"] == 1
        assert metric(flow, "dataflow_bus_ahead_streams") == 1
        flow.processes["cached"].wait_for_line("the bus has less of a stream than we have.*" + BTC)
        fake.epoch += 2000000
        flow.wait_ready("cached_http")
        assert metric(flow, "dataflow_bus_ahead_streams") == 0

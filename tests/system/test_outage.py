"""A store that is away for longer than memory reaches back: in the end it has every trade, from the journal. make chaos makes it as long as ten
minutes at 5,000 trades a second: OUTAGE_TRADES are missed, made at OUTAGE_RATE, and OUTAGE_AFTER go on a second while the store catches up."""

import hashlib
import os
import signal
import sqlite3
import time

import pytest
from clients import Requester
from pipeline import PATIENCE, until
from servers import Postgres
from stores import Sqlite, journaled, metric, more, start, state, topic
from storm import tell

SYMBOLS = ("BTC-USD", "ETH-USD", "SOL-USD", "XRP-USD")
TRADES = int(os.environ.get("OUTAGE_TRADES", "30000"))
RATE = int(os.environ.get("OUTAGE_RATE", "6000"))
AFTER = int(os.environ.get("OUTAGE_AFTER", "500"))
MEMORY = min(10000, TRADES // 40)  # of a stream; the default where so many are missed that it does not reach
PATIENCE_S = PATIENCE + TRADES / 2000


class LockedSqlite(Sqlite):
    """Away: somebody else writes to the file, and does not end."""

    def __init__(self, directory):
        super().__init__(directory)
        self.url = Sqlite.url

    def go_away(self):
        self.other = sqlite3.connect(self.path, isolation_level=None)
        self.other.execute("BEGIN IMMEDIATE")

    def come_back(self):
        self.other.execute("ROLLBACK")
        self.other.close()

    def remove(self):
        pass


class StoppedPostgres(Postgres):
    """Away: it is not running."""

    def __init__(self, _):
        super().__init__()
        self.start()
        self.url = Postgres.url(self)

    def go_away(self):
        self.stop(signal.SIGQUIT)

    def come_back(self):
        self.start()


@pytest.fixture(params=[LockedSqlite, StoppedPostgres], ids=["sqlite", "postgres"])
def store(request, tmp_path):
    made = request.param(tmp_path)
    yield made
    made.remove()


def digest(texts):
    """(how many, a hash of them all), without holding them."""
    count, whole = 0, hashlib.blake2b()
    for count, text in enumerate(texts, 1):
        whole.update(text.encode() + b"\n")
    return count, whole.hexdigest()


def test_what_a_store_missed_it_has_afterwards(pipeline, store):
    flow = start(pipeline, store.url, rate=RATE, symbols=SYMBOLS, trades=MEMORY, journal_bytes=2 << 30)  # to be compared with at the end: all of it
    until(lambda: store.count() > 100, "trades in the store")
    store.go_away()
    until(lambda: state(flow)["state"] == "away", "the store to be away")
    begin = time.monotonic()
    more(flow, TRADES, PATIENCE_S)
    assert metric(flow, "dataflow_store_lag_trades") > MEMORY * len(SYMBOLS)
    with Requester(flow.history) as history:
        assert history.ask(op="recent", symbol="BTC-USD", count=5)["ok"]
    returned = time.monotonic()
    flow.tell_simulator(f"/control/rate?n={AFTER}")
    store.come_back()
    flow.processes["cached"].wait_for_line("store: available again", 60)  # the longest wait between two tries, and more
    until(lambda: state(flow)["lag"] < AFTER, "the store to have caught up while trades go on", PATIENCE_S)
    level = time.monotonic()
    flow.tell_simulator("/control/pause")
    until(lambda: state(flow)["lag"] == 0, "the store to be level", PATIENCE_S)
    assert metric(flow, "dataflow_store_lost_total") == 0
    tell("outage", store=type(store).__name__, missed=TRADES, away_s=round(returned - begin, 1), caught_up_s=round(level - returned, 1))
    with Requester(flow.replay) as replay:
        for symbol in SYMBOLS:
            in_journal = digest(replay.texts(topic(symbol)))
            until(lambda: digest(store.lines(topic(symbol))) == in_journal, f"the store to have what the journal has of {symbol}", 60)
    assert journaled(flow) == store.count() >= TRADES

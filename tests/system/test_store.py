"""The store behind memory: whatever breaks, in the end it holds exactly what the journal holds. STORE_KILLS and STORE_RATE make it longer and
harder (make chaos)."""

import os
import random
import signal
import sqlite3

import pytest
from clients import Requester
from pipeline import loads, until
from servers import Postgres
from stores import Rate, Sqlite, assert_remembered, assert_stored, journal_at_the_end, metric, more, start, state, topic
from storm import tell

SYMBOLS = ("BTC-USD", "ETH-USD")
KILLS = int(os.environ.get("STORE_KILLS", "5"))
RATE = int(os.environ.get("STORE_RATE", "3000"))
SEED = os.environ.get("STORE_SEED") or random.SystemRandom().randrange(1 << 32)


def tell_seed(what):
    """Random numbers whose seed is told, and can be given."""
    tell("store", store=what, seed=SEED)
    return random.Random(SEED)


@pytest.fixture
def postgres():
    server = Postgres()
    try:
        yield server.start()
    finally:
        server.remove()


def test_whatever_is_killed_the_store_holds_what_the_journal_holds(pipeline):
    dice = tell_seed("sqlite")
    flow = start(pipeline, Sqlite.url, rate=RATE)
    store = Sqlite(flow.directory)
    rate = Rate(flow)
    for number in range(KILLS):
        wanted = store.count() + dice.choice((0, 1, 500, 2000))
        until(lambda: store.count() >= wanted, f"{wanted} trades in the store")
        victims = ["cached", "connectord"] if number % 10 == 4 else ["cached"]
        for victim in victims:
            flow.processes[victim].kill()
        for victim in reversed(victims):
            flow.start_daemon(victim)
    more(flow, 1000)
    journal = journal_at_the_end(flow, rate)
    assert_stored(flow, store, journal)
    assert_remembered(flow, journal)
    assert metric(flow, "dataflow_store_lost_total") == 0
    rate.tell("sqlite", kills=KILLS)


def test_postgresql_is_killed_and_started_again_under_it(pipeline, postgres):
    """And cached, too, at any moment: while the database is there, while it is away, while it comes back."""
    dice = tell_seed("postgres")
    flow = start(pipeline, postgres.url(), rate=RATE, trades=10000)
    rate = Rate(flow)
    restarts = 0
    for number in range(KILLS):
        away = number % 2 == 0
        wanted = postgres.count() + dice.choice((1, 500, 2000))
        until(lambda: postgres.count() >= wanted, f"{wanted} trades in the store")
        if away:
            postgres.stop(dice.choice((signal.SIGINT, signal.SIGQUIT)))
            more(flow, dice.choice((100, 3000)))
        flow.processes["cached"].kill()
        flow.start_cached()
        if away:
            restarts += 1
            more(flow, dice.choice((0, 100, 3000)))
            postgres.start()
    journal = journal_at_the_end(flow, rate)
    assert_stored(flow, postgres, journal)
    assert metric(flow, "dataflow_store_lost_total") == 0
    assert postgres.password not in flow.processes["cached"].log()
    rate.tell("postgres", kills=KILLS, restarts=restarts)


def test_a_wrong_password_is_told_and_is_in_no_log(pipeline, postgres):
    flow = start(pipeline, postgres.url("hunter2"), rate=500)
    line = flow.processes["cached"].wait_for_line("store: refused")
    assert "password" in line and " error " in line
    assert state(flow)["state"] == "refused" and "password" in state(flow)["error"]
    more(flow, 200)
    with Requester(flow.history) as history:
        assert history.ask(op="recent", symbol="BTC-USD", count=5)["ok"]
    assert loads(flow.ready("cached_http")[1])["ready"] is True
    assert "hunter2" not in flow.processes["cached"].log() + flow.ready("cached_http")[1]


def test_what_memory_dropped_while_the_store_was_away_comes_from_the_journal(pipeline):
    flow = start(pipeline, Sqlite.url, trades=300)
    store = Sqlite(flow.directory)
    until(lambda: store.count() > 100, "trades in the store")
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # nobody else can write
    until(lambda: state(flow)["state"] == "away", "the store to be away")
    assert loads(flow.ready("cached_http")[1])["ready"] is True
    more(flow, 5000)
    until(lambda: metric(flow, "dataflow_store_lag_trades") > 300, "more to be missing in the store than memory has")
    assert metric(flow, "dataflow_store_up") == 0
    other.execute("ROLLBACK")
    other.close()
    flow.processes["cached"].wait_for_line("store: available again")
    assert_stored(flow, store, journal_at_the_end(flow))
    assert metric(flow, "dataflow_store_lost_total") == 0
    assert len([line for line in flow.processes["cached"].lines if "store: not available" in line]) == 1


def corrupt(path):
    path.write_bytes(b"this is no database\n" * 1000)


def newer(path):
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA application_id = {0x44466c77}")
        database.execute("PRAGMA user_version = 1000")
        database.execute("CREATE TABLE trade(x)")


@pytest.mark.parametrize("spoil", [corrupt, newer])
def test_a_file_that_is_of_no_use_is_refused_and_history_goes_on_in_memory(pipeline, tmp_path, spoil):
    store = Sqlite(tmp_path)
    store.path.parent.mkdir()
    spoil(store.path)
    before = store.path.read_bytes()
    flow = start(pipeline, Sqlite.url, rate=500)
    line = flow.processes["cached"].wait_for_line("store: refused")
    assert "trades.db" in line and " error " in line
    assert state(flow)["state"] == "refused" and "trades.db" in state(flow)["error"]
    more(flow, 200)
    with Requester(flow.history) as history:
        assert history.ask(op="recent", symbol="BTC-USD", count=5)["ok"]
    assert store.path.read_bytes() == before  # it is left as it was
    store.path.unlink()
    journal = journal_at_the_end(flow)
    assert_stored(flow, store, journal)
    assert_remembered(flow, journal)


def test_memory_begins_with_what_is_stored_even_without_a_connectord(pipeline):
    flow = start(pipeline, Sqlite.url)
    store = Sqlite(flow.directory)
    more(flow, 12000)  # several pieces
    journal = journal_at_the_end(flow)
    assert_stored(flow, store, journal)
    assert flow.processes["cached"].stop() == 0
    assert flow.processes["connectord"].stop() == 0
    flow.start_cached()
    assert_remembered(flow, journal)
    assert flow.ready("cached_http")[0] == 503
    flow.start_connectord()
    flow.wait_ready("cached_http")
    flow.tell_simulator("/control/play")
    more(flow, 1000)
    journal = journal_at_the_end(flow)
    assert_stored(flow, store, journal)
    assert_remembered(flow, journal)


def test_what_is_pending_is_stored_before_the_end(pipeline):
    flow = start(pipeline, Sqlite.url)
    store = Sqlite(flow.directory)
    more(flow, 2000)
    assert flow.processes["cached"].stop() == 0
    with Requester(flow.replay) as replay:
        for symbol in SYMBOLS:
            trades = store.lines(topic(symbol))
            assert trades and trades == list(replay.texts(topic(symbol)))[:len(trades)]
    flow.start_cached()
    assert_stored(flow, store, journal_at_the_end(flow))


def test_retention_is_by_pattern_and_changes_while_it_runs(pipeline):
    flow = start(pipeline, Sqlite.url, rate=1000)
    store = Sqlite(flow.directory)
    more(flow, 2000)
    journal = journal_at_the_end(flow)
    assert_stored(flow, store, journal)
    flow.config["cached"]["retention"] = {"memory": {"*-USD": {"trades": 100}, "ETH-*": {}},
                                          "store": {"*": {"trades": 200}, "BTC*": {"trades": 300}}}
    flow.write_config()
    flow.processes["cached"].popen.send_signal(signal.SIGHUP)
    flow.processes["cached"].wait_for_line("config: changed key=cached.retention.store")
    until(lambda: store.lines(topic("ETH-USD")) == journal["ETH-USD"][-200:], "200 trades of ETH-USD to be kept in the store")
    until(lambda: store.lines(topic("BTC-USD")) == journal["BTC-USD"][-300:], "300 trades of BTC-USD to be kept in the store")
    with Requester(flow.history) as history:
        stats = history.ask(op="stats", symbol="BTC-USD")["stats"][0]
    assert stats["trades"] == 100
    until(lambda: metric(flow, "dataflow_store_retained_total") == sum(map(len, journal.values())) - 500, "the count of them")
    assert not [line for line in flow.processes["cached"].lines if "needs a restart" in line]


def test_a_mistake_in_the_retention_stops_the_start(pipeline):
    flow = pipeline()
    flow.config["cached"]["retention"] = {"memory": {"b/c": {"trades": 1}, "*": {"trades": -1, "hourz": 1}, "A-B": 7}}
    cached = flow.start_cached()
    assert cached.popen.wait(30) == 1
    cached.reader.join()
    for expected in ("cached.retention.memory.b/c: expected the name to be a symbol in which * stands for any characters",
                     "cached.retention.memory.*.trades: expected an integer from 0 to 100000000, found -1",
                     'cached.retention.memory.*.hourz: unknown key; did you mean "hours"?',
                     "cached.retention.memory.A-B: expected an object, found 7"):
        assert expected in cached.log(), cached.log()
    flow.processes.clear()

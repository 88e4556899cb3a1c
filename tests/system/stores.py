"""What the tests of the store behind memory look at: the store's own file, the journal, and what cached says of both."""

import os
import re
import sqlite3
import time

from clients import Requester, assert_cursors_follow
from pipeline import PATIENCE, get, loads, until
from storm import tell


def topic(symbol):
    return f"trade.{symbol}.blockchain"


class Sqlite:
    """The store's file, read by somebody else's hands."""

    url = "sqlite:///state/trades.db"

    def __init__(self, directory):
        self.path = directory / "state/trades.db"

    def ask(self, query, *parameters):
        with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=30) as database:
            try:
                return database.execute(query, parameters).fetchall()
            finally:
                database.rollback()

    def count(self):
        """Records of sources that are stored; 0 as long as there is no store."""
        try:
            return self.ask("SELECT total(trades) FROM stream WHERE topic NOT LIKE 'coverage.%'")[0][0]
        except sqlite3.OperationalError:
            return 0

    def lines(self, topic):
        return [json for json, in self.ask(
            "SELECT json FROM trade JOIN stream ON stream.id = trade.stream WHERE topic = ? ORDER BY trade.epoch, trade.seq", topic)]


def start(pipeline, store, rate=3000, symbols=("BTC-USD", "ETH-USD"), journal_bytes=4 << 30, **cached):
    flow = pipeline(symbols=symbols)
    flow.config["cached"].update(store=store, **cached)
    flow.config["connectord"]["journal"]["bytes"] = journal_bytes
    flow.start_simulator("--symbols", ",".join(symbols), "--rate", rate)
    flow.start_connectord()
    flow.start_cached()
    flow.wait_ready("connectord_http", "cached_http")
    return flow


def state(flow):
    status, body = flow.ready("cached_http")
    return loads(body)["store"] if status else {"state": None}


def metric(flow, name, service="cached_http"):
    for line in get(f"http://{flow.address(service)}/metrics")[1].splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return None


def journaled(flow):
    """How many trades the journal has."""
    with Requester(flow.replay) as replay:
        return sum(int(stream["last"].split("-")[1]) for stream in replay.ask(op="streams")["streams"] if not stream["topic"].startswith("coverage."))


def more(flow, count, patience=PATIENCE):
    wanted = journaled(flow) + count
    until(lambda: journaled(flow) >= wanted, f"{count} more trades", patience)


class Rate:
    """How many trades a second were journaled, from now until told to stop."""

    def __init__(self, flow):
        self.flow, self.first, self.begin = flow, journaled(flow), time.monotonic()

    def stop(self):
        self.trades, self.seconds = journaled(self.flow) - self.first, time.monotonic() - self.begin

    def tell(self, store, **figures):
        tell("store", store=store, trades=self.trades, trades_per_second=round(self.trades / self.seconds), **figures)


def journal_at_the_end(flow, rate=None):
    """Every trade of the journal, once the exchange has stopped and its last trade is there."""
    flow.tell_simulator("/control/pause")
    if rate:
        rate.stop()
    with Requester(flow.replay) as replay:
        until(lambda: all(last(replay, symbol)["tradeId"] == last_sent(flow, symbol) for symbol in flow.symbols), "the journal's last trades")
        return {symbol: list(replay.texts(topic(symbol))) for symbol in flow.symbols}


def last_sent(flow, symbol):
    """The id of the exchange's newest trade, out of the end of what it wrote down, which may be very long."""
    with open(flow.directory / "ledger.ndjson", "rb") as ledger:
        ledger.seek(max(0, ledger.seek(0, os.SEEK_END) - (1 << 20)))
        lines = ledger.read().decode(errors="replace").splitlines()
    made = (line for line in reversed(lines) if line.startswith('{"event":"trade"') and f'"symbol":"{symbol}"' in line)
    return re.search(r'"trade_id":"([^"]*)"', next(made, "")).group(1)


def last(replay, symbol):
    """The newest trade that the journal has of a stream."""
    end = next(stream["last"] for stream in replay.ask(op="streams")["streams"] if stream["topic"] == topic(symbol))
    return replay.ask(op="range", topic=topic(symbol), count=1, **{"from": end})["trades"][0]


def assert_stored(flow, store, journal):
    ends = sum(len(trades) for trades in journal.values())
    until(lambda: store.count() >= ends, f"{ends} trades in the store")
    for symbol, trades in journal.items():
        assert_cursors_follow([tuple(map(int, re.match(r'{"epoch":(\d+),"seq":(\d+),', text).groups())) for text in trades])
        assert store.lines(topic(symbol)) == trades
    until(lambda: state(flow) == {"kind": state(flow)["kind"], "state": "up", "error": "", "lag": 0}, "the store to be level")


def assert_remembered(flow, journal):
    with Requester(flow.history) as history:
        for symbol, trades in journal.items():
            until(lambda: history.ask(op="range", topic=topic(symbol))["ok"], f"{symbol} to be known")  # it has just been started
            until(lambda: list(history.texts(topic(symbol))) == trades, f"memory to have the journal of {symbol}")

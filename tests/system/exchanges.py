"""The exchanges that count their trades, with the whole pipeline behind them: what a client got is compared with the exchange's ledger, and what is
told of its completeness with both."""

import asyncio
import calendar
import threading
import time

from clients import Client, Requester, cursor
from pipeline import PATIENCE, until

EXCHANGES = {"coinbase": "/", "kraken": "/v2", "binance": "/stream?timeUnit=MICROSECOND"}
SYMBOLS = ["BTC-USD", "ETH-USD"]
PAUSE = threading.Event()  # never set: to wait on
TAIL_NS = 3 * 10**9  # what was sent so shortly before a connection's end may not have come


def exchange_flow(pipeline, exchange, rate=500, backfill=None, **source):
    """Everything runs, subscribed, and the exchange makes trades when it is told so."""
    flow = pipeline(symbols=SYMBOLS, **{"name": exchange, "connector": exchange, "breaker": {"failures": 0}, **source})
    flow.exchange = exchange
    flow.source["url"] = f"ws://{flow.address('simulator')}{EXCHANGES[exchange]}"
    flow.source["backfill"] = {"url": f"http://{flow.address('simulator')}", "hold_ms": 60000, "requests_per_minute": 60000, **(backfill or {})}
    flow.source.setdefault("witness", {"enabled": False})  # what it asks and proves is not this test's affair
    flow.config["gatewayd"]["ring_bytes"] = 64 << 20
    flow.start_all("--exchange", exchange, "--symbols", ",".join(SYMBOLS), "--rate", rate, "--paused")
    flow.subscribed()
    return flow


class StampedClient(Client):
    """Notes when each trade came: in nanoseconds since 1970, as the ledger does."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.arrived = []

    def _take(self, raw):
        super()._take(raw)
        self.arrived += [time.time_ns()] * (len(self.trades) - len(self.arrived))


class Watcher:
    """A client that stays connected all the time, in a thread of its own, subscribed to everything."""

    def __init__(self, flow):
        self.flow, self.loop = flow, asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        self.client = StampedClient(self.flow.url())
        self.run(self.client.__aenter__())
        for symbol in self.flow.symbols:
            self.run(self.client.subscribe(symbol))
        return self

    def __exit__(self, *_):
        self.run(self.client.__aexit__())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    def call(self, method, **params):
        return self.run(self.client.call(method, **params))

    def trades(self, symbol):
        return [trade for trade in self.client.trades[:] if trade["symbol"] == symbol]

    def ids(self, symbol):
        return [int(trade["tradeId"]) for trade in self.trades(symbol)]

    def source(self):
        """What the gateway says of the source."""
        return self.call("getStatus")["sources"][0]

    def wait_more(self, count=200):
        """Waits for so many trades that were not there yet."""
        wanted = len(self.client.trades) + count
        until(lambda: len(self.client.trades) >= wanted, f"{count} more trades at the client")

    def wait_complete(self, shown=True):
        """Ends the making of trades, and waits until the client has all that were made; returns the exchange's ledger. shown: with one of each symbol that was
        not withheld, for that alone may show that those before it were."""
        self.flow.tell_simulator("/control/pause")
        while shown and (ledger := Ledger(self.flow)) and any(max(ledger.made[s]) in ledger.missed(s) for s in self.flow.symbols):
            self.flow.tell_simulator("/control/play?count=10")
            until(lambda: not self.flow.control("/status", "GET")[1]["playing"], "ten more trades")
        ledger = Ledger(self.flow)
        for symbol in self.flow.symbols:
            missing = lambda: ledger.made[symbol].keys() - set(self.ids(symbol))
            try:
                until(lambda: not missing(), f"all {len(ledger.made[symbol])} trades of {symbol} at the client")
            except AssertionError as error:
                raise AssertionError(f"{error}, which lacks {sorted(missing())[:9]} …") from None
        return ledger


class Ledger:
    """What the exchange did, by symbol; times in nanoseconds since 1970."""

    def __init__(self, flow):
        last = lambda entries: {e["symbol"]: int(e["trade_id"]) for e in entries if e["event"] in ("made", "lost")}
        ids = lambda: flow.control("/status", "GET")[1]["last_ids"]
        until(lambda: (wanted := ids()) == {**wanted, **last(flow.ledger("made", "lost"))} and wanted.keys() == last(flow.ledger("made", "lost")).keys(),
              "the ledger to be written")
        self.entries = flow.ledger()
        self.made, self.lost, self.sent = ({symbol: {} for symbol in flow.symbols} for _ in range(3))
        for entry in self.entries:
            if entry["event"] in ("made", "lost"):
                getattr(self, entry["event"])[entry["symbol"]][int(entry["trade_id"])] = entry
            elif entry["event"] == "trade":
                self.sent[entry["symbol"]].setdefault(int(entry["trade_id"]), []).append(entry)

    def of(self, *events):
        return [entry for entry in self.entries if entry["event"] in events]

    def missed(self, symbol):
        """The ids of the trades that went out on no connection."""
        return self.made[symbol].keys() - self.sent[symbol].keys()

    def tails(self, symbol):
        """The ids of those that were sent shortly before a connection's end."""
        ends = {entry["conn"]: entry["at"] for entry in self.of("close")}
        return {i for i, entries in self.sent[symbol].items() if any(e["at"] > ends.get(e["conn"], 1 << 62) - TAIL_NS for e in entries)}

    def outages(self, symbol):
        """[[from, to], …]: when nobody was subscribed."""
        subscribed, outages = {}, [[0, None]]
        for entry in self.of("subscribe", "close"):
            if entry["event"] == "subscribe" and entry.get("symbol") == symbol and entry.get("channel") not in ("heartbeat",):
                if not subscribed:
                    outages[-1][1] = entry["at"]
                subscribed[entry["conn"]] = True
            elif entry["event"] == "close" and subscribed.pop(entry["conn"], False) and not subscribed:
                outages.append([entry["at"], None])
        return [[start, end or 1 << 62] for start, end in outages if end != 0]

    def reconnected(self):
        """When the last connection was subscribed."""
        return self.of("subscribe")[-1]["at"]


def assert_all_once(ledger, watcher, ordered=True, besides=()):
    """Every trade that was made came once, as it was made, in the order of the ids."""
    for symbol in watcher.flow.symbols:
        tell = lambda trade, name: (int(trade[name]), str(trade["price"]), str(trade["qty"]), trade["side"])
        got = [tell(trade, "tradeId") for trade in watcher.trades(symbol) if int(trade["tradeId"]) not in besides]
        made = [tell(entry, "trade_id") for entry in ledger.made[symbol].values()]
        assert len({trade[0] for trade in got}) == len(got), f"{symbol}: doubled: {sorted(got)[:5]}"
        assert sorted(got) == made, f"{symbol}: {sorted(set(made) ^ set(got))[:6]}"
        assert not ordered or got == made, f"{symbol}: order"
        places = [cursor(trade) for trade in watcher.trades(symbol)]
        assert len(set(places)) == len(places)


def took_ms(ledger, watcher):
    """From the last connection's subscription until the client had everything that was made before it."""
    since = ledger.reconnected()
    before = {(s, i) for s in watcher.flow.symbols for i, entry in ledger.made[s].items() if entry["at"] < since}
    arrivals = list(zip(watcher.client.trades, watcher.client.arrived))
    return max((at - since for trade, at in arrivals if (trade["symbol"], int(trade["tradeId"])) in before), default=0) / 1e6


def to_ns(text):
    """RFC 3339 to nanoseconds since 1970."""
    seconds, _, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(seconds, "%Y-%m-%dT%H:%M:%S")) * 10**9 + int(fraction.ljust(9, "0"))


def coverage_records(flow, symbol):
    with Requester(flow.replay) as replay:
        return [record["data"] for record in replay.all(f"coverage.{symbol}.{flow.exchange}")]


def check_coverage(ledger, watcher, mixed=False, killed=False):
    """What is told agrees with the ledger to the trade. mixed: live trades came between those that were asked for; killed: the process ended while it filled
    a hole in what was live, of which it had not told yet: that stays live, as it is complete."""
    for symbol in watcher.flow.symbols:
        records = coverage_records(watcher.flow, symbol)
        check_counts(ledger, watcher, symbol, records, mixed, killed)
        check_holes(ledger, symbol, records)
        wanted = lambda: intervals_of(watcher, symbol, len(records))
        check_intervals(ledger, symbol, until(wanted, "coverage"), killed)


def intervals_of(watcher, symbol, records):
    """getCoverage's answer, once cached has as many records as the journal."""
    with Requester(watcher.flow.history) as history:
        held = {stream["topic"]: stream["trades"] for stream in history.ask(op="stats")["stats"]}
    enough = held.get(f"coverage.{symbol}.{watcher.flow.exchange}", 0) >= records
    return enough and watcher.call("getCoverage", symbol=symbol, count=10000)["coverage"]


def check_counts(ledger, watcher, symbol, records, mixed, killed):
    """What was backfilled is what went out on no connection, but for what was lost with one."""
    seq_of = lambda place: int(place.split("-")[1])
    backfilled = [record for record in records if record["state"] == "backfilled" and record["trades"]]
    spans = [range(seq_of(record["first"]), seq_of(record["last"]) + 1) for record in backfilled]
    told = {int(trade["tradeId"]) for trade in watcher.trades(symbol) if any(trade["seq"] in span for span in spans)}
    missed, tails, count = ledger.missed(symbol), ledger.tails(symbol), sum(record["trades"] for record in backfilled)
    assert missed <= told or killed, f"{symbol}: not told to be backfilled: {sorted(missed - told)[:5]}"
    assert (len(missed) <= count or killed) and count <= len(missed | tails), f"{symbol}: {count} told, {len(missed)} missed, {len(tails)} at the end of connections"
    if not mixed:
        assert [len(span) for span in spans] == [record["trades"] for record in backfilled], f"{symbol}: {backfilled}"
        assert told <= missed | tails, f"{symbol}: told to be backfilled: {sorted(told - missed - tails)[:5]}"


def check_holes(ledger, symbol, records):
    holes = [record for record in records if record["state"] == "hole"]
    told = [i for hole in holes for i in range(int(hole["first_id"]), int(hole["last_id"]) + 1)]
    assert told == sorted(ledger.lost[symbol]), f"{symbol}: {holes}"
    assert sum(hole["missing"] for hole in holes) == len(told)


def check_intervals(ledger, symbol, intervals, killed):
    """They follow each other without overlap, from the first trade to now, and say of every trade how it came."""
    spans = [(to_ns(i["from"]), to_ns(i["to"]) if i["to"] else 1 << 62, i["state"]) for i in intervals]
    assert all(a[1] == b[0] for a, b in zip(spans, spans[1:])) and all(a < b for a, b, _ in spans), f"{symbol}: {intervals}"
    assert intervals[-1]["state"] == "live" and intervals[-1]["to"] is None, f"{symbol}: {intervals[-3:]}"
    times = {i: to_ns(entry["timestamp"]) for i, entry in {**ledger.made[symbol], **ledger.lost[symbol]}.items()}
    assert spans[0][0] <= min(times.values()), f"{symbol}: begins with {intervals[0]}"
    assert {state for *_, state in spans} <= {"live", "backfilled", "hole"}, f"{symbol}: {intervals}"
    covered = lambda ns: next(state for start, end, state in spans if start <= ns < end)
    strange = [(i, covered(times[i])) for i in ledger.missed(symbol) if covered(times[i]) == "live"]
    assert killed or not strange, f"{symbol}: {strange[:5]} of {intervals}"
    why = [[start - TAIL_NS, end] for start, end in ledger.outages(symbol)] + [[times[i], times[i]] for i in ledger.missed(symbol) | ledger.lost[symbol].keys()]
    for start, end, state in spans:
        assert state == "live" or any(a < end and b >= start - 10**6 for a, b in why), f"{symbol}: {state} without a reason: {start} to {end}"

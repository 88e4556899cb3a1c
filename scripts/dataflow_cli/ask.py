"""dataflow history, candles, symbols, channels and status: one question, one answer."""

import asyncio
import datetime
import decimal
import json
import sys

from .credential import Credential
from .gateway import asked, converse
from .operate import source_symbols
from .record import is_trades, list_name, printer
from .terminal import aligned, painted, put, say, several, span, speaks_unicode, width
from .trade import exact_objects, exact_result, in_full, loads

PAGE = 5000


def remark(count, incomplete):
    """What is to be said of so many trades or candles."""
    if incomplete:
        say("some may be missing: the store can't be read, or has not been read completely", "yellow")
    elif not count:
        say("none found")


# -- history -------------------------------------------------------------------------------------------------------------------


def history(options):
    """Page by page, so that any number can be had."""
    methods = ("getTradesSince", "getRecentTrades") if is_trades(options.channel) else ("getSince", "getRecent")
    left, place, incomplete, rows = options.count, None, False, printer(options.channel, options.json)
    while left:
        answer, text = asked(options, methods[0 if options.since else 1], channel=options.channel, symbol=options.symbol, source=options.source,
                             count=min(left, PAGE), beforeTimestamp=options.before, afterTimestamp=options.since, next=place)
        found = exact_objects(text, list_name(options.channel))
        rows.rows([(loads(exact), exact) for exact in found])
        left, place, incomplete = left - len(found), answer.get("next"), incomplete or "incomplete" in answer
        if not place:
            break
    remark(options.count - left, incomplete)


# -- candles -------------------------------------------------------------------------------------------------------------------


def candles(options):
    """Page by page, too, each older than the one before; shown from the oldest on."""
    pages, left, before, incomplete = [], options.count, options.before, False
    while left:
        answer, text = asked(options, "getCandles", channel="trades", symbol=options.symbol, source=options.source,
                             interval=options.interval, count=min(left, PAGE), beforeTimestamp=before, afterTimestamp=options.since)
        pages.append(exact_objects(text, "candles"))
        left, before, incomplete = left - len(pages[-1]), answer.get("next"), incomplete or "incomplete" in answer
        if not before:
            break
    found = [exact for page in reversed(pages) for exact in page]
    if options.json:
        for exact in found:
            put(exact)
    elif found:
        table([loads(exact) for exact in found])
    remark(len(found), incomplete)


def table(found):
    columns = [Figures(name, found) for name in ("open", "high", "low", "close", "volume")]
    head = f"{'start (UTC)':<19}" + "".join(f"  {column.name:>{column.width}}" for column in columns) + f"  {'trades':>6}"
    put(painted(head, "bold"))
    scale = Scale(found, len(head))
    for candle in found:
        start = candle["start"].rstrip("Z").replace("T", " ")[:19]
        figures = "".join(f"  {column.of(candle)}" for column in columns)
        put(f"{painted(f'{start:<19}', 'dim')}{figures}  {candle['count']:>6}{scale.drawn(candle)}".rstrip())


class Figures:
    """A column of decimals, as wide as they need it."""

    def __init__(self, name, candles):
        parts = [in_full(candle[name]).partition(".") for candle in candles]
        self.name = name
        self.after = max((len(fraction) for _, _, fraction in parts), default=0)
        self.before = max([len(whole) for whole, _, _ in parts] + [len(name) - self.after - 1])
        self.width = self.before + 1 + self.after

    def of(self, candle):
        return aligned(in_full(candle[self.name]), self.before, self.after)


class Scale:
    """Draws candles lying on their side, all to one scale, where there is room for them."""

    NARROWEST, WIDEST = 12, 48

    def __init__(self, all_of_them, beside):
        self.cells = min(width() - beside - 2, self.WIDEST) if sys.stdout.isatty() else 0
        self.low = min((decimal.Decimal(str(candle["low"])) for candle in all_of_them), default=0)
        self.range = max((decimal.Decimal(str(candle["high"])) for candle in all_of_them), default=0) - self.low
        self.wick, self.rise, self.fall = "─█▒" if speaks_unicode(sys.stdout) else "-#="

    def cell(self, price):
        return int((decimal.Decimal(str(price)) - self.low) * (self.cells - 1) / self.range) if self.range else 0

    def drawn(self, candle):
        if self.cells < self.NARROWEST:
            return ""
        low, high, opened, closed = (self.cell(candle[name]) for name in ("low", "high", "open", "close"))
        rises = decimal.Decimal(str(candle["close"])) >= decimal.Decimal(str(candle["open"]))
        first, last = sorted((opened, closed))
        body = (self.rise if rises else self.fall) * (last - first + 1)
        bar = self.wick * (first - low) + body + self.wick * (high - last)
        return "  " + " " * low + painted(bar, "green" if rises else "red")


# -- symbols -------------------------------------------------------------------------------------------------------------------


def symbols(options):
    if options.source:
        return source_symbols(options)
    answer, text = asked(options, "getSymbols", channel=options.channel)
    if options.json:
        put(exact_result(text))
        return None
    for symbol in answer["symbols"]:
        put(f"{symbol:<16}  {painted(', '.join(answer.get('sources', {}).get(symbol, [])), 'dim')}".rstrip())
    return None


# -- channels ------------------------------------------------------------------------------------------------------------------


async def all_channels(gateway):
    """What there is to know of each channel, with the number of its keys."""
    found = (await gateway.call("getChannels"))[0]["channels"]
    for name, channel in found.items():
        channel["keys"] = len((await gateway.call("getSymbols", channel=name))[0]["symbols"])
    return found


def channels(options):
    found = asyncio.run(converse(options.url, all_channels, Credential(options.token)))
    if options.json:
        put(json.dumps({"channels": found}, ensure_ascii=False, separators=(",", ":")))
        return
    wide = max(map(len, ["channel", *found]))
    put(painted(f"{'channel':<{wide}}  {'keep':<6}  {'keys':>6}  sources", "bold"))
    for name, channel in found.items():
        put(f"{name:<{wide}}  {channel['keep']:<6}  {channel['keys']:>6}  {painted(', '.join(channel['sources']), 'dim')}".rstrip())


# -- status --------------------------------------------------------------------------------------------------------------------


def status(options):
    answer, text = asked(options, "getStatus")
    if options.json:
        put(exact_result(text))
        return
    for key, value in answer.items():
        if key not in ("sources", "bus"):
            put(f"{key:<16}  {value if isinstance(value, str) else json.dumps(value)}")
    for bus in answer.get("bus", []):
        put(f"{'bus':<16}  {bus['endpoint']}  {bus['state']}")
    put("")
    put(painted(f"{'source':<16}  {'state':<9}  {'for':<14}  {'health':>6}  {'symbols':>7}", "bold"))
    for source in answer.get("sources", []):
        put_source(source)


def put_source(source):
    connected = source.get("connected")
    state = painted("connected", "green") if connected else painted(f"{'lost':<9}", "red")
    health = source.get("health", 100)
    shown = painted(f"{health:>6}", "green" if health >= 80 else "yellow" if health >= 50 else "red")
    held = span(float(source.get("staleness") or 0)) if not connected else held_since(source.get("since"))
    put(f"{source.get('name', '?'):<16}  {state}  {held:<14}  {shown}  {source.get('symbols', 0):>7}  {remarks(source)}".rstrip())


def held_since(since):
    if not since:
        return ""
    began = datetime.datetime.fromisoformat(since[:19]).replace(tzinfo=datetime.timezone.utc)
    return span(max(0.0, (datetime.datetime.now(datetime.timezone.utc) - began).total_seconds()))


def remarks(source):
    """What is out of the ordinary."""
    found = []
    if source.get("reason") and not source.get("connected"):
        found.append(source["reason"])
    if source.get("breaker", "closed") != "closed":
        found.append(f"breaker {source['breaker'].replace('_', ' ')}")
    if source.get("group"):
        found.append(f"{'active' if source.get('active') else 'stands by'} in group {source['group']}")
    found += [f"{subject} has had no {'record' if '.' in subject else 'trade'} for {span(float(seconds))}"
              for subject, seconds in (source.get("stale") or {}).items()]
    found += [f"{several(hole['count'], 'hole')} in {subject} upstream" for subject, hole in (source.get("holes") or {}).items()]
    found += [f"{subject} is being backfilled" for subject in source.get("backfill") or {}]
    return ", ".join(found)

"""dataflow coverage: what is known of the completeness of a symbol's trades, and how much of the time that is."""

import itertools
import sys
import time

from .failure import EXIT_FINE, EXIT_REFUSED
from .gateway import asked
from .moment import exact, nanoseconds
from .terminal import painted, put, say, several, span, width
from .trade import exact_objects, loads

PAGE = 5000
COLOURS = {"live": "green", "backfilled": "green", "proved": "green", "hole": "red", "short": "red", "unknown": "yellow"}
COMPLETE = ("live", "backfilled", "proved")
HEADS = {"source": "source", "state": "state", "from": "from (UTC)", "to": "to", "for": "for", "what": "trades"}


def coverage(options):
    """Exit code: is nothing missing?"""
    found, texts, sources, incomplete = everything(options)
    spans = [one for source, of_one in grouped(found, sources) for one in whole(source, of_one, *bounds(options, of_one or found))]
    if options.json:
        for text in texts:
            put(text)
    else:
        table(spans)
    summaries = [Summary(source, list(of_one)) for source, of_one in itertools.groupby(spans, key=lambda one: one["source"])]
    if not options.json:
        for summary in summaries:
            put(painted(str(summary), "green" if summary.complete else "red" if summary.missing else "yellow"))
    if incomplete:
        say("some may be missing: the store can't be read, or has not been read completely", "yellow")
    if not summaries:
        say("nothing is known")
    return EXIT_FINE if summaries and all(summary.complete for summary in summaries) else EXIT_REFUSED


def everything(options):
    """Page by page: the intervals, their exact texts, the sources, and whether that is not all."""
    found, texts, sources, place, incomplete = [], [], set(), None, False
    while True:
        answer, text = asked(options, "getCoverage", symbol=options.symbol, source=options.source, count=PAGE,
                             beforeTimestamp=options.before, afterTimestamp=options.since, next=place)
        page = exact_objects(text, "coverage")
        texts += page
        found += [loads(one) for one in page]
        sources |= set(answer["oldest"])
        place, incomplete = answer.get("next"), incomplete or "incomplete" in answer
        if not place:
            return found, texts, sources, incomplete


def bounds(options, found):
    """What is asked for, in ns since 1970; without --since, from where anything is known of the source."""
    now = time.time_ns()
    end = min(now, nanoseconds(options.before)) if options.before else now
    begin = nanoseconds(options.since) if options.since else min((nanoseconds(one["from"]) for one in found), default=end)
    return begin, end


def grouped(found, sources):
    """By source, with those that have trades and no interval."""
    of = {source: [] for source in sources}
    for one in found:
        of.setdefault(one["source"], []).append(one)
    return sorted(of.items())


def whole(source, found, begin, end):
    """The source's intervals from begin to end, without a break: what nobody said anything of is unknown."""
    at = begin
    for one in found:
        first, last = max(nanoseconds(one["from"]), begin), min(nanoseconds(one["to"]) if one["to"] else end, end)
        if first > at:
            yield unknown(source, at, first, open_ended=False)
        if last > first:
            yield {**one, "first_ns": first, "last_ns": last, "open": one["to"] is None}
        at = max(at, last)
    if end > at:
        yield unknown(source, at, end, open_ended=True)


def unknown(source, first, last, open_ended):
    return {"source": source, "state": "unknown", "first_ns": first, "last_ns": last, "open": open_ended}


# -- the table -----------------------------------------------------------------------------------------------------------------


def table(spans):
    """As wide as it needs, or as the terminal is: then without `to`, which `for` tells, too."""
    rows = [cells(one) for one in spans]
    if not rows:
        return
    columns = [name for name in HEADS]
    wide = {name: max(len(row[name]) for row in [HEADS, *rows]) for name in columns}
    room = width() if sys.stdout.isatty() else None
    if room and sum(wide.values()) + 2 * len(columns) - 2 > room:
        columns.remove("to")
        others = sum(wide[name] for name in columns if name != "source") + 2 * len(columns) - 2
        wide["source"] = max(min(wide["source"], room - others), len("source"))
    put(painted(line(HEADS, columns, wide, room), "bold"))
    for one, row in zip(spans, rows):
        shown = line(row, columns, wide, room)
        at = wide["source"] + 2
        put(shown[:at] + painted(shown[at : at + wide["state"]], COLOURS[one["state"]]) + shown[at + wide["state"] :])


def line(row, columns, wide, room):
    return "  ".join(f"{row[name][: wide[name]]:<{wide[name]}}" for name in columns).rstrip()[:room]


def cells(one):
    first, last = of_day(one["first_ns"]), of_day(one["last_ns"])
    return {"source": one["source"], "state": one["state"], "from": first,
            "to": "now" if one["open"] else last[11:] if last[:10] == first[:10] else last,
            "for": span((one["last_ns"] - one["first_ns"]) / 1e9), "what": what(one)}


def of_day(ns):
    return exact(ns)[:19].replace("T", " ")


def what(one):
    """The trades that an interval speaks of."""
    if one["state"] in ("hole", "short"):
        missing = "? missing" if one["missing"] is None else f"{one['missing']:,} missing"
        return f"{missing}, {one['missing_volume']} in all" if "missing_volume" in one else missing
    return f"{one['trades']:,}" if "trades" in one else ""


# -- the summary ---------------------------------------------------------------------------------------------------------------


class Summary:
    """coinbase: 99.98 % complete, 2 holes, 17 trades missing, 1 hole of unknown size"""

    def __init__(self, source, spans):
        time_of = lambda chosen: sum(one["last_ns"] - one["first_ns"] for one in chosen)
        lacking = [one for one in spans if one["state"] in ("hole", "short")]
        self.source, self.spans = source, spans
        self.unknown = time_of(one for one in spans if one["state"] == "unknown")
        self.missing = bool(lacking)
        self.complete = not lacking and not self.unknown
        self.hundredths = 10000 * time_of(one for one in spans if one["state"] in COMPLETE) // max(time_of(spans), 1)  # rounded down

    def __str__(self):
        holes = [one for one in self.spans if one["state"] == "hole"]
        short = [one for one in self.spans if one["state"] == "short"]
        known = sum(one["missing"] for one in holes + short if one["missing"] is not None)
        vague = sum(one["missing"] is None for one in holes)
        parts = ["complete" if self.complete else f"{self.hundredths // 100}.{self.hundredths % 100:02} % complete"]
        parts += [several(len(holes), "hole")] if holes else []
        parts += [f"{several(len(short), 'interval')} short of the exchange's candles"] if short else []
        parts += [f"{several(known, 'trade')} missing"] if known else []
        parts += [f"{several(vague, 'hole')} of unknown size"] if vague else []
        parts += [f"nothing known of {span(self.unknown / 1e9)}"] if self.unknown else []
        return f"{self.source}: {', '.join(parts)}"

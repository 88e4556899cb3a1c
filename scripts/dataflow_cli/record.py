"""Records of other channels than trades, as they are shown: a column for each member of the data, or the data as JSON where the records differ."""

import json
import sys

from .terminal import aligned, painted, put, width
from .trade import Printer, time_of

TRADES = "trades"


def is_trades(channel):
    return channel == TRADES


def noun(channel):
    return "trade" if is_trades(channel) else "record"


def list_name(channel):
    """What an answer's list of them is called."""
    return f"{noun(channel)}s"


def key_of(record):
    """The symbol of a trade, and of what is said of a stream; the key of any other record."""
    return record["symbol"] if "symbol" in record else record["key"]


def printer(channel, as_json, keys=()):
    """keys: those that will come, as far as is known."""
    return Printer(as_json) if is_trades(channel) else Rows(as_json, keys)


# -- the data ------------------------------------------------------------------------------------------------------------------


class Number(str):
    """A number's own text."""


def printable(text):
    """Without what would move a terminal's cursor."""
    return text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def raw_data(text):
    """The exact text of a record's data, which is its last member."""
    name = '"data":'
    return text[text.index(name) + len(name) : -1].strip()


def once(pairs):
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name comes twice")
    return members


def scalars(raw):
    """The members by name, if all are scalars; else None."""
    try:
        members = json.loads(raw, parse_float=Number, parse_int=Number, object_pairs_hook=once)
    except ValueError:
        return None
    plain = isinstance(members, dict) and not any(isinstance(value, (dict, list)) for value in members.values())
    return members if members and plain else None


def shown(value):
    return printable(value) if isinstance(value, str) else json.dumps(value)


# -- rows ----------------------------------------------------------------------------------------------------------------------


class Column:
    """As wide as what has been seen of it needs; numbers have their points in one place."""

    def __init__(self, name, colour=None):
        self.name, self.colour = printable(name), colour
        self.before = self.after = self.text = 0

    def see(self, value):
        if isinstance(value, Number):
            whole, _, fraction = value.partition(".")
            self.before, self.after = max(self.before, len(whole)), max(self.after, len(fraction))
        else:
            self.text = max(self.text, len(shown(value)))

    def number_width(self):
        return self.before + bool(self.after) + self.after

    def width(self):
        return max(len(self.name), self.text, self.number_width())

    def head(self):
        return f"{self.name:>{self.width()}}" if self.before > 0 else f"{self.name:<{self.width()}}"

    def cell(self, value):
        if isinstance(value, Number):
            text = aligned(value, self.before, self.after) if self.after else f"{value:>{self.before}}"
            text = f"{text:>{self.width()}}"
        else:
            text = f"{shown(value):<{self.width()}}"
        return painted(text, self.colour) if self.colour else text


HEADS = [["key", "date", "source", "seq"], ["key", "time", "source", "seq"], ["key", "time", "source"], ["key", "time"], ["key", "second"]]
DATA_MIN = 24  # characters of data as JSON, at least


def facts(record):
    """What stands in front of the data."""
    time = time_of(record)
    return {"key": key_of(record), "date": time, "time": time[11:], "second": time[11:19], "source": record["source"], "seq": Number(record["seq"])}


class Rows:
    """Prints records as rows below a heading, or as JSON lines. Once two have different members, all data is JSON."""

    def __init__(self, as_json, keys=()):
        self.as_json = as_json
        self.room = width() if sys.stdout.isatty() else None
        names = {"date": "time (UTC)", "time": "time (UTC)", "second": "UTC"}
        self.heads = {name: Column(names.get(name, name), None if name == "key" else "dim") for name in ("key", "date", "time", "second", "source", "seq")}
        self.members, self.is_table, self.headed = {}, True, None
        for key in keys:
            self.heads["key"].see(key)

    def rows(self, pairs):
        """So many records, each with its exact text, which are seen before the first is printed."""
        if self.as_json:
            for _, text in pairs:
                put(text)
            return
        seen = [(facts(record), raw, scalars(raw)) for record, raw in ((record, raw_data(text)) for record, text in pairs)]
        for fact, _, members in seen:
            self.see(fact, members)
        for fact, raw, members in seen:
            self.row(fact, raw, members)

    def see(self, fact, members):
        for name, value in fact.items():
            self.heads[name].see(value)
        if not self.members and members:
            self.members = {name: Column(name) for name in members}
        self.is_table = self.is_table and members is not None and set(members) == set(self.members)
        for name, value in members.items() if self.is_table else ():
            self.members[name].see(value)

    def layout(self):
        """The columns that fit: those in front of the data, and of the data; none of these: it is JSON."""
        needed = sum(column.width() + 2 for column in self.members.values()) - 2 if self.is_table else DATA_MIN
        for heads in HEADS:
            left = None if self.room is None else self.room - sum(self.heads[name].width() + 2 for name in heads)
            if left is None or left >= needed:
                break
        members = []
        for name, column in self.members.items() if self.is_table else ():
            if left is not None and left < column.width():
                break
            left = left and left - column.width() - 2
            members.append(name)
        return heads, members, left

    def row(self, fact, raw, members):
        heads, names, left = self.layout()
        if self.headed != (heads, names):
            self.headed = heads, names
            found = [self.heads[name].head() for name in heads] + [self.members[name].head() for name in names]
            put(painted("  ".join(found + ([] if self.is_table else ["data"])).rstrip(), "bold"))
        cells = [self.heads[name].cell(fact[name]) for name in heads] + [self.members[name].cell(members[name]) for name in names]
        put("  ".join(cells + ([] if self.is_table else [cut(printable(raw), left)])).rstrip())


def cut(text, room):
    return text if room is None or len(text) <= room else text[: max(room - 1, 0)] + "…"

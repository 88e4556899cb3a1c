"""Trades as they come and as they are shown. Their decimals stay the text that the exchange sent."""

import decimal
import json
import sys

from .terminal import aligned, painted, put, width


def loads(text):
    """JSON whose decimals stay their exact text."""
    return json.loads(text, parse_float=str)


def exact_update(message, text):
    """The record's own text out of a trades.update, or that of another channel."""
    before = f'{{"jsonrpc":"2.0","method":"{message["method"]}","params":'
    return text[len(before) : -1] if text.startswith(before) else json.dumps(message["params"])


def exact_objects(text, name):
    """The exact texts of the objects in the list that an answer's member `name` is."""
    start = f'"{name}":['
    at = text.find(start) + len(start)
    found = []
    while at >= len(start) and text[at] == "{":
        end = json.JSONDecoder().raw_decode(text, at)[1]
        found.append(text[at:end])
        at = end + (text[end] == ",")
    return found


def exact_result(text):
    """The exact text of an answer's result."""
    start = text.index('"result":') + len('"result":')
    return text[start : json.JSONDecoder().raw_decode(text, start)[1]]


def in_full(number):
    """A decimal without an exponent, digit for digit: 8.5E-5 is 0.000085."""
    text = str(number)
    return format(decimal.Decimal(text), "f") if "e" in text.lower() else text


def cursor(trade):
    return f"{trade['epoch']}-{trade['seq']}"


def time_of(trade):
    return trade["timestamp"].rstrip("Z").replace("T", " ")[:26]


# Heading, width, what is shown of a trade, and its colour.
COLUMNS = {
    "date": ("time (UTC)", 26, time_of, "dim"),
    "time": ("time (UTC)", 15, lambda trade: time_of(trade)[11:], "dim"),
    "second": ("UTC", 8, lambda trade: time_of(trade)[11:19], "dim"),
    "symbol": ("symbol", 10, lambda trade: trade["symbol"], None),
    "side": ("side", 4, lambda trade: trade["side"], "side"),
    "price": (f"{'price':>12}", 20, lambda trade: aligned(in_full(trade["price"]), 11, 8), None),
    "quantity": (f"{'quantity':>10}", 18, lambda trade: aligned(in_full(trade["qty"]), 9, 8), None),
    "source": ("source", 12, lambda trade: trade["source"], "dim"),
    "seq": (f"{'seq':>8}", 8, lambda trade: f"{trade['seq']:>8}", "dim"),
}
# From the widest on: a row that does not fit breaks, and can't be read.
LAYOUTS = [["date", "symbol", "side", "price", "quantity", "source", "seq"],
           ["time", "symbol", "side", "price", "quantity", "source", "seq"],
           ["time", "symbol", "side", "price", "quantity", "source"],
           ["time", "symbol", "side", "price", "quantity"],
           ["second", "symbol", "side", "price", "quantity"],
           ["second", "side", "price", "quantity"]]


def layout(room):
    """The columns that fit into so many; None: any number does."""
    fitting = (names for names in LAYOUTS if room is None or sum(COLUMNS[name][1] + 2 for name in names) - 2 <= room)
    return next(fitting, LAYOUTS[-1])


def cell(name, trade):
    _, cells, shown, colour = COLUMNS[name]
    text = f"{shown(trade):<{cells}}"
    if colour == "side":
        colour = "green" if trade["side"] == "buy" else "red"
    return painted(text, colour) if colour else text


class Printer:
    """Prints trades as rows below a heading, or as JSON lines."""

    def __init__(self, as_json):
        self.as_json, self.begun = as_json, as_json
        self.columns = layout(width() if sys.stdout.isatty() else None)

    def rows(self, pairs):
        for trade, text in pairs:
            self.trade(trade, text)

    def trade(self, trade, text):
        if not self.begun:
            put(painted("  ".join(f"{COLUMNS[name][0]:<{COLUMNS[name][1]}}" for name in self.columns), "bold"))
            self.begun = True
        put(text if self.as_json else "  ".join(cell(name, trade) for name in self.columns))

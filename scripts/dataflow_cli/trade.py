"""Trades as they come and as they are shown. Their decimals stay the text that the exchange sent."""

import decimal
import json

from .terminal import aligned, painted, put

UPDATE = '{"jsonrpc":"2.0","method":"trades.update","params":'


def loads(text):
    """JSON whose decimals stay their exact text."""
    return json.loads(text, parse_float=str)


def exact_update(message, text):
    """The trade's own text out of a trades.update."""
    return text[len(UPDATE) : -1] if text.startswith(UPDATE) else json.dumps(message["params"])


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


HEADINGS = f"{'time (UTC)':<26}  {'symbol':<10}  side  {'price':>12}{'':8}  {'quantity':>10}{'':8}  {'source':<12}  {'seq':>8}"


def row(trade):
    time = trade["timestamp"].rstrip("Z").replace("T", " ")[:26]
    side = painted(f"{trade['side']:<4}", "green" if trade["side"] == "buy" else "red")
    price, qty = aligned(in_full(trade["price"]), 11, 8), aligned(in_full(trade["qty"]), 9, 8)
    place = painted(f"{trade['source']:<12}  {trade['seq']:>8}", "dim")
    return f"{painted(f'{time:<26}', 'dim')}  {trade['symbol']:<10}  {side}  {price}  {qty}  {place}"


class Printer:
    """Prints trades as rows below a heading, or as JSON lines."""

    def __init__(self, as_json):
        self.as_json, self.begun = as_json, as_json

    def trade(self, trade, text):
        if not self.begun:
            put(painted(HEADINGS, "bold"))
            self.begun = True
        put(text if self.as_json else row(trade))

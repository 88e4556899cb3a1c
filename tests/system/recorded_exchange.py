"""Exchanges that answer in the words of the real ones, and play what was recorded of these."""

import json
import re
from urllib.parse import parse_qs, urlsplit

from pipeline import ROOT
from web_source import WebSource
from ws_source import Exchange

HEADERS = {"Content-Type": "application/json"}


def frames(path):
    """What was received, of a recording; a line begins with the time."""
    return [line.split(": ", 1)[1] for line in path.read_text().splitlines() if re.match(r"\d+\.\d+: ", line)]


class Recorded:
    """Over WebSocket it answers subscribe requests, and plays frames when it is told to. REST: what `page(path, query)` gives, or an empty page."""

    ws_path = ""

    def __init__(self):
        self.ws, self.rest = Exchange(self.answer), WebSource(self.answer_rest)
        self.greeting, self.page = [], lambda path, query: None

    def source(self, *symbols, **more):
        return {"name": self.name, "connector": self.name, "url": f"ws://127.0.0.1:{self.ws.port}{self.ws_path}", "symbols": list(symbols),
                "silence_ms": 60000, "backfill": {"url": self.rest.url}, "witness": {"enabled": False}, **more}

    def answer(self, message):
        """What follows the answer of a subscribe request comes with it."""
        message = json.loads(message)
        answers = list(self.answer_request(message))
        return answers + (self.greeting if self.subscribes(message) else [])

    def answer_rest(self, path, _, __):
        parts = urlsplit(path)
        body = self.page(parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()})
        return 200, HEADERS, self.empty if body is None else body

    def subscriptions(self):
        """How many subscribe requests have come."""
        return sum(self.subscribes(json.loads(message)) for message in list(self.ws.heard))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ws.__exit__()
        self.rest.__exit__()


class Coinbase(Recorded):
    name, empty = "coinbase", b"[]"

    def subscribes(self, message):
        return message["type"] == "subscribe"

    def answer_request(self, message):
        yield json.dumps({"type": "subscriptions", "channels": message["channels"] if self.subscribes(message) else []})


class Kraken(Recorded):
    name, ws_path, empty = "kraken", "/v2", b'{"error":[],"result":{"XBTUSDT":[],"last":"0"}}'

    def subscribes(self, message):
        return message["method"] == "subscribe"

    def answer_request(self, message):
        if message["method"] == "ping":
            yield '{"method":"pong","time_in":"2025-11-10T17:23:53.000001Z","time_out":"2025-11-10T17:23:53.000002Z"}'
            return
        yield '{"channel":"status","type":"update","data":[{"api_version":"v2","connection_id":1,"system":"online","version":"2.0.10"}]}'
        for symbol in message["params"]["symbol"]:
            yield json.dumps({"method": message["method"], "req_id": message["req_id"], "success": True, "time_in": "2025-11-10T17:23:53.000001Z",
                              "time_out": "2025-11-10T17:23:53.000002Z",
                              "result": {"channel": "trade", "snapshot": True, "symbol": symbol}})


class Binance(Recorded):
    name, ws_path, empty = "binance", "/stream?timeUnit=MICROSECOND", b"[]"

    def subscribes(self, message):
        return message["method"] == "SUBSCRIBE"

    def answer_request(self, message):
        yield json.dumps({"result": True if message["method"] == "GET_PROPERTY" else None, "id": message["id"]})


def coinbase_table():
    """The trades of the recording by hand: those that the unit tests are held to. (symbol, timestamp, side, qty, price, id)"""
    text = (ROOT / "tests/unit/connectord/exchanges/coinbase_recorded.h").read_text()
    rows = re.findall(r'\{COINBASE_\w+, "(.*?)", "(.*?)", \d+, SIDE_(\w+), "(.*?)", "(.*?)", "(.*?)"\}', text)
    return [(symbol, time, side.lower(), qty, price, number) for symbol, number, side, qty, price, time in rows]

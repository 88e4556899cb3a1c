"""A source that is polled: connectord with the connector http, and what the journal has of it."""

import json
import subprocess
from datetime import datetime, timedelta, timezone

import pytest
from clients import Requester
from pipeline import PATIENCE, until
from stores import metric

MAPPING = {"each": "", "symbol": "/s", "id": "/i", "timestamp": "/t", "price": "/p", "qty": "/q", "side": {"at": "/d", "buy": "b", "sell": "s"}}
PAGED = {**MAPPING, "each": "/data"}
BEGIN = datetime(2025, 11, 10, 17, tzinfo=timezone.utc)


def trade(number, symbol="BTC-USD", **more):
    """A trade as the source tells it."""
    moment = (BEGIN + timedelta(milliseconds=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"s": symbol, "i": str(number), "t": moment, "p": f"{number}.50", "q": "0.100", "d": "b" if number % 2 else "s", **more}


def trades(*numbers, symbol="BTC-USD"):
    return [trade(number, symbol) for number in numbers]


def jsoned(value, status=200, **headers):
    return status, {"Content-Type": "application/json", **headers}, json.dumps(value).encode()


class Polled:
    """connectord with the one source "polled". start: in place of flow.start_connectord."""

    def __init__(self, flow, tmp_path, url, http, mapping, symbols, start=None, **source):
        self.flow = flow
        self.path = tmp_path / "polled.json"
        self.path.write_text(json.dumps({"http": {"every_ms": 100, **http}, "mapping": mapping}))
        flow.config["connectord"]["sources"] = [{"name": "polled", "connector": "http", "url": url, "definition": str(self.path), "symbols": symbols,
                                                 "backoff": {"initial_ms": 50, "maximum_ms": 200}, "breaker": {"failures": 0}, **source}]
        self.connectord = (start or flow.start_connectord)()
        self.replay = Requester(flow.replay)

    def ids(self, symbol="BTC-USD"):
        """Of what the journal has of a symbol, in order."""
        topic = f"trade.{symbol}.polled"
        topics = {stream["topic"] for stream in self.replay.ask(op="streams")["streams"]}
        return [entry["tradeId"] for entry in self.replay.all(topic)] if topic in topics else []

    def has(self, *numbers, symbol="BTC-USD"):
        wanted = [str(number) for number in numbers]
        until(lambda: self.ids(symbol) == wanted, f"{symbol}: {wanted[-1] if wanted else 'nothing'} to be journaled", PATIENCE)

    def value(self, name):
        return metric(self.flow, f'dataflow_source_{name}_total{{source="polled"}}', "connectord_http")

    def __enter__(self):
        self.replay.__enter__()
        return self

    def __exit__(self, *exception):
        self.replay.__exit__(*exception)


@pytest.fixture
def polled(pipeline, tmp_path):
    def make(url, http=None, mapping=None, symbols=("BTC-USD",), **source):
        return Polled(pipeline(), tmp_path, url, http or {}, mapping or MAPPING, list(symbols), **source)
    return make


@pytest.fixture
def certificates(tmp_path):
    def make(name):
        certificate, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
                        "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        return str(certificate), str(key)
    return make

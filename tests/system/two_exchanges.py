"""Two exchanges that count their trades and have a symbol in common: coinbase and kraken, each a simulator with a ledger of its own."""

import json

import pytest
from pipeline import free_ports, get, loads, until

SYMBOL = "BTC-USD"
PATHS = {"coinbase": "/", "kraken": "/v2"}


class Exchanges:
    """What can be done to one of them goes by its name."""

    def __init__(self, flow):
        self.flow, self.options = flow, {}
        self.port = dict(zip(PATHS, free_ports(2)))
        common = {key: flow.source[key] for key in ("backoff", "breaker")}
        flow.config["connectord"]["sources"] = [
            {**common, "name": name, "connector": name, "url": f"ws://127.0.0.1:{port}{PATHS[name]}", "symbols": [SYMBOL],
             "backfill": {"url": f"http://127.0.0.1:{port}"}} for name, port in self.port.items()]

    def start_one(self, name):
        self.flow.start(name, ["--exchange", name, "--listen", f"127.0.0.1:{self.port[name]}", "--symbols", SYMBOL, "--path", "1",
                               "--ledger", str(self.flow.directory / f"{name}.ndjson"), *map(str, self.options[name])],
                        program="exchange-simulator")
        until(lambda: self.ask(name, "/health"), f"{name} to listen")

    def start(self, **options):
        """Options of each simulator, by name. Returns when both are subscribed to."""
        self.options = {name: options.get(name, ()) for name in PATHS}
        for name in PATHS:
            self.start_one(name)
        self.flow.start_connectord()
        self.flow.start_cached()
        self.flow.start_gateway()
        self.flow.wait_ready("connectord_http", "cached_http", "gateway0")
        for name in PATHS:
            self.subscribed(name)
        return self

    def subscribed(self, name):
        until(lambda: self.status(name)["subscriptions"].get(SYMBOL), f"{name} to be subscribed to")

    def ask(self, name, path):
        status, text = get(f"http://127.0.0.1:{self.port[name]}{path}")
        return text if status == 200 else ""

    def status(self, name):
        return json.loads(self.ask(name, "/status"))

    def tell(self, name, path):
        status, answer = get(f"http://127.0.0.1:{self.port[name]}{path}", "POST")
        assert status == 200, f"{name}: {path}: {status} {answer}"

    def made(self, name):
        """Its trades, by the ledger."""
        return [line for line in map(loads, self.ask(name, "/ledger").splitlines()) if line["event"] == "made"]

    def play(self):
        for name in PATHS:
            self.tell(name, "/control/play")

    def pause(self):
        """Both; returns the trades that each has made, by name."""
        for name in PATHS:
            self.tell(name, "/control/pause")
        return {name: self.made(name) for name in PATHS}


@pytest.fixture
def exchanges(pipeline):
    return Exchanges(pipeline(symbols=[SYMBOL]))
